// The verdict on statements of the canary database, as `check` shows it: judged against the real catalog, without running.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultFiles } from '../../../test/support/bundle.ts';
import { readCanarySchema } from '../../../test/support/corpus.ts';
import { createDatabase, startPostgres, type TestDatabase, type TestPostgres } from '../../../test/support/postgres-server.ts';
import type { Principal } from '../../policy/engine.ts';
import { connectUpstream } from '../../wire/postgres/upstream.ts';
import { type Explanation, explain } from './explain.ts';
import { Rig } from './testing/rig.ts';

const ANA: Principal = { kind: 'person', name: 'ana', groups: [] };
const BOT: Principal = { kind: 'agent', name: 'bot', groups: [], owner: 'ana' };
const NOON = Date.UTC(2026, 0, 7, 12);

describe('explaining a verdict', () => {
  let server: TestPostgres;
  let rig: Rig;
  let database: TestDatabase;
  beforeAll(async () => {
    server = await startPostgres({ version: 18 });
    database = await createDatabase(
      server,
      `${readCanarySchema('postgres')}; create table app.plain (id int primary key, n int);
       insert into app.plain select g, g from generate_series(1, 500) g; analyze app.plain;
       create function app.planned() returns int language plpgsql immutable as $$ begin perform pg_advisory_lock(42); return 1; end $$;`,
    );
    rig = new Rig({ database: database.config, bundle: defaultFiles() });
  });
  afterAll(async () => {
    await rig?.[Symbol.asyncDispose]();
    await server?.stop();
  });
  const ask = (as: Principal, sql: string, reason?: string): Promise<Explanation> => explain(rig.services, as, sql, NOON, reason);

  test('an allowed statement has its masks, its effects, its policies and what would really run', async () => {
    const found = await ask(BOT, 'select id, email from app.customers where region = $1');
    expect(found).toMatchObject({
      verdict: 'allow',
      remedies: [],
      masked: ['app.customers.email'],
      policies: ['agents-read'],
      effects: ['select app.customers'],
      relations: ['app.customers'],
    });
    expect(found.rewritten).toMatch(/^select id, email from \(select .*case when strpos|^select id, email from \(select /u);
    expect(found).not.toHaveProperty('code');
  });

  test('with a reason, a person sees the values and nothing is rewritten', async () => {
    const found = await ask(ANA, 'select email from app.customers', 'INC-42 wrong address');
    expect(found).toMatchObject({ verdict: 'allow', masked: [] });
    expect(found).not.toHaveProperty('rewritten');
  });

  test('a masked column in a condition is denied with its name', async () => {
    expect(await ask(BOT, "select 1 from app.customers where email = 'x'")).toMatchObject({
      verdict: 'deny',
      code: 'MASKED_COLUMN',
      reason: expect.stringContaining('app.customers.email') as string,
      remedies: [],
    });
  });

  test('a hold names its remedies, by the rows that the planner expects', async () => {
    expect(await ask(ANA, 'update app.plain set n = 0 where id = 3')).toMatchObject({ verdict: 'allow' });
    expect(await ask(ANA, 'update app.plain set n = 0 where n > 1')).toMatchObject({
      verdict: 'hold',
      code: 'JUSTIFICATION_REQUIRED',
      remedies: ['justify'],
      policies: ['large-change-needs-reason'],
    });
    expect(await ask(ANA, 'drop table app.plain')).toMatchObject({ remedies: ['approve'], policies: ['production-schema-needs-dba'] });
  });

  test('the strictest statement of a text rules, and what is not understood is denied', async () => {
    expect(await ask(BOT, 'select 1; delete from app.plain')).toMatchObject({
      verdict: 'deny',
      policies: expect.arrayContaining(['agents-change-nothing']) as string[],
    });
    expect(await ask(BOT, 'select pg_read_file($1)')).toMatchObject({ verdict: 'deny', code: 'NOT_UNDERSTOOD' });
    expect(await ask(BOT, 'selec')).toMatchObject({ verdict: 'deny', code: 'NOT_UNDERSTOOD', reason: 'syntax error at or near "selec"' });
  });

  test('unknown code does not run for an estimate', async () => {
    // A planner would compute the call, and its lock would outlive the transaction.
    expect(await ask(ANA, 'update app.plain set n = 0 where id = app.planned()')).toMatchObject({ verdict: 'deny' });
    const other = await connectUpstream({ ...database.config, tls: 'disable' }, 5_000);
    try {
      const locks = "select count(*) from pg_locks where locktype = 'advisory'";
      expect(await other.run(locks)).toEqual([['0']]);
      await rig.service.estimate('update app.plain set n = 0 where id = app.planned()', 0, []);
      expect(await other.run(locks)).toEqual([['1']]);
    } finally {
      other.destroy();
    }
  });

  test('nothing is recorded', () => {
    expect(rig.ledger.events).toEqual([]);
  });
});
