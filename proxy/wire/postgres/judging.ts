// The way of one message through the gate: judged or checked again, its intents recorded. An answer may be there at once or later;
// a message that waits is looked at again from its beginning, and what it already has is kept here until it is done.
import type { Judgement, Refusal, StatementPlan } from '../../checkpoint/gate.ts';
import { bindParameters } from './bind-parameters.ts';
import * as refusals from './refusals.ts';
import type { SessionControl, SessionState } from './session-state.ts';
import { type Portal, type PreparedStatement, Running } from './statements.ts';

/**
 * What the client's side waits for before it goes on: the gate's answer; that all barriers have completed; that all earlier segments
 * (up to a Sync or Query) are answered; room in the pipeline; that a cancel was taken.
 */
export type Waiting = 'no' | 'gate' | 'barriers' | 'segments' | 'room' | 'cancel';

/** The message at hand can't be decided yet (or the session has ended). */
export const WAIT = Symbol('wait');

export interface Waits {
  /** Waits for something of the session. */
  until(what: Exclude<Waiting, 'no' | 'gate'>): typeof WAIT;
  /** Waits for the gate. */
  answer<T>(promise: Promise<T>, store: (value: T) => void): typeof WAIT;
}

export class Judging {
  readonly #state: SessionState;
  readonly #control: SessionControl;
  readonly #waits: Waits;
  #touched = false;
  #judged: Judgement | undefined;
  #begun: readonly Running[] | undefined;
  #recorded = false;
  #refused: Refusal | undefined;
  #cancelRequested = false;

  constructor(state: SessionState, control: SessionControl, waits: Waits) {
    this.#state = state;
    this.#control = control;
    this.#waits = waits;
  }

  /** The judgement of a text, which is only read until the judgement is there. */
  judge(text: Uint8Array, form: 'simple' | 'parse'): Judgement | typeof WAIT {
    const state = this.#state;
    if (this.#judged === undefined) {
      if (state.pipeline.barriers > 0) return this.#waits.until('barriers');
      this.#touched = true;
      const answer = state.gate.judge(text, form);
      if (answer instanceof Promise) return this.#waits.answer(answer, this.#storeJudgement);
      this.#judged = answer;
      state.tick++;
    }
    const judgement = this.#judged;
    if (this.#cancelRequested && judgement.kind === 'forward') return { kind: 'refuse', refusal: refusals.cancelled() };
    if (judgement.kind === 'refuse' && judgement.refusal.fatal === true) return this.#end(judgement.refusal);
    return judgement;
  }

  /** Is a prepared statement still what it was judged to be? Undefined when it is. */
  recheck(statement: PreparedStatement): Refusal | undefined | typeof WAIT {
    const state = this.#state;
    if (statement.checkedAt === state.tick) return undefined;
    if (this.#judged === undefined) {
      if (state.pipeline.barriers > 0) return this.#waits.until('barriers');
      this.#touched = true;
      const answer = state.gate.recheck(statement.original, statement.judgement);
      if (answer instanceof Promise) return this.#waits.answer(answer, this.#storeJudgement);
      this.#judged = answer;
    }
    const judgement = this.#judged;
    this.#judged = undefined;
    if (judgement.kind === 'refuse') return judgement.refusal.fatal === true ? this.#end(judgement.refusal) : judgement.refusal;
    if (this.#cancelRequested) return refusals.cancelled();
    if (judgement !== statement.judgement) {
      if (Buffer.compare(judgement.text, statement.text) !== 0 || judgement.statements.length > 1) return refusals.prepareAgain();
      // Same text under a newer judgement: its columns are checked against the newer plan.
      statement.judgement = judgement;
      statement.plan = judgement.statements[0];
      if (statement.described === 'seen') statement.described = 'no';
    }
    statement.checkedAt = state.tick;
    return undefined;
  }

  /** Records the intents of all statements before any of them goes on. `sent` must follow once they are on their way. */
  begin(plans: readonly StatementPlan[], portal: Portal | undefined): readonly Running[] | Refusal | typeof WAIT {
    if (this.#begun === undefined) {
      this.#touched = true;
      const parameters = portal === undefined ? undefined : () => (portal.bind === undefined ? [] : bindParameters(portal.bind));
      const begun: Running[] = [];
      this.#begun = begun;
      let durable: Promise<Refusal | undefined>[] | undefined;
      for (const plan of plans) {
        const running = new Running(plan, this.#state.gate.execute(plan, parameters));
        begun.push(running);
        if (running.execution.durable !== undefined) (durable ??= []).push(running.execution.durable);
      }
      this.#recorded = durable === undefined;
      if (durable !== undefined) {
        return this.#waits.answer(Promise.all(durable), (answers) => {
          this.#recorded = true;
          this.#refused = answers.find((answer) => answer !== undefined);
        });
      }
    }
    if (!this.#recorded) return WAIT;
    const refusal = this.#refused ?? (this.#cancelRequested ? refusals.cancelled() : undefined);
    if (refusal === undefined) return this.#begun;
    const status = refusal.sqlstate === '57014' ? 'cancelled' : 'refused';
    for (const running of this.#begun) running.finish(status, refusal.sqlstate);
    return refusal.fatal === true ? this.#end(refusal) : refusal;
  }

  /** What was begun is now the session's to finish. */
  sent(): void {
    this.#begun = undefined;
  }

  /** The client asks to cancel while its message is here: it is not sent on. */
  cancel(): void {
    this.#cancelRequested = true;
  }

  /** The message is done. Invariant: what was begun and not sent on has ended. */
  done(): void {
    if (!this.#touched) return;
    for (const running of this.#begun ?? []) running.finish('cancelled');
    this.#touched = false;
    this.#judged = undefined;
    this.#begun = undefined;
    this.#recorded = false;
    this.#refused = undefined;
    this.#cancelRequested = false;
  }

  readonly #storeJudgement = (judgement: Judgement): void => {
    this.#judged = judgement;
  };

  #end(refusal: Refusal): typeof WAIT {
    this.#control.end(refusal);
    return WAIT;
  }
}
