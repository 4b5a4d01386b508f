// Who comes in, who does not, and who is put out: the door, the registry, the command line in processes of their own, the ledger.
// Source: wire.md, "Identity on the wire"; agents.md, "Identity".
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditRecord } from '../../contracts/audit.ts';
import { type LedgerFilter, LedgerReader } from '../../proxy/audit/search.ts';
import { osUser } from '../../proxy/identity/person.ts';
import { Principals } from '../../proxy/identity/principals.ts';
import { eventually } from '../../proxy/wire/postgres/testing/rig.ts';
import type { Access } from '../support/gatehouse.ts';
import { createDatabase, startPostgres, type TestPostgres } from '../support/postgres-server.ts';
import { isMissing } from '../support/requirements.ts';
import { newServedGatehouse, type ServedGatehouse } from '../support/served-gatehouse.ts';

let server: TestPostgres;
let gatehouse: ServedGatehouse;
let direct: pg.Client;

beforeAll(async () => {
  server = await startPostgres({ version: 15 });
  await createDatabase(
    server,
    'create table t (id int primary key); insert into t select g from generate_series(1, 3000) g; analyze',
    'one',
  );
  gatehouse = newServedGatehouse();
  await gatehouse.addConnection('one', server.config('one'));
  await gatehouse.addConnection('two', server.config('one'));
  await gatehouse.start();
  direct = new pg.Client(server.config('one'));
  await direct.connect();
});
afterAll(async () => {
  await direct?.end();
  await gatehouse?.[Symbol.asyncDispose]();
  await server?.stop();
});

interface Refused {
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly severity?: string;
}

/** Signs in and says one thing; undefined when that worked. */
async function signIn(access: Access): Promise<Refused | undefined> {
  const client = new pg.Client({ ...access });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return undefined;
  } catch (error) {
    const { code = '', message, detail, severity } = error as pg.DatabaseError;
    return { code, message, ...(detail === undefined ? {} : { detail }), ...(severity === undefined ? {} : { severity }) };
  } finally {
    await client.end().catch(() => undefined);
  }
}

function ledger(filter: LedgerFilter): AuditRecord[] {
  using reader = new LedgerReader(join(gatehouse.home, 'ledger'));
  return reader.find(filter, 10_000, 'oldest-first');
}

const refusals = (user: string): (string | number | boolean | undefined)[] =>
  ledger({ code: 'GH-I-REFUSED' })
    .filter(({ facts }) => facts?.['user'] === user)
    .map(({ facts }) => facts?.['why']);

async function command(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await gatehouse.command(...args);
  expect(code, stderr).toBe(0);
}

test('a wrong token and an unknown name are refused in the same words, and both are in the ledger', async () => {
  const known = gatehouse.agent('known', 'one');
  const wrong = await signIn({ ...known, password: 'gha_wrong' });
  const unknown = await signIn({ ...known, user: 'nobody-here' });
  expect(wrong).toEqual({ code: '28P01', severity: 'FATAL', message: 'password authentication failed for user "known"' });
  expect(unknown).toEqual({ ...wrong, message: 'password authentication failed for user "nobody-here"' });
  expect(await signIn(known)).toBeUndefined();
  await eventually('both are recorded', () => refusals('known').length === 1 && refusals('nobody-here').length === 1);
  expect(refusals('known')).toEqual(refusals('nobody-here'));
});

test('revoked, paused, expired and all paused are told apart only to who proves the name', async () => {
  using principals = Principals.open(gatehouse.home);
  const revoked = gatehouse.agent('revoked-one', 'one');
  const paused = gatehouse.agent('paused-one', 'one');
  const soon = principals.addAgent({ name: 'expired-one', owner: osUser(), connections: ['one'], expiresAt: Date.now() + 1_500 });
  if (soon.kind !== 'added') throw new Error(soon.reason);
  const expired = { ...paused, user: 'expired-one', password: soon.token };
  const all = gatehouse.agent('all-paused-one', 'one');
  for (const access of [revoked, paused, expired, all]) expect(await signIn(access)).toBeUndefined();

  await command('agent', 'revoke', 'revoked-one');
  await command('agent', 'pause', 'paused-one');
  await eventually('it has expired', () => principals.statusOf('expired-one') === 'expired');
  // Without the token nobody learns anything.
  for (const access of [revoked, paused, expired]) {
    expect(await signIn({ ...access, password: 'gha_wrong' })).toMatchObject({
      code: '28P01',
      message: `password authentication failed for user "${access.user}"`,
    });
  }
  // A revoked token proves nothing any more; the others are told why.
  expect(await signIn(revoked)).toMatchObject({ code: '28P01', message: 'password authentication failed for user "revoked-one"' });
  expect(await signIn(paused)).toMatchObject({ code: '57P01', message: expect.stringContaining('is paused') });
  expect(await signIn(expired)).toMatchObject({ code: '57P01', message: expect.stringContaining('has expired') });
  await command('agent', 'resume', 'paused-one');
  expect(await signIn(paused)).toBeUndefined();

  await command('agent', 'pause', '--all');
  expect(await signIn(all)).toMatchObject({ code: '57P01', message: expect.stringContaining('is paused') });
  expect(await signIn(gatehouse.person('one'))).toBeUndefined();
  await command('agent', 'resume', '--all');
  expect(await signIn(all)).toBeUndefined();
  await eventually(
    'the ledger tells them apart',
    () => refusals('paused-one').includes('paused') && refusals('expired-one').includes('expired'),
  );
});

test.skipIf(isMissing('psql'))('revoking by the command line ends a psql session and a running query within one second', async () => {
  const access = gatehouse.agent('leaving', 'one');
  const psql = (): ChildProcess =>
    spawn(
      'psql',
      ['-X', '-q', '-d', `host=${access.host} port=${access.port} user=${access.user} dbname=${access.database} application_name=leaving`],
      {
        env: { ...process.env, PGPASSWORD: access.password },
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
  const idle = psql();
  const busy = psql();
  const told: Record<'idle' | 'busy', string> = { idle: '', busy: '' };
  const endedAt: Partial<Record<'idle' | 'busy', number>> = {};
  for (const [name, child] of [
    ['idle', idle],
    ['busy', busy],
  ] as const) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (told[name] += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (told[name] += text));
    child.stdin?.on('error', () => undefined);
    child.once('exit', () => (endedAt[name] = performance.now()));
  }
  idle.stdin?.write("select 'here' as idle;\n");
  busy.stdin?.write('select count(*) from t a, t b, t c where a.id + b.id + c.id = 4712;\n');
  const running = async (): Promise<number> =>
    (
      await direct.query<{ n: number }>(
        "select count(*)::int n from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '%4712%'",
      )
    ).rows[0]?.n ?? -1;
  await eventually('both are at work', async () => told.idle.includes('here') && (await running()) === 1, 20_000);

  const revoke = gatehouse.command('agent', 'revoke', 'leaving');
  // The moment of the revocation is when its commit is there, not when the command line has said goodbye.
  using principals = Principals.open(gatehouse.home);
  await eventually(
    'it is revoked',
    () => {
      principals.poll();
      return principals.statusOf('leaving') === 'revoked';
    },
    20_000,
  );
  const revoked = performance.now();
  await eventually('the query has ended on the database', async () => (await running()) === 0);
  const queryEnded = performance.now() - revoked;
  await eventually('the busy psql has lost its session', () => /57P01|revoked|lost/iu.test(told.busy));
  const busyTold = performance.now() - revoked;
  // An idle psql notices with the next thing that it is asked.
  idle.stdin?.write("select 'still here';\n");
  await eventually('the idle psql has lost its session', () => /revoked|lost/iu.test(told.idle));
  const idleTold = performance.now() - revoked;
  expect((await revoke).code).toBe(0);
  for (const child of [idle, busy]) {
    child.stdin?.end('\\q\n');
    if (child.exitCode === null) await once(child, 'exit');
  }
  console.log(
    `after the revocation: query ended on the database in ${Math.round(queryEnded)} ms, client told in ${Math.round(busyTold)} ms, idle client refused in ${Math.round(idleTold)} ms`,
  );
  expect(told.idle).not.toContain('still here');
  for (const text of [told.idle, told.busy]) expect(text).toContain('the token of "leaving" was revoked');
  expect(Math.max(queryEnded, busyTold, idleTold)).toBeLessThan(1_000);

  await eventually('the ledger tells the story', () => ledger({ principal: 'leaving', code: 'GH-C-CLOSE' }).length === 2);
  const codes = ledger({ principal: 'leaving' }).map(({ code }) => code);
  expect(codes.filter((code) => code === 'GH-C-OPEN').length).toBe(2);
  const cut = ledger({ principal: 'leaving', code: 'GH-S-ALLOW', text: '4712' }).map(({ id }) => id);
  expect(cut.length).toBe(1);
  expect(ledger({ principal: 'leaving', code: 'GH-S-DONE' }).find(({ intent }) => intent === cut[0])?.outcome?.status).toBe('cancelled');
  expect(ledger({ code: 'GH-I-AGENT-REVOKE' }).map(({ facts }) => facts)).toContainEqual(
    expect.objectContaining({ agent: 'leaving', change: 'revoke', by: osUser() }),
  );
});

test('the tokens that `me --json` gives work side by side, and the process at the other end is in the ledger', async () => {
  const given = await Promise.all([gatehouse.command('me', '--json'), gatehouse.command('me', '--json')]);
  const accesses = given.map(({ stdout }) => (JSON.parse(stdout) as { postgres: Access }).postgres);
  for (const access of accesses) {
    expect(access).toMatchObject({ user: osUser(), port: gatehouse.port, database: 'one' });
    expect(await signIn(access)).toBeUndefined();
  }
  for (const access of accesses) expect(await signIn(access)).toBeUndefined();
  await eventually('they are in the ledger', () => ledger({ principal: osUser(), code: 'GH-C-CLOSE' }).length >= 4);
  const opened = ledger({ principal: osUser(), code: 'GH-C-OPEN' }).at(-1);
  expect(opened?.session?.client.process).toMatchObject({ pid: process.pid, executable: readlinkSync('/proc/self/exe') });
});

test('an agent may use the connections that it was given, and no other', async () => {
  const access = gatehouse.agent('narrow', 'one');
  expect(await signIn(access)).toBeUndefined();
  const other = await signIn({ ...access, database: 'two' });
  expect(other).toMatchObject({ code: '28000', message: 'agent "narrow" may not use connection "two"' });
  // Whether a connection exists at all is not told to who may not use it.
  expect(await signIn({ ...access, database: 'three' })).toMatchObject({
    code: '28000',
    message: 'agent "narrow" may not use connection "three"',
  });
  expect(await signIn({ ...gatehouse.person('one'), database: 'three' })).toMatchObject({ code: '3D000' });
  await eventually('it is in the ledger', () => refusals('narrow').filter((why) => why === 'connection not allowed').length === 2);
});

test('guessing is slowed down: after some failures the right token of that name is refused for a while, others go on', async () => {
  const access = gatehouse.agent('guessed', 'one');
  const neighbour = gatehouse.agent('neighbour', 'one');
  for (let i = 0; i < 12; i += 1) expect(await signIn({ ...access, password: `gha_${i}` })).toMatchObject({ code: '28P01' });
  expect(await signIn(access)).toEqual({ code: '28P01', severity: 'FATAL', message: 'password authentication failed for user "guessed"' });
  expect(await signIn(neighbour)).toBeUndefined();
  // Trying again and again does not keep it out.
  const began = performance.now();
  await eventually('the honest one comes in again', async () => (await signIn(access)) === undefined, 15_000);
  console.log(`the honest one came in again after ${((performance.now() - began) / 1000).toFixed(1)} s of trying`);
  expect(refusals('guessed').length).toBeGreaterThanOrEqual(12);
});
