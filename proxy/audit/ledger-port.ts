// What the checkpoint and identity need from the ledger. `ledger.ts` implements it over SQLite in a worker thread.
import type { AuditCode, AuditJudgement, AuditOutcome, AuditSession } from '../../contracts/audit.ts';

/** An event before the ledger gives it an id, a place in the chain and a time. */
export interface AuditEvent {
  readonly code: AuditCode;
  readonly session?: AuditSession;
  readonly judgement?: AuditJudgement;
  readonly intent?: string;
  readonly outcome?: AuditOutcome;
  readonly parameters?: readonly string[];
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

/** `failed`: the store can't be written; `strict` then refuses every statement, `reads` all but reads. */
export type LedgerState = { readonly kind: 'ok' } | { readonly kind: 'failed'; readonly reason: string };

export interface LedgerPort {
  readonly state: LedgerState;
  /** So much is queued that whoever appends should wait for its record (`appendDurable`) instead of adding to it. */
  readonly busy: boolean;
  /** Queues an event; durable at most one commit interval later. Returns its id (UUIDv7). Never throws. */
  append(event: AuditEvent): string;
  /** Resolves once the event (and all before it) is on disk; rejects with a GatehouseError `AUDIT_UNAVAILABLE`. */
  appendDurable(event: AuditEvent): { readonly id: string; readonly durable: Promise<void> };
}
