// Which of the server's own catalogs and views a statement may read. An allow-list: what is not here may show values
// (statistics, large objects), other people's statements, or secrets, and is refused. Source: design, "Masking", 7.

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/u));

/** Relations of pg_catalog that may be read. */
export const SYSTEM_RELATIONS = words(`
  pg_aggregate pg_am pg_amop pg_amproc pg_attrdef pg_attribute pg_auth_members pg_available_extension_versions pg_available_extensions
  pg_cast pg_class pg_collation pg_constraint pg_conversion pg_database pg_db_role_setting pg_default_acl pg_depend pg_description
  pg_enum pg_event_trigger pg_extension pg_group pg_index pg_indexes pg_inherits pg_init_privs
  pg_language pg_locks pg_matviews pg_namespace pg_opclass pg_operator pg_opfamily pg_parameter_acl pg_partitioned_table pg_policies
  pg_policy pg_proc pg_publication pg_publication_namespace pg_publication_rel pg_publication_tables pg_range pg_rewrite pg_roles
  pg_rules pg_seclabel pg_seclabels pg_sequence pg_settings pg_shdepend pg_shdescription pg_stat_all_indexes pg_stat_all_tables
  pg_stat_database pg_stat_progress_analyze pg_stat_progress_vacuum pg_stat_sys_indexes pg_stat_sys_tables pg_stat_user_functions
  pg_stat_user_indexes pg_stat_user_tables pg_statio_all_indexes pg_statio_all_tables pg_statio_user_indexes pg_statio_user_tables
  pg_statistic_ext pg_tables pg_tablespace pg_timezone_abbrevs pg_timezone_names pg_transform pg_trigger pg_ts_config pg_ts_config_map
  pg_ts_dict pg_ts_parser pg_ts_template pg_type pg_views pg_stat_activity pg_user
`);

const INFORMATION_SCHEMA_REFUSED = words(
  'foreign_data_wrapper_options foreign_server_options foreign_table_options user_mapping_options column_options _pg_user_mappings _pg_foreign_servers _pg_foreign_tables _pg_foreign_data_wrappers _pg_foreign_table_columns',
);

/** Extension views that show other people's statements, whatever schema they were installed in. */
const STATEMENT_HISTORY = words('pg_stat_statements pg_stat_statements_info pg_stat_monitor pg_qualstats pg_store_plans pg_buffercache');

/** Columns of allowed catalogs that are shown only for the session's own row, or never. */
const OWN_ROW: ReadonlyMap<string, ReadonlySet<string>> = new Map([['pg_stat_activity', words('query')]]);

export type SystemReading = 'allowed' | 'refused';

export function readingOfSystemRelation(schema: string, name: string): SystemReading {
  if (schema === 'pg_catalog') return SYSTEM_RELATIONS.has(name) ? 'allowed' : 'refused';
  if (schema === 'information_schema') return INFORMATION_SCHEMA_REFUSED.has(name) ? 'refused' : 'allowed';
  return 'refused';
}

/** A relation outside the system schemas that shows other people's statements. */
export const isStatementHistory = (name: string): boolean => STATEMENT_HISTORY.has(name);

/** Must this catalog column be replaced by `case when pid = pg_backend_pid() …`? */
export const isOwnRowColumn = (relation: string, column: string): boolean => OWN_ROW.get(relation)?.has(column) === true;
