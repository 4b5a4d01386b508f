// The statements of a text, for "run the current one". The checkpoint's own parser says where they are; a text that it does not
// parse (somebody is typing) is cut at semicolons by the rules of the scanner. Source: PostgreSQL, "Lexical Structure".
import type { StatementRange } from '../../../contracts/ui.ts';
import { TOKEN } from '../../sql/postgres/parse/parsed.ts';
import type { ParserPool } from '../../sql/postgres/parse/parser-pool.ts';
import { utf16OfBytes } from '../run/text-offsets.ts';
import { scan } from './scan.ts';

/** Longer texts are cut by the scanner alone. */
const MAX_PARSED = 1024 * 1024;

export async function splitStatements(parser: ParserPool, sql: string): Promise<StatementRange[]> {
  if (sql.length > MAX_PARSED || sql.includes('\0')) return splitByScanner(sql);
  const outcome = await parser.parse(sql.toWellFormed(), Buffer.byteLength(sql));
  if (outcome.kind !== 'parsed') return splitByScanner(sql);
  const { statements, tokens } = outcome.parsed;
  // Comments behind the last token of a statement are not its own.
  const ends = new Map<number, number>();
  let statement = 0;
  for (let i = 0; i < tokens.length; i += 4) {
    const type = tokens[i + 2];
    if (type === TOKEN.lineComment || type === TOKEN.blockComment) continue;
    const start = tokens[i] ?? 0;
    while (statement < statements.length && start >= (statements[statement]?.end ?? 0)) statement += 1;
    if (start >= (statements[statement]?.start ?? Number.POSITIVE_INFINITY)) ends.set(statement, tokens[i + 1] ?? 0);
  }
  const offsets = utf16OfBytes(
    sql,
    statements.flatMap(({ start, end }, i) => [start, ends.get(i) ?? end]),
  );
  return statements.map((_, i) => ({ start: offsets[i * 2] ?? 0, end: offsets[i * 2 + 1] ?? 0 }));
}

export function splitByScanner(sql: string): StatementRange[] {
  const ranges: StatementRange[] = [];
  let start = -1;
  let end = 0;
  // `BEGIN ATOMIC … END` of a function's body holds statements of its own.
  let atomic = 0;
  let before = '';
  for (const token of scan(sql)) {
    if (token.kind === 'comment') continue;
    const word = token.kind === 'word' ? sql.slice(token.start, token.end).toLowerCase() : '';
    if (word === 'atomic' && before === 'begin') atomic = 1;
    else if (atomic > 0 && word === 'case') atomic += 1;
    else if (atomic > 0 && word === 'end') atomic -= 1;
    before = word;
    if (token.kind === 'symbol' && sql[token.start] === ';' && atomic === 0) {
      if (start >= 0) ranges.push({ start, end });
      start = -1;
      continue;
    }
    if (start < 0) start = token.start;
    end = token.end;
  }
  if (start >= 0) ranges.push({ start, end });
  return ranges;
}
