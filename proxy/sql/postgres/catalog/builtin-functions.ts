// Built-in functions (pg_catalog) by what they can do, for PostgreSQL 13 to 18. An allow-list: a name that is not here is
// `unknown` and therefore not pure. Left out on purpose: whatever takes SQL text, a table, a cursor or a file by name
// (query_to_xml, table_to_xml, ts_stat, ts_rewrite, pg_read_file, lo_*, …), whatever acts on the server or on other
// sessions (pg_terminate_backend, pg_sleep, set_config, …), functions that show other people's statements,
// and those that take a type's name as text (pg_input_is_valid, …), because the type may run a user's check.

export type FunctionClass = 'pure' | 'aggregate' | 'counting' | 'collecting' | 'window' | 'lock' | 'unknown';

const words = (text: string): string[] => text.trim().split(/\s+/u);

const PURE = words(`
  abs acos acosd acosh age aclexplode acldefault area array_append array_cat array_dims array_fill array_length array_lower array_ndims
  array_position array_positions array_prepend array_remove array_replace array_reverse array_sample array_shuffle array_sort
  array_to_json array_to_string array_to_tsvector array_upper ascii asin asind asinh atan atan2 atan2d atand atanh bit_count bit_length
  bool bound_box box bpchar broadcast btrim cardinality casefold cbrt ceil ceiling center char char_length character_length chr circle
  clock_timestamp col_description concat concat_ws convert convert_from convert_to cos cosd cosh cot cotd crc32 crc32c current_database
  current_schema current_schemas current_setting current_user currval date date_add date_bin date_part date_subtract date_trunc decode
  degrees diagonal diameter div encode enum_first enum_last enum_range erf erfc exp extract factorial family float4 float8 floor format
  format_type gamma gcd gen_random_uuid generate_series generate_subscripts get_bit get_byte get_current_ts_config getdatabaseencoding
  getpgusername has_any_column_privilege has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege
  has_function_privilege has_language_privilege has_parameter_privilege has_schema_privilege has_sequence_privilege has_server_privilege
  has_table_privilege has_tablespace_privilege has_type_privilege height host hostmask inet_client_addr inet_client_port inet_merge
  inet_same_family inet_server_addr inet_server_port initcap int2 int4 int8 interval is_normalized isclosed isempty isfinite isopen json
  json_array_element json_array_element_text json_array_elements json_array_elements_text json_array_length json_build_array
  json_build_object json_each json_each_text json_extract_path json_extract_path_text json_object json_object_field
  json_object_field_text json_object_keys json_populate_record json_populate_recordset json_strip_nulls json_to_record json_to_recordset
  json_to_tsvector json_typeof jsonb jsonb_array_element jsonb_array_element_text jsonb_array_elements jsonb_array_elements_text
  jsonb_array_length jsonb_build_array jsonb_build_object jsonb_contains jsonb_each jsonb_each_text jsonb_exists jsonb_exists_all
  jsonb_exists_any jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_field jsonb_object_field_text
  jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz jsonb_path_query jsonb_path_query_array
  jsonb_path_query_array_tz jsonb_path_query_first jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record
  jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_to_tsvector
  jsonb_typeof justify_days justify_hours justify_interval lastval lcm left length lgamma like line ln log log10 lower lower_inc
  lower_inf lpad lseg ltrim macaddr8_set7bit make_date make_interval make_time make_timestamp make_timestamptz masklen md5 min_scale mod
  multirange name netmask network normalize notlike now npoints num_nonnulls num_nulls numeric numnode nummultirange numrange int4range
  int8range tsrange tstzrange daterange int4multirange int8multirange tsmultirange tstzmultirange datemultirange obj_description
  octet_length oid overlaps overlay parse_ident path pclose phraseto_tsquery pi plainto_tsquery point polygon popen position pow power
  pg_backend_pid pg_char_to_encoding pg_client_encoding pg_collation_actual_version pg_collation_for pg_collation_is_visible
  pg_column_compression pg_column_is_updatable pg_column_size pg_conf_load_time pg_conversion_is_visible pg_current_snapshot
  pg_current_xact_id pg_current_xact_id_if_assigned pg_database_collation_actual_version pg_database_size pg_describe_object
  pg_encoding_max_length pg_encoding_to_char pg_function_is_visible pg_get_constraintdef pg_get_expr pg_get_function_arg_default
  pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result pg_get_function_sqlbody pg_get_functiondef
  pg_get_indexdef pg_get_keywords pg_get_object_address pg_get_partition_constraintdef pg_get_partkeydef pg_get_replica_identity_index
  pg_get_ruledef pg_get_serial_sequence pg_get_statisticsobjdef pg_get_statisticsobjdef_columns pg_get_statisticsobjdef_expressions
  pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_has_role pg_identify_object pg_identify_object_as_address
  pg_index_column_has_property pg_index_has_property pg_indexam_has_property pg_indexes_size pg_is_in_recovery pg_is_other_temp_schema
  pg_jit_available pg_listening_channels pg_lsn pg_my_temp_schema pg_opclass_is_visible pg_operator_is_visible pg_opfamily_is_visible
  pg_partition_ancestors pg_partition_root pg_partition_tree pg_postmaster_start_time pg_relation_filenode pg_relation_is_publishable
  pg_relation_is_updatable pg_relation_size pg_sequence_parameters pg_settings_get_flags pg_size_bytes pg_size_pretty pg_snapshot_xip
  pg_snapshot_xmax pg_snapshot_xmin pg_statistics_obj_is_visible pg_table_is_visible pg_table_size pg_tablespace_location
  pg_tablespace_size pg_timezone_abbrevs pg_timezone_names pg_total_relation_size pg_trigger_depth pg_ts_config_is_visible
  pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible pg_typeof pg_visible_in_snapshot
  pg_wal_lsn_diff pg_xact_status querytree quote_ident quote_literal quote_nullable radians radius random random_normal range_merge
  regclass regcollation regconfig regdictionary regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace
  regexp_split_to_array regexp_split_to_table regexp_substr regnamespace regoper regoperator regproc regprocedure regrole regtype repeat
  replace reverse right round row_security_active row_to_json rpad rtrim scale session_user set_bit set_byte set_masklen setweight
  sha224 sha256 sha384 sha512 shobj_description sign similar_to_escape sin sind sinh slope split_part sqrt starts_with
  statement_timestamp string_to_array string_to_table strip strpos substr substring system_user tan tand tanh text time timeofday
  timestamp timestamptz timetz timezone to_ascii to_bin to_char to_date to_hex to_json to_jsonb to_number to_oct to_regclass
  to_regcollation to_regnamespace to_regoper to_regoperator to_regproc to_regprocedure to_regrole to_regtype to_regtypemod to_timestamp
  to_tsquery to_tsvector transaction_timestamp translate trim_array trim_scale trunc ts_debug ts_delete ts_filter ts_headline ts_lexize
  ts_parse ts_rank ts_rank_cd ts_token_type tsquery_phrase tsvector_to_array txid_current txid_current_if_assigned txid_current_snapshot
  txid_snapshot_xip txid_snapshot_xmax txid_snapshot_xmin txid_status unicode_assigned unicode_version icu_unicode_version unistr unnest
  upper upper_inc upper_inf uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7 varbit varchar version websearch_to_tsquery width
  width_bucket xml xml_is_well_formed xml_is_well_formed_content xml_is_well_formed_document xmlcomment xmlexists xmltext xmlvalidate
  xpath xpath_exists
`);

/** Aggregates whose answer lets an observer infer values. */
const AGGREGATE = words(`
  any_value avg bit_and bit_or bit_xor bool_and bool_or corr covar_pop covar_samp cume_dist dense_rank every max min mode percent_rank
  percentile_cont percentile_disc range_agg range_intersect_agg rank regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope
  regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp sum var_pop var_samp variance
`);

/** Aggregates that only put values together. */
const COLLECTING = words(`
  array_agg json_agg json_agg_strict json_object_agg json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict
  jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict
  string_agg xmlagg
`);

const WINDOW = words('first_value lag last_value lead nth_value ntile row_number');

const LOCK = words(`
  pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared pg_advisory_xact_lock
  pg_advisory_xact_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared pg_try_advisory_xact_lock
  pg_try_advisory_xact_lock_shared
`);

const CLASSES = new Map<string, FunctionClass>([
  ...PURE.map((name) => [name, 'pure'] as const),
  ...AGGREGATE.map((name) => [name, 'aggregate'] as const),
  ...COLLECTING.map((name) => [name, 'collecting'] as const),
  ...WINDOW.map((name) => [name, 'window'] as const),
  ...LOCK.map((name) => [name, 'lock'] as const),
  ['count', 'counting'],
]);

/** The class of a built-in function; `unknown` for any name outside the list. */
export const classOfBuiltin = (name: string): FunctionClass => CLASSES.get(name) ?? 'unknown';

/** All names of the list, for tests against real servers. */
export const builtinNames = (): readonly string[] => [...CLASSES.keys()];
