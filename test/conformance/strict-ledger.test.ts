// The ledger on a disk that fills up: nothing runs that can't be recorded, the client is told so, and all goes on once there is
// room again. Needs a file system of its own, so it runs as root only. Source: audit.md, "Durability".
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyLedger } from '../../proxy/audit/verify.ts';
import { LedgerReader } from '../../proxy/audit/search.ts';
import { eventually } from '../../proxy/wire/postgres/testing/rig.ts';
import { createDatabase, startPostgres, type TestPostgres } from '../support/postgres-server.ts';
import { newServedGatehouse, type ServedGatehouse } from '../support/served-gatehouse.ts';

function canMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}

let server: TestPostgres;
let gatehouse: ServedGatehouse;
let direct: pg.Client;
let folder = '';

beforeAll(async () => {
  if (!canMount()) return;
  server = await startPostgres({ version: 15 });
  await createDatabase(
    server,
    'create table t (id int primary key, n int not null); insert into t select g, 0 from generate_series(1, 50) g; analyze',
    'one',
  );
  gatehouse = newServedGatehouse();
  await gatehouse.addConnection('one', server.config('one'));
  folder = join(gatehouse.home, 'ledger');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0700', 'tmpfs', folder]);
  await gatehouse.start();
  direct = new pg.Client(server.config('one'));
  await direct.connect();
});
afterAll(async () => {
  await direct?.end();
  await gatehouse?.kill();
  if (folder !== '') execFileSync('umount', ['-l', folder]);
  await gatehouse?.[Symbol.asyncDispose]();
  await server?.stop();
});

test.skipIf(!canMount())('a full disk under the ledger (needs root, for a file system of its own)', async () => {
  const client = new pg.Client({ ...gatehouse.person('one') });
  client.on('error', () => undefined);
  await client.connect();
  const ask = async (sql: string): Promise<{ readonly code?: string; readonly detail?: string }> => {
    try {
      await client.query(sql);
      return {};
    } catch (error) {
      const { code, detail } = error as pg.DatabaseError;
      return { ...(code === undefined ? {} : { code }), ...(detail === undefined ? {} : { detail }) };
    }
  };
  const applied = async (): Promise<number> => (await direct.query<{ n: number }>('select n from t where id = 1')).rows[0]?.n ?? -1;
  expect(await ask('update t set n = 1 where id = 1')).toEqual({});

  const ballast = join(folder, 'ballast');
  const fill = (): void => {
    try {
      for (;;) appendFileSync(ballast, Buffer.alloc(4_096));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  };
  // The write-ahead log may still have some room of its own; what is recorded there runs, and nothing else does.
  const untilRefused = async (
    sql: (i: number) => string,
  ): Promise<{ readonly ran: number[]; readonly refusal: { readonly code?: string; readonly detail?: string } }> => {
    const ran: number[] = [];
    for (let i = 2; i < 3_000; i += 1) {
      fill();
      const refusal = await ask(sql(i));
      if (refusal.code !== undefined) return { ran, refusal };
      ran.push(i);
    }
    throw new Error('the disk was never full');
  };
  const update = await untilRefused((i) => `update t set n = ${i} where id = 1`);
  expect(update.refusal).toMatchObject({ code: '58030', detail: expect.stringContaining('code=AUDIT_UNAVAILABLE') });
  expect(await applied()).toBe(update.ran.at(-1) ?? 1);
  const insert = await untilRefused((i) => `insert into t values (${100 + i}, 1)`);
  expect(insert.refusal).toMatchObject({ code: '58030' });
  const { rows } = await direct.query<{ id: number }>('select id from t where id > 100 order by id');
  expect(rows.map(({ id }) => id - 100)).toEqual(insert.ran);
  // Strict: no reads either, and no new session.
  for (const sql of ['select n from t where id = 1', 'begin', 'show work_mem']) {
    expect((await untilRefused((i) => `${sql} -- ${i}`)).refusal, sql).toMatchObject({ code: '58030' });
  }
  await eventually('no session may start', async () => {
    fill();
    const other = new pg.Client({ ...gatehouse.person('one') });
    other.on('error', () => undefined);
    return other.connect().then(
      () => other.end().then(() => false),
      (error: pg.DatabaseError) => error.code === '58030',
    );
  });

  rmSync(ballast);
  await eventually('statements run again', async () => (await ask('select 1')).code === undefined, 5_000);
  expect(await ask('update t set n = 5000 where id = 1')).toEqual({});
  expect(await applied()).toBe(5_000);
  await client.end();

  await gatehouse.stop();
  expect(verifyLedger(folder)).toMatchObject({ kind: 'clean' });
  using reader = new LedgerReader(folder);
  const texts = reader
    .find({ code: 'GH-S-ALLOW', text: 'update t set n' }, 10_000, 'oldest-first')
    .map(({ judgement }) => judgement?.statement.text);
  for (const i of [1, ...update.ran]) expect(texts).toContain(`update t set n = ${i} where id = 1`);
  expect(texts).toContain('update t set n = 5000 where id = 1');
});
