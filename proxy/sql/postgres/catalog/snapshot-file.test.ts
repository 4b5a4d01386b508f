import { describe, expect, test } from 'vitest';
import { Subject } from '../testing/subject.ts';
import type { Catalog } from './catalog.ts';
import { readSnapshot } from './snapshot-file.ts';

const TYPES =
  'boolean|bytea|name|bigint|smallint|integer|text|oid|json|xml|real|double precision|money|inet|character(3)|character varying(40)|date|time without time zone|timestamp without time zone|timestamp(3) with time zone|interval|time with time zone|numeric(10,2)|uuid|jsonb'.split(
    '|',
  );

function catalogOf(given: unknown): Catalog {
  const read = readSnapshot(given, 1);
  if ('problem' in read) throw new Error(read.problem);
  return read.ok.catalog;
}

describe('a snapshot file', () => {
  test('gives tables as a database would', async () => {
    const columns = Object.fromEntries(
      TYPES.flatMap((type, i) => [
        [`c${i}`, type],
        [`a${i}`, `${type}[]`],
        [`n${i}`, `${type} not null`],
      ]),
    );
    await using subject = await Subject.open(
      18,
      `create schema s; create table s.t (id integer primary key, ${Object.entries(columns)
        .map(([name, type]) => `${name} ${type}`)
        .join(', ')});`,
    );
    const read = catalogOf({ relations: { 's.t': { columns: { id: 'integer not null', ...columns }, primaryKey: ['id'] } } });
    const [real, made] = [subject.catalog, read].map((catalog) => {
      const relation = catalog.relation('s', 't');
      return {
        kind: relation?.kind,
        primaryKey: relation?.primaryKey,
        columns: relation?.columns.map(({ typeOid, ...column }) => {
          const type = catalog.typeByOid(typeOid);
          return { ...column, type: type?.name, category: type?.category, kind: type?.kind };
        }),
      };
    });
    expect(made).toEqual(real);
  });

  test('views have definitions; functions are told by their language', () => {
    const catalog = catalogOf({
      relations: {
        's.v': { columns: { a: 'text' }, definition: 'select 1 as a' },
        's.m': { columns: {}, definition: 'select 1', materialized: true },
      },
      functions: { 's.f': { language: 'sql', body: 'select 1' }, 's.p': { language: 'plpgsql', kind: 'procedure', arguments: ['x'] } },
    });
    expect(catalog.relation('s', 'v')).toMatchObject({ kind: 'view', definition: 'select 1 as a' });
    expect(catalog.relation('s', 'm')?.kind).toBe('materialized');
    expect(catalog.routines('s', 'f')[0]).toMatchObject({ body: 'select 1', kind: 'function' });
    expect(catalog.routines('s', 'p')[0]).toMatchObject({ kind: 'procedure', argumentCount: 1 });
    expect(catalog.hasSchema('s')).toBe(true);
  });

  test('an unknown type has no oid, so that its mask is NULL', () => {
    expect(catalogOf({ relations: { 's.t': { columns: { a: 's.mood' } } } }).relation('s', 't')?.columns[0]).toMatchObject({
      typeOid: 0,
      typeText: 's.mood',
    });
  });

  test.each([
    ['no object', 3],
    ['no relations', {}],
    ['an unknown key', { relations: {}, tables: {} }],
    ['a name without schema', { relations: { t: { columns: {} } } }],
    ['columns without types', { relations: { 's.t': { columns: ['a'] } } }],
  ])('%s is refused', (_, given) => {
    expect(readSnapshot(given, 1)).toEqual({ problem: expect.stringContaining('the snapshot is not one') as string });
  });
});
