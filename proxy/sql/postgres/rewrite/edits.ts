// Byte splices of a statement's text: replacements at the parser's offsets, so that comments and formatting survive.

export interface Edit {
  /** Byte offsets in the original text; `start === end` inserts. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Spliced {
  readonly text: Buffer;
  /** For each edit in order of position: its byte range in the new text. */
  readonly placed: readonly { readonly edit: Edit; readonly start: number; readonly end: number }[];
}

/** Applies edits that do not overlap; undefined when some do. */
export function splice(original: Buffer, edits: readonly Edit[]): Spliced | undefined {
  const ordered = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  const parts: Buffer[] = [];
  const placed: { edit: Edit; start: number; end: number }[] = [];
  let at = 0;
  let length = 0;
  for (const edit of ordered) {
    if (edit.start < at || edit.end < edit.start || edit.end > original.length) return undefined;
    const kept = original.subarray(at, edit.start);
    const inserted = Buffer.from(edit.text, 'utf8');
    parts.push(kept, inserted);
    placed.push({ edit, start: length + kept.length, end: length + kept.length + inserted.length });
    length += kept.length + inserted.length;
    at = edit.end;
  }
  parts.push(original.subarray(at));
  return { text: Buffer.concat(parts), placed };
}
