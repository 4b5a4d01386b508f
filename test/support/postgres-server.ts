// Real PostgreSQL servers for tests: PostgreSQL 15 from Debian's package, the embedded 18 from npm. Each server has a temporary data
// folder, a free port on loopback, a random superuser password, and leaves nothing behind.
//
//   const server = await startPostgres({ version: 18 });         // about 0.3 s once the run's template exists
//   const database = await createDatabase(server, 'create table t (id int)');
//   … new pg.Client(database.config) …
//   await server.stop();

import { createHash, randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { chown, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { findEmbeddedPostgres, type PostgresBinaries } from '../../proxy/sample/embedded-binaries.ts';
import { runPostgresProgram, startPostgresProcess } from '../../proxy/sample/postgres-process.ts';
import { placeBinaries } from '../../proxy/sample/server-location.ts';
import { unprivilegedUser } from '../../proxy/sample/unprivileged-user.ts';
import { makeRunFolder } from './run-folder.ts';

export type PostgresVersion = 15 | 18;

export interface ConnectionConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface TestPostgres {
  readonly version: PostgresVersion;
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  readonly password: string;
  /** The superuser's login to one database (default `postgres`), as node-postgres takes it. */
  config(database?: string): ConnectionConfig;
  url(database?: string): string;
  /** Stops the server and removes its folder. May be called twice. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestDatabase {
  readonly name: string;
  readonly config: ConnectionConfig;
  readonly url: string;
  drop(): Promise<void>;
}

const SUPERUSER = 'postgres';
// Tests want speed; a crash of the machine in the middle of a test loses nothing.
const FAST = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  shared_buffers: '32MB',
  max_connections: '60',
  log_min_messages: 'warning',
} as const;

export async function startPostgres(options: {
  readonly version: PostgresVersion;
  readonly settings?: Readonly<Record<string, string>>;
}): Promise<TestPostgres> {
  const { version } = options;
  const binaries = await binariesOf(version);
  const user = unprivilegedUser();
  const template = await templateFolder(version, binaries);
  const folder = await newFolder(`server-${version}-`);
  const data = join(folder, 'data');
  await runPostgresProgram('cp', ['-a', join(template, 'data'), data], { user });
  const password = await readFile(join(template, 'password'), 'utf8');
  const server = await startPostgresProcess({
    binaries,
    data,
    user,
    settings: { ...FAST, ...options.settings },
    probe: { user: SUPERUSER, password, database: 'postgres' },
  }).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const atExit = (): void => killNow(server.pid);
  process.once('exit', atExit);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopping ??= server.stop().then(async () => {
      process.removeListener('exit', atExit);
      await rm(folder, { recursive: true, force: true });
    }));
  const config = (database = 'postgres'): ConnectionConfig => ({
    host: '127.0.0.1',
    port: server.port,
    user: SUPERUSER,
    password,
    database,
  });
  return {
    version,
    host: '127.0.0.1',
    port: server.port,
    superuser: SUPERUSER,
    password,
    config,
    url: (database = 'postgres') => `postgres://${SUPERUSER}:${password}@127.0.0.1:${server.port}/${encodeURIComponent(database)}`,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const templates = new WeakMap<TestPostgres, Map<string, Promise<string>>>();
let databases = 0;

/** A new database made by the SQL text. The same text a second time is copied from the first, which takes milliseconds. */
export async function createDatabase(server: TestPostgres, sqlText: string, name = `test_${++databases}`): Promise<TestDatabase> {
  const made = templates.get(server) ?? new Map<string, Promise<string>>();
  templates.set(server, made);
  const key = `template_${createHash('sha256').update(sqlText).digest('hex').slice(0, 16)}`;
  let template = made.get(key);
  if (template === undefined) {
    template = (async () => {
      await run(server, 'postgres', `create database ${key} template template0 encoding 'UTF8'`);
      await run(server, key, sqlText);
      return key;
    })();
    made.set(key, template);
  }
  await run(server, 'postgres', `create database ${quoted(name)} template ${await template}`);
  return {
    name,
    config: server.config(name),
    url: server.url(name),
    drop: () => run(server, 'postgres', `drop database if exists ${quoted(name)} with (force)`),
  };
}

async function run(server: TestPostgres, database: string, sql: string): Promise<void> {
  const client = new pg.Client(server.config(database));
  await client.connect();
  try {
    if (sql.trim() !== '') await client.query(sql);
  } finally {
    await client.end();
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

async function binariesOf(version: PostgresVersion): Promise<Pick<PostgresBinaries, 'postgres' | 'initdb'>> {
  if (version === 18) return placeBinaries(await findEmbeddedPostgres(), unprivilegedUser());
  const bin = '/usr/lib/postgresql/15/bin';
  if (!existsSync(join(bin, 'postgres'))) {
    throw new Error('PostgreSQL 15 is not installed: on Debian, `apt-get install postgresql-15` (npm test does it when it is root)');
  }
  return { postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb') };
}

// initdb takes a second; a run of the tests pays it once per version. Several test processes may get here at the same moment: the
// first to rename its folder into place wins.
async function templateFolder(version: PostgresVersion, binaries: Pick<PostgresBinaries, 'initdb'>): Promise<string> {
  const template = join(runFolder(), `template-${version}`);
  if (existsSync(template)) return template;
  const user = unprivilegedUser();
  const folder = await newFolder(`initdb-${version}-`);
  const password = randomBytes(12).toString('hex');
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password);
  if (user) await chown(passwordFile, user.uid, user.gid);
  // Character classes as in UTF-8 everywhere, whatever the machine's locale.
  const locale = version === 18 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'] : ['--locale=C.UTF-8'];
  await runPostgresProgram(
    binaries.initdb,
    ['-D', join(folder, 'data'), '-U', SUPERUSER, '-E', 'UTF8', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '--no-sync', ...locale],
    { user, cwd: folder },
  );
  try {
    await rename(folder, template);
  } catch (error) {
    if (!existsSync(template)) throw error;
    await rm(folder, { recursive: true, force: true });
  }
  return template;
}

let ownRunFolder: string | undefined;

// test/support/global-setup.ts makes one folder per run and removes it; a program outside a run makes and removes its own.
function runFolder(): string {
  const shared = process.env['GATEHOUSE_TEST_RUN'];
  if (shared !== undefined) return shared;
  if (ownRunFolder === undefined) {
    const folder = makeRunFolder();
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    ownRunFolder = folder;
  }
  return ownRunFolder;
}

async function newFolder(prefix: string): Promise<string> {
  const parent = runFolder();
  const folder = await mkdtemp(join(parent, prefix));
  const user = unprivilegedUser();
  if (user) await chown(folder, user.uid, user.gid);
  return folder;
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGQUIT');
  } catch {
    // It has ended already.
  }
}
