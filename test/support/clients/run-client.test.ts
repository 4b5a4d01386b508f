import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, startPostgres, type TestDatabase, type TestPostgres } from '../postgres-server.ts';
import type { Form } from './contract.ts';
import { CLIENTS, runClient } from './run-client.ts';

let server: TestPostgres;
let database: TestDatabase;

beforeAll(async () => {
  server = await startPostgres({ version: 18 });
  database = await createDatabase(server, "create table t (id int, v text); insert into t values (1, E'a\\u00e4|b'), (2, null), (3, '')");
});
afterAll(async () => {
  await server.stop();
});

const SQL = [
  'select id, v from t order by id',
  'select * from nothing',
  "do $$ begin raise exception 'held' using errcode = 'GH001', detail = 'why', hint = 'give a reason'; end $$",
  'create temp table session_lives (n int)',
  'select count(*)::int as n from session_lives',
  'select id from t where false',
];
const script = (form: Form) => ({ ...database.config, sslmode: 'disable' as const, statements: SQL.map((sql) => ({ sql, form })) });

describe.each(CLIENTS.flatMap(({ name, forms, missing }) => forms.map((form) => ({ name, form, missing }))))(
  '$name, $form',
  ({ name, form, missing }) => {
    test.skipIf(missing)('rows, nulls, errors with their parts, and one session', async () => {
      expect(await runClient(name, script(form))).toEqual([
        {
          ok: true,
          columns: ['id', 'v'],
          rows: [
            ['1', 'aä|b'],
            ['2', null],
            ['3', ''],
          ],
        },
        { ok: false, phase: 'statement', sqlstate: '42P01', message: 'relation "nothing" does not exist', detail: null, hint: null },
        { ok: false, phase: 'statement', sqlstate: 'GH001', message: 'held', detail: 'why', hint: 'give a reason' },
        { ok: true, columns: [], rows: [] },
        { ok: true, columns: ['n'], rows: [['0']] },
        { ok: true, columns: ['id'], rows: [] },
      ]);
    });
  },
);

test.each(CLIENTS)('$name reports a refused login', async ({ name, missing }) => {
  if (missing) return;
  const [only, ...rest] = await runClient(name, { ...script('simple'), password: 'wrong' });
  expect(rest).toEqual([]);
  expect(only).toMatchObject({ ok: false, phase: 'connect', message: expect.stringContaining('password authentication failed') as string });
});

test('a form that a client does not have is refused', async () => {
  await expect(runClient('psql', script('binary'))).rejects.toThrow('no binary form');
});
