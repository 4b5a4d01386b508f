// The snapshot against real servers: it says what the server says.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCanarySchema } from '../../../../test/support/corpus.ts';
import { Subject } from '../testing/subject.ts';
import type { CatalogRelation } from './catalog.ts';
import { loadCatalog } from './catalog-load.ts';

const MORE = `
create table app.keyed (a int, "B c" text, primary key ("B c", a));
create table app.twice (one int references app.parents(id), k int, b text, foreign key (b, k) references app.keyed ("B c", a));
create domain app.checked as int check (value > 0);
create function app.atomic(x int default 1, variadic y int[] default '{}') returns int begin atomic select x + 1; end;
create function app.pinned() returns int language sql set search_path = app as 'select 1';
create aggregate app.total(int) (sfunc = int4pl, stype = int);
create function app.negate(text) returns text language sql as 'select $1';
create operator app.!!! (rightarg = text, function = app.negate);
create function app.to_contact(int) returns app.contact language sql as 'select null::app.contact';
create cast (int as app.contact) with function app.to_contact(int);
create sequence app.counter;
create index on app.orders (status);
create temporary table gone (a int);
alter table app.orders drop column status;
create rule none as on delete to app.cards do instead nothing;
`;

describe.each([{ version: 15 as const }, { version: 18 as const }])('the catalog snapshot of PostgreSQL $version', ({ version }) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await Subject.open(version, readCanarySchema('postgres') + MORE);
  });
  afterAll(() => subject?.[Symbol.asyncDispose]());

  const relation = (name: string, schema = 'app'): CatalogRelation => {
    const found = subject.catalog.relation(schema, name);
    if (found === undefined) throw new Error(`no ${schema}.${name}`);
    return found;
  };

  test('every relation that the server lists is in it, with its columns in order', async () => {
    const rows = await subject.client.run(`
      select table_schema, table_name, json_agg(column_name order by ordinal_position)::text
        from information_schema.columns where table_schema not like 'pg\\_temp%' group by 1, 2`);
    expect(rows.length).toBeGreaterThan(200);
    for (const [schema, name, columns] of rows) {
      expect(
        relation(name ?? '', schema ?? '').columns.map((column) => column.name),
        `${schema}.${name}`,
      ).toEqual(JSON.parse(columns ?? '[]'));
    }
  });

  test('columns have their type as a cast takes it, their nullability and their generating expression', () => {
    const { columns } = relation('customers');
    const [, , email] = columns;
    expect(email).toMatchObject({ name: 'email', attribute: 3, typeText: 'app.mail_address', notNull: true });
    expect(columns.find(({ name }) => name === 'phone')).toMatchObject({ typeText: 'character varying(40)', notNull: false });
    expect(columns.find(({ name }) => name === 'contacts')?.typeText).toBe('app.contact[]');
    expect(columns.filter(({ generated }) => generated !== undefined).map(({ name }) => name)).toEqual(['email_upper']);
  });

  test('attribute numbers stay those of the server when a column was dropped', () => {
    expect(relation('orders').columns.map(({ name, attribute }) => [name, attribute])).toEqual([
      ['id', 1],
      ['customer_id', 2],
      ['placed_at', 3],
      ['total', 5],
    ]);
  });

  test('kinds, keys, inheritance', () => {
    const kinds = ['customers', 'events', 'customer_mail', 'region_mail', 'counter', 'contact'].map((name) => relation(name).kind);
    expect(kinds).toEqual(['table', 'partitioned', 'view', 'materialized', 'sequence', 'composite']);
    expect(relation('keyed').primaryKey).toEqual([2, 1]);
    expect(relation('log').primaryKey).toEqual([]);
    expect(relation('events').children).toEqual([relation('events_2025').oid, relation('events_2026').oid]);
    expect(relation('children').parents).toEqual([relation('parents').oid]);
  });

  test('triggers and rules run code; a view is no rule', () => {
    expect(['customers', 'cards', 'orders', 'customer_mail'].map((name) => relation(name).runsCode)).toEqual([true, true, false, false]);
  });

  test('definitions are printed with all schemas', () => {
    expect(relation('customer_mail').definition).toContain('FROM app.customers');
    expect(relation('orders').definition).toBeUndefined();
  });

  test('foreign keys pair their columns in order', () => {
    const { foreignKeys } = subject.catalog.parts;
    const of = foreignKeys
      .filter(({ from }) => from === relation('twice').oid)
      .map(({ to, fromAttributes, toAttributes }) => ({ to, fromAttributes, toAttributes }));
    expect(of).toEqual(
      expect.arrayContaining([
        { to: relation('parents').oid, fromAttributes: [1], toAttributes: [1] },
        { to: relation('keyed').oid, fromAttributes: [3, 2], toAttributes: [2, 1] },
      ]),
    );
  });

  test('routines with body, arguments and what makes them opaque', () => {
    const routine = (name: string) => subject.catalog.routines('app', name)[0];
    expect(routine('mail_of')).toMatchObject({
      kind: 'function',
      language: 'sql',
      body: expect.stringContaining('from app.customers'),
      hasSettings: false,
    });
    expect(routine('atomic')).toMatchObject({
      argumentCount: 2,
      defaults: 2,
      variadic: true,
      body: expect.stringMatching(/^BEGIN ATOMIC/i),
    });
    expect(routine('mail_dyn')).toMatchObject({ language: 'plpgsql' });
    expect(routine('mail_dyn')).not.toHaveProperty('body');
    expect(routine('pinned')).toMatchObject({ hasSettings: true });
    expect(routine('mails')).toMatchObject({ returnsSet: true });
    expect(routine('touch')?.kind).toBe('procedure');
    expect(routine('total')?.kind).toBe('aggregate');
    expect(subject.catalog.routines('pg_catalog', 'abs')).toEqual([]);
    expect(subject.catalog.isBuiltinFunction('abs')).toBe(true);
  });

  test('types, operators and casts of users', () => {
    expect(subject.catalog.type('app', 'checked')).toMatchObject({ kind: 'd', hasChecks: true });
    expect(subject.catalog.type('app', 'mail_address')).toMatchObject({ kind: 'd', hasChecks: false });
    const contact = subject.catalog.type('app', 'contact');
    expect(subject.catalog.castRunsUserCode(contact?.oid ?? 0)).toBe(true);
    expect(subject.catalog.isUserOperator('!!!')).toBe(true);
    expect(subject.catalog.isUserOperator('=')).toBe(false);
  });

  test('temporary objects of other sessions are not in it', async () => {
    await subject.client.run('create temporary table session_only (a int)');
    const catalog = await loadCatalog((sql) => subject.client.run(sql), 2);
    expect(catalog.hasRelationNamed('session_only')).toBe(false);
    expect(catalog.parts.schemas.filter((schema) => schema.startsWith('pg_temp'))).toEqual([]);
    expect(catalog.version).toBe(2);
  });

  test('a query that fails leaves no transaction open', async () => {
    let count = 0;
    const failing = (sql: string) => {
      count += 1;
      return count === 5 ? Promise.reject(new Error('lost')) : subject.client.run(sql);
    };
    await expect(loadCatalog(failing, 3)).rejects.toThrow('lost');
    const rows = await subject.client.run("select current_setting('transaction_read_only')");
    expect(rows).toEqual([['off']]);
  });
});
