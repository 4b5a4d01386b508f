// Indents JSON without reading it into numbers: a 64-bit integer stays what it is, keys stay in their order, twice if they come twice.

/** undefined if the text is not JSON. */
export function prettyJson(text: string): string | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  let out = '';
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  // Strings whole, brackets and separators one by one, other words as they are; space between them is dropped.
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s[\]{}:,"]+/g)) {
    if (token === '{' || token === '[') {
      depth++;
      out += token + line();
    } else if (token === '}' || token === ']') {
      depth--;
      const open = token === '}' ? '{' : '[';
      // An empty object or list stays on its line.
      const trimmed = out.trimEnd();
      out = trimmed.endsWith(open) ? trimmed + token : out + line() + token;
    } else if (token === ',') {
      out += token + line();
    } else if (token === ':') {
      out += ': ';
    } else {
      out += token;
    }
  }
  return out;
}
