// One statement from its intent in the ledger to its outcome. A class and not a closure: one is made for every statement that runs.
import type { AuditSession } from '../../../contracts/audit.ts';
import type { LedgerPort } from '../../audit/ledger-port.ts';
import type { Limits } from '../../policy/engine.ts';
import type { Execution, ExecutionEnd, Refusal } from '../gate.ts';
import { refusal } from '../refusals.ts';
import type { Plan } from './context.ts';

/** What the executions of one session share. */
export interface ExecutionParts {
  readonly ledger: LedgerPort;
  readonly audit: AuditSession;
  readonly limits: Limits;
  /** Told of the end before the outcome is recorded. */
  readonly ended: (plan: Plan, end: ExecutionEnd) => void;
}

export class StatementExecution implements Execution {
  readonly durable: Promise<Refusal | undefined> | undefined;
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly #parts: ExecutionParts;
  readonly #plan: Plan;
  readonly #intent: string;
  readonly #started: number;

  /** `started`: of `performance.now()`, before the intent was recorded. */
  constructor(parts: ExecutionParts, plan: Plan, intent: string, durable: Promise<Refusal | undefined> | undefined, started: number) {
    this.#parts = parts;
    this.#plan = plan;
    this.#intent = intent;
    this.#started = started;
    this.durable = durable;
    this.maxRows = parts.limits.rowsPerStatement;
    this.maxBytes = parts.limits.bytesPerStatement;
    this.timeoutMs = parts.limits.statementTimeoutMs;
  }

  overLimit(what: 'rows' | 'bytes' | 'time'): Refusal {
    const { rowsPerStatement, bytesPerStatement, statementTimeoutMs } = this.#parts.limits;
    switch (what) {
      case 'rows':
        return refusal('ROW_LIMIT', `the result has more than ${rowsPerStatement} rows, the limit for you; the rest was not sent`, {
          facts: { limit: rowsPerStatement },
          hint: 'add conditions, aggregate, or read it in parts with LIMIT',
        });
      case 'bytes':
        return refusal('ROW_LIMIT', `the result has more than ${bytesPerStatement} bytes, the limit for you; the rest was not sent`, {
          facts: { limit: bytesPerStatement },
          hint: 'select fewer columns or rows',
        });
      case 'time':
        return refusal('TIMEOUT', `the statement took longer than ${statementTimeoutMs} ms, the limit for you, and was cancelled`, {
          facts: { limitMs: statementTimeoutMs },
        });
    }
  }

  finish(end: ExecutionEnd): void {
    const { ledger, audit, ended } = this.#parts;
    ended(this.#plan, end);
    const { status, sqlstate, bytes } = end;
    const durationMs = Math.round((performance.now() - this.#started) * 1000) / 1000;
    const rows = end.rows > 0 ? end.rows : rowsOfTag(end.tag);
    // Members in sorted order, as the record has them.
    const outcome = sqlstate === undefined ? { bytes, durationMs, rows, status } : { bytes, durationMs, rows, sqlstate, status };
    ledger.append({ code: 'GH-S-DONE', session: audit, intent: this.#intent, outcome });
  }
}

/** The number at the end of a command tag (`UPDATE 3`, `INSERT 0 1`). */
function rowsOfTag(tag: string | undefined): number {
  return Number(/(\d+)$/u.exec(tag ?? '')?.[1] ?? 0);
}
