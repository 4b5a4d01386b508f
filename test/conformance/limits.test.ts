// Limits hold on the stream itself, however a result is asked for; what is too long is ended on the database and not only for the
// client; memory stays flat. Source: wire.md, "Data path"; checkpoint.md, "What a client sees".
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { error, m, type Frame, types } from '../../proxy/wire/postgres/testing/raw-client.ts';
import { eventually } from '../../proxy/wire/postgres/testing/rig.ts';
import { defaultFiles } from '../support/bundle.ts';
import { type Access, startGatehouse, type TestGatehouse } from '../support/gatehouse.ts';
import { createDatabase, startPostgres, type TestPostgres } from '../support/postgres-server.ts';
import { rawClient } from '../support/raw-access.ts';
import { newServedGatehouse } from '../support/served-gatehouse.ts';

const ROWS = 10_000;
const SCHEMA = `
  create table numbers (n int primary key);
  insert into numbers select g from generate_series(1, 10500) g;
  create table blobs (n int primary key, t text not null);
  insert into blobs select g, repeat(md5(g::text), 3200) from generate_series(1, 400) g;
  analyze;
`;

/** The default bundle with other limits for agents. */
function limited(changes: Readonly<Record<string, number>>): Record<string, string> {
  const settings = JSON.parse(defaultFiles().get('settings.json') ?? '') as { limits: { agent: Record<string, number> } };
  Object.assign(settings.limits.agent, changes);
  return { 'settings.json': JSON.stringify(settings) };
}

let server: TestPostgres;
let direct: pg.Client;

beforeAll(async () => {
  server = await startPostgres({ version: 15 });
  await createDatabase(server, SCHEMA, 'numbers');
  direct = new pg.Client(server.config('numbers'));
  await direct.connect();
});
afterAll(async () => {
  await direct?.end();
  await server?.stop();
});

async function running(text: string): Promise<number> {
  const { rows } = await direct.query<{ n: number }>(
    "select count(*)::int n from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '%' || $1 || '%'",
    [text],
  );
  return rows[0]?.n ?? -1;
}

async function upstreamSessions(): Promise<number> {
  const { rows } = await direct.query<{ n: number }>(
    "select count(*)::int n from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() and application_name <> 'gatehouse'",
  );
  return rows[0]?.n ?? -1;
}

const rowsIn = (frames: readonly Frame[]): number => frames.filter(({ type }) => type === 'D' || type === 'd').length;

describe('the row limit', () => {
  let gatehouse: TestGatehouse;
  let agent: Access;
  beforeAll(async () => {
    gatehouse = await startGatehouse();
    await gatehouse.addConnection('numbers', server.config('numbers'));
    agent = gatehouse.agent('counter', 'numbers');
  });
  afterAll(() => gatehouse?.close());

  const expectCut = (frames: readonly Frame[], rows: number): void => {
    expect(rowsIn(frames)).toBe(rows);
    expect(error(frames)).toMatchObject({ C: '53400', D: expect.stringContaining('code=ROW_LIMIT') });
  };

  test.each([
    ['a plain SELECT', 'select n from numbers'],
    ['COPY', 'copy (select n from numbers) to stdout'],
    ['a cursor that gives all at once', 'begin; declare c cursor for select n from numbers; fetch all from c'],
  ])('%s', async (_, sql) => {
    using stack = new DisposableStack();
    const client = stack.adopt(await rawClient(agent), (raw) => raw.destroy());
    client.send(m.query(sql));
    expectCut(await client.until(), ROWS);
    client.send(m.query('rollback'), m.query('select 1'));
    expect(types(await client.until(2)).endsWith('TDCZ')).toBe(true);
  });

  test('exactly as many rows as allowed are no excess', async () => {
    using stack = new DisposableStack();
    const client = stack.adopt(await rawClient(agent), (raw) => raw.destroy());
    client.send(m.query(`select n from numbers where n <= ${ROWS}`));
    const frames = await client.until();
    expect(rowsIn(frames)).toBe(ROWS);
    expect(error(frames)).toEqual({});
  });

  test('each statement of a text has its own count, and one that is cut takes the rest along', async () => {
    using stack = new DisposableStack();
    const client = stack.adopt(await rawClient(agent), (raw) => raw.destroy());
    client.send(m.query('select n from numbers where n <= 6000; select n from numbers where n > 4000; select n from numbers; select 1'));
    expectCut(await client.until(), 6000 + 6500 + ROWS);
  });

  test('a portal that is read in parts is one statement', async () => {
    using stack = new DisposableStack();
    const client = stack.adopt(await rawClient(agent), (raw) => raw.destroy());
    client.send(m.query('begin'), m.parse('', 'select n from numbers'), m.bind('p', ''), m.sync);
    await client.until(2);
    let rows = 0;
    for (;;) {
      client.send(m.execute('p', 3000), m.sync);
      const frames = await client.until();
      rows += rowsIn(frames);
      if (error(frames)['C'] === undefined) {
        expect(types(frames).endsWith('sZ')).toBe(true);
        continue;
      }
      expect(error(frames)['C']).toBe('53400');
      break;
    }
    expect(rows).toBe(ROWS);
    client.send(m.query('rollback'), m.query('select 1'));
    expect(types(await client.until(2))).toBe('CZTDCZ');
  });

  test('what a pipeline sends behind a cut statement is skipped up to its Sync', async () => {
    using stack = new DisposableStack();
    const client = stack.adopt(await rawClient(agent), (raw) => raw.destroy());
    const ask = (sql: string): Buffer => Buffer.concat([m.parse('', sql), m.bind('', ''), m.execute('')]);
    client.send(ask('select n from numbers'), ask('select 7'), m.sync, ask('select 8'), m.sync);
    const frames = await client.until();
    expectCut(frames, ROWS);
    expect(types(frames).endsWith('EZ')).toBe(true);
    expect(types(await client.until())).toBe('12DCZ');
  });

  test('fetching from a cursor again and again is many statements, each with its own limit', async () => {
    using stack = new DisposableStack();
    const client = stack.adopt(await rawClient(agent), (raw) => raw.destroy());
    client.send(
      m.query('begin; declare c cursor for select n from numbers'),
      m.query('fetch 6000 from c'),
      m.query('fetch 6000 from c'),
      m.query('commit'),
    );
    const frames = await client.until(4);
    expect(rowsIn(frames)).toBe(10_500);
    expect(error(frames)).toEqual({});
  });
});

describe('limits of bytes, time and sessions', () => {
  let gatehouse: TestGatehouse;
  let agent: Access;
  beforeAll(async () => {
    gatehouse = await startGatehouse(limited({ bytesPerStatement: 5_000_000, statementTimeoutMs: 700, maxSessions: 5 }));
    await gatehouse.addConnection('numbers', server.config('numbers'));
    agent = gatehouse.agent('limited', 'numbers');
  });
  afterAll(() => gatehouse?.close());

  test('bytes are counted on the stream', async () => {
    using stack = new DisposableStack();
    const client = stack.adopt(await rawClient(agent), (raw) => raw.destroy());
    client.send(m.query('select t from blobs'));
    const frames = await client.until();
    expect(error(frames)).toMatchObject({ C: '53400', D: expect.stringContaining('code=ROW_LIMIT') });
    const bytes = frames.filter(({ type }) => type === 'D').reduce((sum, { body }) => sum + body.length + 5, 0);
    expect(bytes).toBeLessThanOrEqual(5_000_000);
    expect(bytes).toBeGreaterThan(5_000_000 - 103_000);
  });

  test('a statement that takes too long is ended on the database', async () => {
    using stack = new DisposableStack();
    const client = stack.adopt(await rawClient(agent), (raw) => raw.destroy());
    const began = performance.now();
    const text = 'select count(*) from numbers a, numbers b, numbers c where a.n + b.n + c.n = 4711';
    client.send(m.query(text));
    await eventually('it runs on the database', async () => (await running('4711')) === 1);
    const frames = await client.until();
    expect(error(frames)).toMatchObject({ C: '57014', D: expect.stringContaining('code=TIMEOUT') });
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(await running('4711')).toBe(0);
    client.send(m.query('select 1'));
    expect(types(await client.until())).toBe('TDCZ');
  });

  test('a principal has so many sessions and no more, until one is closed', async () => {
    using stack = new DisposableStack();
    const open = (): ReturnType<typeof rawClient> => rawClient(agent);
    const clients = [];
    for (let i = 0; i < 5; i += 1) clients.push(stack.adopt(await open(), (raw) => raw.destroy()));
    const refused = new pg.Client({ ...agent });
    refused.on('error', () => undefined);
    await expect(refused.connect()).rejects.toMatchObject({ code: '53300', message: expect.stringContaining('limit') });
    clients[0]?.send(m.terminate);
    await eventually('a session is free again', async () => {
      const again = new pg.Client({ ...agent });
      again.on('error', () => undefined);
      return again.connect().then(
        () => again.end().then(() => true),
        () => false,
      );
    });
  });
});

describe('clients that go away', () => {
  test('what they were waiting for is cancelled on the database within two seconds', async () => {
    await using gatehouse = await startGatehouse();
    await gatehouse.addConnection('numbers', server.config('numbers'));
    const agent = gatehouse.agent('leaver', 'numbers');
    const took: number[] = [];
    for (const [i, how] of (['destroy', 'half-close', 'reset'] as const).entries()) {
      const client = await rawClient(agent);
      client.send(m.query(`select count(*) from numbers a, numbers b, numbers c where a.n + b.n + c.n = ${81_000 + i}`));
      await eventually('it runs on the database', async () => (await running(String(81_000 + i))) === 1);
      const began = performance.now();
      if (how === 'destroy') client.destroy();
      else if (how === 'half-close') client.stream.end();
      else if ('resetAndDestroy' in client.stream) (client.stream as unknown as { resetAndDestroy(): void }).resetAndDestroy();
      await eventually(`it is cancelled after ${how}`, async () => (await running(String(81_000 + i))) === 0, 10_000);
      took.push(performance.now() - began);
      client.destroy();
    }
    console.log(`cancelled on the database after ${took.map((ms) => Math.round(ms)).join(', ')} ms`);
    expect(Math.max(...took)).toBeLessThan(2_000);
    await eventually('no session is left', async () => (await upstreamSessions()) <= 1);
  });
});

describe('memory', () => {
  test('stays flat while 200 MB stream through, and while a client never reads', async () => {
    await using gatehouse = newServedGatehouse();
    await gatehouse.addConnection('numbers', server.config('numbers'));
    await gatehouse.start();
    const person = gatehouse.person('numbers');
    const sql = 'select t from blobs cross join generate_series(1, 5)';
    const warm = await rawClient(person);
    warm.keep = false;
    const stream = async (): Promise<number> => {
      const before = warm.bytes;
      warm.send(m.query(sql));
      let most = 0;
      await eventually(
        '200 MB have come',
        () => {
          most = Math.max(most, gatehouse.residentMiB());
          return warm.bytes - before > 200_000_000;
        },
        60_000,
      );
      return most;
    };
    await stream();
    const base = gatehouse.residentMiB();
    const streaming = await stream();
    warm.destroy();

    const deaf = await Promise.all([1, 2, 3, 4].map(() => rawClient(person)));
    for (const client of deaf) {
      client.stream.pause();
      client.send(m.query(sql));
    }
    await eventually('their results are held up', async () => (await running('blobs')) === deaf.length);
    let waiting = 0;
    for (let i = 0; i < 30; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      waiting = Math.max(waiting, gatehouse.residentMiB());
    }
    console.log(
      `resident: ${Math.round(base)} MiB after a first 200 MB, at most ${Math.round(streaming)} MiB in the second, ${Math.round(waiting)} MiB with four clients that never read`,
    );
    expect(streaming - base).toBeLessThan(64);
    expect(waiting - base).toBeLessThan(64);
    // Another client is served meanwhile.
    const other = await rawClient(person);
    other.send(m.query('select 1'));
    expect(types(await other.until())).toBe('TDCZ');
    for (const client of [...deaf, other]) client.destroy();
    await eventually('what they asked for is cancelled', async () => (await running('blobs')) === 0, 5_000);
  });
});
