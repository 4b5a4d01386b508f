// The allow-list of the server's own catalogs and views against real servers: what is on it exists, and shows no secrets,
// samples of values, or statements of others.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Subject } from '../testing/subject.ts';
import { isOwnRowColumn, isStatementHistory, readingOfSystemRelation, SYSTEM_RELATIONS } from './system-relations.ts';

const COLUMNS = `
  select n.nspname, c.relname, a.attname, format_type(a.atttypid, null)
    from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'v') and n.nspname in ('pg_catalog', 'information_schema')`;

/** What such a column may hold: values of tables, other people's statements, credentials. */
const SENSITIVE =
  /query|statement|passw|conninfo|options$|^stavalues|^stanumbers|histogram|most_common|mcv|^stxd|secret|content|^data$|file_?name|line_number|auth_method/iu;

/** Matches that were looked at. */
const REVIEWED = new Set([
  // Filtered to the own row by rewriting.
  'pg_catalog.pg_stat_activity.query',
  'pg_catalog.pg_stat_activity.query_start',
  'pg_catalog.pg_stat_activity.query_id',
  // Always stars.
  'pg_catalog.pg_roles.rolpassword',
  'pg_catalog.pg_user.passwd',
  // Storage options, attribute options.
  'pg_catalog.pg_class.reloptions',
  'pg_catalog.pg_tablespace.spcoptions',
  'pg_catalog.pg_attribute.attoptions',
  'pg_catalog.pg_index.indoption',
  // Names of columns at the other side.
  'pg_catalog.pg_attribute.attfdwoptions',
  // A definition, not a statement of a session.
  'information_schema.triggers.action_statement',
]);

describe.each([{ version: 15 as const }, { version: 18 as const }])('system relations of PostgreSQL $version', ({ version }) => {
  let subject: Subject;
  let columns: readonly { readonly schema: string; readonly relation: string; readonly column: string; readonly type: string }[];
  beforeAll(async () => {
    subject = await Subject.open(version, '');
    columns = (await subject.client.run(COLUMNS)).map(([schema, relation, column, type]) => ({
      schema: schema ?? '',
      relation: relation ?? '',
      column: column ?? '',
      type: type ?? '',
    }));
  });
  afterAll(() => subject?.[Symbol.asyncDispose]());

  test('what is allowed exists', () => {
    const existing = new Set(columns.filter(({ schema }) => schema === 'pg_catalog').map(({ relation }) => relation));
    expect([...SYSTEM_RELATIONS].filter((name) => !existing.has(name))).toEqual([]);
  });

  test('no column of an allowed relation is of a sensitive kind, but those that were reviewed', () => {
    const open = columns.filter(({ schema, relation }) => readingOfSystemRelation(schema, relation) === 'allowed');
    expect(open.length).toBeGreaterThan(500);
    const found = open
      .map(({ schema, relation, column }) => `${schema}.${relation}.${column}`)
      .filter((name) => SENSITIVE.test(name.split('.')[2] ?? ''));
    expect(found.filter((name) => !REVIEWED.has(name))).toEqual([]);
  });

  test('no allowed relation holds raw values of any type', () => {
    const raw = columns.filter(
      ({ schema, relation, type }) => readingOfSystemRelation(schema, relation) === 'allowed' && /anyarray|bytea|pg_mcv_list/u.test(type),
    );
    expect(raw.map(({ relation, column }) => `${relation}.${column}`).sort()).toEqual(['pg_attribute.attmissingval', 'pg_trigger.tgargs']);
  });

  test('relations that show values, statements of others or secrets are refused', () => {
    const refused = [
      'pg_statistic',
      'pg_stats',
      'pg_stats_ext',
      'pg_statistic_ext_data',
      'pg_authid',
      'pg_shadow',
      'pg_user_mapping',
      'pg_user_mappings',
    ];
    const more = [
      'pg_foreign_server',
      'pg_subscription',
      'pg_largeobject',
      'pg_prepared_statements',
      'pg_cursors',
      'pg_hba_file_rules',
      'pg_file_settings',
    ];
    for (const name of [...refused, ...more]) {
      expect(
        columns.some(({ relation }) => relation === name),
        name,
      ).toBe(true);
      expect(readingOfSystemRelation('pg_catalog', name), name).toBe('refused');
    }
  });
});

test('an unknown system relation is refused', () => {
  expect(readingOfSystemRelation('pg_catalog', 'pg_new_in_some_version')).toBe('refused');
  expect(readingOfSystemRelation('pg_toast', 'pg_toast_1234')).toBe('refused');
});

test('statements of others are filtered by the own process, whatever else is shown', () => {
  expect(isOwnRowColumn('pg_stat_activity', 'query')).toBe(true);
  expect(isOwnRowColumn('pg_stat_activity', 'state')).toBe(false);
  expect(isStatementHistory('pg_stat_statements')).toBe(true);
});
