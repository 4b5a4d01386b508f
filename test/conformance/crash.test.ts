// `kill -9` of the serving process under concurrent writes, again and again: every committed row has its durable intent in the
// ledger, the chain verifies, nothing is left on the database. Source: product.md, promise 4; audit.md, "Tests that make it trustworthy".
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LedgerReader } from '../../proxy/audit/search.ts';
import { verifyLedger } from '../../proxy/audit/verify.ts';
import { eventually } from '../../proxy/wire/postgres/testing/rig.ts';
import type { Access } from '../support/gatehouse.ts';
import { createDatabase, startPostgres, type TestPostgres } from '../support/postgres-server.ts';
import { newServedGatehouse, type ServedGatehouse } from '../support/served-gatehouse.ts';

const KILLS = 50;
const WRITERS = 6;
/** Profiles that are killed in turn: while one starts, the other writes. */
const LANES = ['first', 'second'] as const;
type Lane = (typeof LANES)[number];

let server: TestPostgres;
const gatehouses = new Map<Lane, ServedGatehouse>();

beforeAll(async () => {
  server = await startPostgres({ version: 15 });
  for (const lane of LANES) {
    await createDatabase(server, 'create table marks (mark text primary key, by int not null)', lane);
    const gatehouse = newServedGatehouse();
    gatehouses.set(lane, gatehouse);
    await gatehouse.addConnection('marks', server.config(lane));
  }
});
afterAll(async () => {
  for (const gatehouse of gatehouses.values()) await gatehouse[Symbol.asyncDispose]();
  await server?.stop();
});

function gatehouseOf(lane: Lane): ServedGatehouse {
  const gatehouse = gatehouses.get(lane);
  if (gatehouse === undefined) throw new Error(`no gatehouse for ${lane}`);
  return gatehouse;
}

/** Writes until its session is gone; each statement carries a mark that no other one has. Returns the marks that were acknowledged. */
async function write(access: Access, burst: number, writer: number, started: () => void): Promise<string[]> {
  const client = new pg.Client({ ...access, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  const acknowledged: string[] = [];
  try {
    await client.connect();
    await client.query("set gatehouse.justification = 'load test, ticket 4711'");
    for (let n = 0; ; n += 1) {
      const mark = `mark-${burst}-${writer}-${n}-`;
      const insert = (part: string): string => `insert into marks (mark, by) values ('${mark}${part}', ${writer})`;
      if (writer % 3 === 0) {
        await client.query(insert('a'));
        acknowledged.push(`${mark}a`);
      } else if (writer % 3 === 1) {
        // Extended protocol.
        await client.query(`${insert('a')} returning by + $1::int`, [n]);
        acknowledged.push(`${mark}a`);
      } else {
        await client.query('begin');
        await client.query(insert('a'));
        await client.query(`${insert('b')}; commit`);
        acknowledged.push(`${mark}a`, `${mark}b`);
      }
      started();
    }
  } catch {
    return acknowledged;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function upstreamSessions(direct: pg.Client): Promise<number> {
  const { rows } = await direct.query<{ n: number }>(
    "select count(*)::int n from pg_stat_activity where backend_type = 'client backend' and datname = current_database() and pid <> pg_backend_pid()",
  );
  return rows[0]?.n ?? -1;
}

/** The marks in the texts of allowed statements from `afterSeq` on. */
function intents(home: string, afterSeq: number): Set<string> {
  using reader = new LedgerReader(join(home, 'ledger'));
  const found = new Set<string>();
  for (const { judgement } of reader.search({ code: 'GH-S-ALLOW', text: 'mark-', afterSeq }, 'oldest-first')) {
    for (const [mark] of judgement?.statement.text.matchAll(/mark-\d+-\d+-\d+-[ab]/gu) ?? []) found.add(mark);
  }
  return found;
}

function lastSeq(home: string): number {
  using reader = new LedgerReader(join(home, 'ledger'));
  return reader.lastSeq();
}

/** Writes, kills in the midst of it, compares, starts again. */
async function burst(
  gatehouse: ServedGatehouse,
  direct: pg.Client,
  number: number,
  pauseMs: number,
): Promise<{ committed: number; acknowledged: number }> {
  const before = lastSeq(gatehouse.home);
  const access = gatehouse.person('marks');
  const all = Promise.withResolvers<undefined>();
  const started = new Set<number>();
  const writers = Array.from({ length: WRITERS }, (_, writer) =>
    write(access, number, writer, () => {
      if (started.add(writer).size === WRITERS) all.resolve(undefined);
    }),
  );
  // One that ends before it is killed must not let the others write for ever.
  await Promise.race([all.promise, ...writers]);
  expect(started.size, `burst ${number}: ${gatehouse.log}`).toBe(WRITERS);
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
  await gatehouse.kill();
  const acknowledged = (await Promise.all(writers)).flat();

  await eventually(`no upstream session is left after kill ${number}`, async () => (await upstreamSessions(direct)) === 0, 5_000);
  const { rows } = await direct.query<{ mark: string }>(`select mark from marks where mark like 'mark-${number}-%'`);
  const committed = new Set(rows.map(({ mark }) => mark));
  const recorded = intents(gatehouse.home, before);
  expect(
    [...committed].filter((mark) => !recorded.has(mark)),
    `burst ${number}: rows without an intent`,
  ).toEqual([]);
  expect(
    acknowledged.filter((mark) => !committed.has(mark)),
    `burst ${number}: acknowledged and lost`,
  ).toEqual([]);

  await gatehouse.start();
  expect(verifyLedger(join(gatehouse.home, 'ledger')), `burst ${number}`).toMatchObject({ kind: 'clean' });
  return { committed: committed.size, acknowledged: acknowledged.length };
}

test(`after each of ${KILLS} kills every committed row has its intent, and the ledger is whole`, async () => {
  const began = performance.now();
  let seed = 20_261_122;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const total = { committed: 0, acknowledged: 0 };
  let next = 0;
  await Promise.all(
    LANES.map(async (lane) => {
      const gatehouse = gatehouseOf(lane);
      const direct = new pg.Client(server.config(lane));
      await direct.connect();
      try {
        await gatehouse.start();
        while (next < KILLS) {
          const one = await burst(gatehouse, direct, next++, next % 25 === 0 ? 1_500 : random() * 60);
          total.committed += one.committed;
          total.acknowledged += one.acknowledged;
        }
      } finally {
        await direct.end();
      }
    }),
  );
  expect(total.committed).toBeGreaterThanOrEqual(KILLS * WRITERS);
  console.log(
    `${KILLS} kills in ${Math.round((performance.now() - began) / 1000)} s: ${total.committed} rows committed, ` +
      `${total.committed - total.acknowledged} of them not yet acknowledged, all with their intent`,
  );
  // Half a minute on a machine of its own; others may be at work on it.
}, 900_000);

test.each(LANES)('the command line finds the ledger clean, and it says how each run ended: %s', async (lane) => {
  const gatehouse = gatehouseOf(lane);
  expect(await gatehouse.stop()).toBe(0);
  const verify = await gatehouse.command('audit', 'verify');
  expect(verify).toMatchObject({ code: 0, stdout: expect.stringMatching(/^clean: \d+ records/u) });
  using reader = new LedgerReader(join(gatehouse.home, 'ledger'));
  const [first, ...later] = reader.find({ code: 'GH-L-START' }, 1_000, 'oldest-first').map(({ facts }) => facts?.['previous']);
  expect(first).toBe('new');
  expect(later.length).toBeGreaterThan(10);
  expect(new Set(later)).toEqual(new Set(['unclean']));
});
