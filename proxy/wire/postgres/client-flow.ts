// Client → server: walks the client's frames, has texts judged, and sends on what may go, in order. What is refused is replaced
// by a message that must fail, so that the server's own rules for transactions, Sync and pipelining apply to the refusal.
// Source: PostgreSQL, "Extended Query" and "Simple Query" message flows; checkpoint/gate.ts.
import type { Refusal } from '../../checkpoint/gate.ts';
import { KEPT_BIND_BYTES } from './bind-parameters.ts';
import { KNOWN, MAX_NAME, neededOfClient } from './client-frames.ts';
import { FrameReader, HEADER, STEP } from './frames.ts';
import { Judging, WAIT } from './judging.ts';
import type { Waiting, Waits } from './judging.ts';
import { CLIENT, FLUSH, PORTAL, STATEMENT, describePortal, parse, query } from './messages.ts';
import { EXPECT } from './pipeline.ts';
import { poisonExtended, poisonQuery } from './poison.ts';
import * as refusals from './refusals.ts';
import type { SessionControl, SessionState } from './session-state.ts';
import { Portal, PreparedStatement, QueryRun } from './statements.ts';

/** What becomes of the frame at hand: sent on, not sent on (or replaced), or kept until an answer is there. */
const ON = true;
const OFF = false;
type Outcome = boolean | typeof WAIT;

export class ClientFlow implements Waits {
  readonly #state: SessionState;
  readonly #control: SessionControl;
  readonly #reader: FrameReader;
  #backlog: Buffer[] = [];
  /** Bytes that came while waiting. */
  backlogBytes = 0;
  #waiting: Waiting = 'no';
  #restOn = false;
  readonly #judging: Judging;

  constructor(state: SessionState, control: SessionControl) {
    this.#state = state;
    this.#control = control;
    this.#judging = new Judging(state, control, this);
    const maxText = state.limits.maxTextBytes;
    this.#reader = new FrameReader((type, total) => neededOfClient(type, total, maxText));
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
    if (this.#waiting === 'gate') this.#judging.cancel();
  }

  /** Called after each chunk of the server: is what was waited for there? */
  wake(): void {
    if (this.#ready()) this.#resume();
  }

  /** The session is over: what was begun for the frame at hand never ran. */
  abandon(): void {
    this.#judging.done();
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
      if (outcome === WAIT || this.#state.ended || this.#state.terminated) return;
      this.#restOn = outcome;
      if (outcome) toServer.take(reader.buffer, reader.at, reader.at + reader.present);
      reader.consume();
      this.#judging.done();
    }
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
    if (state.cancelling !== undefined && state.pipeline.head() === undefined) return this.until('cancel');
    if (state.pipeline.size >= state.limits.maxPipeline) return this.until('room');
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
        state.pipeline.endSegment(entry);
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
        return this.#refuseQuery(refusals.functionCall());
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
    if (present < total) return this.#refuseQuery(refusals.tooLong(state.limits.maxTextBytes));
    const from = at + HEADER;
    const end = at + total - 1;
    // Invariant: what is judged is exactly what the server reads, so there is one NUL, at the end.
    if (end < from || buffer.indexOf(0, from) !== end) return this.#refuseQuery(refusals.malformed());
    const judgement = this.#judging.judge(buffer.subarray(from, end), 'simple');
    if (judgement === WAIT) return WAIT;
    if (judgement.kind === 'refuse') return this.#refuseQuery(judgement.refusal, buffer.subarray(from, end));
    const begun = this.#judging.begin(judgement.statements, undefined);
    if (begun === WAIT) return WAIT;
    if ('code' in begun) return this.#refuseQuery(begun);
    this.#judging.sent();
    const entry = state.pipeline.push(EXPECT.query);
    entry.run = new QueryRun(begun);
    entry.epoch = state.epoch++;
    for (const { plan } of begun) {
      if (state.cleans(plan)) entry.clean = true;
      if (plan.barrier) entry.barrier = true;
      state.noteNames(plan);
    }
    if (entry.barrier) state.pipeline.barriers++;
    state.dropUnnamed();
    if (same(judgement.text, buffer, from, end)) return ON;
    entry.rewritten = true;
    state.toServer.add(query(judgement.text));
    return OFF;
  }

  #parse(): Outcome {
    const state = this.#state;
    const { buffer, at, total, present } = this.#reader;
    if (present < total) return this.#refuse(refusals.tooLong(state.limits.maxTextBytes));
    const nameFrom = at + HEADER;
    const nameEnd = buffer.indexOf(0, nameFrom);
    const from = nameEnd + 1;
    const end = nameEnd < 0 ? -1 : buffer.indexOf(0, from);
    const frameEnd = at + total;
    // Name, text, number of parameter types, types: and nothing after them.
    if (end < 0 || end + 3 > frameEnd || end + 3 + buffer.readUInt16BE(end + 1) * 4 !== frameEnd) return this.#refuse(refusals.malformed());
    if (nameEnd - nameFrom > MAX_NAME) return this.#refuse(refusals.nameTooLong());
    if (end - from > state.limits.maxTextBytes) return this.#refuse(refusals.tooLong(state.limits.maxTextBytes));
    const name = buffer.toString('latin1', nameFrom, nameEnd);
    if (name !== '' && state.statements.size >= state.limits.maxStatements && !state.statements.has(name))
      return this.#refuse(refusals.tooManyStatements());
    const judgement = this.#judging.judge(buffer.subarray(from, end), 'parse');
    if (judgement === WAIT) return WAIT;
    if (judgement.kind === 'refuse') return this.#refuse(judgement.refusal, buffer.subarray(from, end), name === '');
    const unchanged = same(judgement.text, buffer, from, end);
    const statement = new PreparedStatement(
      unchanged ? judgement.text : Buffer.from(buffer.subarray(from, end)),
      judgement,
      judgement,
      !unchanged,
      state.epoch,
    );
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
    if (nameEnd < 0 || nameEnd >= at + present) return this.#refuse(total > present ? refusals.nameTooLong() : refusals.malformed());
    if (portalEnd - portalFrom > MAX_NAME || nameEnd - portalEnd - 1 > MAX_NAME) return this.#refuse(refusals.nameTooLong());
    const name = buffer.toString('latin1', portalEnd + 1, nameEnd);
    const statement = this.#known(state.statements, name);
    if (statement === WAIT) return WAIT;
    if (statement === undefined) return this.#refuse(refusals.noStatement(name));
    const checked = this.#judging.recheck(statement);
    if (checked === WAIT) return WAIT;
    if (checked !== undefined) return this.#refuse(checked);
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
    if (end < 0 || end + 5 !== at + total) return this.#refuse(refusals.malformed());
    if (end - from > MAX_NAME) return this.#refuse(refusals.nameTooLong());
    const portal = this.#known(state.portals, buffer.toString('latin1', from, end));
    if (portal === WAIT) return WAIT;
    if (portal === undefined) return this.#refuse(refusals.noPortal(buffer.toString('latin1', from, end)));
    const statement = portal.statement;
    if (portal.checkedAt !== state.tick) {
      const checked = this.#judging.recheck(statement);
      if (checked === WAIT) return WAIT;
      if (checked !== undefined) return this.#refuse(checked);
      portal.checkedAt = state.tick;
    }
    const plan = statement.plan;
    if (plan !== undefined && portal.running === undefined) {
      const begun = this.#judging.begin([plan], portal);
      if (begun === WAIT) return WAIT;
      if ('code' in begun) return this.#refuse(begun);
      this.#judging.sent();
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
      state.pipeline.raiseBarrier(entry);
    }
    return ON;
  }

  #describe(): Outcome {
    const state = this.#state;
    const target = this.#target();
    if (target === undefined) return this.#refuse(refusals.malformed());
    const known = target.portal ? this.#known(state.portals, target.name) : this.#known(state.statements, target.name);
    if (known === WAIT) return WAIT;
    const statement = known instanceof Portal ? known.statement : known;
    if (statement === undefined) return this.#refuse(target.portal ? refusals.noPortal(target.name) : refusals.noStatement(target.name));
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
    if (target === undefined) return this.#refuse(refusals.malformed());
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
    return pipeline.segments > 0 ? this.until('segments') : named;
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

  until(what: Exclude<Waiting, 'no' | 'gate'>): typeof WAIT {
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

  answer<T>(promise: Promise<T>, store: (value: T) => void): typeof WAIT {
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

  #refuseQuery(refusal: Refusal, text?: Uint8Array): Outcome {
    poisonQuery(this.#state, refusal, text);
    return OFF;
  }

  #refuse(refusal: Refusal, text?: Uint8Array, unnamedParse?: boolean): Outcome {
    poisonExtended(this.#state, refusal, text, unnamedParse);
    return OFF;
  }

  #protocol(type: number): Outcome {
    this.#control.end(refusals.invalidType(type));
    return OFF;
  }
}

function same(text: Uint8Array, buffer: Buffer, from: number, end: number): boolean {
  return text.length === end - from && buffer.compare(text, 0, text.length, from, end) === 0;
}
