// A catalog written down in a file, so that a bundle's tests need no database: tables with their columns' types, views with
// their definitions, functions of users. What it does not name does not exist. The server's own catalogs are not in it.
import { z } from 'zod';
import { builtinNames } from './builtin-functions.ts';
import { Catalog, type CatalogColumn, type CatalogRelation, type CatalogRoutine, type CatalogType } from './catalog.ts';

const name = z.string().regex(/^[^.]+\.[^.]+$/u, 'not a name like `schema.name`');

const relation = z.strictObject({
  /** Name → type as PostgreSQL prints it (`character varying(40)`), with ` not null` behind it where that holds. */
  columns: z.record(z.string(), z.string()),
  primaryKey: z.array(z.string()).optional(),
  /** Makes it a view. Names in it have to be qualified. */
  definition: z.string().optional(),
  materialized: z.boolean().optional(),
  /** Triggers or rules run code when rows change. */
  runsCode: z.boolean().optional(),
});

const routine = z.strictObject({
  language: z.string(),
  kind: z.enum(['function', 'procedure', 'aggregate', 'window']).optional(),
  arguments: z.array(z.string()).optional(),
  /** The text of a function in SQL. */
  body: z.string().optional(),
});

const snapshot = z.strictObject({
  searchPath: z.array(z.string()).optional(),
  relations: z.record(name, relation),
  functions: z.record(name, routine).optional(),
});

export interface Snapshot {
  readonly catalog: Catalog;
  readonly searchPath: readonly string[];
}

/** Built-in types: name in pg_type, as it is printed, oid, category. */
const TYPES: readonly (readonly [name: string, printed: string, oid: number, category: string])[] = [
  ['bool', 'boolean', 16, 'B'],
  ['bytea', 'bytea', 17, 'U'],
  ['name', 'name', 19, 'S'],
  ['int8', 'bigint', 20, 'N'],
  ['int2', 'smallint', 21, 'N'],
  ['int4', 'integer', 23, 'N'],
  ['text', 'text', 25, 'S'],
  ['oid', 'oid', 26, 'N'],
  ['json', 'json', 114, 'U'],
  ['xml', 'xml', 142, 'U'],
  ['float4', 'real', 700, 'N'],
  ['float8', 'double precision', 701, 'N'],
  ['money', 'money', 790, 'N'],
  ['inet', 'inet', 869, 'I'],
  ['bpchar', 'character', 1042, 'S'],
  ['varchar', 'character varying', 1043, 'S'],
  ['date', 'date', 1082, 'D'],
  ['time', 'time without time zone', 1083, 'D'],
  ['timestamp', 'timestamp without time zone', 1114, 'D'],
  ['timestamptz', 'timestamp with time zone', 1184, 'D'],
  ['interval', 'interval', 1186, 'T'],
  ['timetz', 'time with time zone', 1266, 'D'],
  ['numeric', 'numeric', 1700, 'N'],
  ['uuid', 'uuid', 2950, 'U'],
  ['jsonb', 'jsonb', 3802, 'U'],
];

const builtinType = (typname: string, oid: number, category: string, elementOid = 0): CatalogType => ({
  oid,
  schema: 'pg_catalog',
  name: typname,
  kind: 'b',
  baseOid: 0,
  elementOid,
  category,
  hasChecks: false,
});

/** Oids of what the file names; far from those of built-ins. */
const FIRST_OID = 100_000;
const FIRST_ARRAY_OID = 50_000;

const split = (full: string): [string, string] => full.split('.', 2) as [string, string];

function column(given: string, text: string, attribute: number, types: Map<string, CatalogType>): CatalogColumn {
  const notNull = / not null$/iu.test(text);
  const typeText = text.replace(/ not null$/iu, '').trim();
  // `numeric(10,2)` and `timestamp(3) with time zone` without what is in parentheses.
  const printed = typeText
    .replace(/\([^)]*\)/u, '')
    .replace(/\s+/gu, ' ')
    .toLowerCase();
  const type = types.get(printed) ?? (printed.endsWith('[]') ? types.get('[]') : undefined);
  return { name: given, attribute, typeOid: type?.oid ?? 0, typeText, notNull };
}

export type SnapshotRead = { readonly ok: Snapshot } | { readonly problem: string };

/** `given`: the parsed file. `version`: differs from that of every other catalog. */
export function readSnapshot(given: unknown, version: number): SnapshotRead {
  const read = snapshot.safeParse(given);
  if (!read.success)
    return {
      problem: `the snapshot is not one: ${read.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`,
    };
  const { relations, functions = {}, searchPath = ['public'] } = read.data;
  const printed = new Map(
    TYPES.flatMap(([typname, shown, oid, category]) =>
      [typname, shown].map((each) => [each, builtinType(typname, oid, category)] as const),
    ),
  );
  const types = [...new Map([...printed.values()].map((type) => [type.oid, type])).values()];
  const arrays = types.map((type) => builtinType(`_${type.name}`, FIRST_ARRAY_OID + type.oid, 'A', type.oid));
  for (const [i, type] of types.entries()) {
    const array = arrays[i];
    for (const [shown, of] of Array.from(printed)) if (of.oid === type.oid && array !== undefined) printed.set(`${shown}[]`, array);
  }
  const made = Object.entries(relations).map(([full, one], i): CatalogRelation => {
    const [schema, relname] = split(full);
    const columns = Object.entries(one.columns).map(([columnName, text], at) => column(columnName, text, at + 1, printed));
    return {
      oid: FIRST_OID + i,
      schema,
      name: relname,
      kind: one.definition === undefined ? 'table' : one.materialized === true ? 'materialized' : 'view',
      columns,
      primaryKey: (one.primaryKey ?? []).flatMap((key) => columns.find((each) => each.name === key)?.attribute ?? []),
      parents: [],
      children: [],
      ...(one.definition === undefined ? {} : { definition: one.definition }),
      runsCode: one.runsCode === true,
    };
  });
  const routines = Object.entries(functions).map(([full, one], i): CatalogRoutine => {
    const [schema, proname] = split(full);
    const { arguments: parameters = [] } = one;
    return {
      oid: FIRST_OID * 2 + i,
      schema,
      name: proname,
      kind: one.kind ?? 'function',
      language: one.language,
      ...(one.body === undefined ? {} : { body: one.body }),
      argumentNames: parameters,
      argumentCount: parameters.length,
      defaults: 0,
      variadic: false,
      hasSettings: false,
      returnsSet: false,
      returnTypeOid: 0,
      pureExtension: false,
    };
  });
  const catalog = new Catalog(version, {
    serverVersion: 180_000,
    relations: made,
    routines,
    builtinFunctions: builtinNames(),
    types: [...types, ...arrays],
    schemas: [
      ...new Set([
        'pg_catalog',
        'information_schema',
        ...searchPath,
        ...made.map(({ schema }) => schema),
        ...routines.map(({ schema }) => schema),
      ]),
    ],
    userOperators: [],
    userCastTargets: [],
    foreignKeys: [],
  });
  return { ok: { catalog, searchPath } };
}
