// The same statements through every client and protocol form, as an agent and as a person: the same verdicts, masked rows and
// errors, and the same entries in the ledger. Source: product.md, promises 1 and 5; wire.md.
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditRecord } from '../../contracts/audit.ts';
import { LedgerReader } from '../../proxy/audit/search.ts';
import { eventually } from '../../proxy/wire/postgres/testing/rig.ts';
import type { ClientResult, ClientScript, Form } from '../support/clients/contract.ts';
import { CLIENTS, type ClientName, runClient } from '../support/clients/run-client.ts';
import { type Access, startGatehouse, type TestGatehouse } from '../support/gatehouse.ts';
import { createDatabase, type PostgresVersion, startPostgres, type TestPostgres } from '../support/postgres-server.ts';

const SCHEMA = `
  create schema shop;
  create table shop.customers (id int primary key, full_name text not null, email text, phone text, birth_date date, region text not null, tags text[]);
  insert into shop.customers select g, 'Person ' || g, 'p' || g || '@clear.test', '+49 30 ' || (1000000 + g), date '1970-01-01' + g, (array['emea','amer'])[1 + g % 2], array['a' || g]
    from generate_series(1, 500) g;
  insert into shop.customers values (501, 'Nobody', null, null, null, 'emea', null);
  create table shop.orders (id int primary key, customer_id int not null, state text not null, total numeric(12,2) not null);
  insert into shop.orders select g, 1 + g % 500, (array['new','paid','sent'])[1 + g % 3], (g % 97) * 1.25 from generate_series(1, 500) g;
  create table shop.kinds (id int primary key, n numeric, at timestamptz, local timestamp, day date, span interval, whole bigint, half float8, yes boolean,
    numbers int[], words text[], document jsonb, raw bytea, id16 uuid);
  insert into shop.kinds values (1, 12345678901234567890.123456789, '2026-03-29 01:30:00+00', '2026-01-02 03:04:05.678', '2026-02-28', '1 day 02:03:04',
    9007199254740993, 0.1, true, '{1,NULL,3}', '{"a b","c,d",NULL,"ä"}', '{"b": [1, null], "a": "ü"}', '\\x00ff10', '00000000-0000-4000-8000-000000000001'),
    (2, null, null, null, null, null, null, null, null, null, null, null, null, null);
  create table shop.texts (id int primary key, t text not null);
  insert into shop.texts values (1, repeat('gatehouse ä ', 20000));
  analyze;
`;

/** `ok`, or the refusal's code from DETAIL (`code=…`), or the database's own SQLSTATE. */
type Expected = string;

interface Step {
  readonly sql: string;
  readonly agent: Expected;
  readonly person: Expected;
  /** Values that a driver decodes in its own way when they come in binary: then only their number and NULLs are compared. */
  readonly decoded?: true;
  /** Only these have a way to run it. */
  readonly only?: readonly ClientName[];
}

const both = (sql: string, expected: Expected = 'ok', more: Partial<Step> = {}): Step => ({
  sql,
  agent: expected,
  person: expected,
  ...more,
});
const MASKED = 'MASKED_COLUMN';
const MULTI: readonly ClientName[] = ['node-postgres', 'postgres.js', 'psycopg2', 'psycopg3', 'jdbc'];
const COPY: readonly ClientName[] = ['psql', 'psycopg2', 'psycopg3', 'jdbc'];

const STEPS: readonly Step[] = [
  both("set time zone 'UTC'"),
  both('select count(*) from shop.orders'),
  both('select o.id, c.region, o.total from shop.orders o join shop.customers c on c.id = o.customer_id order by o.id limit 5', 'ok', {
    decoded: true,
  }),
  both('select * from shop.customers order by id limit 3', 'ok', { decoded: true }),
  both("select id, full_name, 'mail: ' || email as e, phone from shop.customers where region = 'amer' order by id limit 3"),
  both('select id, email, phone, birth_date, tags from shop.customers where id = 501', 'ok', { decoded: true }),
  both("select id from shop.customers where email = 'p1@clear.test'", MASKED),
  both('select id from shop.customers order by phone', MASKED),
  both('select max(email) from shop.customers', MASKED),
  both('select * from shop.kinds order by id', 'ok', { decoded: true }),
  both('select t from shop.texts'),
  both("select null::text as nothing, '' as empty, 1 as one"),
  both('select g from generate_series(1, 2000) g'),
  both("select $q$it's; a 'test'$q$ as t, 'ä€😀' as u -- at the end"),
  both('selec 1', 'NOT_UNDERSTOOD'),
  both('select * from shop.nothing', 'NOT_UNDERSTOOD'),
  both('select nothing from shop.orders', 'NOT_UNDERSTOOD'),
  both('select 1 / (id - id) from shop.orders', '22012'),
  both("select 'x'::int", '22P02'),
  both("update shop.orders set state = 'new' where id = 3", 'ok', { agent: 'DENIED' }),
  both("insert into shop.orders values (3, 1, 'new', 1)", '23505', { agent: 'DENIED' }),
  both('update shop.orders set state = state where id <= 400', 'JUSTIFICATION_REQUIRED', { agent: 'DENIED' }),
  both('/* justification: repair of the states, ticket 4711 */ update shop.orders set state = state where id <= 400', 'ok', {
    agent: 'DENIED',
  }),
  both('delete from shop.orders', 'JUSTIFICATION_REQUIRED', { agent: 'DENIED' }),
  both("set gatehouse.justification = 'audit of the year, ticket 4712'"),
  both('update shop.orders set state = state where id <= 300', 'ok', { agent: 'DENIED' }),
  both('select id, email, full_name from shop.customers order by id limit 2'),
  both('reset gatehouse.justification'),
  // Another text than above: drivers keep statements prepared, and one that was prepared with a reason can't run without.
  both('select id, email, full_name from shop.customers order by id limit 2 -- masked again'),
  both('drop table shop.orders', 'DENIED'),
  both('grant select on shop.orders to public', 'DENIED'),
  both("select pg_read_file('/etc/passwd')", 'NOT_UNDERSTOOD'),
  both('set role postgres', 'NOT_UNDERSTOOD'),
  both('do $$ begin perform 1; end $$', 'NOT_UNDERSTOOD'),
  both('begin'),
  both('select state from shop.orders where id = 3'),
  both('select id from shop.customers where phone is distinct from null', MASKED),
  both('select 1 as one', '25P02'),
  both('rollback'),
  both('begin'),
  both("insert into shop.orders values (9001, 1, 'new', 1)", 'ok', { agent: 'DENIED' }),
  both('rollback'),
  both('prepare p (int) as select id, email from shop.customers where id = $1'),
  both('execute p (7)'),
  both('deallocate p'),
  both('begin'),
  both('declare c no scroll cursor for select id, full_name from shop.customers order by id'),
  both('fetch 2 from c'),
  both('fetch forward 3 from c'),
  both('close c'),
  both('commit'),
  both('create temp table mine as select id, region from shop.customers where id <= 20'),
  both('select region, count(*) from mine group by 1 order by 1'),
  both('drop table mine'),
  both('explain (costs off) select id from shop.orders where id = 3'),
  both('explain (analyze, costs off) select id, email from shop.customers', MASKED),
  both('show transaction_isolation'),
  both('select 1 as a; select id, email from shop.customers order by id limit 1; select 3 as c', 'ok', { only: MULTI }),
  both("select 1 as a; select id from shop.customers where email = 'x'", MASKED, { only: MULTI }),
  both('copy (select id, email, region from shop.customers order by id limit 3) to stdout', 'ok', { only: COPY }),
  both('copy shop.kinds (id, n, words) to stdout', 'ok', { only: COPY }),
  both("copy (select id from shop.customers where email = 'x') to stdout", MASKED, { only: COPY }),
  both('select count(*) from shop.orders'),
];

interface Entry {
  readonly code: string;
  readonly verdict: string | undefined;
  readonly refusal: string | undefined;
  readonly reason: string | undefined;
  readonly justification: string | undefined;
  readonly policies: readonly string[];
  readonly kind: string | undefined;
  readonly effects: readonly string[];
  readonly relations: readonly string[];
  readonly columnsRead: readonly string[];
  readonly columnsMasked: readonly string[];
  readonly rewritten: string | undefined;
  readonly outcome: { readonly status: string; readonly sqlstate: string | undefined; readonly rows: number | undefined } | undefined;
}

interface Answer {
  readonly step: Step;
  readonly result: ClientResult;
  readonly ledger: readonly Entry[];
}

/** What the clients put around a text: psql's semicolon and line break. */
const bare = (text: string): string => text.replace(/[\s;]+$/u, '');

/** Gives each step what the ledger says of it. What a client runs on its own account belongs to none. */
function bySteps(records: readonly AuditRecord[], steps: readonly Step[]): Entry[][] {
  const outcomes = new Map(
    records.flatMap(({ intent, outcome }) => (intent === undefined || outcome === undefined ? [] : [[intent, outcome] as const])),
  );
  const entries = steps.map((): Entry[] => []);
  let at = 0;
  for (const { id, code, judgement } of records) {
    if (judgement === undefined) continue;
    const { decision, statement } = judgement;
    const next = steps.findIndex(({ sql }, i) => i >= at && bare(sql) === bare(statement.text));
    if (next < 0) continue;
    at = next;
    const outcome = outcomes.get(id);
    entries[at]?.push({
      code,
      verdict: decision.verdict,
      refusal: decision.code,
      reason: decision.reason,
      justification: decision.justification,
      policies: decision.policies,
      kind: statement.kind,
      effects: judgement.effects,
      relations: judgement.relations,
      columnsRead: judgement.columnsRead,
      columnsMasked: judgement.columnsMasked,
      rewritten: statement.rewritten === undefined ? undefined : bare(statement.rewritten),
      outcome: outcome === undefined ? undefined : { status: outcome.status, sqlstate: outcome.sqlstate, rows: outcome.rows },
    });
  }
  return entries;
}

const verdictOf = (result: ClientResult): string =>
  result.ok ? 'ok' : (/code=([A-Z_]+)/u.exec(result.detail ?? '')?.[1] ?? result.sqlstate ?? '?');

/** What all clients must agree on. A driver's own decoding of binary values is its own. */
function comparable(name: ClientName, form: Form, { step, result }: Answer): unknown {
  if (!result.ok) return { sqlstate: result.sqlstate, message: result.message, detail: result.detail, hint: result.hint };
  // psycopg 3 makes lists of arrays whatever the form.
  const own = form === 'binary' ? step.decoded === true || name === 'node-postgres' : step.decoded === true && name === 'psycopg3';
  const rows = own ? result.rows.map((row) => row.map((value) => value === null)) : result.rows;
  return { columns: result.rows.length === 0 ? [] : result.columns, rows };
}

describe.each<{ version: PostgresVersion; clients: readonly ClientName[] }>([
  { version: 15, clients: ['node-postgres', 'psql', 'postgres.js', 'psycopg2', 'psycopg3', 'jdbc'] },
  { version: 18, clients: ['node-postgres', 'psycopg3'] },
])('the same statements on PostgreSQL $version', ({ version, clients }) => {
  let server: TestPostgres;
  let gatehouse: TestGatehouse;
  let direct: pg.Client;
  let agents = 0;
  let references: Readonly<Record<'agent' | 'person', ReadonlyMap<Step, Answer>>>;

  beforeAll(async () => {
    server = await startPostgres({ version });
    await createDatabase(server, SCHEMA, 'shop');
    direct = new pg.Client(server.config('shop'));
    await direct.connect();
    gatehouse = await startGatehouse();
    await gatehouse.addConnection('shop', server.config('shop'));
    references = { agent: await reference('agent'), person: await reference('person') };
  });
  afterAll(async () => {
    await direct?.end();
    await gatehouse?.close();
    await server?.stop();
  });

  const stepsFor = (name: ClientName, form: Form): Step[] =>
    STEPS.filter(({ only, sql, decoded }) => {
      // In this mode node-postgres hands over binary values as broken text, and then takes seconds for an array.
      if (name === 'node-postgres' && form === 'binary' && decoded === true) return false;
      return (
        only === undefined ||
        (only.includes(name) && (only !== MULTI || form === 'simple') && !(sql.startsWith('copy') && form === 'binary'))
      );
    });

  async function run(name: ClientName, form: Form, kind: 'agent' | 'person', sslmode: ClientScript['sslmode']): Promise<readonly Answer[]> {
    const access: Access = kind === 'agent' ? gatehouse.agent(`agent-${++agents}`, 'shop') : gatehouse.person('shop');
    // Estimated rows are told in refusals, and updates of earlier runs have made the table larger.
    await direct.query('vacuum (full, analyze) shop.orders');
    using before = new LedgerReader(join(gatehouse.home, 'ledger'));
    const afterSeq = before.lastSeq();
    const steps = stepsFor(name, form);
    const results = await runClient(name, { ...access, sslmode, statements: steps.map(({ sql }) => ({ sql, form })) });
    expect(results.length, JSON.stringify(results.at(-1))).toBe(steps.length);
    let records: readonly AuditRecord[] = [];
    await eventually('the session is closed in the ledger', () => {
      records = before
        .find({ principal: access.user, afterSeq }, 100_000, 'oldest-first')
        .filter(({ session }) => kind === 'agent' || session?.principal.kind === 'person');
      return records.at(-1)?.code === 'GH-C-CLOSE';
    });
    const entries = bySteps(records, steps);
    return steps.map((step, i) => ({ step, result: results[i] ?? { ok: true, columns: [], rows: [] }, ledger: entries[i] ?? [] }));
  }

  /** The first client's answers to the steps that it has, another's to the rest. */
  async function reference(kind: 'agent' | 'person'): Promise<ReadonlyMap<Step, Answer>> {
    const answers = [...(await run('psycopg3', 'simple', kind, 'disable')), ...(await run('node-postgres', 'simple', kind, 'disable'))];
    return new Map(answers.map((answer) => [answer.step, answer]));
  }

  test.each(['agent', 'person'] as const)('the verdicts are those of the policies: %s', (kind) => {
    const answers = STEPS.map((step) => references[kind].get(step));
    const told = answers.map((answer, i) => {
      const verdict = answer === undefined ? '?' : verdictOf(answer.result);
      return `${answer?.step.sql} → ${verdict}${verdict === STEPS[i]?.[kind] || answer?.result.ok !== false ? '' : ` (${answer.result.message})`}`;
    });
    expect(told).toEqual(STEPS.map((step) => `${step.sql} → ${step[kind]}`));
  });

  test('an agent saw masks, a person with a reason saw values', () => {
    const rows = (kind: 'agent' | 'person'): unknown[] =>
      STEPS.filter(({ sql }) => sql.startsWith('select id, email, full_name')).map((step) => {
        const result = references[kind].get(step)?.result;
        return result?.ok === true ? result.rows[0] : undefined;
      });
    const masked = ['1', expect.stringMatching(/^\*+@clear\.test$/u), '***'];
    expect(rows('agent')).toEqual([masked, masked]);
    expect(rows('person')).toEqual([['1', 'p1@clear.test', 'Person 1'], masked]);
  });

  test('a statement that was prepared while a reason stood shows nothing once it is withdrawn', async () => {
    const client = new pg.Client({ ...gatehouse.person('shop') });
    await client.connect();
    const ask = (text: string, name?: string): Promise<unknown> =>
      client.query({ text, rowMode: 'array', ...(name === undefined ? {} : { name }) }).then(
        (result) => result.rows as unknown,
        (error: pg.DatabaseError) => error.code,
      );
    const clear = [['P1@CLEAR.TEST']];
    const text = 'select upper(email) from shop.customers where id = 1';
    try {
      await client.query("set gatehouse.justification = 'audit of the year, ticket 4713'");
      expect(await ask(text, 's')).toEqual(clear);
      await client.query(`prepare s2 as ${text}`);
      expect(await ask('execute s2')).toEqual(clear);
      await client.query('begin');
      await client.query('declare c cursor for select upper(email) from shop.customers order by id');
      expect(await ask('fetch 1 from c')).toEqual(clear);
      await client.query('reset gatehouse.justification');
      expect(await ask('fetch 1 from c')).toBe('0A000');
      await client.query('rollback');
      expect(await ask('execute s2')).toBe('0A000');
      expect(await ask(text, 's')).toBe('0A000');
      // What was made while less could be seen goes on.
      await client.query(`prepare s3 as ${text}`);
      await client.query("set gatehouse.justification = 'audit of the year, ticket 4714'");
      expect(await ask('execute s3')).toEqual([[expect.stringMatching(/^\*/u)]]);
    } finally {
      await client.end();
    }
  });

  const cases = CLIENTS.filter(({ name }) => clients.includes(name)).flatMap(({ name, forms, missing }) =>
    forms.map((form, i) => ({ name, form, missing, sslmode: i % 2 === 0 ? ('require' as const) : ('disable' as const) })),
  );

  describe.each(cases)('$name, $form, sslmode=$sslmode', ({ name, form, missing, sslmode }) => {
    test.skipIf(missing).each(['agent', 'person'] as const)('%s', async (kind) => {
      const differences: unknown[] = [];
      const compare = (sql: string, what: string, got: unknown, expected: unknown): void => {
        if (!isDeepStrictEqual(got, expected)) differences.push({ sql, what, got, expected });
      };
      for (const answer of await run(name, form, kind, sslmode)) {
        const expected = references[kind].get(answer.step);
        if (expected === undefined) throw new Error(`no reference for ${answer.step.sql}`);
        compare(answer.step.sql, 'shown', comparable(name, form, answer), comparable(name, form, expected));
        compare(answer.step.sql, 'ledger', answer.ledger, expected.ledger);
      }
      expect(differences).toEqual([]);
    });
  });
});
