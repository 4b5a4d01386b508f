// Hands the ledger on: whole records as NDJSON, or a summary as CSV. Line by line, so a ledger of any size goes through.
// Source: design, "Audit: the ledger"; NDJSON lines are canonical JSON (RFC 8785), CSV is RFC 4180.
import type { AuditRecord } from '../../contracts/audit.ts';
import { canonical } from './canonical.ts';

/** Each record with its hash: with the preceding hash, everything that verifying needs. */
export function ndjsonLine(record: AuditRecord): string {
  return `${canonical(record)}\n`;
}

const COLUMNS: readonly (readonly [string, (record: AuditRecord) => string | number | undefined])[] = [
  ['seq', (r) => r.seq],
  ['time', (r) => r.time],
  ['code', (r) => r.code],
  ['id', (r) => r.id],
  ['intent', (r) => r.intent],
  ['principal', (r) => r.session?.principal.name],
  ['kind', (r) => r.session?.principal.kind],
  ['owner', (r) => r.session?.principal.owner],
  ['door', (r) => r.session?.door],
  ['application', (r) => r.session?.client.applicationName],
  ['connection', (r) => r.session?.connection],
  ['database', (r) => r.session?.database],
  ['environment', (r) => r.session?.environment],
  ['session', (r) => r.session?.session],
  ['verdict', (r) => r.judgement?.decision.verdict],
  ['refusal', (r) => r.judgement?.decision.code],
  ['policies', (r) => r.judgement?.decision.policies.join(' ')],
  ['justification', (r) => r.judgement?.decision.justification],
  ['relations', (r) => r.judgement?.relations.join(' ')],
  ['columns masked', (r) => r.judgement?.columnsMasked.join(' ')],
  ['statement', (r) => r.judgement?.statement.text],
  ['status', (r) => r.outcome?.status],
  ['sqlstate', (r) => r.outcome?.sqlstate],
  ['rows', (r) => r.outcome?.rows],
  ['bytes', (r) => r.outcome?.bytes],
  ['ms', (r) => r.outcome?.durationMs],
  ['facts', (r) => (r.facts === undefined ? undefined : canonical(r.facts))],
  ['hash', (r) => r.hash],
];

export const CSV_HEADER = `${COLUMNS.map(([name]) => name).join(',')}\r\n`;

export function csvLine(record: AuditRecord): string {
  return `${COLUMNS.map(([, value]) => cell(value(record))).join(',')}\r\n`;
}

function cell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  // A client chooses the statement: a spreadsheet must not take it for a formula.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
