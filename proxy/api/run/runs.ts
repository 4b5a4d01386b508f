// The runs of all tabs: a session for each tab and connection, one text at a time, the last results kept for reading.
import { randomUUID } from 'node:crypto';
import type { Gate } from '../../checkpoint/gate.ts';
import { GatehouseError } from '../../errors.ts';
import type { Log } from '../channel/requests.ts';
import type { Window } from '../channel/window.ts';
import { EditorSession, NotOpened, type TextOutcome } from './editor-session.ts';
import { SessionGone } from './protocol-client.ts';
import { type RunResult, RunSink } from './run.ts';
import { refusalError } from './statement-error.ts';

/** Of a tab: earlier ones are forgotten with their rows. */
const RUNS_KEPT = 20;
const MAX_TABS = 200;
const CLOSE_CANCEL_MS = 2_000;

export interface FinishedRun {
  readonly connection: string;
  readonly text: string;
  readonly verdict: string;
  readonly rows: number;
  readonly durationMs: number;
}

export interface RunsOptions {
  readonly gate: Gate;
  readonly person: string;
  /** For rows; exists, is the owner's alone. */
  readonly folder: string;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly log: Log;
  /** Names of the result columns' types. */
  readonly typeName: (connection: string) => (oid: number) => string;
  /** How many statements a text holds. */
  readonly countStatements: (text: string) => Promise<number>;
  readonly finished: (run: FinishedRun) => void;
}

export interface Run {
  readonly id: string;
  readonly tab: Tab;
  readonly connection: string;
  readonly justification: string | undefined;
  readonly session: EditorSession;
  readonly sink: RunSink;
  cancelled: boolean;
  ended: boolean;
  done: Promise<void>;
}

interface Tab {
  readonly id: string;
  readonly window: Window;
  readonly sessions: Map<string, EditorSession>;
  readonly runs: Run[];
  running: Run | undefined;
  closed: boolean;
}

export class Runs implements AsyncDisposable {
  readonly #options: RunsOptions;
  readonly #tabs = new Map<string, Tab>();
  readonly #runs = new Map<string, Run>();

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  start(window: Window, params: { tab: string; connection: string; sql: string; justification?: string | undefined }): string {
    const { connection, sql, justification } = params;
    const tab = this.#tab(window, params.tab);
    if (tab.running !== undefined) throw new GatehouseError('BUSY', 'this tab is running a text already');
    if (sql.includes('\0')) throw new GatehouseError('BAD_TEXT', 'the text holds a NUL character');
    const { folder, now, typeName, gate, person, log } = this.#options;
    const known = tab.sessions.get(connection);
    const session = known ?? new EditorSession({ gate, person, connection, now, log });
    tab.sessions.set(connection, session);
    const id = randomUUID();
    const sink = new RunSink({
      id,
      text: sql,
      folder,
      now,
      typeName: typeName(connection),
      judged: () => session.judged,
      tell: (event, data, key) => window.tell(event, data, key),
    });
    const run: Run = { id, tab, connection, justification, session, sink, cancelled: false, ended: false, done: Promise.resolve() };
    tab.running = run;
    tab.runs.push(run);
    this.#runs.set(id, run);
    while (tab.runs.length > RUNS_KEPT) this.#forget(tab.runs.shift());
    // After the answer to `run.start`, so that the window knows the run that it hears of.
    run.done = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#run(run, sql, justification));
    return id;
  }

  async cancel(window: Window, id: string): Promise<void> {
    const run = this.#owned(window, id);
    if (run.ended) return;
    run.cancelled = true;
    await run.session.cancel();
  }

  /** Throws NO_RESULT. */
  result(window: Window, id: string, index: number): RunResult {
    const result = this.#owned(window, id).sink.results[index];
    if (result === undefined) throw new GatehouseError('NO_RESULT', 'there is no such result');
    return result;
  }

  get(window: Window, id: string): Run {
    return this.#owned(window, id);
  }

  closeTab(window: Window, id: string): void {
    const tab = this.#tabs.get(key(window, id));
    if (tab === undefined) return;
    this.#tabs.delete(key(window, id));
    this.#close(tab);
  }

  closeWindow(window: Window): void {
    for (const [place, tab] of this.#tabs) {
      if (tab.window !== window) continue;
      this.#tabs.delete(place);
      this.#close(tab);
    }
  }

  /** Connections of that name mean something else now. */
  closeConnection(connection: string): void {
    for (const tab of this.#tabs.values()) {
      const session = tab.sessions.get(connection);
      if (session === undefined || tab.running?.session === session) continue;
      tab.sessions.delete(connection);
      session.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const runs = [...this.#runs.values()];
    for (const tab of this.#tabs.values()) this.#close(tab);
    this.#tabs.clear();
    await Promise.all(runs.flatMap((run) => [run.done, ...run.sink.results.map(({ file }) => file[Symbol.asyncDispose]())]));
  }

  #tab(window: Window, id: string): Tab {
    const known = this.#tabs.get(key(window, id));
    if (known !== undefined) return known;
    if (this.#tabs.size >= MAX_TABS) throw new GatehouseError('TOO_MANY', `more than ${MAX_TABS} tabs have a session`);
    const tab: Tab = { id, window, sessions: new Map(), runs: [], running: undefined, closed: false };
    this.#tabs.set(key(window, id), tab);
    return tab;
  }

  #owned(window: Window, id: string): Run {
    const run = this.#runs.get(id);
    if (run === undefined || run.tab.window !== window) throw new GatehouseError('NO_RUN', 'there is no such run any more');
    return run;
  }

  async #run(run: Run, text: string, justification: string | undefined): Promise<void> {
    const { now, finished } = this.#options;
    const { sink, session, tab } = run;
    const started = now();
    let outcome: TextOutcome = { transaction: 'none', gone: true };
    try {
      if (run.cancelled || tab.closed) sink.fail(CANCELLED);
      else outcome = await session.run(text, reasonOf(justification), () => this.#options.countStatements(text), sink);
    } catch (error) {
      this.#failed(sink, error, text);
    }
    sink.end();
    run.ended = true;
    tab.running = undefined;
    const durationMs = Math.round((now() - started) * 10) / 10;
    const cancelled = run.cancelled && (sink.lastError?.sqlstate === '57014' || sink.lastError === CANCELLED);
    const status = cancelled ? 'cancelled' : sink.errors > 0 ? 'error' : 'ok';
    tab.window.tell('run.end', { run: run.id, status, durationMs, transaction: outcome.transaction });
    finished({ connection: run.connection, text, verdict: verdictOf(session, status), rows: sink.totalRows, durationMs });
    if (tab.closed) this.#forget(run);
  }

  #failed(sink: RunSink, error: unknown, text: string): void {
    if (error instanceof NotOpened) return sink.fail(refusalError(error.refusal, text));
    if (error instanceof SessionGone) {
      // The session has said why it ended, mostly.
      if (sink.errors === 0) sink.fail({ code: 'UPSTREAM', sqlstate: '08006', message: 'the session has ended', policies: [] });
      return;
    }
    if (error instanceof GatehouseError) return sink.fail({ code: error.code, sqlstate: 'XX000', message: error.message, policies: [] });
    this.#options.log('run-failed', { error: error instanceof Error ? error.name : typeof error });
    sink.fail({ code: 'INTERNAL', sqlstate: 'XX000', message: 'the run failed inside Gatehouse', policies: [] });
  }

  #close(tab: Tab): void {
    tab.closed = true;
    const { running } = tab;
    for (const session of tab.sessions.values()) {
      if (running?.session !== session) session.close();
      else {
        // What runs is cancelled, and its session closed whether or not the database hears of it.
        const close = (): void => session.close();
        const timer = setTimeout(close, CLOSE_CANCEL_MS).unref();
        running.cancelled = true;
        void session.cancel().then(() => {
          clearTimeout(timer);
          close();
        }, close);
      }
    }
    for (const run of tab.runs) if (run.ended) this.#forget(run);
    tab.runs.length = 0;
  }

  #forget(run: Run | undefined): void {
    if (run === undefined) return;
    this.#runs.delete(run.id);
    for (const { file } of run.sink.results) void file[Symbol.asyncDispose]();
  }
}

const CANCELLED = { code: 'CANCELLED', sqlstate: '57014', message: 'cancelled before it began', policies: [] };

const key = (window: Window, tab: string): string => `${window.id} ${tab}`;

const reasonOf = (text: string | undefined): string | undefined => (text === undefined || text.trim() === '' ? undefined : text.trim());

function verdictOf(session: EditorSession, status: string): string {
  const { judged } = session;
  if ('code' in judged) return judged.code === 'JUSTIFICATION_REQUIRED' || judged.code === 'APPROVAL_PENDING' ? 'hold' : 'deny';
  return status === 'ok' ? 'allow' : status;
}
