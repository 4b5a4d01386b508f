// Makes text safe to print on a terminal: what an agent wrote must not move the cursor, hide a line or turn it around.
// Source: design, "product.md" promise 3 in spirit; the set is Unicode's control, format and line-separating characters.

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu;

/** On one line: white space becomes one space, what does not print becomes `\u{…}`, what is too long is cut with `…`. */
export function oneLine(text: string, width: number): string {
  // Cut before the work, since a statement may be megabytes; four code units per column are plenty.
  const head = text.length > width * 4 + 64 ? text.slice(0, width * 4 + 64) : text;
  const line = head
    .replace(/\s+/gu, ' ')
    .trim()
    .replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
  const characters = [...line];
  return characters.length <= width && head === text
    ? line
    : `${characters.slice(0, Math.max(0, Math.min(width, characters.length + 1) - 1)).join('')}…`;
}
