// Masks on real servers: for every type and mask the type is kept, nulls are kept where that is said, and the value is gone.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Mask } from '../../../masking/mask.ts';
import { Subject } from '../testing/subject.ts';
import { looksMasked, maskColumn, PLACEHOLDER, quoteIdentifier } from './mask-expression.ts';

/** Type and a value of it; every value is told from its mask. */
const VALUES: Readonly<Record<string, string>> = {
  text: "'zqxj.long.value@example.test'",
  'character varying(20)': "'zqxj@example.test'",
  'character varying(2)': "'zq'",
  'character(10)': "'zqxjzqxj'",
  'character(1)': "'z'",
  name: "'zqxjzqxjzqxj'",
  '"char"': "'z'",
  smallint: '7770',
  integer: '77700001',
  bigint: '7770000000000001',
  'numeric(12,2)': '77700001.25',
  numeric: '77700001.125',
  real: '7770.5',
  'double precision': '7770.25',
  money: "'7770'",
  date: "'1977-07-07'",
  'timestamp without time zone': "'1977-07-07 07:07:07.77'",
  'timestamp(0) with time zone': "'1977-07-07 07:07:07+00'",
  'time without time zone': "'07:07:07'",
  interval: "'7 days 7 hours'",
  boolean: 'true',
  uuid: "'77777777-7777-7777-7777-777777777777'",
  bytea: "'\\x7a71786a'",
  json: `'{"ssn": "zqxj"}'`,
  jsonb: `'{"ssn": "zqxj"}'`,
  xml: "'<zqxj/>'",
  inet: "'77.70.77.70'",
  macaddr: "'77:70:77:70:77:70'",
  'bit(4)': "'1010'",
  'bit varying(8)': "'1010'",
  point: "'(7,7)'",
  tsvector: "'zqxj'",
  int4range: "'[7,77)'",
  'text[]': "'{zqxj,x}'",
  'integer[]': "'{7770,1}'",
  'app.mail': "'zqxj.long@example.test'",
  'app.short': "'zqxjzqxj'",
  'app.picky': "'zqxj!zqxj'",
  'app.nested': "'zqxj.nested'",
  'app.mood': "'zqxj'",
  'app.pair': "'(zqxj,7)'",
  'app.mail[]': "'{zqxj}'",
};

const SCHEMA = `
create schema app; create schema evil;
create domain app.mail as text; create domain app.short as varchar(8); create domain app.picky as text check (value like '%!%');
create domain app.nested as app.mail; create type app.mood as enum ('zqxj', 'x'); create type app.pair as (a text, b int);
create function evil.concat(variadic text[]) returns text language plpgsql as $$ begin raise exception 'evil'; end $$;
create function evil."left"(text, int) returns text language plpgsql as $$ begin raise exception 'evil'; end $$;
create function evil.never(text, text) returns boolean language plpgsql as $$ begin raise exception 'evil'; end $$;
create table app.t ("the Id" int primary key, ${Object.keys(VALUES)
  .map((type, i) => `"c ${i}" ${type}, "n ${i}" ${type} not null`)
  .join(', ')});
insert into app.t values (1, ${Object.values(VALUES)
  .map((value) => `${value}, ${value}`)
  .join(', ')});
insert into app.t values (2, ${Object.values(VALUES)
  .map((value) => `null, ${value}`)
  .join(', ')});`;

const MASKS: readonly Mask[] = [
  { kind: 'redact' },
  { kind: 'null' },
  { kind: 'partial', first: 1, last: 2 },
  { kind: 'partial', first: 0, last: 4 },
  { kind: 'email', keepDomain: true },
  { kind: 'email', keepDomain: false },
  { kind: 'date-trunc', unit: 'year' },
  { kind: 'date-trunc', unit: 'decade' },
  { kind: 'bucket', size: 1000 },
  { kind: 'bucket', size: 0.5 },
  { kind: 'token', domain: 'x' },
];

/** Masks that show a part of the value on purpose. */
const shows = (mask: Mask, type: string): boolean =>
  (mask.kind === 'partial' && /text|character varying\(20\)|character\(10\)|name|mail|short|nested/u.test(type)) ||
  (mask.kind === 'date-trunc' && /date|timestamp/u.test(type)) ||
  (mask.kind === 'bucket' && /int|numeric|real|double/u.test(type));

describe.each([{ version: 15 as const }, { version: 18 as const }])('masks on PostgreSQL $version', ({ version }) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await Subject.open(version, SCHEMA);
    // What a session may do must not matter.
    await subject.client.run('set search_path = evil, app, pg_catalog');
  });
  afterAll(() => subject?.[Symbol.asyncDispose]());

  test.each(MASKS.map((mask) => [JSON.stringify(mask), mask] as const))('%s keeps types and nulls, and hides values', async (_, mask) => {
    const { catalog } = subject;
    const relation = catalog.relation('app', 't');
    if (relation === undefined) throw new Error('no table');
    const types = Object.keys(VALUES);
    for (const column of relation.columns.slice(1)) {
      const declared = types[Number(column.name.slice(2))] ?? '';
      const type = catalog.typeByOid(column.typeOid);
      const base = type?.kind === 'd' ? catalog.typeByOid(type.baseOid) : type;
      if (type === undefined || base === undefined) throw new Error(declared);
      const { sql, keepsNull } = maskColumn(mask, column, base, quoteIdentifier(column.name), type.hasChecks);
      const what = `${declared}${column.notNull ? ' not null' : ''}: ${sql}`;
      const [kept, empty] = await subject.client.run(
        `select pg_typeof(m)::text, pg_typeof(v)::text, m::text, v::text from (select "the Id", ${sql} as m, ${quoteIdentifier(column.name)} as v from app.t) x order by "the Id"`,
      );
      const [masked, original, value, clear] = kept ?? [];
      expect(masked, what).toBe(original);
      expect(empty?.[0], what).toBe(original);
      if (keepsNull) {
        expect(value, what).not.toBeNull();
        if (!column.notNull) expect(empty?.[2], what).toBeNull();
      } else expect(value, what).toBeNull();
      if (value == null) continue;
      if (declared !== 'boolean' || clear === 'true') expect(value === clear && !shows(mask, declared), what).toBe(false);
      if (!shows(mask, declared)) expect(value, what).not.toMatch(/zq|777/u);
    }
  });
});

test('a partial mask shows nothing of a value that is too short for it', async () => {
  await using subject = await Subject.open(
    18,
    "create table t (a text); insert into t values ('abc'), ('abcde'), ('abcdef'), ('abcdefg'), ('äöüßé€x'), ('')",
  );
  const [column] = subject.catalog.relation('public', 't')?.columns ?? [];
  const base = subject.catalog.typeByOid(25);
  if (column === undefined || base === undefined) throw new Error('no column');
  const { sql } = maskColumn({ kind: 'partial', first: 1, last: 2 }, column, base, '"a"', false);
  expect((await subject.client.run(`select ${sql} from t`)).map(([value]) => value)).toEqual([
    '***',
    '***',
    '***',
    'a***fg',
    'ä***€x',
    '***',
  ]);
});

test('a placeholder is recognised in what is written back', () => {
  for (const value of [PLACEHOLDER, `${PLACEHOLDER}@example.test`, `a${PLACEHOLDER}fg`]) expect(looksMasked(value)).toBe(true);
  expect(looksMasked('** two stars')).toBe(false);
});
