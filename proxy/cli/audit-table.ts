// The table that `audit tail` and `audit search` print: one line per record, a statement with its outcome beside it.
import { AUDIT_CODES, type AuditOutcome, type AuditRecord } from '../../contracts/audit.ts';
import { oneLine } from '../audit/readable.ts';

interface Column {
  readonly title: string;
  readonly right?: boolean;
  readonly most: number;
  /** Room kept when more lines will follow that are not known yet. */
  readonly following: number;
  text(line: TableLine): string;
}

export interface TableLine {
  readonly record: AuditRecord;
  /** The outcome that belongs to the record, if it is known. */
  readonly outcome: AuditOutcome | undefined;
}

const STATEMENT_LEAST = 30;

const COLUMNS: readonly Column[] = [
  { title: 'seq', right: true, most: 12, following: 6, text: ({ record }) => String(record.seq) },
  { title: 'time (UTC)', most: 23, following: 23, text: ({ record }) => record.time.replace('T', ' ').replace('Z', '') },
  { title: 'principal', most: 36, following: 24, text: ({ record }) => principal(record) },
  { title: 'connection', most: 20, following: 12, text: ({ record }) => record.session?.connection ?? '' },
  { title: 'verdict', most: 7, following: 7, text: ({ record }) => record.judgement?.decision.verdict ?? '' },
  {
    title: 'code',
    most: 22,
    following: 22,
    text: ({ record, outcome }) => record.judgement?.decision.code ?? outcome?.sqlstate ?? record.code,
  },
  { title: 'rows', right: true, most: 10, following: 6, text: ({ outcome }) => (outcome?.rows === undefined ? '' : String(outcome.rows)) },
  {
    title: 'ms',
    right: true,
    most: 9,
    following: 6,
    text: ({ outcome }) => (outcome?.durationMs === undefined ? '' : outcome.durationMs.toFixed(outcome.durationMs < 10 ? 1 : 0)),
  },
];

/** Widths are fixed by the first lines, so that what is followed later stays aligned with them. */
export class AuditTable {
  readonly #widths: readonly number[];
  readonly #statementWidth: number;

  constructor(first: readonly TableLine[], terminalWidth: number, following: boolean) {
    this.#widths = COLUMNS.map((column) =>
      first.reduce(
        (width, line) => Math.max(width, [...oneLine(column.text(line), column.most)].length),
        following ? column.following : column.title.length,
      ),
    );
    const taken = this.#widths.reduce((sum, width) => sum + width + 2, 0);
    this.#statementWidth = Math.max(STATEMENT_LEAST, terminalWidth - taken);
  }

  header(): string {
    return this.#line(
      COLUMNS.map(({ title }) => title),
      'statement',
    );
  }

  line(line: TableLine): string {
    return this.#line(
      COLUMNS.map((column) => oneLine(column.text(line), column.most)),
      oneLine(statement(line), this.#statementWidth),
    );
  }

  #line(cells: readonly string[], last: string): string {
    const padded = cells.map((cell, index) => {
      const gap = ' '.repeat(Math.max(0, (this.#widths[index] ?? 0) - [...cell].length));
      return COLUMNS[index]?.right === true ? gap + cell : cell + gap;
    });
    return `${[...padded, last].join('  ').trimEnd()}\n`;
  }
}

function principal(record: AuditRecord): string {
  const who = record.session?.principal;
  if (who === undefined) return '';
  return who.owner === undefined || who.owner === who.name ? who.name : `${who.name} for ${who.owner}`;
}

function statement({ record, outcome }: TableLine): string {
  if (record.judgement !== undefined) return record.judgement.statement.text;
  if (outcome !== undefined) return `(outcome: ${outcome.status})`;
  const facts = Object.entries(record.facts ?? {}).map(([name, value]) => `${name}=${String(value)}`);
  return [AUDIT_CODES[record.code] ?? record.code, ...facts].join(' · ');
}
