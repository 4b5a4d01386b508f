// Settings that a session may change. An allow-list: anything else could break what the analysis relies on (string syntax,
// encoding, roles), widen what a statement does, or carry values. Source: design, "Masking", agreement with the server.

const FREE = new Set([
  'application_name',
  'bytea_output',
  'client_min_messages',
  'datestyle',
  'default_transaction_deferrable',
  'default_transaction_isolation',
  'default_transaction_read_only',
  'enable_bitmapscan',
  'enable_hashagg',
  'enable_hashjoin',
  'enable_indexonlyscan',
  'enable_indexscan',
  'enable_material',
  'enable_memoize',
  'enable_mergejoin',
  'enable_nestloop',
  'enable_parallel_append',
  'enable_parallel_hash',
  'enable_seqscan',
  'enable_sort',
  'enable_tidscan',
  'extra_float_digits',
  'geqo',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'intervalstyle',
  'jit',
  'lc_monetary',
  'lc_numeric',
  'lc_time',
  'lock_timeout',
  'max_parallel_workers_per_gather',
  'plan_cache_mode',
  'quote_all_identifiers',
  'random_page_cost',
  'statement_timeout',
  'synchronize_seqscans',
  'timezone',
  'transaction_isolation',
  'transaction_read_only',
  'transaction_deferrable',
  'transaction_timeout',
  'work_mem',
  'xmloption',
  'row_security',
]);

/** Settings whose only allowed value is the one that the analysis relies on. */
const PINNED: ReadonlyMap<string, readonly string[]> = new Map([
  ['client_encoding', ['utf8', 'utf-8', 'unicode']],
  ['standard_conforming_strings', ['on', 'true', '1', 'yes']],
  ['backslash_quote', ['safe_encoding', 'off']],
  ['escape_string_warning', ['on', 'off', 'true', 'false']],
]);

export const isFreeSetting = (name: string): boolean => FREE.has(name.toLowerCase());

/** May this setting be given this value? */
export function settingAllowed(name: string, values: readonly (string | undefined)[]): boolean {
  const lower = name.toLowerCase();
  if (FREE.has(lower)) return true;
  const allowed = PINNED.get(lower);
  const value = values.length === 1 ? values[0] : undefined;
  return allowed !== undefined && value !== undefined && allowed.includes(value.toLowerCase());
}

/** Resetting a pinned setting gives back the value that the session was opened with. */
export const resetAllowed = (name: string): boolean => FREE.has(name.toLowerCase()) || PINNED.has(name.toLowerCase());
