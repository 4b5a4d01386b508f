// What is compared: PostgreSQL 15 itself, pgbouncer, a TCP pass-through, Gatehouse for an agent and for a person; each in its own
// process, on loopback, with a temporary profile that is removed at the end.
import { randomBytes } from 'node:crypto';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { osUser } from '../../../proxy/identity/person.ts';
import { Principals } from '../../../proxy/identity/principals.ts';
import { unprivilegedUser } from '../../../proxy/sample/unprivileged-user.ts';
import { Connections } from '../../../proxy/store/connections.ts';
import { openProfile } from '../../../proxy/store/profile.ts';
import { openSecrets } from '../../../proxy/store/secrets.ts';
import { createDatabase, startPostgres, type TestPostgres } from '../../support/postgres-server.ts';
import { freePort, type Running, startProcess } from './processes.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface Target {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Of the proxy's process; none for the database itself. */
  readonly pid: number | undefined;
}

export interface Gatehouse extends AsyncDisposable {
  readonly pid: number;
  readonly person: Endpoint;
  /** As many as asked for; an agent may hold twenty sessions. */
  readonly agents: readonly Endpoint[];
  readonly home: string;
}

export interface Rig extends AsyncDisposable {
  readonly server: TestPostgres;
  readonly direct: Endpoint;
  readonly targets: readonly Target[];
  readonly gatehouse: Gatehouse;
  gatehouseAt(checkout: string, agents: number): Promise<Gatehouse>;
}

export const ACCOUNTS = 100_000;
export const WIDE_ROWS = 1_000_000;

// pgbench's own tables at scale 1, and a wide table with one column that the default classification masks.
const TABLES = `
  create table pgbench_branches (bid int primary key, bbalance int, filler char(88));
  create table pgbench_accounts (aid int primary key, bid int, abalance int, filler char(84)) with (fillfactor = 100);
  insert into pgbench_branches values (1, 0, '');
  insert into pgbench_accounts select n, 1, 0, '' from generate_series(1, ${ACCOUNTS}) n;
  create table wide (id int primary key, label text not null, email text not null, amount numeric not null);
  insert into wide select n, 'a label of some forty bytes, number ' || n, 'somebody.with.a.name' || n || '@example.test', n * 1.25 from generate_series(1, ${WIDE_ROWS}) n;
  create table journal (note text);
  vacuum analyze;
`
  .split(';\n')
  .map((statement) => statement.trim())
  .filter((statement) => statement !== '');

export async function startRig(options: {
  readonly root: string;
  readonly against: string | undefined;
  readonly person: boolean;
}): Promise<Rig> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(
    await startPostgres({ version: 15, settings: { max_connections: '1200', shared_buffers: '512MB', autovacuum: 'off' } }),
  );
  const database = await createDatabase(server, '', 'bench');
  const client = new pg.Client(database.config);
  await client.connect();
  for (const statement of TABLES) await client.query(statement);
  await client.end();
  const direct = database.config;

  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const bouncer = await startPgbouncer(folder, direct);
  stack.defer(() => bouncer.running.stop());
  const passThrough = await startProcess({
    program: process.execPath,
    args: [join(options.root, 'test/bench/tcp-pass-through.ts'), String(direct.port)],
  });
  stack.defer(() => passThrough.stop());
  const gatehouseAt = async (checkout: string, agents: number): Promise<Gatehouse> => startGatehouse(checkout, folder, direct, agents);
  const gatehouse = stack.use(await gatehouseAt(options.root, 1));
  const other = options.against === undefined ? undefined : stack.use(await gatehouseAt(options.against, 1));
  const first = (which: Gatehouse): Endpoint => which.agents[0] ?? which.person;
  const targets: Target[] = [
    { name: 'direct', endpoint: direct, pid: undefined },
    { name: 'pgbouncer', endpoint: { ...direct, port: bouncer.port }, pid: bouncer.running.pid },
    { name: 'pass-through', endpoint: { ...direct, port: Number(passThrough.line) }, pid: passThrough.pid },
    { name: 'gatehouse', endpoint: first(gatehouse), pid: gatehouse.pid },
    ...(options.person ? [{ name: 'gatehouse (person)', endpoint: gatehouse.person, pid: gatehouse.pid }] : []),
    ...(other === undefined ? [] : [{ name: 'gatehouse (other)', endpoint: first(other), pid: other.pid }]),
  ];
  const parts = stack.move();
  return { server, direct, targets, gatehouse, gatehouseAt, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

async function startPgbouncer(folder: string, direct: Endpoint): Promise<{ running: Running; port: number }> {
  const port = await freePort();
  const settings = mkdtempSync(join(folder, 'pgbouncer-'));
  const users = join(settings, 'users.txt');
  const file = join(settings, 'pgbouncer.ini');
  writeFileSync(users, `"${direct.user}" "${direct.password}"\n`);
  writeFileSync(
    file,
    `[databases]\n* = host=${direct.host} port=${direct.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =\nauth_type = scram-sha-256\n` +
      `auth_file = ${users}\npool_mode = session\nmax_client_conn = 1200\ndefault_pool_size = 1100\nserver_idle_timeout = 1\nignore_startup_parameters = extra_float_digits,options\nlog_connections = 0\nlog_disconnections = 0\n`,
  );
  const user = unprivilegedUser();
  if (user !== undefined) for (const path of [folder, settings, users, file]) chownSync(path, user.uid, user.gid);
  const ready = (): Promise<boolean> => answers({ ...direct, port });
  return { port, running: await startProcess({ program: '/usr/sbin/pgbouncer', args: ['-q', file], user, ready }) };
}

async function answers(endpoint: Endpoint): Promise<boolean> {
  const client = new pg.Client({ ...endpoint, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A proxy of that checkout on a fresh profile, with the policy that ships. */
async function startGatehouse(checkout: string, folder: string, direct: Endpoint, count: number): Promise<Gatehouse> {
  const home = mkdtempSync(join(folder, 'profile-'));
  const profile = openProfile(home);
  writeFileSync(join(home, 'gatehouse.json'), JSON.stringify({ listen: { postgres: 0, mysql: 0, mcp: 0, app: 0 } }));
  const keyFile = join(folder, `${randomBytes(8).toString('hex')}.key`);
  writeFileSync(keyFile, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  const { password, ...rest } = direct;
  await new Connections(home, openSecrets(profile, { keyFile })).add(
    { name: 'bench', engine: 'postgres', ...rest, tls: 'disable', environment: 'production' },
    password,
  );
  const arguments_ = process.env['BENCH_NODE_OPTIONS']?.split(' ') ?? [];
  const running = await startProcess({
    program: process.execPath,
    args: [...arguments_, join(checkout, 'proxy/cli/main.ts'), '--home', home, '--key-file', keyFile, 'serve'],
  });
  const { host, port } = (JSON.parse(running.line) as { postgres: { host: string; port: number } }).postgres;
  using principals = Principals.open(home);
  const agents = Array.from({ length: count }, (_, index): Endpoint => {
    const added = principals.addAgent({ name: `bench-${index}`, owner: osUser(), connections: ['bench'] });
    if (added.kind !== 'added') throw new Error(added.reason);
    return { host, port, user: `bench-${index}`, password: added.token, database: 'bench' };
  });
  const person: Endpoint = { host, port, user: osUser(), password: principals.issuePersonToken(osUser(), 'bench', 50), database: 'bench' };
  return { pid: running.pid, person, agents, home, [Symbol.asyncDispose]: () => running.stop() };
}
