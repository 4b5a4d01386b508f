// What was run in each tab and what came of it. Rows stay in the proxy; here are columns, counts and messages only.

import type { ResultColumnInfo, StatementError } from '../../contracts/ui.ts';
import { call, on } from '../transport/socket.ts';
import { createStore } from './store.ts';
import { complain } from './toasts.ts';

export interface Result {
  readonly index: number;
  readonly columns: readonly ResultColumnInfo[];
  /** Rows that can be read now. */
  readonly rows: number;
  readonly done: boolean;
  readonly durationMs?: number;
}

export interface Line {
  readonly kind: 'statement' | 'notice';
  readonly text: string;
  readonly durationMs?: number;
}

export interface Run {
  readonly id: string;
  readonly tab: string;
  readonly connection: string;
  readonly sql: string;
  /** Offset of `sql` in the tab's text when it was started. */
  readonly offset: number;
  readonly startedAt: number;
  readonly status: 'running' | 'ok' | 'error' | 'cancelled';
  readonly durationMs?: number;
  readonly transaction: 'none' | 'open' | 'failed';
  readonly results: readonly Result[];
  readonly lines: readonly Line[];
  readonly error?: StatementError;
  readonly pinned: boolean;
}

export interface Asking {
  readonly sql: string;
  readonly offset: number;
  readonly connection: string;
  readonly reason: string;
  readonly facts: readonly string[];
  readonly policies: readonly string[];
}

interface Runs {
  readonly runs: readonly Run[];
  /** The result on screen by tab: `RUN:INDEX` or `RUN:messages`. */
  readonly shown: Readonly<Record<string, string>>;
  readonly asking: Readonly<Record<string, Asking | undefined>>;
}

export const runs = createStore<Runs>({ runs: [], shown: {}, asking: {} });

/** Events can overtake the answer that names their run. */
const early = new Map<string, (() => void)[]>();

export async function startRun(tab: string, connection: string, sql: string, offset: number, justification?: string): Promise<void> {
  ask(tab, undefined);
  try {
    const { run } = await call('run.start', { tab, connection, sql, ...(justification === undefined ? {} : { justification }) });
    const next: Run = {
      id: run,
      tab,
      connection,
      sql,
      offset,
      startedAt: performance.now(),
      status: 'running',
      transaction: 'none',
      results: [],
      lines: [],
      pinned: false,
    };
    runs.set(({ runs: all, shown }) => ({
      runs: [...all.filter((one) => one.tab !== tab || one.pinned), next],
      shown: { ...shown, [tab]: `${run}:messages` },
    }));
    for (const event of early.get(run) ?? []) event();
    early.delete(run);
  } catch (error) {
    complain('The statement was not started', error);
  }
}

export function cancelRun(tab: string): void {
  const run = lastRun(runs.get(), tab);
  if (run?.status === 'running')
    call('run.cancel', { run: run.id }).catch((error: unknown) => complain('The statement was not cancelled', error));
}

export const lastRun = (state: Runs, tab: string): Run | undefined => state.runs.findLast((run) => run.tab === tab);

export function show(tab: string, key: string): void {
  runs.set(({ shown }) => ({ shown: { ...shown, [tab]: key } }));
}

export function pin(run: string, pinned: boolean): void {
  change(run, () => ({ pinned }));
}

export function forget(run: string): void {
  runs.set(({ runs: all }) => ({ runs: all.filter((one) => one.id !== run) }));
}

export function ask(tab: string, asking: Asking | undefined): void {
  runs.set(({ asking: before }) => ({ asking: { ...before, [tab]: asking } }));
}

export function followRuns(): void {
  on('run.result', ({ run, result, columns }) =>
    change(
      run,
      (before) => ({ results: [...before.results, { index: result, columns, rows: 0, done: false }] }),
      (now) => {
        if (now.results.length === 1) show(now.tab, `${run}:${result}`);
      },
    ),
  );
  on('run.progress', ({ run, result, rows }) => change(run, (before) => ({ results: withResult(before, result, { rows }) })));
  on('run.statement', ({ run, result, tag, rows, durationMs }) =>
    change(run, (before) => ({
      lines: [...before.lines, { kind: 'statement', text: tag, durationMs }],
      results: result === undefined ? before.results : withResult(before, result, { rows, done: true, durationMs }),
    })),
  );
  on('run.notice', ({ run, severity, message }) =>
    change(run, (before) => ({ lines: [...before.lines, { kind: 'notice', text: `${severity}: ${message}` }] })),
  );
  on('run.error', ({ run, error }) =>
    change(
      run,
      () => ({ error }),
      (now) => {
        show(now.tab, `${run}:messages`);
        if (error.code === 'JUSTIFICATION_REQUIRED') askFor(now, error);
      },
    ),
  );
  on('run.end', ({ run, status, durationMs, transaction }) =>
    change(run, (before) => ({ status, durationMs, transaction, results: before.results.map((one) => ({ ...one, done: true })) })),
  );
}

function askFor(run: Run, error: StatementError): void {
  const facts = (error.detail ?? '').split(' ').filter((fact) => fact.includes('=') && !/^(code|policy)=/.test(fact));
  ask(run.tab, {
    sql: run.sql,
    offset: run.offset,
    connection: run.connection,
    reason: error.message,
    facts: facts.map((fact) => fact.replace('=', ' ').replaceAll('_', ' ')),
    policies: error.policies,
  });
}

const withResult = (run: Run, index: number, changes: Partial<Result>): Result[] =>
  run.results.map((one) => (one.index === index ? { ...one, ...changes } : one));

function change(id: string, changes: (before: Run) => Partial<Run>, after?: (now: Run) => void): void {
  const before = runs.get().runs.find((run) => run.id === id);
  if (!before) {
    early.set(id, [...(early.get(id) ?? []), () => change(id, changes, after)]);
    return;
  }
  const now = { ...before, ...changes(before) };
  runs.set(({ runs: all }) => ({ runs: all.map((run) => (run.id === id ? now : run)) }));
  after?.(now);
}
