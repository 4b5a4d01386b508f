// The app's API as a whole: the parts of the proxy, the server on loopback, and what is told to windows unasked.
// Source: design, "Processes"; contracts/ui.ts.
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Events } from '../../contracts/ui.ts';
import type { LedgerState } from '../audit/ledger-port.ts';
import { redactStatement } from '../audit/redact.ts';
import { Visibilities } from '../checkpoint/postgres/visibility.ts';
import { History } from '../store/history.ts';
import { SavedQueries } from '../store/saved-queries.ts';
import { AuditFeed } from './audit/audit-feed.ts';
import { AuditQueries } from './audit/audit-queries.ts';
import { typeNameOf } from './catalog/tree.ts';
import { splitByScanner } from './catalog/split.ts';
import { type Log, Requests } from './channel/requests.ts';
import { type AppServer, listenApp } from './channel/server.ts';
import { Exports } from './copy/exports.ts';
import { appMethods } from './methods.ts';
import type { AppParts, ProxyParts } from './parts.ts';
import { Runs } from './run/runs.ts';

const RENDERER = fileURLToPath(new URL('../../dist/renderer', import.meta.url));
const FEED_MS = 250;
const MAX_COUNTED = 1024 * 1024;

export interface App extends AsyncDisposable {
  readonly port: number;
  /** A new address that opens a window, once. */
  url(): string;
  ledgerState(state: LedgerState): void;
}

export interface AppOptions extends ProxyParts {
  readonly host: string;
  /** 0 = any free port. */
  readonly listenPort: number;
  readonly log: Log;
  /** Folder of the built window, for tests. */
  readonly renderer?: string;
  readonly awayMs?: number;
}

export async function startApp(options: AppOptions): Promise<App> {
  const { home, person, checkpoint, principals, policy, ledger, log } = options;
  const folder = emptyFolder(join(home, 'results'));
  const stack = new AsyncDisposableStack();
  try {
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const history = stack.use(new History(home));
    const feed = stack.use(new AuditFeed(options.ledgerFolder, Date.now));
    const audit = stack.use(new AuditQueries(options.ledgerFolder));
    const exports = stack.use(new Exports(folder));
    const runs = stack.use(
      new Runs({
        gate: checkpoint,
        person,
        folder,
        now: () => performance.now(),
        log,
        typeName: (connection) => {
          // Looked up when the columns come: the first run of a connection is what loads its catalog.
          return (oid) => typeNameOf(checkpoint.catalogOf(connection), oid);
        },
        countStatements: async (text) => {
          if (text.length > MAX_COUNTED) return splitByScanner(text).length;
          const outcome = await checkpoint.parser.parse(text, Buffer.byteLength(text));
          return outcome.kind === 'parsed' ? outcome.parsed.statements.length : 1;
        },
        finished: ({ connection, text, verdict, rows, durationMs }) =>
          history.add({ time: new Date().toISOString(), connection, sql: redactStatement(text), verdict, rows, durationMs }),
      }),
    );
    const parts: AppParts = {
      ...options,
      runs,
      exports,
      feed,
      audit,
      history,
      queries: new SavedQueries(home),
      visibilities: new Visibilities(),
      now: Date.now,
      hello: () => {
        const { id, sequence, managed } = policy().bundle;
        const { state } = ledger;
        return {
          person,
          version: options.version,
          policy: { id, sequence, managed },
          doors: { postgres: options.postgres },
          ledger: state.kind === 'ok' ? { state: 'ok' } : { state: 'failed', reason: state.reason },
          agentsPaused: principals.allAgentsPaused,
        };
      },
    };
    const requests = new Requests(appMethods(parts), log);
    const server = await listenApp({
      host: options.host,
      port: options.listenPort,
      renderer: options.renderer ?? RENDERER,
      now: Date.now,
      log,
      received: (window, text) => requests.handle(window, text),
      closed: (window) => {
        runs.closeWindow(window);
        exports.closeWindow(window);
      },
      exported: (id, key, response) => exports.serve(id, key, response),
      ...(options.awayMs === undefined ? {} : { awayMs: options.awayMs }),
    });
    stack.defer(() => server.close());
    stack.defer(follow(server, parts));
    const parted = stack.move();
    return {
      port: server.port,
      url: () => server.url(),
      ledgerState: (state) =>
        mention(server, 'ledger.state', state.kind === 'ok' ? { state: 'ok' } : { state: 'failed', reason: state.reason }),
      [Symbol.asyncDispose]: () => parted.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** What a killed run left is removed; the folder is the owner's alone. */
function emptyFolder(folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  chmodSync(folder, 0o700);
  return folder;
}

function mention<E extends keyof Events>(server: AppServer, event: E, data: Events[E]): void {
  for (const window of server.windows) window.mention(event, data);
}

/** Tells windows of new records and of changed agents; returns what ends it. */
function follow(server: AppServer, { feed, principals }: AppParts): () => void {
  const watched = (): boolean => [...server.windows].some((window) => window.connected);
  let changed = false;
  const tell = (): void => {
    // Changes come in bursts: one word for all of a turn.
    if (changed) return;
    changed = true;
    setImmediate(() => {
      changed = false;
      mention(server, 'agents.changed', {});
    });
  };
  const unsubscribe = principals.onChange(tell);
  const timer = setInterval(() => {
    if (!watched()) return;
    feed.look().then(
      (entries) => {
        if (entries.length === 0) return;
        mention(server, 'audit.appended', { entries });
        if (entries.some(({ code, kind }) => kind === 'agent' && (code === 'GH-C-OPEN' || code === 'GH-C-CLOSE'))) tell();
      },
      () => undefined,
    );
  }, FEED_MS).unref();
  return () => {
    clearInterval(timer);
    unsubscribe();
  };
}
