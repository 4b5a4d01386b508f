// Rows as text: for the clipboard and for files. Values are PostgreSQL's own texts; what a grid shows is what is copied. Pure.
// Sources: RFC 4180 (CSV), RFC 8259 (JSON), JSON Lines; OWASP, "CSV Injection"; PostgreSQL, "Lexical Structure".
import { quoteName } from '../catalog/keywords.ts';
import type { Row } from '../run/data-row.ts';

export interface CopyColumn {
  readonly name: string;
  readonly type: string;
}

const LINE = '\n';

/** Tabs and line ends would break the table that a spreadsheet makes of it. */
const tsvCell = (value: string | null): string => (value === null ? '' : value.replace(/[\t\r\n]+/gu, ' '));

export function tsvRow(row: Row): string {
  return row.map(tsvCell).join('\t') + LINE;
}

/** Begins a formula in a spreadsheet; a number with a sign does not. */
const FORMULA = /^[=+\-@\t\r\uFF0B\uFF0D\uFF1D\uFF20]/u;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/u;

/** A NULL is an empty field, an empty text is "". */
export function csvCell(value: string | null): string {
  if (value === null) return '';
  const text = FORMULA.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  return text === '' || /[",\r\n]|^\s|\s$/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csvRow(row: Row): string {
  return `${row.map(csvCell).join(',')}\r\n`;
}

const INTEGER_TYPES = new Set(['int2', 'int4', 'oid']);
const FLOAT_TYPES = new Set(['float4', 'float8']);
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/u;

/** Exact: what a JSON reader would round (64-bit integers, numerics) stays a text. */
function jsonValue(value: string | null, type: string): string {
  if (value === null) return 'null';
  if (type === 'bool') return value === 't' ? 'true' : value === 'f' ? 'false' : JSON.stringify(value);
  if ((INTEGER_TYPES.has(type) || FLOAT_TYPES.has(type)) && JSON_NUMBER.test(value)) return value;
  return JSON.stringify(value);
}

/** Names of columns made different from each other, since an object has one value a name. */
export function distinctNames(columns: readonly CopyColumn[]): string[] {
  const used = new Set<string>();
  return columns.map(({ name }) => {
    let free = name;
    for (let i = 2; used.has(free); i += 1) free = `${name}_${i}`;
    used.add(free);
    return free;
  });
}

export function jsonRow(row: Row, columns: readonly CopyColumn[], names: readonly string[]): string {
  const members = columns.map(({ type }, i) => `${JSON.stringify(names[i] ?? '')}:${jsonValue(row[i] ?? null, type)}`);
  return `{${members.join(',')}}`;
}

/** Nothing in a cell may end the table or become a tag. */
const markdownCell = (value: string): string =>
  value.replace(/[\\|`*_<>&[\]]/gu, (character) => `\\${character}`).replace(/\r\n|\r|\n/gu, ' ');

export function markdownRow(row: Row): string {
  return `| ${row.map((value) => (value === null ? '' : markdownCell(value))).join(' | ')} |${LINE}`;
}

export function markdownHead(columns: readonly CopyColumn[]): string {
  return markdownRow(columns.map(({ name }) => name)) + `|${columns.map(() => ' --- |').join('')}${LINE}`;
}

const BARE_TYPES = new Set(['int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'oid']);

/** A constant that PostgreSQL reads as the same value. */
export function sqlLiteral(value: string | null, type: string): string {
  if (value === null) return 'NULL';
  if (type === 'bool') return value === 't' ? 'true' : value === 'f' ? 'false' : sqlText(value);
  if (BARE_TYPES.has(type) && NUMBER.test(value)) return value;
  return sqlText(value);
}

/** An E'' constant where a backslash is inside, so that the setting of the reader does not matter. */
const sqlText = (value: string): string => {
  const quoted = value.replaceAll("'", "''");
  return value.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
};

export function insertRow(row: Row, columns: readonly CopyColumn[], names: readonly string[], table: string): string {
  return `INSERT INTO ${table} (${names.map(quoteName).join(', ')}) VALUES (${columns.map(({ type }, i) => sqlLiteral(row[i] ?? null, type)).join(', ')});${LINE}`;
}
