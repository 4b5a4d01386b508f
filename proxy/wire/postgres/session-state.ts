// All state of one session that both directions share, in one place; README.md has the table. The flows change it, session.ts
// wires it to streams.
import type { GateSession, Refusal, StatementPlan } from '../../checkpoint/gate.ts';
import type { Outbox } from './outbox.ts';
import { EXPECT, Pipeline } from './pipeline.ts';
import type { Expected } from './pipeline.ts';
import { Portal, PreparedStatement } from './statements.ts';

export interface SessionLimits {
  /** Bytes of one Query or Parse text that are gathered to be judged; more is refused. */
  readonly maxTextBytes: number;
  /** Messages sent on and not yet answered; beyond, the client waits. */
  readonly maxPipeline: number;
  /** Prepared statements with a name. */
  readonly maxStatements: number;
}

export const DEFAULT_LIMITS: SessionLimits = { maxTextBytes: 4 * 1024 * 1024, maxPipeline: 8192, maxStatements: 20_000 };

/** What the flows may ask of the session that owns the streams. */
export interface SessionControl {
  /** Sends a FATAL error, ends both sides. */
  end(refusal: Refusal): void;
  /** Asks the database to cancel what runs. */
  cancel(): void;
  /** The client said goodbye. */
  terminate(): void;
  /** Runs `step` as if the client had sent something: faults end the session, what was gathered is written. */
  run(step: () => void): void;
  /** An error in our own code: the session ends. */
  fault(error: unknown): void;
}

/** Statements that neither end a transaction nor drop names, so that portals and prepared statements stay what they were. */
const KEEPS_NAMES = new Set([
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'MERGE',
  'SET',
  'SHOW',
  'EXPLAIN',
  'FETCH',
  'MOVE',
  'COPY',
  'BEGIN',
  'START TRANSACTION',
  'SAVEPOINT',
  'DECLARE',
  'DECLARE CURSOR',
]);
/** Statements at which deferred constraints and triggers of earlier statements speak. */
const DEFERRED = new Set(['COMMIT', 'SET CONSTRAINTS', 'PREPARE TRANSACTION']);

export class SessionState {
  readonly gate: GateSession;
  readonly limits: SessionLimits;
  readonly toClient: Outbox;
  readonly toServer: Outbox;
  readonly pipeline = new Pipeline();
  readonly statements = new Map<string, PreparedStatement>();
  readonly portals = new Map<string, Portal>();
  /** The server will skip all up to the next Sync: so do we. */
  skipping = false;
  /** The client was told that its statement failed though the server went on: it hears nothing until ReadyForQuery. */
  suppressing = false;
  /** The server reads COPY data. */
  copyIn = false;
  /** Syncs and Queries sent on so far. */
  epoch = 0;
  /** Grows whenever something may have changed what a judgement relies on. */
  tick = 0;
  cursorEpoch = 0;
  /** A statement whose errors are cleaned ran in this transaction. */
  cleanTransaction = false;
  #namesDropped = false;
  /** A cancel is on its way: what is sent now could be hit by it. */
  cancelling: Promise<void> | undefined;
  /** The client has said goodbye: what it sends after that is not read. */
  terminated = false;
  ended = false;

  constructor(gate: GateSession, limits: SessionLimits, toClient: Outbox, toServer: Outbox) {
    this.gate = gate;
    this.limits = limits;
    this.toClient = toClient;
    this.toServer = toServer;
  }

  /** Are this plan's errors to be cleaned? Called when it is sent on. */
  cleans(plan: StatementPlan | undefined): boolean {
    if (plan === undefined) return false;
    if (plan.cleanErrors) {
      this.cleanTransaction = true;
      return true;
    }
    return this.cleanTransaction && DEFERRED.has(plan.kind);
  }

  /**
   * SQL shares the namespaces of the protocol: after `DEALLOCATE a; PREPARE a AS …` the name means another statement than ours,
   * after `CLOSE c; DECLARE c …` another portal. Names that may have changed their meaning are forgotten; using one is refused.
   */
  noteNames(plan: StatementPlan): void {
    const kind = plan.kind;
    if (kind.startsWith('DECLARE')) {
      for (const [name, portal] of this.portals) if (name !== '' && portal.cursorEpoch !== this.cursorEpoch) this.dropPortal(name, 'ok');
      for (const entry of this.pipeline.entries())
        if (entry.previous instanceof Portal && entry.kind === EXPECT.close) entry.previous = undefined;
    } else if (kind.startsWith('PREPARE') && kind !== 'PREPARE TRANSACTION') {
      if (!this.#namesDropped) return;
      this.statements.clear();
      for (const entry of this.pipeline.entries()) if (entry.previous instanceof PreparedStatement) entry.previous = undefined;
    } else if (!KEEPS_NAMES.has(kind)) {
      this.cursorEpoch++;
      if (/^(DEALLOCATE|DISCARD|CALL|DO)\b/.test(kind)) this.#namesDropped = true;
    }
  }

  /** A simple Query drops the unnamed statement and portal before anything else. */
  dropUnnamed(): void {
    if (this.statements.size > 0) this.statements.delete('');
    if (this.portals.size > 0) this.dropPortal('', 'ok');
  }

  dropPortal(name: string, status: 'ok' | 'cancelled'): void {
    const portal = this.portals.get(name);
    if (portal === undefined) return;
    this.portals.delete(name);
    portal.dropped = true;
    this.finishSuspended(portal, status);
  }

  /** A portal that is gone ends its statement, unless a response for it is still to come. */
  finishSuspended(portal: Portal, status: 'ok' | 'cancelled'): void {
    const running = portal.running;
    if (running === undefined || running.ended) return;
    for (const entry of this.pipeline.entries()) if (entry.kind === EXPECT.execute && entry.portal === portal) return;
    running.finish(status);
  }

  /** Takes back what a message changed that the server has skipped or failed. */
  undo(entry: Expected, failed: boolean): void {
    switch (entry.kind) {
      case EXPECT.parse:
        // A failing unnamed Parse has dropped the unnamed statement before it failed.
        this.#restore(entry, failed && entry.name === '' ? undefined : entry.previous);
        break;
      case EXPECT.bind:
      case EXPECT.close:
        this.#restore(entry, entry.previous);
        break;
      case EXPECT.describe:
        if (entry.statement?.described === 'asked') entry.statement.described = 'no';
        break;
      case EXPECT.execute:
        entry.portal?.running?.finish('cancelled');
        break;
      case EXPECT.query:
        for (const running of entry.run?.statements ?? []) running.finish('cancelled');
        break;
      default:
    }
  }

  #restore(entry: Expected, value: PreparedStatement | Portal | undefined): void {
    const later = this.pipeline.laterChange(entry);
    if (later !== undefined) {
      later.previous = value;
      return;
    }
    if (entry.kind === EXPECT.bind || (entry.kind === EXPECT.close && entry.ofPortal)) {
      if (value instanceof Portal) this.portals.set(entry.name, value);
      else this.portals.delete(entry.name);
    } else if (value instanceof PreparedStatement) this.statements.set(entry.name, value);
    else this.statements.delete(entry.name);
  }
}
