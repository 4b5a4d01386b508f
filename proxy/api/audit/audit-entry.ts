// A record of the ledger as one line of the window's lists. Pure.
import { AUDIT_CODES, type AuditOutcome, type AuditRecord } from '../../../contracts/audit.ts';
import type { AuditEntry } from '../../../contracts/ui.ts';

const MAX_STATEMENT = 2_000;
const MAX_SUMMARY = 300;

export function auditEntry(record: AuditRecord, outcome: AuditOutcome | undefined = record.outcome): AuditEntry {
  const { session, judgement } = record;
  const principal = session?.principal;
  const statement = judgement?.statement.text.slice(0, MAX_STATEMENT);
  return {
    seq: record.seq,
    id: record.id,
    time: record.time,
    code: record.code,
    ...(principal === undefined ? {} : { principal: principal.name, kind: principal.kind }),
    ...(principal?.owner === undefined ? {} : { owner: principal.owner }),
    ...(session === undefined ? {} : { door: session.door, connection: session.connection }),
    ...(judgement === undefined ? {} : { verdict: judgement.decision.verdict }),
    ...(judgement?.decision.code === undefined ? {} : { refusal: judgement.decision.code }),
    ...(statement === undefined ? {} : { statement }),
    ...(outcome?.rows === undefined ? {} : { rows: outcome.rows }),
    ...(outcome?.durationMs === undefined ? {} : { durationMs: outcome.durationMs }),
    ...(outcome === undefined ? {} : { status: outcome.status }),
    summary: summaryOf(record, statement),
  };
}

function summaryOf(record: AuditRecord, statement: string | undefined): string {
  if (statement !== undefined) return statement.replace(/\s+/gu, ' ').trim().slice(0, MAX_SUMMARY);
  const facts = Object.entries(record.facts ?? {}).map(([name, value]) => `${name} ${String(value)}`);
  const what = AUDIT_CODES[record.code];
  return (facts.length === 0 ? what : `${what}: ${facts.join(', ')}`).slice(0, MAX_SUMMARY);
}
