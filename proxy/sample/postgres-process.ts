// One PostgreSQL server process: makes a data folder, starts a server on it, knows when it answers, stops it.
// Source: PostgreSQL documentation, "Server Setup and Operation" (signals, postmaster.pid).

import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import pg from 'pg';
import { GatehouseError } from '../errors.ts';
import type { PostgresBinaries } from './embedded-binaries.ts';
import type { UnprivilegedUser } from './unprivileged-user.ts';

export interface PostgresProcess {
  readonly port: number;
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Fast shutdown: sessions are ended, then the server stops. Ends it harder when it does not. */
  stop(): Promise<void>;
}

export interface PostgresStart {
  readonly binaries: Pick<PostgresBinaries, 'postgres'>;
  readonly data: string;
  readonly user?: UnprivilegedUser | undefined;
  readonly settings?: Readonly<Record<string, string>>;
  /** A login that works, used to learn when the server answers. */
  readonly probe: { readonly user: string; readonly password: string; readonly database: string };
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const KEPT_OUTPUT_BYTES = 4_000;

/** Starts a server on loopback and a free port, and waits until it answers. Fails with POSTGRES_START. */
export async function startPostgresProcess(start: PostgresStart): Promise<PostgresProcess> {
  // Another program can take the free port before the server does: try again with another one.
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(start, await freePort());
    } catch (error) {
      const inUse = error instanceof GatehouseError && String(error.data['output'] ?? '').includes('could not bind');
      if (!inUse || attempt === 5) throw error;
    }
  }
}

async function startOnce(start: PostgresStart, port: number): Promise<PostgresProcess> {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    ...start.settings,
  };
  const args = ['-D', start.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const child = spawn(start.binaries.postgres, args, {
    cwd: start.data,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: serverEnvironment(),
    // A group of its own: Ctrl-C in a terminal must not stop the database before the proxy has drained.
    detached: process.platform !== 'win32',
    ...(start.user ? { uid: start.user.uid, gid: start.user.gid } : {}),
  });
  const output = keepTail(child);
  const ended = new Promise<void>((done) => {
    child.once('error', () => done());
    child.once('exit', () => done());
  });
  try {
    await answers(child, start, port);
  } catch (cause) {
    await stopChild(child, ended);
    throw new GatehouseError('POSTGRES_START', 'the PostgreSQL server did not start', { cause, data: { output: output() } });
  }
  return { port, pid: child.pid ?? 0, ended, stop: () => stopChild(child, ended) };
}

async function answers(child: ChildProcess, start: PostgresStart, port: number): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) throw new Error('the server process ended');
    const client = new pg.Client({ host: '127.0.0.1', port, ...start.probe, ssl: false, connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return;
    } catch (error) {
      // 57P03: the server is starting up. Any other answer of the server itself is final.
      const code = (error as { code?: string }).code;
      const waiting = code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === '57P03';
      if (!waiting || Date.now() > deadline) throw error;
      await new Promise((wake) => setTimeout(wake, 20));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

async function stopChild(child: ChildProcess, ended: Promise<void>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    child.kill(signal);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([ended, new Promise<void>((wake) => (timer = setTimeout(wake, STOP_TIMEOUT_MS)))]);
    clearTimeout(timer);
  }
}

/** Runs one of PostgreSQL's programs to its end. Fails with POSTGRES_PROGRAM and the end of its output. */
export async function runPostgresProgram(
  program: string,
  args: readonly string[],
  options: { readonly user?: UnprivilegedUser | undefined; readonly input?: string; readonly cwd?: string } = {},
): Promise<string> {
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: serverEnvironment(),
    cwd: options.cwd,
    ...(options.user ? { uid: options.user.uid, gid: options.user.gid } : {}),
  });
  const output = keepTail(child);
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', fail);
    child.once('close', done);
    // A program that ends without reading its input is reported by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  }).catch((cause: unknown) => {
    throw new GatehouseError('POSTGRES_PROGRAM', `cannot run ${program}`, { cause });
  });
  if (code !== 0) throw new GatehouseError('POSTGRES_PROGRAM', `${program} ended with code ${code}`, { data: { output: output() } });
  return output();
}

// The caller's PG* variables must not reach a server of ours; messages are read by programs, so they are in English.
function serverEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) if (!name.startsWith('PG')) env[name] = value;
  return { ...env, LC_ALL: 'C', TZ: 'UTC' };
}

function keepTail(child: ChildProcess): () => string {
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-KEPT_OUTPUT_BYTES);
    });
  }
  return () => tail;
}

async function freePort(): Promise<number> {
  return await new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === 'object' ? done(address.port) : fail(new Error('no port'))));
    });
  });
}
