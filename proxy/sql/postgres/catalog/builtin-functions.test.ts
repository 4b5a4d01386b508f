// The allow-list of built-in functions against what the servers really have: nothing on it may run SQL text, read what is
// named by text, act on the server, or show other sessions, on any overload.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PostgresVersion } from '../../../../test/support/postgres-server.ts';
import { Subject } from '../testing/subject.ts';
import { builtinNames, classOfBuiltin } from './builtin-functions.ts';

interface Overload {
  readonly name: string;
  readonly signature: string;
  readonly volatility: string;
  readonly kind: string;
  readonly language: string;
  readonly types: readonly string[];
  readonly argumentNames: readonly string[];
  readonly restricted: boolean;
}

const FUNCTIONS = `
  select p.proname, p.oid::regprocedure::text, p.provolatile, p.prokind, l.lanname,
         array_to_json(array(select format_type(t, null) from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]) || p.prorettype) t))::text,
         coalesce(array_to_json(p.proargnames)::text, '[]'), p.proacl is not null
    from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
   where p.pronamespace = 'pg_catalog'::regnamespace`;

const words = (text: string): string[] => text.split(' ');

/** Volatile and allowed after review: they change nothing but their session's locks, and show no values of tables. */
const VOLATILE_REVIEWED = new Set([
  // Clocks and chance.
  ...words('clock_timestamp timeofday random random_normal gen_random_uuid uuidv4 uuidv7 array_sample array_shuffle'),
  // Sequences of the own session: what it has drawn itself.
  ...words('currval lastval'),
  // Sizes and states of the server and its objects.
  ...words('pg_database_size pg_indexes_size pg_relation_size pg_table_size pg_tablespace_size pg_total_relation_size pg_is_in_recovery'),
  ...words('pg_jit_available pg_collation_actual_version pg_database_collation_actual_version pg_partition_tree pg_partition_ancestors'),
  ...words('pg_xact_status txid_status'),
]);

/** Written in SQL, so that their bodies were read. */
const SQL_REVIEWED = new Set(
  words(
    'age bit_length col_description date_part log log10 lpad obj_description overlaps pg_relation_size polygon quote_literal quote_nullable round rpad shobj_description substring timestamptz trunc ts_debug xpath xpath_exists',
  ),
);

/** Families that must never be on the list, however a version spells them. */
const DANGEROUS =
  /_to_xml|_to_xmlschema|xmlschema|^ts_stat|^ts_rewrite|^pg_read_|^pg_ls_|^pg_stat_|^lo_|^lowrite|^loread|terminate|cancel|sleep|^set_config|notify|dblink|logical|replication|^pg_create|^pg_drop|^pg_switch|walfile|backup|promote|rotate|reload|^pg_log_|import|export|hba|ident_file|^pg_show_|^pg_config|lock_status|prepared|^pg_cursor|blocking|isolation_test|mcv|control_|^pg_file|^binary_upgrade|^brin_|^gin_|^currtid|^nextval|^setval|^setseed|restore_|^pg_clear|event_trigger|nextoid|input_is_valid|input_error|statement_timeout|^pg_wal_(?!lsn_diff)|^pg_wal_replay|slot|origin|subscription|snapshot_any|shmem|memory_context|get_shmem|numa|aios|bgwriter|checkpoint/u;

/** Types that only the server's own code hands over, or that name something to be run. */
const INTERNAL = new Set([
  'internal',
  'cstring',
  'refcursor',
  'trigger',
  'event_trigger',
  'language_handler',
  'fdw_handler',
  'index_am_handler',
  'table_am_handler',
  'tsm_handler',
  'pg_ddl_command',
]);

const RISKY_ARGUMENT = /query|sql|statement|command|cursor|file|tbl|table_name|program|url|conn/iu;

describe.each<{ version: PostgresVersion }>([{ version: 15 }, { version: 18 }])(
  'built-in functions of PostgreSQL $version',
  ({ version }) => {
    let subject: Subject;
    let allowed: readonly Overload[];
    beforeAll(async () => {
      subject = await Subject.open(version, '');
      const rows = await subject.client.run(FUNCTIONS);
      const all = rows.map(
        ([name, signature, volatility, kind, language, types, names, restricted]): Overload => ({
          name: name ?? '',
          signature: signature ?? '',
          volatility: volatility ?? '',
          kind: kind ?? '',
          language: language ?? '',
          types: JSON.parse(types ?? '[]'),
          argumentNames: JSON.parse(names ?? '[]'),
          restricted: restricted === 't',
        }),
      );
      expect(all.length).toBeGreaterThan(2_500);
      allowed = all.filter(({ name }) => classOfBuiltin(name) !== 'unknown');
      expect(allowed.length).toBeGreaterThan(800);
    });
    afterAll(() => subject?.[Symbol.asyncDispose]());

    const found = (wrong: (overload: Overload) => boolean): string[] => allowed.filter(wrong).map(({ signature }) => signature);

    test('no allowed overload takes or gives what only internal code or a cursor would', () => {
      expect(found(({ types }) => types.some((type) => INTERNAL.has(type)))).toEqual([]);
    });

    test('no allowed overload names an argument that would be SQL text, a table, a cursor, a file or a connection', () => {
      expect(found(({ argumentNames }) => argumentNames.some((name) => RISKY_ARGUMENT.test(name)))).toEqual([]);
    });

    test('volatile functions are on the reviewed list', () => {
      expect(
        found(({ name, volatility }) => volatility === 'v' && !VOLATILE_REVIEWED.has(name) && classOfBuiltin(name) !== 'lock'),
      ).toEqual([]);
    });

    test('functions written in SQL are on the reviewed list', () => {
      expect(found(({ name, language }) => language === 'sql' && !SQL_REVIEWED.has(name))).toEqual([]);
    });

    test('none is of a dangerous family, a procedure, or kept from the public by the server itself', () => {
      expect(found(({ name, kind, restricted }) => DANGEROUS.test(name) || kind === 'p' || restricted)).toEqual([]);
    });

    test('aggregates are classed as such, and only window functions as window functions', () => {
      const aggregating = new Set(['aggregate', 'collecting', 'counting']);
      expect(found(({ name, kind }) => kind === 'a' && !aggregating.has(classOfBuiltin(name)))).toEqual([]);
      expect(
        found(({ name, kind }) => kind === 'f' && (aggregating.has(classOfBuiltin(name)) || classOfBuiltin(name) === 'window')),
      ).toEqual([]);
      // rank() and its like are windows by kind and hypothetical-set aggregates by another overload.
      expect(found(({ name, kind }) => kind === 'w' && !['window', 'aggregate'].includes(classOfBuiltin(name)))).toEqual([]);
    });
  },
);

test('every name on the list is one of a function or type of a supported version', async () => {
  const known = new Set<string>();
  for (const version of [15, 18] as const) {
    await using subject = await Subject.open(version, '');
    const rows = await subject.client.run(
      "select proname from pg_proc where pronamespace = 'pg_catalog'::regnamespace union select typname from pg_type where typnamespace = 'pg_catalog'::regnamespace",
    );
    for (const [name] of rows) known.add(name ?? '');
  }
  expect(builtinNames().filter((name) => !known.has(name))).toEqual([]);
});

test.each([
  'query_to_xml',
  'pg_read_file',
  'pg_sleep',
  'lo_get',
  'set_config',
  'nextval',
  'pg_stat_get_activity',
  'ts_stat',
  'pg_terminate_backend',
  'pg_input_is_valid',
  'nosuch',
])('%s is unknown, so not pure', (name) => {
  expect(classOfBuiltin(name)).toBe('unknown');
});
