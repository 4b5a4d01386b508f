// From rounds to one table: medians, ratios within the run, and the targets beside them.
import type { Mode, Round, Workload } from './pgbench.ts';
import { median } from './statistics.ts';

export interface PgbenchRow {
  readonly mode: Mode;
  readonly clients: number;
  readonly texts: 'warm' | 'unique';
  readonly target: string;
  readonly tps: number;
  /** Of the best round: what other work on the machine has disturbed least. */
  readonly best: number;
  readonly toDirect: number;
  readonly toPgbouncer: number;
  readonly toPassThrough: number;
  /** Microseconds. */
  readonly addedP50: number | undefined;
  readonly addedP99: number | undefined;
  readonly cpu: number | undefined;
  readonly cpuMain: number | undefined;
  readonly cpuOther: number | undefined;
}

export interface Fact {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: string;
}

/** Ratios are medians of ratios of one pass each: the passes are seconds apart, the machine's other work is not the same in all. */
export function pgbenchRows(passes: readonly (readonly Round[])[], warmAccounts: number): PgbenchRow[] {
  const rows: PgbenchRow[] = [];
  const first = passes[0] ?? [];
  for (const { target, workload } of first) {
    const mine = passes.map((pass) => find(pass, workload, target));
    const ratio = (other: string): number =>
      median(passes.flatMap((pass, index) => (mine[index]?.tps ?? Number.NaN) / (find(pass, workload, other)?.tps ?? Number.NaN)));
    const added = (what: 'p50' | 'p99'): number | undefined => {
      if (workload.clients !== 1 || target === 'direct') return undefined;
      return median(
        passes.map((pass, index) => (mine[index]?.[what] ?? Number.NaN) - (find(pass, workload, 'direct')?.[what] ?? Number.NaN)),
      );
    };
    const cpu = (what: 'all' | 'main' | 'other'): number | undefined => {
      const values = mine.flatMap((round) => round?.cpu?.[what] ?? []);
      return values.length === 0 ? undefined : median(values);
    };
    rows.push({
      mode: workload.mode,
      clients: workload.clients,
      texts: workload.accounts <= warmAccounts ? 'warm' : 'unique',
      target,
      tps: median(mine.flatMap((round) => round?.tps ?? [])),
      best: Math.max(...mine.flatMap((round) => round?.tps ?? [])),
      toDirect: ratio('direct'),
      toPgbouncer: ratio('pgbouncer'),
      toPassThrough: ratio('pass-through'),
      addedP50: added('p50'),
      addedP99: added('p99'),
      cpu: cpu('all'),
      cpuMain: cpu('main'),
      cpuOther: cpu('other'),
    });
  }
  return rows;
}

function find(pass: readonly Round[], workload: Workload, target: string): Round | undefined {
  return pass.find((round) => round.target === target && round.workload === workload);
}

const COLUMNS = [
  'pgbench -S',
  'target',
  'tps',
  'best',
  '/direct',
  '/pgbouncer',
  '/pass-thr.',
  '+p50 µs',
  '+p99 µs',
  'CPU µs',
  'main',
  'ledger',
];

export function table(rows: readonly PgbenchRow[], facts: readonly Fact[]): string {
  const cells = rows.map((row) => [
    `${row.mode} c${row.clients}${row.texts === 'unique' ? ', unique texts' : ''}`,
    row.target,
    row.tps.toFixed(0),
    row.best.toFixed(0),
    row.toDirect.toFixed(2),
    row.toPgbouncer.toFixed(2),
    row.toPassThrough.toFixed(2),
    ...[row.addedP50, row.addedP99, row.cpu, row.cpuMain, row.target.startsWith('gatehouse') ? row.cpuOther : undefined].map(
      (value) => value?.toFixed(1) ?? '',
    ),
  ]);
  const named = facts.map(({ name, value, unit, target }) => [
    name,
    `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`,
    target === undefined ? '' : `target ${target}`,
  ]);
  return `${columns([COLUMNS, ...cells])}\n\n${columns(named)}`;
}

/** Text to the left, numbers to the right. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => (row[index] ?? '').length)));
  const numeric = (text: string): boolean => /^[-\d.]+$/u.test(text);
  return rows
    .map((row, line) =>
      row
        .map((cell, index) =>
          numeric(cell) || (line === 0 && index > 1) ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
