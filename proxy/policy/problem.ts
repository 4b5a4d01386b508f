// A defect of a bundle, placed where an admin can see it: file, line, column and the source line with carets.
// Style of the messages: lower case, no final period, what the admin wrote in backticks (Cedar's style guide).

export interface Problem {
  /** Path inside the bundle. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in characters. */
  readonly column: number;
  readonly message: string;
  /** The source line and, under it, carets; empty when the file has no such place. */
  readonly caret: string;
}

/** Longer source lines are shown as a window around the place. */
const WINDOW = 100;

/**
 * A problem at `start` … `end` (UTF-16 offsets into `text`). Offsets outside of the text are moved to its ends, so that a
 * problem can always be reported.
 */
export function problemAt(file: string, text: string, start: number, end: number, message: string): Problem {
  const from = clamp(start, 0, text.length);
  const lineStart = text.lastIndexOf('\n', from - 1) + 1;
  const nextBreak = text.indexOf('\n', from);
  const lineEnd = nextBreak < 0 ? text.length : nextBreak;
  const to = clamp(end, from, lineEnd);
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < lineStart; at = text.indexOf('\n', at + 1)) line += 1;
  const windowStart = Math.max(lineStart, Math.min(from - WINDOW / 2, lineEnd - WINDOW));
  const source = printable(text.slice(windowStart, Math.min(lineEnd, windowStart + WINDOW)));
  const indent = length(text.slice(windowStart, from));
  const width = Math.max(1, Math.min(length(text.slice(from, to)), WINDOW - indent));
  return {
    file,
    line,
    column: length(text.slice(lineStart, from)) + 1,
    message,
    caret: `${source}\n${' '.repeat(indent)}${'^'.repeat(width)}`,
  };
}

/** A problem of a file as a whole, or of the bundle. */
export function problemOf(file: string, message: string): Problem {
  return { file, line: 1, column: 1, message, caret: '' };
}

/** `file:line:column: message`, then the source line with carets, indented by two. */
export function renderProblem(problem: Problem): string {
  const head = `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
  if (problem.caret === '') return head;
  return `${head}\n${problem.caret.replace(/^/gm, '  ')}`;
}

/** UTF-16 offset of a UTF-8 byte offset: Cedar counts bytes. */
export function offsetOfByte(text: string, byte: number): number {
  return Buffer.from(text, 'utf8').subarray(0, Math.max(0, byte)).toString('utf8').length;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

function length(text: string): number {
  return Array.from(text).length;
}

/** Control and bidirectional characters would break the caret's line or a terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, ' ');
}
