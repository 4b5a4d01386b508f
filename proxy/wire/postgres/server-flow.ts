// Server → client: walks the server's frames, matches each to the message that it answers, checks results before their rows,
// counts, cuts, cleans and swaps; the rest of a chunk is passed on as it came.
// Source: PostgreSQL, "Message Flow", "Pipelining", "COPY Operations"; checkpoint/gate.ts.
import type { Refusal, StatementPlan, TransactionStatus } from '../../checkpoint/gate.ts';
import { FrameReader, HEADER, STEP } from './frames.ts';
import { SERVER, copyFail } from './messages.ts';
import { EXPECT } from './pipeline.ts';
import type { Expected } from './pipeline.ts';
import { cleanedResponse, isAboutTheServer, isFatal, readServerError, refusalResponse, withoutPosition } from './refusal-response.ts';
import * as refusals from './refusals.ts';
import { readRowDescription } from './row-description.ts';
import type { SessionControl, SessionState } from './session-state.ts';
import { Portal, Running } from './statements.ts';

/** An error's or a notice's fields beyond this are not read: the three that matter come first. */
const READ_ERROR_BYTES = 65_536;
/** 1,664 columns of the longest names fit many times. */
const MAX_DESCRIPTION = 1_048_576;
const MAX_MESSAGE = 0x3fffffff;

export class ServerFlow {
  readonly #state: SessionState;
  readonly #control: SessionControl;
  readonly #reader = new FrameReader(needed);
  /** The last description that was found right, per plan: the same bytes need no second look. */
  readonly #approved = new WeakMap<StatementPlan, Buffer>();
  #restOn = false;
  /** The server has said why it ends the connection. */
  fatalSeen = false;

  constructor(state: SessionState, control: SessionControl) {
    this.#state = state;
    this.#control = control;
  }

  /** The client has got a part of a message: nothing of our own can be put in now. */
  get insideMessage(): boolean {
    return this.#restOn && this.#reader.insideRest;
  }

  receive(chunk: Buffer): void {
    const state = this.#state;
    const reader = this.#reader;
    reader.feed(chunk);
    while (!state.ended) {
      const step = reader.next();
      if (step === STEP.more) return;
      if (step === STEP.malformed) return this.#control.end(refusals.outOfStep());
      if (step === STEP.rest) {
        if (this.#restOn) state.toClient.take(reader.buffer, reader.at, reader.at + reader.present);
        reader.consume();
        continue;
      }
      const on = this.#frame(reader.type);
      if (state.ended) return;
      if (on) state.toClient.take(reader.buffer, reader.at, reader.at + reader.present);
      this.#restOn = on;
      reader.consume();
      if (on && (reader.type === SERVER.DataRow || reader.type === SERVER.CopyData)) this.#run(reader.type);
    }
  }

  /** Rows of a result that is already known to be right: counted and passed on without a look at each. */
  #run(type: number): void {
    const running = this.#running(this.#state.pipeline.head());
    if (running === undefined) return;
    const { maxRows, maxBytes } = running.execution;
    const reader = this.#reader;
    const rows = reader.run(type, maxRows - running.rows, maxBytes - running.bytes);
    if (rows === 0) return;
    running.rows += rows;
    running.bytes += reader.present;
    this.#state.toClient.take(reader.buffer, reader.at, reader.at + reader.present);
  }

  /** Handles the frame at hand; true when it goes to the client as it is. */
  #frame(type: number): boolean {
    const state = this.#state;
    switch (type) {
      case SERVER.ParameterStatus:
        return this.#parameterStatus();
      case SERVER.NotificationResponse:
        return true;
      case SERVER.NoticeResponse:
        return this.#notice();
      default:
    }
    const head = state.pipeline.head();
    if (type === SERVER.ErrorResponse) return this.#error(head);
    // An answer that nobody asked for, or to a message that must fail.
    if (head === undefined || head.refusal !== undefined) return this.#outOfStep();
    switch (type) {
      case SERVER.DataRow:
      case SERVER.CopyData:
        return this.#row(head);
      case SERVER.ReadyForQuery:
        return this.#ready(head);
      case SERVER.CommandComplete:
      case SERVER.EmptyQueryResponse:
        return this.#complete(head, type);
      case SERVER.PortalSuspended:
        return this.#suspended(head);
      case SERVER.ParseComplete:
        if (head.statement !== undefined) head.statement.confirmed = true;
        return this.#answered(head, EXPECT.parse);
      case SERVER.BindComplete:
      case SERVER.CloseComplete: {
        const replaced = head.previous;
        if (head.portal !== undefined) head.portal.confirmed = true;
        const on = this.#answered(head, type === SERVER.BindComplete ? EXPECT.bind : EXPECT.close);
        if (replaced instanceof Portal) state.finishSuspended(replaced, 'ok');
        return on;
      }
      case SERVER.RowDescription:
        return this.#description(head);
      case SERVER.ParameterDescription:
        return head.kind === EXPECT.describe ? !head.injected && !state.suppressing : this.#outOfStep();
      case SERVER.NoData: {
        if (head.statement?.described === 'asked') head.statement.described = 'seen';
        const { injected } = head;
        return this.#answered(head, EXPECT.describe) && !injected;
      }
      case SERVER.CopyInResponse:
        return this.#copyIn(head);
      case SERVER.CopyOutResponse:
        return this.#copyOut(head);
      case SERVER.CopyDone:
        return !state.suppressing && this.#running(head)?.cut === undefined;
      case SERVER.CopyBothResponse:
        this.#control.end(refusals.copyBoth());
        return false;
      default:
        return this.#outOfStep();
    }
  }

  #running(head: Expected | undefined): Running | undefined {
    if (head === undefined) return undefined;
    if (head.kind === EXPECT.execute) return head.portal?.running;
    return head.kind === EXPECT.query ? head.run?.current : undefined;
  }

  #answered(head: Expected, kind: number): boolean {
    if (head.kind !== kind) return this.#outOfStep();
    this.#state.pipeline.shift();
    return !this.#state.suppressing;
  }

  #row(head: Expected): boolean {
    const running = this.#running(head);
    if (running === undefined || running.ended) return this.#outOfStep();
    if (running.plan.guardResult && !this.#columnsSeen(head, running)) return this.#incident(refusals.unseenResult());
    if (running.cut !== undefined) return false;
    const { maxRows, maxBytes } = running.execution;
    const { total } = this.#reader;
    if (running.rows + 1 > maxRows) return this.#cut(running, 'rows');
    if (running.bytes + total > maxBytes) return this.#cut(running, 'bytes');
    running.rows++;
    running.bytes += total;
    return !this.#state.suppressing;
  }

  #columnsSeen(head: Expected, running: Running): boolean {
    return head.kind === EXPECT.execute ? head.portal?.statement.described === 'seen' : running.columnsSeen;
  }

  #cut(running: Running, what: 'rows' | 'bytes'): boolean {
    running.cut = running.execution.overLimit(what);
    this.#control.cancel();
    return false;
  }

  #description(head: Expected): boolean {
    const state = this.#state;
    const reader = this.#reader;
    const running = head.kind === EXPECT.query ? head.run?.current : undefined;
    const plan = head.kind === EXPECT.describe ? head.statement?.plan : running?.plan;
    if (plan === undefined) return this.#outOfStep();
    const refusal = this.#check(plan, reader.buffer.subarray(reader.at, reader.at + reader.total));
    if (refusal !== undefined) return this.#incident(refusal);
    if (running !== undefined) {
      running.columnsSeen = true;
      return !state.suppressing;
    }
    if (head.statement !== undefined) head.statement.described = 'seen';
    const { injected } = head;
    return this.#answered(head, EXPECT.describe) && !injected;
  }

  #check(plan: StatementPlan, description: Buffer): Refusal | undefined {
    if (this.#approved.get(plan)?.equals(description) === true) return undefined;
    const columns = readRowDescription(description, 0, description.length);
    if (columns === undefined) return refusals.outOfStep();
    const refusal = this.#state.gate.checkResult(plan, columns);
    if (refusal === undefined) this.#approved.set(plan, Buffer.from(description));
    return refusal;
  }

  #complete(head: Expected, type: number): boolean {
    const state = this.#state;
    const reader = this.#reader;
    const running = this.#running(head);
    if (state.copyIn) {
      // The server has read the data's end, which the client flow notes before it sends it: it can't complete before.
      return this.#outOfStep();
    }
    if (head.kind === EXPECT.query && running === undefined) {
      if (type === SERVER.CommandComplete || (head.run?.statements.length ?? 0) > 0) return this.#outOfStep();
      return !state.suppressing;
    }
    if (head.kind !== EXPECT.execute && head.kind !== EXPECT.query) return this.#outOfStep();
    if (running?.copyIn === true && !state.pipeline.copyInCompleted()) return this.#outOfStep();
    if (head.kind === EXPECT.query && head.run !== undefined) head.run.index++;
    else state.pipeline.shift();
    if (running?.cut !== undefined && !running.ended) return this.#tellCut(running, running.cut, head.kind === EXPECT.query);
    const tag =
      type === SERVER.CommandComplete ? reader.buffer.toString('latin1', reader.at + HEADER, reader.at + reader.total - 1) : undefined;
    running?.finish('ok', undefined, tag);
    return !state.suppressing;
  }

  #suspended(head: Expected): boolean {
    if (head.kind !== EXPECT.execute) return this.#outOfStep();
    const { portal } = head;
    const running = portal?.running;
    this.#state.pipeline.shift();
    if (running?.cut !== undefined && !running.ended) return this.#tellCut(running, running.cut, false);
    if (portal?.dropped === true) this.#state.finishSuspended(portal, 'ok');
    return !this.#state.suppressing;
  }

  /** The statement has ended in the database, but not for the client, whose result was cut. */
  #tellCut(running: Running, refusal: Refusal, simple: boolean): boolean {
    const state = this.#state;
    running.finish('cancelled', refusal.sqlstate);
    if (!state.suppressing) state.toClient.add(refusalResponse(refusal, undefined));
    // The client believes that all up to Sync is skipped; the server goes on with what it has already got.
    state.suppressing = true;
    if (!simple && !this.#syncSent()) state.skipping = true;
    return false;
  }

  #syncSent(): boolean {
    for (const entry of this.#state.pipeline.entries()) if (entry.kind === EXPECT.sync) return true;
    return false;
  }

  #ready(head: Expected): boolean {
    const state = this.#state;
    const reader = this.#reader;
    if ((head.kind !== EXPECT.sync && head.kind !== EXPECT.query) || reader.total !== 6) return this.#outOfStep();
    const status = STATUS.get(reader.buffer[reader.at + HEADER] ?? 0);
    if (status === undefined) return this.#outOfStep();
    for (const running of head.run?.statements ?? []) running.finish('cancelled');
    const { epoch } = head;
    state.pipeline.shift();
    state.suppressing = false;
    state.copyIn = false;
    state.tick++;
    if (status !== 'T') this.#endPortals(epoch, status);
    if (status === 'I' && state.pipeline.size === 0) state.cleanTransaction = false;
    state.gate.ready(status);
    return true;
  }

  /** Portals live as long as their transaction. */
  #endPortals(epoch: number, status: TransactionStatus): void {
    const state = this.#state;
    for (const [name, portal] of state.portals) {
      if (portal.epoch > epoch) continue;
      if (status === 'I') state.dropPortal(name, 'ok');
      else state.finishSuspended(portal, 'cancelled');
    }
  }

  #copyIn(head: Expected): boolean {
    const state = this.#state;
    const running = this.#running(head);
    if (running === undefined || running.ended) return this.#outOfStep();
    running.copyIn = true;
    if (!state.pipeline.copyInStarted()) {
      this.#control.end(refusals.invalidCopy());
      return false;
    }
    state.copyIn = !state.pipeline.copyEnded;
    if (!state.suppressing) return true;
    // The client will never hear that data is wanted.
    state.toServer.add(copyFail('the statement was cut short'));
    if (state.copyIn) state.pipeline.push(EXPECT.copyEnd);
    state.copyIn = false;
    return false;
  }

  #copyOut(head: Expected): boolean {
    const running = this.#running(head);
    if (running === undefined || running.ended) return this.#outOfStep();
    if (running.plan.guardResult && !this.#columnsSeen(head, running)) return this.#incident(refusals.unseenResult());
    return !this.#state.suppressing;
  }

  #error(head: Expected | undefined): boolean {
    const state = this.#state;
    const reader = this.#reader;
    const { buffer, at, present, total } = reader;
    const error = readServerError(buffer, at + HEADER, at + present);
    const cut = present < total;
    if (isFatal(error)) {
      this.fatalSeen = true;
      this.#running(head)?.finish('error', error.sqlstate);
      if (!cut && (isAboutTheServer(error) || (head?.clean !== true && !state.cleanTransaction))) return true;
      state.toClient.add(cleanedResponse(SERVER.ErrorResponse, error));
      return false;
    }
    if (head === undefined) return this.#outOfStep();
    state.gate.failed();
    const running = this.#running(head);
    const told = head.refusal ?? running?.cut;
    const { clean, rewritten, refusedText, kind } = head;
    running?.finish(error.sqlstate === '57014' || running.cut !== undefined ? 'cancelled' : 'error', told?.sqlstate ?? error.sqlstate);
    // Whatever of its data the client still sends is ignored by the server.
    state.copyIn = false;
    if (kind === EXPECT.query) {
      for (const rest of head.run?.statements ?? []) rest.finish('cancelled');
      if (head.run !== undefined) head.run.index = head.run.statements.length;
      head.refusal = undefined;
    } else if (kind !== EXPECT.sync) {
      if (head.refusal === undefined && !head.injected) this.#failedBeforeExecute(head, error.sqlstate);
      if (!state.pipeline.failHead((entry, failed) => state.undo(entry, failed))) state.skipping = true;
    }
    if (state.suppressing) return false;
    if (told !== undefined) state.toClient.add(refusalResponse(told, refusedText));
    else if (clean || cut) state.toClient.add(cleanedResponse(SERVER.ErrorResponse, error));
    else if (rewritten) state.toClient.add(withoutPosition(buffer, at + HEADER, at + total));
    else return true;
    return false;
  }

  /** Drivers prepare and run in one go or apart; either way a statement that the database did not take is in the ledger, once, with its error. */
  #failedBeforeExecute(head: Expected, sqlstate: string): void {
    const state = this.#state;
    const statement = head.kind === EXPECT.parse ? head.statement : head.kind === EXPECT.bind ? head.portal?.statement : undefined;
    const plan = statement?.plan;
    if (plan === undefined) return;
    for (const entry of state.pipeline.entries()) {
      if (entry.kind === EXPECT.sync) break;
      if (entry.kind !== EXPECT.execute || entry.portal?.statement !== statement) continue;
      entry.portal?.running?.finish('error', sqlstate);
      return;
    }
    new Running(plan, state.gate.execute(plan)).finish('error', sqlstate);
  }

  #notice(): boolean {
    const { buffer, at, present, total } = this.#reader;
    const clean = present < total || this.#state.cleanTransaction || this.#state.pipeline.head()?.clean === true;
    if (clean) this.#state.toClient.add(cleanedResponse(SERVER.NoticeResponse, readServerError(buffer, at + HEADER, at + present)));
    return !clean;
  }

  #parameterStatus(): boolean {
    const { buffer, at, total } = this.#reader;
    const nameEnd = buffer.indexOf(0, at + HEADER);
    const valueEnd = nameEnd < 0 ? -1 : buffer.indexOf(0, nameEnd + 1);
    if (valueEnd !== at + total - 1) return this.#outOfStep();
    const refusal = this.#state.gate.parameterStatus(
      buffer.toString('utf8', at + HEADER, nameEnd),
      buffer.toString('utf8', nameEnd + 1, valueEnd),
    );
    this.#state.tick++;
    if (refusal === undefined) return true;
    this.#control.end(refusal);
    return false;
  }

  #incident(refusal: Refusal): boolean {
    this.#control.end(refusal);
    return false;
  }

  /** Invariant: a session whose state is unsure is closed. */
  #outOfStep(): boolean {
    this.#control.end(refusals.outOfStep());
    return false;
  }
}

const STATUS: ReadonlyMap<number, TransactionStatus> = new Map([
  [0x49, 'I'],
  [0x54, 'T'],
  [0x45, 'E'],
]);

function needed(type: number, total: number): number {
  switch (type) {
    case SERVER.RowDescription:
    case SERVER.ParameterStatus:
      return total <= MAX_DESCRIPTION ? total : -1;
    case SERVER.CommandComplete:
    case SERVER.ReadyForQuery:
      return total <= READ_ERROR_BYTES ? total : -1;
    case SERVER.ErrorResponse:
    case SERVER.NoticeResponse:
      return total - 1 > MAX_MESSAGE ? -1 : Math.min(total, READ_ERROR_BYTES);
    default:
      return total - 1 > MAX_MESSAGE ? -1 : HEADER;
  }
}
