// Client → server: walks the client's frames, has texts judged, and sends on what may go, in order. What is refused is replaced
// by a message that must fail, so that the server's own rules for transactions, Sync and pipelining apply to the refusal.
// Source: PostgreSQL, "Extended Query" and "Simple Query" message flows; checkpoint/gate.ts.
import type { Judgement, Refusal, StatementPlan } from '../../checkpoint/gate.ts';
import { KEPT_BIND_BYTES, bindParameters } from './bind-parameters.ts';
import { FrameReader, HEADER, STEP } from './frames.ts';
import { CLIENT, FLUSH, PORTAL, STATEMENT, describePortal, parse, query } from './messages.ts';
import { EXPECT } from './pipeline.ts';
import * as refusals from './refusals.ts';
import type { SessionControl, SessionState } from './session-state.ts';
import { Portal, PreparedStatement, QueryRun, Running } from './statements.ts';

/** The server cuts names at 63 bytes, so longer ones could name two things here and one there. */
const MAX_NAME = 63;
/** As the server: messages that are small by nature. */
const SMALL_MESSAGE = 10_000;
const MAX_MESSAGE = 0x3fffffff;
/** A Parse may carry 65,535 parameter types and a name. */
const PARSE_EXTRA = 65_535 * 4 + 128;
/** Both names of a Bind, and their NULs. */
const BIND_NAMES = HEADER + 2 * (MAX_NAME + 1);

/** A statement that no grammar accepts; the error that it raises is swapped for the refusal. */
const POISON = Buffer.from('gatehouse_refused');
const POISON_NAME = Buffer.from('gatehouse_refused\0');
const UNNAMED = Buffer.from([0]);
const NO_PARAMETERS = Buffer.from([0, 0]);

/** What becomes of the frame at hand: sent on, not sent on (or replaced), or kept until an answer is there. */
const ON = 0;
const OFF = 1;
const WAIT = 2;
type Outcome = typeof ON | typeof OFF | typeof WAIT;

/**
 * What the flow waits for before it goes on: the gate's answer; that all barriers have completed; that all earlier segments (up to
 * a Sync or Query) are answered; room in the pipeline; that a cancel was taken.
 */
type Waiting = 'no' | 'gate' | 'barriers' | 'segments' | 'room' | 'cancel';

export class ClientFlow {
  readonly #state: SessionState;
  readonly #control: SessionControl;
  readonly #reader: FrameReader;
  #backlog: Buffer[] = [];
  /** Bytes that came while waiting. */
  backlogBytes = 0;
  #waiting: Waiting = 'no';
  #cancelRequested = false;
  #restOn = false;
  // Of the frame at hand, while it waits:
  #judged: Judgement | undefined;
  #begun: Running[] | undefined;
  #recorded = false;
  #refused: Refusal | undefined;

  constructor(state: SessionState, control: SessionControl) {
    this.#state = state;
    this.#control = control;
    const maxText = state.limits.maxTextBytes;
    this.#reader = new FrameReader((type, total) => needed(type, total, maxText));
  }

  get waiting(): boolean {
    return this.#waiting !== 'no';
  }

  receive(chunk: Buffer): void {
    if (this.waiting) {
      this.#backlog.push(chunk);
      this.backlogBytes += chunk.length;
      return;
    }
    this.#state.tick++;
    this.#reader.feed(chunk);
    this.#walk();
  }

  /** The client asks to cancel: a statement that is still being judged is not sent on. */
  cancelRequested(): void {
    if (this.#waiting === 'gate') this.#cancelRequested = true;
  }

  /** Called after each chunk of the server: is what was waited for there? */
  wake(): void {
    if (this.#ready()) this.#resume();
  }

  /** The session is over: what was begun for the frame at hand never ran. */
  abandon(): void {
    for (const running of this.#begun ?? []) running.finish('cancelled');
    this.#begun = undefined;
    this.#backlog = [];
    this.backlogBytes = 0;
  }

  #resume(): void {
    this.#waiting = 'no';
    this.#state.tick++;
    this.#walk();
    while (!this.waiting && !this.#state.ended) {
      const chunk = this.#backlog.shift();
      if (chunk === undefined) break;
      this.backlogBytes -= chunk.length;
      this.#reader.feed(chunk);
      this.#walk();
    }
  }

  #walk(): void {
    const reader = this.#reader;
    const { toServer } = this.#state;
    while (!this.#state.ended) {
      const step = reader.next();
      if (step === STEP.more) return;
      if (step === STEP.malformed) return this.#control.end(refusals.invalidLength());
      if (step === STEP.rest) {
        if (this.#restOn) toServer.take(reader.buffer, reader.at, reader.at + reader.present);
        reader.consume();
        continue;
      }
      const outcome = this.#frame();
      if (outcome === WAIT || this.#state.ended) return;
      this.#restOn = outcome === ON;
      if (outcome === ON) toServer.take(reader.buffer, reader.at, reader.at + reader.present);
      reader.consume();
      if (this.#begun !== undefined || this.#judged !== undefined || this.#refused !== undefined) this.#forgetFrame();
    }
  }

  #forgetFrame(): void {
    // Invariant: what was begun and not sent on has ended; `finish` does nothing for the others, they are no longer listed.
    for (const running of this.#begun ?? []) running.finish('cancelled');
    this.#judged = undefined;
    this.#begun = undefined;
    this.#recorded = false;
    this.#refused = undefined;
    this.#cancelRequested = false;
  }

  #frame(): Outcome {
    const state = this.#state;
    const { type } = this.#reader;
    if (type === CLIENT.Terminate) {
      this.#control.terminate();
      return OFF;
    }
    if (state.copyIn) return this.#duringCopy(type);
    if (state.skipping && type !== CLIENT.Sync) return KNOWN.has(type) ? OFF : this.#protocol(type);
    if (state.cancelling !== undefined && state.pipeline.head() === undefined) return this.#wait('cancel');
    if (state.pipeline.size >= state.limits.maxPipeline) return this.#wait('room');
    switch (type) {
      case CLIENT.Query:
        return this.#query();
      case CLIENT.Parse:
        return this.#parse();
      case CLIENT.Bind:
        return this.#bind();
      case CLIENT.Execute:
        return this.#execute();
      case CLIENT.Describe:
        return this.#describe();
      case CLIENT.Close:
        return this.#close();
      case CLIENT.Sync: {
        state.skipping = false;
        const entry = state.pipeline.push(EXPECT.sync);
        entry.epoch = state.epoch++;
        entry.clean = state.cleanTransaction;
        return ON;
      }
      case CLIENT.Flush:
      case CLIENT.CopyData:
        return ON;
      case CLIENT.CopyDone:
      case CLIENT.CopyFail:
        state.pipeline.push(EXPECT.copyEnd);
        return ON;
      case CLIENT.FunctionCall:
        return this.#refuseQuery(refusals.functionCall(), undefined);
      default:
        return this.#protocol(type);
    }
  }

  /** The server reads data: Sync and Flush mean nothing to it, anything else would be read in the midst of the data. */
  #duringCopy(type: number): Outcome {
    switch (type) {
      case CLIENT.CopyData:
        return ON;
      case CLIENT.CopyDone:
      case CLIENT.CopyFail:
        this.#state.copyIn = false;
        this.#state.pipeline.push(EXPECT.copyEnd);
        return ON;
      case CLIENT.Sync:
      case CLIENT.Flush:
        return OFF;
      default:
        return this.#protocol(type);
    }
  }

  #query(): Outcome {
    const state = this.#state;
    const { buffer, at, total, present } = this.#reader;
    if (present < total) return this.#refuseQuery(refusals.tooLong(state.limits.maxTextBytes), undefined);
    const from = at + HEADER;
    const end = at + total - 1;
    // Invariant: what is judged is exactly what the server reads, so there is one NUL, at the end.
    if (end < from || buffer.indexOf(0, from) !== end) return this.#refuseQuery(refusals.malformed(), undefined);
    const judgement = this.#judge(from, end, 'simple');
    if (judgement === undefined) return WAIT;
    if (judgement.kind === 'refuse') return this.#refuseQuery(judgement.refusal, buffer.subarray(from, end));
    const begun = this.#begin(judgement.statements, undefined);
    if (begun === undefined) return WAIT;
    if (this.#refused !== undefined) return this.#refuseQuery(this.#refused, undefined);
    this.#begun = undefined;
    const entry = state.pipeline.push(EXPECT.query);
    entry.run = new QueryRun(begun);
    entry.epoch = state.epoch++;
    for (const { plan } of begun) {
      if (state.cleans(plan)) entry.clean = true;
      if (plan.barrier) entry.barrier = true;
      state.noteNames(plan);
    }
    if (entry.barrier) state.pipeline.barriers++;
    this.#dropUnnamed();
    if (same(judgement.text, buffer, from, end)) return ON;
    entry.rewritten = true;
    state.toServer.add(query(judgement.text));
    return OFF;
  }

  #parse(): Outcome {
    const state = this.#state;
    const { buffer, at, total, present } = this.#reader;
    if (present < total) return this.#refuse(refusals.tooLong(state.limits.maxTextBytes), undefined);
    const nameFrom = at + HEADER;
    const nameEnd = buffer.indexOf(0, nameFrom);
    const from = nameEnd + 1;
    const end = nameEnd < 0 ? -1 : buffer.indexOf(0, from);
    const frameEnd = at + total;
    // Name, text, number of parameter types, types: and nothing after them.
    if (end < 0 || end + 3 > frameEnd || end + 3 + buffer.readUInt16BE(end + 1) * 4 !== frameEnd) return this.#refuse(refusals.malformed(), undefined);
    if (nameEnd - nameFrom > MAX_NAME) return this.#refuse(refusals.nameTooLong(), undefined);
    if (end - from > state.limits.maxTextBytes) return this.#refuse(refusals.tooLong(state.limits.maxTextBytes), undefined);
    const name = buffer.toString('latin1', nameFrom, nameEnd);
    if (name !== '' && state.statements.size >= state.limits.maxStatements && !state.statements.has(name)) return this.#refuse(refusals.tooManyStatements(), undefined);
    const judgement = this.#judge(from, end, 'parse');
    if (judgement === undefined) return WAIT;
    if (judgement.kind === 'refuse') return this.#refuse(judgement.refusal, Buffer.from(buffer.subarray(from, end)), name === '');
    const unchanged = same(judgement.text, buffer, from, end);
    const statement = new PreparedStatement(unchanged ? judgement.text : Buffer.from(buffer.subarray(from, end)), judgement, judgement, !unchanged, state.epoch);
    statement.checkedAt = state.tick;
    const entry = state.pipeline.push(EXPECT.parse);
    entry.statement = statement;
    entry.name = name;
    entry.previous = state.statements.get(name);
    entry.clean = statement.plan?.cleanErrors === true;
    entry.rewritten = !unchanged;
    state.statements.set(name, statement);
    if (unchanged) return ON;
    state.toServer.add(parse(buffer.subarray(nameFrom, from), judgement.text, buffer.subarray(end + 1, frameEnd)));
    return OFF;
  }

  #bind(): Outcome {
    const state = this.#state;
    const { buffer, at, total, present } = this.#reader;
    const portalFrom = at + HEADER;
    const portalEnd = buffer.indexOf(0, portalFrom);
    const nameEnd = portalEnd < 0 ? -1 : buffer.indexOf(0, portalEnd + 1);
    if (nameEnd < 0 || nameEnd >= at + present) return this.#refuse(total > present ? refusals.nameTooLong() : refusals.malformed(), undefined);
    if (portalEnd - portalFrom > MAX_NAME || nameEnd - portalEnd - 1 > MAX_NAME) return this.#refuse(refusals.nameTooLong(), undefined);
    const name = buffer.toString('latin1', portalEnd + 1, nameEnd);
    const statement = this.#known(state.statements, name);
    if (statement === WAIT) return WAIT;
    if (statement === undefined) return this.#refuse(refusals.noStatement(name), undefined);
    const checked = this.#recheck(statement);
    if (checked === WAIT) return WAIT;
    if (checked !== undefined) return this.#refuse(checked, undefined);
    const portalName = buffer.toString('latin1', portalFrom, portalEnd);
    const portal = new Portal(statement, state.epoch, state.tick, state.cursorEpoch);
    // Borrowed until the first Execute; a larger one is streamed and not kept.
    if (present === total && total <= KEPT_BIND_BYTES) portal.bind = buffer.subarray(at, at + total);
    const entry = state.pipeline.push(EXPECT.bind);
    entry.portal = portal;
    entry.name = portalName;
    entry.previous = state.portals.get(portalName);
    entry.clean = state.cleans(statement.plan);
    entry.rewritten = statement.rewritten;
    state.portals.set(portalName, portal);
    return ON;
  }

  #execute(): Outcome {
    const state = this.#state;
    const { buffer, at, total } = this.#reader;
    const from = at + HEADER;
    const end = buffer.indexOf(0, from);
    if (end < 0 || end + 5 !== at + total) return this.#refuse(refusals.malformed(), undefined);
    if (end - from > MAX_NAME) return this.#refuse(refusals.nameTooLong(), undefined);
    const portal = this.#known(state.portals, buffer.toString('latin1', from, end));
    if (portal === WAIT) return WAIT;
    if (portal === undefined) return this.#refuse(refusals.noPortal(buffer.toString('latin1', from, end)), undefined);
    const statement = portal.statement;
    if (portal.checkedAt !== state.tick) {
      const checked = this.#recheck(statement);
      if (checked === WAIT) return WAIT;
      if (checked !== undefined) return this.#refuse(checked, undefined);
      portal.checkedAt = state.tick;
    }
    const plan = statement.plan;
    if (plan !== undefined && portal.running === undefined) {
      const begun = this.#begin([plan], portal);
      if (begun === undefined) return WAIT;
      if (this.#refused !== undefined) return this.#refuse(this.#refused, undefined);
      this.#begun = undefined;
      portal.running = begun[0];
      portal.bind = undefined;
      state.noteNames(plan);
    }
    // The columns must be seen before the first row; a client that does not ask for them has us ask.
    if (plan?.guardResult === true && statement.described === 'no') {
      const described = state.pipeline.push(EXPECT.describe);
      described.statement = statement;
      described.injected = true;
      described.clean = plan.cleanErrors;
      statement.described = 'asked';
      state.toServer.add(describePortal(buffer.subarray(from, end + 1)));
    }
    const entry = state.pipeline.push(EXPECT.execute);
    entry.portal = portal;
    entry.rewritten = statement.rewritten;
    entry.clean = state.cleans(plan);
    if (plan?.barrier === true) {
      entry.barrier = true;
      state.pipeline.barriers++;
    }
    return ON;
  }

  #describe(): Outcome {
    const state = this.#state;
    const target = this.#target();
    if (target === undefined) return this.#refuse(refusals.malformed(), undefined);
    const known = target.portal ? this.#known(state.portals, target.name) : this.#known(state.statements, target.name);
    if (known === WAIT) return WAIT;
    const statement = known instanceof Portal ? known.statement : known;
    if (statement === undefined) return this.#refuse(target.portal ? refusals.noPortal(target.name) : refusals.noStatement(target.name), undefined);
    const entry = state.pipeline.push(EXPECT.describe);
    entry.statement = statement;
    entry.clean = statement.plan?.cleanErrors === true;
    entry.rewritten = statement.rewritten;
    if (statement.described === 'no') statement.described = 'asked';
    return ON;
  }

  #close(): Outcome {
    const state = this.#state;
    const target = this.#target();
    if (target === undefined) return this.#refuse(refusals.malformed(), undefined);
    const entry = state.pipeline.push(EXPECT.close);
    entry.name = target.name;
    entry.ofPortal = target.portal;
    entry.previous = target.portal ? state.portals.get(target.name) : state.statements.get(target.name);
    if (target.portal) state.portals.delete(target.name);
    else state.statements.delete(target.name);
    return ON;
  }

  /**
   * What a name means to the server. Until earlier segments are answered that is not sure: a Parse or Bind of theirs may fail and
   * leave the name to what had it before. Within one segment a failure skips what follows, so nothing can be mixed up.
   */
  #known<T extends PreparedStatement | Portal>(names: ReadonlyMap<string, T>, name: string): T | undefined | typeof WAIT {
    const { pipeline, epoch } = this.#state;
    const named = names.get(name);
    if (named !== undefined && (named.confirmed || named.epoch === epoch)) return named;
    return pipeline.segments > 0 ? this.#wait('segments') : named;
  }

  /** Reads `S` or `P` and a name. */
  #target(): { readonly portal: boolean; readonly name: string } | undefined {
    const { buffer, at, total } = this.#reader;
    const what = buffer[at + HEADER];
    const from = at + HEADER + 1;
    const end = buffer.indexOf(0, from);
    if ((what !== STATEMENT && what !== PORTAL) || end !== at + total - 1 || end - from > MAX_NAME) return undefined;
    return { portal: what === PORTAL, name: buffer.toString('latin1', from, end) };
  }

  /** The judgement of the text at `from … end`; undefined while it is waited for. */
  #judge(from: number, end: number, form: 'simple' | 'parse'): Judgement | undefined {
    const state = this.#state;
    if (this.#judged === undefined) {
      if (state.pipeline.barriers > 0) {
        this.#wait('barriers');
        return undefined;
      }
      const answer = state.gate.judge(this.#reader.buffer.subarray(from, end), form);
      if (answer instanceof Promise) {
        this.#await(answer, (judgement) => {
          this.#judged = judgement;
        });
        return undefined;
      }
      this.#judged = answer;
      state.tick++;
    }
    const judgement = this.#judged;
    if (this.#cancelRequested && judgement.kind === 'forward') return { kind: 'refuse', refusal: refusals.cancelled() };
    if (judgement.kind === 'refuse' && judgement.refusal.fatal === true) {
      this.#control.end(judgement.refusal);
      return undefined;
    }
    return judgement;
  }

  /** Is a prepared statement still what it was judged to be? Undefined when it is. */
  #recheck(statement: PreparedStatement): Refusal | undefined | typeof WAIT {
    const state = this.#state;
    if (statement.checkedAt === state.tick) return undefined;
    if (this.#judged === undefined) {
      if (state.pipeline.barriers > 0) return this.#wait('barriers');
      const answer = state.gate.recheck(statement.original, statement.judgement);
      if (answer instanceof Promise) {
        return this.#await(answer, (judgement) => {
          this.#judged = judgement;
        });
      }
      this.#judged = answer;
    }
    const judgement = this.#judged;
    this.#judged = undefined;
    if (judgement.kind === 'refuse') {
      if (judgement.refusal.fatal !== true) return judgement.refusal;
      this.#control.end(judgement.refusal);
      return WAIT;
    }
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

  /** Records the intents, all before anything goes on; undefined while the ledger is waited for. Sets `#refused` when it can't. */
  #begin(plans: readonly StatementPlan[], portal: Portal | undefined): readonly Running[] | undefined {
    const state = this.#state;
    if (this.#begun === undefined) {
      const parameters = portal === undefined ? undefined : () => (portal.bind === undefined ? [] : bindParameters(portal.bind));
      const begun: Running[] = [];
      this.#begun = begun;
      let durable: Promise<Refusal | undefined>[] | undefined;
      for (const plan of plans) {
        const running = new Running(plan, state.gate.execute(plan, parameters));
        begun.push(running);
        if (running.execution.durable !== undefined) (durable ??= []).push(running.execution.durable);
      }
      this.#recorded = durable === undefined;
      if (durable !== undefined) {
        this.#await(Promise.all(durable), (answers) => {
          this.#recorded = true;
          this.#refused = answers.find((answer) => answer !== undefined);
        });
        return undefined;
      }
    }
    if (!this.#recorded) return undefined;
    if (this.#refused === undefined && this.#cancelRequested) this.#refused = refusals.cancelled();
    if (this.#refused !== undefined) {
      const status = this.#refused.sqlstate === '57014' ? 'cancelled' : 'refused';
      for (const running of this.#begun) running.finish(status, this.#refused.sqlstate);
      if (this.#refused.fatal === true) {
        this.#control.end(this.#refused);
        return undefined;
      }
    }
    return this.#begun;
  }

  #wait(what: Waiting): typeof WAIT {
    // Without a Sync behind them the server may keep its answers for itself.
    if (what !== 'cancel' && !this.#state.pipeline.flushes) this.#state.toServer.add(FLUSH);
    this.#waiting = what;
    return WAIT;
  }

  #ready(): boolean {
    const { pipeline, skipping, copyIn, cancelling, limits } = this.#state;
    switch (this.#waiting) {
      case 'cancel':
        return cancelling === undefined;
      case 'barriers':
        return skipping || copyIn || pipeline.barriers === 0;
      case 'segments':
        return skipping || copyIn || pipeline.segments === 0;
      case 'room':
        return skipping || copyIn || pipeline.size <= limits.maxPipeline >> 1;
      default:
        return false;
    }
  }

  #await<T>(promise: Promise<T>, store: (value: T) => void): typeof WAIT {
    this.#waiting = 'gate';
    promise.then(
      (value) => {
        if (this.#state.ended) return;
        store(value);
        this.#control.run(() => this.#resume());
      },
      (fault: unknown) => this.#control.fault(fault),
    );
    return WAIT;
  }

  #dropUnnamed(): void {
    // A simple Query drops the unnamed statement and portal before anything else.
    const { statements, portals } = this.#state;
    if (statements.size > 0) statements.delete('');
    if (portals.size > 0) this.#state.dropPortal('', 'ok');
  }

  #refuseQuery(refusal: Refusal, text: Uint8Array | undefined): Outcome {
    const state = this.#state;
    const entry = state.pipeline.push(EXPECT.query);
    entry.run = new QueryRun([]);
    entry.epoch = state.epoch++;
    entry.refusal = refusal;
    entry.refusedText = text === undefined || refusal.position === undefined ? undefined : Buffer.from(text);
    this.#dropUnnamed();
    state.toServer.add(query(POISON));
    return OFF;
  }

  /** `unnamedParse`: the message was a Parse that would have replaced the unnamed statement. */
  #refuse(refusal: Refusal, text: Uint8Array | undefined, unnamedParse = false): Outcome {
    const state = this.#state;
    const entry = state.pipeline.push(unnamedParse ? EXPECT.parse : EXPECT.describe);
    entry.refusal = refusal;
    entry.refusedText = refusal.position === undefined ? undefined : text;
    if (unnamedParse) {
      entry.previous = state.statements.get('');
      state.statements.delete('');
    }
    state.toServer.add(parse(unnamedParse ? UNNAMED : POISON_NAME, POISON, NO_PARAMETERS));
    // It will fail, so the server will skip what follows.
    state.skipping = true;
    return OFF;
  }

  #protocol(type: number): Outcome {
    this.#control.end(refusals.invalidType(type));
    return OFF;
  }
}

const KNOWN: ReadonlySet<number> = new Set(Object.values(CLIENT).filter((type) => type !== CLIENT.Password));

function needed(type: number, total: number, maxText: number): number {
  switch (type) {
    case CLIENT.Query:
      return total <= maxText + HEADER + 1 ? total : total - 1 > MAX_MESSAGE ? -1 : HEADER;
    case CLIENT.Parse:
      return total <= maxText + PARSE_EXTRA ? total : total - 1 > MAX_MESSAGE ? -1 : HEADER;
    case CLIENT.Bind:
      if (total - 1 > MAX_MESSAGE) return -1;
      return total <= KEPT_BIND_BYTES ? total : BIND_NAMES;
    case CLIENT.Execute:
    case CLIENT.Describe:
    case CLIENT.Close:
      return total <= SMALL_MESSAGE ? total : -1;
    case CLIENT.Sync:
    case CLIENT.Flush:
    case CLIENT.Terminate:
    case CLIENT.CopyDone:
      return total === HEADER ? HEADER : -1;
    case CLIENT.CopyFail:
      return total <= SMALL_MESSAGE ? HEADER : -1;
    default:
      return total - 1 > MAX_MESSAGE ? -1 : HEADER;
  }
}

function same(text: Uint8Array, buffer: Buffer, from: number, end: number): boolean {
  return text.length === end - from && buffer.compare(text, 0, text.length, from, end) === 0;
}
