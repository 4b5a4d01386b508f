// Keywords that completion offers, and those that a name must be quoted for. Source: PostgreSQL, "SQL Key Words" (reserved).

const words = (text: string): string[] => text.trim().split(/\s+/u);

export const STARTS = [
  ...words(
    'SELECT INSERT UPDATE DELETE WITH EXPLAIN CREATE ALTER DROP TRUNCATE BEGIN COMMIT ROLLBACK SAVEPOINT SET RESET SHOW GRANT REVOKE COPY MERGE VALUES TABLE CALL ANALYZE VACUUM COMMENT',
  ),
  'INSERT INTO',
  'DELETE FROM',
  'SELECT * FROM',
];

export const KEYWORDS = [
  'GROUP BY',
  'ORDER BY',
  'PARTITION BY',
  'LEFT JOIN',
  'RIGHT JOIN',
  'FULL JOIN',
  'CROSS JOIN',
  'INNER JOIN',
  'IS NULL',
  'IS NOT NULL',
  'NULLS LAST',
  'NULLS FIRST',
  'UNION ALL',
  'ON CONFLICT',
  'FOR UPDATE',
  ...words(`SELECT FROM WHERE JOIN ON USING AND OR NOT IN EXISTS BETWEEN LIKE ILIKE IS NULL TRUE FALSE CASE WHEN THEN ELSE END AS DISTINCT ALL ANY
    HAVING LIMIT OFFSET FETCH UNION INTERSECT EXCEPT WITH RECURSIVE LATERAL OVER WINDOW FILTER WITHIN ASC DESC VALUES SET RETURNING DEFAULT INTERVAL
    DATE TIMESTAMP CAST EXTRACT COALESCE NULLIF ARRAY ROW CURRENT_DATE CURRENT_TIMESTAMP CURRENT_USER`),
];

const RESERVED: ReadonlySet<string> = new Set(
  words(`all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column concurrently
    constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp current_user default
    deferrable desc distinct do else end except false fetch for foreign freeze from full grant group having ilike in initially inner
    intersect into is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order
    outer overlaps placing primary references returning right select session_user similar some symmetric system_user table tablesample then
    to trailing true union unique user using variadic verbose when where window with`),
);

/** A name as it must be written to mean itself. */
export function quoteName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/u.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
