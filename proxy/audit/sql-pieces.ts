// Cuts SQL into words, literals, comments and punctuation, for redaction only: it must cope with any text, also with one
// that no parser accepts, because refused statements are recorded too. Source: PostgreSQL 18, "Lexical Structure" (4.1);
// MySQL's double-quoted strings and backslash escapes are covered by `backslash`.

export interface Piece {
  readonly kind: 'word' | 'string' | 'dollar' | 'quoted' | 'comment' | 'punctuation';
  readonly start: number;
  readonly end: number;
  /** What stands between the quotes (or the whole piece), as spelt. */
  readonly innerStart: number;
  readonly innerEnd: number;
}

const SPACE = /\s/;
const WORD_START = /[\p{L}_]/u;
const WORD_REST = /[\p{L}\p{N}\p{M}_$]/u;
const DOLLAR_TAG = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;

/** `backslash`: a backslash escapes the next character in every string (MySQL, or standard_conforming_strings off). */
export function* pieces(text: string, backslash: boolean): Generator<Piece> {
  let at = 0;
  while (at < text.length) {
    const start = at;
    const character = text.charAt(at);
    const next = text.charAt(at + 1);
    if (SPACE.test(character)) {
      at++;
    } else if (character === '-' && next === '-') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
      yield { kind: 'comment', start, end: at, innerStart: start, innerEnd: at };
    } else if (character === '/' && next === '*') {
      at = blockCommentEnd(text, at);
      yield { kind: 'comment', start, end: at, innerStart: start, innerEnd: at };
    } else if (character === "'" || character === '"') {
      at = quotedEnd(text, at, character, backslash);
      yield quoted(text, character === "'" ? 'string' : 'quoted', start, start, at);
    } else if ((character === 'e' || character === 'E') && next === "'") {
      at = quotedEnd(text, at + 1, "'", true);
      yield quoted(text, 'string', start, start + 1, at);
    } else if (/[bxnBXN]/.test(character) && next === "'") {
      at = quotedEnd(text, at + 1, "'", backslash);
      yield quoted(text, 'string', start, start + 1, at);
    } else if (/[uU]/.test(character) && next === '&' && (text.charAt(at + 2) === "'" || text.charAt(at + 2) === '"')) {
      const quote = text.charAt(at + 2);
      at = quotedEnd(text, at + 2, quote, backslash);
      yield quoted(text, quote === "'" ? 'string' : 'quoted', start, start + 2, at);
    } else if (character === '$') {
      DOLLAR_TAG.lastIndex = at;
      const tag = DOLLAR_TAG.exec(text)?.[0];
      if (tag === undefined) {
        at++;
        yield { kind: 'punctuation', start, end: at, innerStart: start, innerEnd: at };
      } else {
        const close = text.indexOf(tag, at + tag.length);
        at = close < 0 ? text.length : close + tag.length;
        yield { kind: 'dollar', start, end: at, innerStart: start + tag.length, innerEnd: close < 0 ? at : close };
      }
    } else if (WORD_START.test(character)) {
      while (at < text.length && WORD_REST.test(text.charAt(at))) at++;
      yield { kind: 'word', start, end: at, innerStart: start, innerEnd: at };
    } else {
      at++;
      yield { kind: 'punctuation', start, end: at, innerStart: start, innerEnd: at };
    }
  }
}

function quoted(text: string, kind: 'string' | 'quoted', start: number, quote: number, end: number): Piece {
  const closed = end > quote + 1 && text.charAt(end - 1) === text.charAt(quote);
  return { kind, start, end, innerStart: quote + 1, innerEnd: closed ? end - 1 : end };
}

/** The end of a quoted run; a doubled quote is part of it; one without an end runs to the end of the text. */
function quotedEnd(text: string, open: number, quote: string, backslash: boolean): number {
  let at = open + 1;
  while (at < text.length) {
    const character = text.charAt(at);
    if (backslash && character === '\\') {
      at += 2;
    } else if (character !== quote) {
      at++;
    } else if (text.charAt(at + 1) === quote) {
      at += 2;
    } else {
      return at + 1;
    }
  }
  return text.length;
}

/** PostgreSQL's block comments nest. */
function blockCommentEnd(text: string, open: number): number {
  let depth = 0;
  let at = open;
  while (at < text.length) {
    if (text.startsWith('/*', at)) {
      depth++;
      at += 2;
    } else if (text.startsWith('*/', at)) {
      depth--;
      at += 2;
      if (depth === 0) return at;
    } else {
      at++;
    }
  }
  return text.length;
}
