// What the door remembers of a session: prepared statements, portals and running statements.
// Source: PostgreSQL, "Extended Query Overview"; the port in checkpoint/gate.ts.
import type { Execution, ExecutionEnd, Judgement, Refusal, StatementPlan } from '../../checkpoint/gate.ts';

/** From a statement's intent to its outcome. */
export class Running {
  readonly plan: StatementPlan;
  readonly execution: Execution;
  rows = 0;
  bytes = 0;
  /** The result's columns were checked (simple protocol; a prepared statement keeps that itself). */
  columnsSeen = false;
  /** The server has asked for COPY data. */
  copyIn = false;
  /** Set when the stream was cut: the client is told this in place of the statement's end. */
  cut: Refusal | undefined;
  ended = false;

  constructor(plan: StatementPlan, execution: Execution) {
    this.plan = plan;
    this.execution = execution;
  }

  /** Invariant: `Execution.finish` is called exactly once, whatever happens first. */
  finish(status: ExecutionEnd['status'], sqlstate?: string, tag?: string): void {
    if (this.ended) return;
    this.ended = true;
    const { rows, bytes } = this;
    this.execution.finish({ status, rows, bytes, ...(sqlstate === undefined ? {} : { sqlstate }), ...(tag === undefined ? {} : { tag }) });
  }
}

/** All statements of one simple Query, in order. */
export class QueryRun {
  readonly statements: readonly Running[];
  index = 0;

  constructor(statements: readonly Running[]) {
    this.statements = statements;
  }

  get current(): Running | undefined {
    return this.statements[this.index];
  }
}

export interface ForwardJudgement {
  readonly text: Uint8Array;
  readonly statements: readonly StatementPlan[];
}

export class PreparedStatement {
  /** As the client sent it. */
  readonly original: Uint8Array;
  /** What went to the database. */
  readonly text: Uint8Array;
  judgement: Judgement;
  plan: StatementPlan | undefined;
  readonly rewritten: boolean;
  /** The server has accepted it. */
  confirmed = false;
  /** Number of the Sync that ends the messages among which it was parsed. */
  readonly epoch: number;
  /** The session's tick at which the judgement was last known to hold. */
  checkedAt = -1;
  /** `asked`: a Describe is on its way ahead of what comes next; `seen`: its columns were checked. */
  described: 'no' | 'asked' | 'seen' = 'no';

  constructor(original: Uint8Array, judgement: Judgement, forward: ForwardJudgement, rewritten: boolean, epoch: number) {
    this.original = original;
    this.text = forward.text;
    this.judgement = judgement;
    this.plan = forward.statements[0];
    this.rewritten = rewritten;
    this.epoch = epoch;
  }
}

export class Portal {
  readonly statement: PreparedStatement;
  /** The server has made it. */
  confirmed = false;
  /** Its name means nothing any more, though answers to it may still come. */
  dropped = false;
  /** Number of the Sync that ends the messages among which it was bound. */
  readonly epoch: number;
  /** The session's tick at which the judgement was last checked. */
  checkedAt: number;
  /** From its first Execute on. */
  running: Running | undefined;
  /** The Bind message, as far as it is kept for the ledger. */
  bind: Buffer | undefined;
  /** What of the session may have closed or replaced portals by SQL when this one was bound. */
  readonly cursorEpoch: number;

  constructor(statement: PreparedStatement, epoch: number, checkedAt: number, cursorEpoch: number) {
    this.statement = statement;
    this.epoch = epoch;
    this.checkedAt = checkedAt;
    this.cursorEpoch = cursorEpoch;
  }
}
