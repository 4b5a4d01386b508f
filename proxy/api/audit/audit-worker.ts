// The thread that searches and verifies the ledger: one question after the other over a read-only view.
import { parentPort, workerData } from 'node:worker_threads';
import type { Results } from '../../../contracts/ui.ts';
import { canonical } from '../../audit/canonical.ts';
import { LedgerReader } from '../../audit/search.ts';
import { describeFinding, verifyLedger } from '../../audit/verify.ts';
import { GatehouseError } from '../../errors.ts';
import { auditEntry } from './audit-entry.ts';

export type AuditAsk =
  | {
      readonly kind: 'search';
      readonly params: {
        readonly principal?: string | undefined;
        readonly relation?: string | undefined;
        readonly verdict?: 'allow' | 'hold' | 'deny' | undefined;
        readonly text?: string | undefined;
        readonly since?: string | undefined;
        readonly before?: number | undefined;
        readonly limit: number;
      };
    }
  | { readonly kind: 'record'; readonly seq: number }
  | { readonly kind: 'verify' };

export type AuditAnswer = { readonly ok: unknown } | { readonly error: { readonly code: string; readonly message: string } };

const folder = String(workerData);
/** How far behind a statement its end is looked for. */
const MAX_DISTANCE = 200_000;

function search(params: Extract<AuditAsk, { kind: 'search' }>['params']): Results['audit.search'] {
  using reader = new LedgerReader(folder);
  const { principal, relation, verdict, text, since, before, limit } = params;
  const records = reader.find(
    {
      without: ['GH-S-DONE'],
      ...(filled(principal) === undefined ? {} : { principal: principal ?? '' }),
      ...(filled(relation) === undefined ? {} : { relation: relation ?? '' }),
      ...(verdict === undefined ? {} : { verdict }),
      ...(filled(text) === undefined ? {} : { text: text ?? '' }),
      ...(filled(since) === undefined ? {} : { since: since ?? '' }),
      ...(before === undefined ? {} : { beforeSeq: before }),
    },
    limit + 1,
  );
  const entries = records
    .slice(0, limit)
    .map((record) => auditEntry(record, record.outcome ?? (record.judgement === undefined ? undefined : reader.outcomeOf(record.id))));
  return { entries, more: records.length > limit };
}

const filled = (text: string | undefined): string | undefined => (text === undefined || text.trim() === '' ? undefined : text);

function record(seq: number): Results['audit.record'] {
  using reader = new LedgerReader(folder);
  const [found] = reader.find({ afterSeq: seq - 1, beforeSeq: seq + 1 }, 1);
  if (found === undefined) throw new GatehouseError('NO_RECORD', `the ledger has no record ${seq}`);
  const outcome = found.judgement === undefined ? undefined : reader.outcomeOf(found.id);
  const records = [canonical(found)];
  if (outcome !== undefined && found.session !== undefined) {
    const near = { session: found.session.session, code: 'GH-S-DONE', afterSeq: seq, beforeSeq: seq + MAX_DISTANCE };
    for (const other of reader.search(near, 'oldest-first')) {
      if (other.intent !== found.id) continue;
      records.push(canonical(other));
      break;
    }
  }
  return { entry: auditEntry(found, outcome), records };
}

function verify(): Results['audit.verify'] {
  const result = verifyLedger(folder);
  if (result.kind === 'clean') {
    return {
      ok: true,
      message: `${result.records} records and ${result.checkpoints} signed checkpoints are whole and in order`,
      records: result.records,
    };
  }
  const [first] = result.findings;
  const more = result.total > 1 ? ` (and ${result.total - 1} more)` : '';
  return { ok: false, message: `${first === undefined ? 'the ledger is broken' : describeFinding(first)}${more}`, records: result.records };
}

function answer(ask: AuditAsk): AuditAnswer {
  try {
    switch (ask.kind) {
      case 'search':
        return { ok: search(ask.params) };
      case 'record':
        return { ok: record(ask.seq) };
      case 'verify':
        return { ok: verify() };
    }
  } catch (error) {
    if (error instanceof GatehouseError) return { error: { code: error.code, message: error.message } };
    return { error: { code: 'AUDIT_UNAVAILABLE', message: 'the ledger can not be read' } };
  }
}

parentPort?.on('message', ({ id, ask }: { id: number; ask: AuditAsk }) => parentPort?.postMessage({ id, answer: answer(ask) }));
