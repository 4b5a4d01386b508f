// A whole Gatehouse as a process of its own: the real command line under this Node, on a temporary profile. It can be killed
// and started again on the same profile.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { osUser } from '../../proxy/identity/person.ts';
import { Principals } from '../../proxy/identity/principals.ts';
import { Connections, type Environment } from '../../proxy/store/connections.ts';
import { openProfile } from '../../proxy/store/profile.ts';
import { openSecrets } from '../../proxy/store/secrets.ts';
import { type Access, newProfile, type TestDatabase } from './gatehouse.ts';

const MAIN = fileURLToPath(new URL('../../proxy/cli/main.ts', import.meta.url));

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ServedGatehouse extends AsyncDisposable {
  readonly home: string;
  /** Of the process that serves now. */
  readonly pid: number;
  readonly port: number;
  /** Starts `gatehouse serve` when none runs; resolves when its doors listen. */
  start(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; the exit code. */
  stop(): Promise<number>;
  /** Runs another command of the command line on this profile. */
  command(...args: readonly string[]): Promise<CommandResult>;
  agent(name: string, ...connections: readonly string[]): Access;
  person(connection: string): Access;
  addConnection(name: string, database: TestDatabase, environment?: Environment): Promise<void>;
  /** Resident memory of the serving process, in MiB. */
  residentMiB(): number;
  /** What `serve` has written to stderr. */
  readonly log: string;
}

/** A profile with its command line; nothing serves it yet. */
export function newServedGatehouse(files: Readonly<Record<string, string | undefined>> = {}): ServedGatehouse {
  const { home, keyFile, remove } = newProfile(files);
  const connections = new Connections(home, openSecrets(openProfile(home), { keyFile }));
  const principals = Principals.open(home);
  principals.ensurePerson(osUser());
  let child: ChildProcess | undefined;
  let port = 0;
  let log = '';
  // Node keeps what it compiled, so that a start costs half.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(process.env['GATEHOUSE_TEST_RUN'] ?? home, 'compile-cache') };
  const run = (args: readonly string[]): ChildProcess =>
    spawn(process.execPath, [MAIN, ...args, '--home', home, '--key-file', keyFile], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const endNow = (): void => {
    child?.kill('SIGKILL');
  };
  process.once('exit', endNow);

  const end = async (signal: NodeJS.Signals): Promise<number> => {
    const ending = child;
    if (ending === undefined) return 0;
    child = undefined;
    if (ending.exitCode !== null || ending.signalCode !== null) return ending.exitCode ?? -1;
    const gone = once(ending, 'exit');
    ending.kill(signal);
    await gone;
    return ending.exitCode ?? -1;
  };
  const access = (user: string, password: string, database: string): Access => ({ host: '127.0.0.1', port, user, password, database });

  return {
    home,
    get pid() {
      return child?.pid ?? 0;
    },
    get port() {
      return port;
    },
    get log() {
      return log;
    },
    async start() {
      if (child !== undefined) return;
      const started = run(['serve']);
      child = started;
      started.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text));
      port = await new Promise<number>((resolve, reject) => {
        let line = '';
        started.stdout?.setEncoding('utf8').on('data', (text: string) => {
          line += text;
          if (!line.includes('\n')) return;
          resolve((JSON.parse(line) as { postgres: { port: number } }).postgres.port);
          line = '';
        });
        started.once('exit', () => reject(new Error(`serve ended: ${log}`)));
      });
      // The same port after a restart, so that clients need not be told.
      writeFileSync(join(home, 'gatehouse.json'), JSON.stringify({ listen: { postgres: port, app: 0 } }));
    },
    async kill() {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
    async command(...args) {
      const process = run(args);
      let stdout = '';
      let stderr = '';
      process.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      process.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      await once(process, 'close');
      return { code: process.exitCode ?? -1, stdout, stderr };
    },
    agent(name, ...allowed) {
      const added = principals.addAgent({ name, owner: osUser(), connections: allowed });
      if (added.kind !== 'added') throw new Error(added.reason);
      return access(name, added.token, allowed[0] ?? '');
    },
    person: (connection) => access(osUser(), principals.issuePersonToken(osUser(), 'test', 50), connection),
    async addConnection(name, database, environment = 'production') {
      const { password, ...rest } = database;
      await connections.add({ name, engine: 'postgres', ...rest, tls: 'disable', environment }, password);
    },
    residentMiB: () => Number(/^VmRSS:\s+(\d+)/mu.exec(readFileSync(`/proc/${child?.pid ?? 0}/status`, 'utf8'))?.[1] ?? 0) / 1024,
    async [Symbol.asyncDispose]() {
      process.removeListener('exit', endNow);
      await end('SIGKILL');
      principals.close();
      remove();
    },
  };
}
