// Masks as SQL expressions over a column. They keep the column's type and, for text and the common scalar types, its nulls.
// A keyed mask never appears in SQL: `token` is a redaction here.
import type { Mask } from '../../../masking/mask.ts';
import type { CatalogColumn, CatalogType } from '../catalog/catalog.ts';

export const PLACEHOLDER = '***';

export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const OID = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  oid: 26,
  json: 114,
  float4: 700,
  float8: 701,
  money: 790,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  numeric: 1700,
  uuid: 2950,
  jsonb: 3802,
};
const TEXT = new Set([OID.text, OID.varchar, OID.bpchar, OID.name]);
const NUMBER = new Set([OID.int2, OID.int4, OID.int8, OID.numeric, OID.float4, OID.float8]);
const DATED = new Set([OID.date, OID.timestamp, OID.timestamptz]);

export interface MaskedColumn {
  readonly sql: string;
  /** Does IS NULL on the mask give the true answer? */
  readonly keepsNull: boolean;
}

/** What a redacted value of the type looks like, as a literal without its cast; undefined where only NULL fits. */
function placeholder(typeOid: number, category: string): string | undefined {
  if (TEXT.has(typeOid)) return `'${PLACEHOLDER}'`;
  if (NUMBER.has(typeOid)) return '0';
  if (DATED.has(typeOid)) return "'1970-01-01'";
  if (typeOid === OID.bool) return 'false';
  if (typeOid === OID.uuid) return "'00000000-0000-0000-0000-000000000000'";
  if (typeOid === OID.bytea) return "'\\x'";
  if (typeOid === OID.json || typeOid === OID.jsonb) return `'"${PLACEHOLDER}"'`;
  if (category === 'A') return "'{}'";
  return undefined;
}

/**
 * The mask of one column. `type` is the column's type, `base` the type under a domain. `reference` is the quoted column.
 * Only functions and operators qualified with pg_catalog are used: the session's search_path must not matter.
 */
export function maskColumn(
  mask: Mask,
  column: CatalogColumn,
  base: CatalogType,
  reference: string,
  domainHasChecks: boolean,
): MaskedColumn {
  const cast = (sql: string): string => `(${sql})::${column.typeText}`;
  // CASE gives the type under a domain.
  const typed = (sql: string): string => (base.oid === column.typeOid ? sql : cast(sql));
  const nothing: MaskedColumn = { sql: `null::${column.typeText}`, keepsNull: false };
  if (mask.kind === 'null' || domainHasChecks) return nothing;
  const keepNull = (sql: string): MaskedColumn => ({
    sql: column.notNull ? cast(sql) : typed(`case when ${reference} is null then null else ${cast(sql)} end`),
    keepsNull: true,
  });
  const text = `${reference}::pg_catalog.text`;
  const isText = TEXT.has(base.oid);
  if (mask.kind === 'partial' && (isText || NUMBER.has(base.oid))) {
    // Numbers keep their type: the kept digits alone would be a different number, so they are redacted.
    if (isText) {
      const kept = mask.first + mask.last;
      const parts = `pg_catalog.concat(pg_catalog.left(${text}, ${mask.first}), '${PLACEHOLDER}', pg_catalog."right"(${text}, ${mask.last}))`;
      return keepNull(
        `case when pg_catalog.length(${text}) operator(pg_catalog.>=) ${kept * 2 + 1} then ${parts} else '${PLACEHOLDER}' end`,
      );
    }
  }
  if (mask.kind === 'email' && isText) {
    if (!mask.keepDomain) return keepNull(`'${PLACEHOLDER}@${PLACEHOLDER}'`);
    return keepNull(
      `case when pg_catalog.strpos(${text}, '@') operator(pg_catalog.>) 0 then pg_catalog.concat('${PLACEHOLDER}@', pg_catalog.split_part(${text}, '@', 2)) else '${PLACEHOLDER}' end`,
    );
  }
  if (mask.kind === 'date-trunc' && DATED.has(base.oid)) return keepNull(`pg_catalog.date_trunc('${mask.unit}', ${reference})`);
  if (mask.kind === 'bucket' && NUMBER.has(base.oid)) {
    const size = String(mask.size);
    return keepNull(`pg_catalog.floor(${reference}::pg_catalog.numeric operator(pg_catalog./) ${size}) operator(pg_catalog.*) ${size}`);
  }
  const literal = placeholder(base.oid, base.category);
  return literal === undefined ? nothing : keepNull(literal);
}

/** Could this text be something that a mask shows? Such a value must not be written into the column it came from. */
export function looksMasked(value: string): boolean {
  return value.includes(PLACEHOLDER);
}
