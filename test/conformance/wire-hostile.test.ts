// Clients that speak nonsense, to the whole product: a good session's bytes cut off and bit-flipped at every offset, lengths that
// can't be, clients that are slow or half gone. Each gets a clear error or its end; nothing crashes, and nothing is left of it.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fields, m, types } from '../../proxy/wire/postgres/testing/raw-client.ts';
import { eventually } from '../../proxy/wire/postgres/testing/rig.ts';
import type { Access } from '../support/gatehouse.ts';
import { createDatabase, startPostgres, type TestPostgres } from '../support/postgres-server.ts';
import { rawClient } from '../support/raw-access.ts';
import { newServedGatehouse, type ServedGatehouse } from '../support/served-gatehouse.ts';

let server: TestPostgres;
let gatehouse: ServedGatehouse;
let person: Access;
let direct: pg.Client;

beforeAll(async () => {
  server = await startPostgres({ version: 15 });
  await createDatabase(
    server,
    'create table t (id int primary key, email text); insert into t select g, $$p$$ || g || $$@clear.test$$ from generate_series(1, 50) g; analyze',
    'one',
  );
  gatehouse = newServedGatehouse();
  await gatehouse.addConnection('one', server.config('one'));
  await gatehouse.start();
  person = gatehouse.person('one');
  direct = new pg.Client(server.config('one'));
  await direct.connect();
});
afterAll(async () => {
  await direct?.end();
  await gatehouse?.[Symbol.asyncDispose]();
  await server?.stop();
});

/** Sessions of clients: the service session says what it reads from the catalog and stays. */
async function upstreamSessions(): Promise<number> {
  const { rows } = await direct.query<{ n: number }>(
    "select count(*)::int n from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
  );
  return rows[0]?.n ?? -1;
}

async function nothingIsLeft(before: number): Promise<void> {
  await eventually('no upstream session is left', async () => (await upstreamSessions()) <= before, 10_000);
  expect(gatehouse.log).not.toContain('session-fault');
  await using client = await signedIn();
  client.raw.send(m.query('select id, email from t where id = 1'));
  const frames = await client.raw.until();
  expect(types(frames)).toBe('TDCZ');
  expect(frames[1]?.body.toString()).not.toContain('p1@');
}

async function signedIn(): Promise<AsyncDisposable & { raw: Awaited<ReturnType<typeof rawClient>> }> {
  const raw = await rawClient(person);
  return {
    raw,
    async [Symbol.asyncDispose]() {
      raw.destroy();
      await Promise.resolve();
    },
  };
}

/** What a client of all protocol forms says after it has signed in. */
const SESSION = Buffer.concat([
  m.query('select id, email from t where id < 4'),
  m.parse('s', 'select id from t where id = $1'),
  m.describe('S', 's'),
  m.bind('p', 's', ['7']),
  m.describe('P', 'p'),
  m.execute('p', 1),
  m.close('P', 'p'),
  m.sync,
  m.query('create temp table mine (a int); copy mine from stdin; select count(*) from mine'),
  m.copyData('1\n2\n'),
  m.copyDone,
  m.query('begin; declare c cursor for select email from t; fetch 2 from c; rollback'),
  m.parse('', 'select nothing from t'),
  m.flush,
  m.bind('', ''),
  m.execute(''),
  m.sync,
  m.query('copy (select id from t) to stdout'),
  m.terminate,
]);

/** How a session ended: all of its answers, or a reason, or simply the end. */
async function play(bytes: Buffer, stay = 0): Promise<{ readonly clean: boolean; readonly told: string | undefined }> {
  const raw = await rawClient(person);
  raw.send(bytes);
  if (stay > 0) await new Promise((resolve) => setTimeout(resolve, stay));
  raw.stream.end();
  const late = setTimeout(() => raw.destroy(), 5_000);
  const frames = await raw.ended();
  clearTimeout(late);
  const last = frames.findLast(({ type }) => type === 'E');
  const fatal = last === undefined ? undefined : fields(last);
  raw.destroy();
  return { clean: frames.every(({ type }) => 'RSKZTDC1234NnsIEtGHdcvA'.includes(type)), told: fatal?.['C'] };
}

async function inTurns<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
    }),
  );
}

test('the recorded session is a good one', async () => {
  await using client = await signedIn();
  client.raw.send(SESSION);
  const frames = await client.raw.ended();
  const errors = frames.filter(({ type }) => type === 'E').map((frame) => fields(frame)['C']);
  expect(errors).toEqual(['42703']);
  expect(frames.filter(({ type }) => type === 'd').length).toBe(50);
});

test('cut off at every offset', async () => {
  const before = await upstreamSessions();
  const offsets = Array.from({ length: SESSION.length }, (_, i) => i);
  let unclear = 0;
  await inTurns(offsets, 8, async (offset) => {
    const { clean } = await play(SESSION.subarray(0, offset));
    if (!clean) unclear += 1;
  });
  expect(unclear).toBe(0);
  console.log(`${offsets.length} cuts`);
  await nothingIsLeft(before);
});

test('bits flipped at every offset', async () => {
  const before = await upstreamSessions();
  let seed = 4_711;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647);
  const offsets = Array.from({ length: SESSION.length }, (_, i) => i);
  const told = new Map<string, number>();
  await inTurns(offsets, 8, async (offset) => {
    const bytes = Buffer.from(SESSION);
    bytes[offset] = (bytes[offset] ?? 0) ^ (1 << (random() % 8));
    const answer = await play(bytes, 20);
    expect(answer.clean, `offset ${offset}`).toBe(true);
    told.set(answer.told ?? 'none', (told.get(answer.told ?? 'none') ?? 0) + 1);
  });
  console.log(`last errors by SQLSTATE: ${[...told].map(([code, count]) => `${code} ${count}`).join(', ')}`);
  expect(told.has('XX000'), 'an internal error').toBe(false);
  await nothingIsLeft(before);
});

test('lengths that can not be end the session with a reason, and nothing is gathered for them', async () => {
  const before = await upstreamSessions();
  const resident = gatehouse.residentMiB();
  for (const type of 'QPBEDCSHdcfFXp') {
    for (const length of [0, 3, 0x7fff_ffff, 0x4000_0000, 0xffff_ffff]) {
      await using client = await signedIn();
      const frame = Buffer.alloc(64);
      frame.write(type, 0, 'latin1');
      frame.writeUInt32BE(length, 1);
      client.raw.send(frame);
      const frames = await client.raw.ended();
      expect(fields(frames.findLast(({ type: of }) => of === 'E')), `${type} ${length}`).toMatchObject({ S: 'FATAL', C: '08P01' });
    }
  }
  await nothingIsLeft(before);
  expect(gatehouse.residentMiB() - resident).toBeLessThan(100);
});

test('texts that are announced as hundreds of megabytes are refused without being kept', async () => {
  const before = await upstreamSessions();
  const resident = gatehouse.residentMiB();
  await using client = await signedIn();
  const header = Buffer.from('Q\0\0\0\0', 'latin1');
  const size = 256 * 1024 * 1024;
  header.writeUInt32BE(4 + size, 1);
  client.raw.send(header);
  const part = Buffer.alloc(1024 * 1024, 'x');
  let most = 0;
  for (let sent = 0; sent < size; sent += part.length) {
    if (!client.raw.stream.write(part)) await new Promise((resolve) => client.raw.stream.once('drain', resolve));
    most = Math.max(most, gatehouse.residentMiB());
  }
  const frames = await client.raw.until();
  expect(fields(frames[0])).toMatchObject({ C: '54000' });
  client.raw.send(m.query('select 1'));
  expect(types(await client.raw.until())).toBe('TDCZ');
  console.log(`a statement of 256 MB cost ${Math.round(most - resident)} MiB`);
  expect(most - resident).toBeLessThan(128);
  client.raw.destroy();
  await nothingIsLeft(before);
});

test('a client that sends a byte at a time gets the same answers', async () => {
  await using client = await signedIn();
  const bytes = SESSION.subarray(0, 400);
  for (const byte of bytes) {
    client.raw.send(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.raw.send(SESSION.subarray(400));
  const frames = await client.raw.ended();
  expect(frames.filter(({ type }) => type === 'E').map((frame) => fields(frame)['C'])).toEqual(['42703']);
});

test('connections that never say anything, or stop in the middle of the handshake, are let go', async () => {
  const before = await upstreamSessions();
  const port = gatehouse.port;
  const open = (first: Buffer): Promise<number> =>
    new Promise((resolve) => {
      const began = performance.now();
      const socket: Socket = connect(port, '127.0.0.1', () => socket.write(first));
      socket.on('error', () => undefined);
      socket.resume();
      socket.on('close', () => resolve(performance.now() - began));
    });
  const startup = Buffer.concat([Buffer.from([0, 0, 0, 40, 0, 3, 0, 0]), Buffer.from('user\0someone\0dat')]);
  const took = await Promise.all([
    open(Buffer.alloc(0)),
    open(startup),
    open(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])),
    open(Buffer.from([0x16, 3, 1])),
  ]);
  expect(Math.max(...took)).toBeLessThan(20_000);
  await nothingIsLeft(before);
});

test('many connections that end at once leave nothing', async () => {
  const before = await upstreamSessions();
  for (let round = 0; round < 3; round += 1) {
    const clients = await Promise.all(Array.from({ length: 20 }, () => rawClient(person)));
    for (const [i, client] of clients.entries()) {
      client.send(m.query('begin; select id from t'), m.query('select pg_catalog.count(*) from t a, t b, t c'));
      if (i % 2 === 0) client.destroy();
      else client.stream.end();
    }
    await Promise.all(clients.map((client) => client.ended()));
  }
  await nothingIsLeft(before);
});

test('a database that speaks nonsense ends the session, not the proxy', async () => {
  // Signs in like a database would, then answers with a message of a length that can't be.
  const hostile = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(Buffer.concat([Buffer.from('R\0\0\0\x08\0\0\0\0', 'latin1'), Buffer.from('Z\0\0\0\x05I', 'latin1')]));
      socket.on('data', () => socket.write(Buffer.from([0x44, 0xff, 0xff, 0xff, 0xff, 1, 2, 3])));
    });
  });
  await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve));
  try {
    await gatehouse.addConnection('hostile', { ...server.config('one'), port: (hostile.address() as AddressInfo).port });
    const client = new pg.Client({ ...gatehouse.person('hostile'), connectionTimeoutMillis: 25_000 });
    client.on('error', () => undefined);
    await expect(client.connect()).rejects.toMatchObject({ code: expect.stringMatching(/^08/u) });
  } finally {
    hostile.close();
  }
  await nothingIsLeft(await upstreamSessions());
});
