// What a statement in the making says about the place of the cursor: which relations it names under which aliases, which CTEs
// it has, what stands before the cursor. From tokens alone, since what is being typed does not parse. Pure.
import { scan, type Token } from './scan.ts';

export interface NamedRelation {
  readonly schema: string | undefined;
  readonly name: string;
  readonly alias: string | undefined;
}

export type Place =
  /** A relation is expected. */
  | 'relation'
  /** Behind JOIN: a relation, best with its condition. */
  | 'join'
  /** Behind ON: a condition. */
  | 'condition'
  | 'expression'
  /** A keyword of the beginning. */
  | 'start'
  /** Inside a string or comment. */
  | 'none';

export interface StatementContext {
  readonly place: Place;
  /** The word before the cursor, as typed, without an opening quote. */
  readonly word: string;
  /** Names with dots before the word: `a.b.` gives two. */
  readonly qualifiers: readonly string[];
  readonly relations: readonly NamedRelation[];
  readonly ctes: readonly string[];
}

const RELATION_WORDS = new Set(['from', 'into', 'update', 'table', 'only', 'truncate', 'analyze', 'vacuum']);
const AFTER_RELATION = new Set(
  'where on using join inner left right full cross natural group order having limit offset union intersect except set values returning as fetch for window when select default lateral tablesample do'.split(
    ' ',
  ),
);
const EXPRESSION_WORDS = new Set(
  'select where having by set on and or not when then else case returning distinct using in like ilike between'.split(' '),
);

export function statementContext(sql: string, offset: number): StatementContext {
  const all = [...scan(sql)];
  const inside = all.find((token) => token.start < offset && offset < token.end + (isOpen(sql, token) ? 1 : 0));
  const none: StatementContext = { place: 'none', word: '', qualifiers: [], relations: [], ctes: [] };
  if (inside?.kind === 'string' || inside?.kind === 'comment') return none;
  const tokens = statementAround(
    sql,
    all.filter(({ kind }) => kind !== 'comment'),
    offset,
  );
  const text = (token: Token | undefined): string => (token === undefined ? '' : sql.slice(token.start, token.end));
  let index = tokens.findLastIndex((token) => token.start < offset);
  let word = '';
  const current = tokens[index];
  if (current !== undefined && (current.kind === 'word' || current.kind === 'quoted') && offset <= current.end) {
    word = sql
      .slice(current.kind === 'quoted' ? current.start + 1 : current.start, offset)
      .replaceAll('""', '"')
      .replace(/"$/u, '');
    index -= 1;
  }
  const qualifiers: string[] = [];
  while (text(tokens[index]) === '.' && isName(tokens[index - 1])) {
    qualifiers.unshift(nameOf(sql, tokens[index - 1]));
    index -= 2;
  }
  return { place: placeOf(tokens, index, text), word, qualifiers, ...namesIn(sql, tokens) };
}

/** An open string, comment or name reaches to the end: the cursor behind it is inside. */
function isOpen(sql: string, token: Token): boolean {
  const text = sql.slice(token.start, token.end);
  if (token.kind === 'comment') return text.startsWith('--') || !text.endsWith('*/');
  return token.kind === 'string' && token.end === sql.length && (text.length < 2 || !/['$]$/u.test(text));
}

const isName = (token: Token | undefined): boolean => token?.kind === 'word' || token?.kind === 'quoted';

function nameOf(sql: string, token: Token | undefined): string {
  if (token === undefined) return '';
  const text = sql.slice(token.start, token.end);
  return token.kind === 'quoted'
    ? text.slice(1, text.endsWith('"') && text.length > 1 ? -1 : undefined).replaceAll('""', '"')
    : text.toLowerCase();
}

function statementAround(sql: string, tokens: readonly Token[], offset: number): Token[] {
  let from = 0;
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== 'symbol' || sql[token.start] !== ';') continue;
    if (token.start >= offset) return tokens.slice(from, i);
    from = i + 1;
  }
  return tokens.slice(from);
}

/** `last`: the token before what is being typed. */
function placeOf(tokens: readonly Token[], last: number, text: (token: Token | undefined) => string): Place {
  let depth = 0;
  for (let i = last; i >= 0; i -= 1) {
    const token = tokens[i];
    const here = text(token).toLowerCase();
    if (here === ')') depth += 1;
    else if (here === '(') {
      if (depth === 0 && i === last) continue;
      depth = Math.max(0, depth - 1);
    } else if (depth === 0 && token?.kind === 'word') {
      if (here === 'join') return i === last || !isBehindName(tokens, i, last, text) ? 'join' : 'expression';
      if (RELATION_WORDS.has(here)) return isBehindName(tokens, i, last, text) ? 'expression' : 'relation';
      if (here === 'on') return 'condition';
      if (EXPRESSION_WORDS.has(here)) return 'expression';
    }
  }
  return last < 0 ? 'start' : 'expression';
}

/** Is a whole name there already between the keyword and the cursor (and no comma after it)? */
function isBehindName(tokens: readonly Token[], keyword: number, last: number, text: (token: Token | undefined) => string): boolean {
  if (last === keyword) return false;
  const end = text(tokens[last]);
  return end !== ',' && end !== '(' && end.toLowerCase() !== 'only';
}

/** Relations behind FROM, JOIN, INTO, UPDATE and commas; CTEs of WITH. */
function namesIn(sql: string, tokens: readonly Token[]): { relations: NamedRelation[]; ctes: string[] } {
  const relations: NamedRelation[] = [];
  const ctes: string[] = [];
  const low = (i: number): string => {
    const token = tokens[i];
    return token?.kind === 'word' || token?.kind === 'symbol' ? sql.slice(token.start, token.end).toLowerCase() : '';
  };
  for (let i = 0; i < tokens.length; i += 1) {
    const here = low(i);
    const isCte = isName(tokens[i]) && low(i + 1) === 'as' && (low(i + 2) === '(' || low(i + 2) === 'materialized' || low(i + 2) === 'not');
    if (isCte && ['with', 'recursive', ','].includes(low(i - 1))) ctes.push(nameOf(sql, tokens[i]));
    if (!['from', 'join', 'into', 'update'].includes(here)) continue;
    for (let at = i + 1; ; ) {
      if (low(at) === 'only' || low(at) === 'lateral') at += 1;
      if (!isName(tokens[at]) || AFTER_RELATION.has(low(at))) break;
      const names = [nameOf(sql, tokens[at])];
      at += 1;
      while (low(at) === '.' && isName(tokens[at + 1])) {
        names.push(nameOf(sql, tokens[at + 1]));
        at += 2;
      }
      if (low(at) === 'as') at += 1;
      const alias = isName(tokens[at]) && !AFTER_RELATION.has(low(at)) ? nameOf(sql, tokens[at]) : undefined;
      if (alias !== undefined) at += 1;
      relations.push({ schema: names.length > 1 ? names.at(-2) : undefined, name: names.at(-1) ?? '', alias });
      if (low(at) !== ',') break;
      at += 1;
    }
  }
  return { relations, ctes };
}
