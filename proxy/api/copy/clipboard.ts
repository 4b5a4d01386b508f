// Some rows of a result as text in a format, up to some megabytes.
import { GatehouseError } from '../../errors.ts';
import type { Row } from '../run/data-row.ts';
import type { RunResult } from '../run/run.ts';
import { type CopyColumn, csvRow, distinctNames, insertRow, jsonRow, markdownHead, markdownRow, sqlLiteral, tsvRow } from './formats.ts';

const MAX_TEXT = 16 * 1024 * 1024;
const BATCH = 1_000;
const BATCH_BYTES = 8 * 1024 * 1024;

export interface CopyRequest {
  readonly from: number;
  readonly count: number;
  /** Numbers of columns, in the order wanted; none means all. */
  readonly columns: readonly number[];
  readonly format: 'tsv' | 'csv' | 'json' | 'markdown' | 'insert' | 'in';
  readonly headers: boolean;
  /** Where INSERTs go. */
  readonly table: string;
}

export async function copyText(result: RunResult, request: CopyRequest): Promise<{ readonly text: string; readonly truncated: boolean }> {
  const wanted = request.columns.length === 0 ? result.columns.map((_, i) => i) : request.columns;
  const columns = wanted.map((i): CopyColumn => {
    const column = result.columns[i];
    if (column === undefined) throw new GatehouseError('NO_COLUMN', 'the result has no such column');
    return column;
  });
  const write = writerOf(request, columns);
  let text = write.head;
  let truncated = false;
  let first = true;
  const end = Math.min(request.from + request.count, result.file.rows);
  for (let at = request.from; at < end && !truncated; ) {
    const rows = await result.file.window(at, Math.min(BATCH, end - at, result.file.rowsWithin(at, BATCH_BYTES)));
    if (rows.length === 0) break;
    for (const row of rows) {
      const line = write.row(
        wanted.map((i) => row[i] ?? null),
        first,
      );
      if (text.length + line.length > MAX_TEXT) {
        truncated = true;
        break;
      }
      text += line;
      first = false;
    }
    at += rows.length;
  }
  return { text: text + write.tail, truncated };
}

interface Writer {
  readonly head: string;
  readonly tail: string;
  row(row: Row, first: boolean): string;
}

function writerOf({ format, headers, table }: CopyRequest, columns: readonly CopyColumn[]): Writer {
  const names = columns.map(({ name }) => name);
  switch (format) {
    case 'tsv':
      return { head: headers ? tsvRow(names) : '', tail: '', row: tsvRow };
    case 'csv':
      return { head: headers ? csvRow(names) : '', tail: '', row: csvRow };
    case 'markdown':
      return { head: markdownHead(columns), tail: '', row: markdownRow };
    case 'json': {
      const keys = distinctNames(columns);
      return { head: '[', tail: '\n]\n', row: (row, first) => `${first ? '' : ','}\n  ${jsonRow(row, columns, keys)}` };
    }
    case 'insert':
      return { head: '', tail: '', row: (row) => insertRow(row, columns, names, table) };
    case 'in':
      // NULL in an IN list matches nothing and turns NOT IN into nothing: it is left out.
      return { head: '(', tail: ')', row: inRow(columns) };
  }
}

function inRow(columns: readonly CopyColumn[]): Writer['row'] {
  const seen = new Set<string>();
  return (row) => {
    const values = columns.map(({ type }, i) => sqlLiteral(row[i] ?? null, type));
    if (values.includes('NULL')) return '';
    const item = values.length === 1 ? (values[0] ?? '') : `(${values.join(', ')})`;
    if (seen.has(item)) return '';
    const before = seen.size === 0 ? '' : ', ';
    seen.add(item);
    return before + item;
  };
}
