// Reads a catalog snapshot over a service session in one read-only transaction. All names are qualified: the session's
// search_path must not matter. Works on PostgreSQL 13 to 18.
import { Catalog, type CatalogColumn, type CatalogParts, type CatalogRelation, type CatalogRoutine, type RelationKind } from './catalog.ts';

/** Runs one query and returns its rows as text or null. */
export type CatalogQuery = (sql: string) => Promise<readonly (readonly (string | null)[])[]>;

const RELATIONS = `
  select c.oid, n.nspname, c.relname, c.relkind,
         coalesce((select array_to_json(i.indkey::int2[]) from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary limit 1)::text, '[]'),
         case when c.relkind in ('v', 'm') and n.nspname not in ('pg_catalog', 'information_schema') then pg_catalog.pg_get_viewdef(c.oid) end,
         exists (select from pg_catalog.pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal)
           or exists (select from pg_catalog.pg_rewrite r where r.ev_class = c.oid and r.ev_type <> '1')
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c') and c.relpersistence <> 't' and n.nspname !~ '^pg_toast|^pg_temp_'`;

const COLUMNS = `
  select a.attrelid, a.attname, a.attnum, a.atttypid, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
         case when a.attgenerated <> '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')
     and c.relpersistence <> 't' and n.nspname !~ '^pg_toast|^pg_temp_'
   order by a.attrelid, a.attnum`;

const INHERITS = 'select inhrelid, inhparent from pg_catalog.pg_inherits';

const ROUTINES = (version: number): string => `
  select p.oid, n.nspname, p.proname, p.prokind, l.lanname,
         case when l.lanname = 'sql' then ${version >= 140000 ? 'coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc)' : 'p.prosrc'} end,
         coalesce(array_to_json(p.proargnames)::text, '[]'), p.pronargs, p.pronargdefaults, p.provariadic <> 0,
         p.proconfig is not null, p.proretset, p.prorettype, pg_catalog.pg_get_expr(p.proargdefaults, 0),
         p.provolatile = 'i' and exists (select from pg_catalog.pg_depend d
           where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    join pg_catalog.pg_language l on l.oid = p.prolang
   where n.nspname not in ('pg_catalog', 'information_schema') or p.oid >= ${FIRST_USER_OID}`;

/** The server's own objects have smaller oids (FirstNormalObjectId), whatever schema a user's were made in or moved to. */
const FIRST_USER_OID = 16384;

const BUILTIN_FUNCTIONS = `
  select distinct proname from pg_catalog.pg_proc where pronamespace = 'pg_catalog'::pg_catalog.regnamespace and oid < ${FIRST_USER_OID}`;

const TYPES = `
  select t.oid, n.nspname, t.typname, t.typtype, t.typbasetype, t.typelem, t.typcategory,
         exists (select from pg_catalog.pg_constraint c where c.contypid = t.oid and c.contype = 'c')
    from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
   where n.nspname !~ '^pg_toast|^pg_temp_'`;

const SCHEMAS = `
  select nspname from pg_catalog.pg_namespace
   where nspname !~ '^pg_toast|^pg_temp_' and pg_catalog.has_schema_privilege(oid, 'usage')`;

const OPERATORS = `
  select distinct o.oprname from pg_catalog.pg_operator o
   where o.oid >= ${FIRST_USER_OID}
     and not exists (select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_operator'::pg_catalog.regclass and d.objid = o.oid and d.deptype = 'e')`;

const CASTS = `
  select distinct k.casttarget from pg_catalog.pg_cast k
    join pg_catalog.pg_proc p on p.oid = k.castfunc
   where p.oid >= ${FIRST_USER_OID}
     and not exists (select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass and d.objid = k.oid and d.deptype = 'e')`;

const FOREIGN_KEYS = `
  select conrelid, array_to_json(conkey)::text, confrelid, array_to_json(confkey)::text from pg_catalog.pg_constraint where contype = 'f'`;

const KINDS: Readonly<Record<string, RelationKind>> = {
  r: 'table',
  p: 'partitioned',
  v: 'view',
  m: 'materialized',
  f: 'foreign',
  S: 'sequence',
  c: 'composite',
};
const ROUTINE_KINDS: Readonly<Record<string, CatalogRoutine['kind']>> = { f: 'function', p: 'procedure', a: 'aggregate', w: 'window' };

const text = (value: string | null | undefined): string => value ?? '';
const number = (value: string | null | undefined): number => Number(value ?? 0);
const yes = (value: string | null | undefined): boolean => value === 't' || value === 'true';

function numbers(value: string | null | undefined): number[] {
  const list: unknown = JSON.parse(value ?? '[]');
  return Array.isArray(list) ? list.map(Number) : [];
}

function group<T>(rows: Iterable<readonly [number, T]>): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const [id, value] of rows) {
    const same = groups.get(id);
    if (same === undefined) groups.set(id, [value]);
    else same.push(value);
  }
  return groups;
}

/**
 * Reads the whole snapshot. `version` must differ from that of every other snapshot of the connection.
 * Throws what `query` throws.
 */
export async function loadCatalog(query: CatalogQuery, version: number): Promise<Catalog> {
  await query('begin isolation level repeatable read read only');
  try {
    // With an empty path the server prints definitions and types with their schemas.
    await query("set local search_path to ''");
    const serverVersion = number((await query('show server_version_num'))[0]?.[0]);
    const role = text((await query('select current_user'))[0]?.[0]);
    const relationRows = await query(RELATIONS);
    const columns = group(
      (await query(COLUMNS)).map((row): readonly [number, CatalogColumn] => [
        number(row[0]),
        {
          name: text(row[1]),
          attribute: number(row[2]),
          typeOid: number(row[3]),
          typeText: text(row[4]),
          notNull: yes(row[5]),
          ...(row[6] == null ? {} : { generated: row[6] }),
        },
      ]),
    );
    const links = (await query(INHERITS)).map((row) => [number(row[0]), number(row[1])] as const);
    const parents = group(links);
    const children = group(links.map(([child, parent]) => [parent, child] as const));
    const parts: CatalogParts = {
      serverVersion,
      role,
      relations: relationRows.map(
        (row): CatalogRelation => ({
          oid: number(row[0]),
          schema: text(row[1]),
          name: text(row[2]),
          kind: KINDS[text(row[3])] ?? 'table',
          columns: columns.get(number(row[0])) ?? [],
          primaryKey: numbers(row[4]),
          parents: parents.get(number(row[0])) ?? [],
          children: children.get(number(row[0])) ?? [],
          ...(row[5] == null ? {} : { definition: row[5] }),
          runsCode: yes(row[6]),
        }),
      ),
      routines: (await query(ROUTINES(serverVersion))).map(
        (row): CatalogRoutine => ({
          oid: number(row[0]),
          schema: text(row[1]),
          name: text(row[2]),
          kind: ROUTINE_KINDS[text(row[3])] ?? 'function',
          language: text(row[4]),
          ...(row[5] == null ? {} : { body: row[5] }),
          argumentNames: (JSON.parse(row[6] ?? '[]') as (string | null)[]).map(text),
          argumentCount: number(row[7]),
          defaults: number(row[8]),
          variadic: yes(row[9]),
          hasSettings: yes(row[10]),
          returnsSet: yes(row[11]),
          returnTypeOid: number(row[12]),
          ...(row[13] == null ? {} : { defaultValues: row[13] }),
          pureExtension: yes(row[14]),
        }),
      ),
      builtinFunctions: (await query(BUILTIN_FUNCTIONS)).map((row) => text(row[0])),
      types: (await query(TYPES)).map((row) => ({
        oid: number(row[0]),
        schema: text(row[1]),
        name: text(row[2]),
        kind: text(row[3]),
        baseOid: number(row[4]),
        elementOid: number(row[5]),
        category: text(row[6]),
        hasChecks: yes(row[7]),
      })),
      schemas: (await query(SCHEMAS)).map((row) => text(row[0])),
      userOperators: (await query(OPERATORS)).map((row) => text(row[0])),
      userCastTargets: (await query(CASTS)).map((row) => number(row[0])),
      foreignKeys: (await query(FOREIGN_KEYS)).map((row) => ({
        from: number(row[0]),
        fromAttributes: numbers(row[1]),
        to: number(row[2]),
        toAttributes: numbers(row[3]),
      })),
    };
    return new Catalog(version, parts);
  } finally {
    await query('rollback');
  }
}
