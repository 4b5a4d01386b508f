// A scanner for texts that somebody is typing: never fails, an open string or comment reaches to the end. Pure, UTF-16 offsets.
// Source: PostgreSQL, "Lexical Structure" (scan.l). The checkpoint never relies on it.

export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'symbol' | 'comment';
  readonly start: number;
  readonly end: number;
}

const WORD_START = /[\p{L}_\u0080-\uffff]/u;
const WORD = /[\p{L}\p{N}_$\u0080-\uffff]/u;
const DOLLAR_TAG = /\$(?:[\p{L}_\u0080-\uffff][\p{L}\p{N}_\u0080-\uffff]*)?\$/uy;

export function* scan(sql: string): Generator<Token> {
  for (let at = 0; at < sql.length; ) {
    const character = sql.charAt(at);
    if (/\s/u.test(character)) {
      at += 1;
      continue;
    }
    const start = at;
    const kind = kindAt(sql, at, character);
    at = endOf(sql, at, character, kind);
    yield { kind, start, end: at };
  }
}

function kindAt(sql: string, at: number, character: string): Token['kind'] {
  const next = sql.charAt(at + 1);
  if ((character === '-' && next === '-') || (character === '/' && next === '*')) return 'comment';
  if (character === "'" || (/[eEbBxXnN]/u.test(character) && next === "'")) return 'string';
  if (character === '"') return 'quoted';
  if (character === '$') {
    DOLLAR_TAG.lastIndex = at;
    return DOLLAR_TAG.test(sql) ? 'string' : 'symbol';
  }
  if (/\d/u.test(character)) return 'number';
  return WORD_START.test(character) ? 'word' : 'symbol';
}

function endOf(sql: string, start: number, character: string, kind: Token['kind']): number {
  switch (kind) {
    case 'comment':
      return character === '-' ? found(sql.indexOf('\n', start), sql) : endOfBlock(sql, start);
    case 'quoted':
      return endOfQuotes(sql, start, '"', false);
    case 'string': {
      if (character === '$') {
        DOLLAR_TAG.lastIndex = start;
        const tag = DOLLAR_TAG.exec(sql)?.[0] ?? '$$';
        const close = sql.indexOf(tag, start + tag.length);
        return close < 0 ? sql.length : close + tag.length;
      }
      return endOfQuotes(sql, character === "'" ? start : start + 1, "'", /[eE]/u.test(character));
    }
    case 'number':
    case 'word': {
      let end = start + 1;
      while (end < sql.length && WORD.test(sql.charAt(end))) end += 1;
      return end;
    }
    case 'symbol':
      return start + 1;
  }
}

const found = (at: number, sql: string): number => (at < 0 ? sql.length : at);

function endOfQuotes(sql: string, open: number, quote: string, escapes: boolean): number {
  for (let at = open + 1; at < sql.length; at += 1) {
    const character = sql.charAt(at);
    if (escapes && character === '\\') at += 1;
    else if (character === quote) {
      if (sql.charAt(at + 1) !== quote) return at + 1;
      at += 1;
    }
  }
  return sql.length;
}

/** Comments nest. */
function endOfBlock(sql: string, start: number): number {
  let depth = 0;
  for (let at = start; at < sql.length; at += 1) {
    if (sql.startsWith('/*', at)) {
      depth += 1;
      at += 1;
    } else if (sql.startsWith('*/', at)) {
      depth -= 1;
      at += 1;
      if (depth === 0) return at + 1;
    }
  }
  return sql.length;
}
