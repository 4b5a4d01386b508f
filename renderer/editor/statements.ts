// Which statement the cursor is in, by the proxy's own splitter: what is judged is what runs.

import type { StatementRange } from '../../contracts/ui.ts';
import { call } from '../transport/socket.ts';

let last: { readonly text: string; readonly ranges: Promise<readonly StatementRange[]> } | undefined;

export function split(text: string): Promise<readonly StatementRange[]> {
  if (last?.text === text) return last.ranges;
  const ranges = call('editor.split', { sql: text });
  last = { text, ranges };
  ranges.catch(() => {
    last = undefined;
  });
  return ranges;
}

/** The statement at the offset; between two, the one before, if the cursor is on its last line, else the next one. */
export function statementAt(text: string, ranges: readonly StatementRange[], offset: number): StatementRange | undefined {
  const inside = ranges.find((range) => range.start <= offset && offset <= range.end);
  if (inside) return inside;
  const before = ranges.findLast((range) => range.end < offset);
  if (before && !text.slice(before.end, offset).includes('\n')) return before;
  return ranges.find((range) => range.start > offset) ?? before;
}
