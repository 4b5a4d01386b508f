// The ledger as the rest of the proxy sees it: takes events, gives them an id and a time, hands them to the writer thread,
// says when they are on disk. Never throws into a statement's path and never loses a record silently.
// Source: design, "Audit: the ledger". The flow is drawn in README.md.
import { randomFillSync, randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { GatehouseError } from '../errors.ts';
import type { FromWriter, ToWriter, WriterSettings } from './ledger-messages.ts';
import type { AuditEvent, LedgerPort, LedgerState } from './ledger-port.ts';
import { LedgerQueue, type Waiter } from './ledger-queue.ts';
import { recordWriter } from './record-text.ts';
import { type LedgerSigner, signCheckpoint } from './signed-note.ts';
import { uuidV7Source } from './uuid.ts';
import { addVerifierKey } from './verifier-keys.ts';

export interface LedgerClock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Nanoseconds that never run backwards. */
  monotonic(): bigint;
}

export interface LedgerOptions {
  readonly folder: string;
  readonly device: string;
  readonly signer: LedgerSigner;
  readonly clock?: LedgerClock;
  readonly random?: (bytes: Uint8Array) => void;
  /** Names this run of the process; ids of records from one boot share it. */
  readonly boot?: string;
  /** Longest wait of a record that nobody waits for, in milliseconds. */
  readonly commitIntervalMs?: number;
  readonly checkpointEvery?: number;
  readonly checkpointAfterMs?: number;
  /** Bound of the records in memory that are not on disk yet. */
  readonly queueBytes?: number;
  /** Pause before the store is tried again after a failure. */
  readonly retryMs?: number;
  /** Told of every change between `ok` and `failed`. */
  readonly onState?: (state: LedgerState) => void;
}

export interface Ledger extends LedgerPort, AsyncDisposable {
  /** What was found wrong in the ledger's tail at start; it is recorded as GH-X-INCIDENT too. */
  readonly findingAtStart: string | undefined;
  /** Writes what waits, GH-L-STOP and a checkpoint. Rejects with AUDIT_UNAVAILABLE when records could not be written. */
  close(): Promise<void>;
}

const SYSTEM_CLOCK: LedgerClock = { now: () => Date.now(), monotonic: () => process.hrtime.bigint() };
const OK: LedgerState = { kind: 'ok' };
/** A commit costs the same for one record and for fifty: waiting a little for more of them is most of what the ledger saves. */
const COMMIT_INTERVAL_MS = 5;
const DEFAULT_QUEUE_BYTES = 64 * 1024 * 1024;
/** Busy from an eighth of the bound on: those who then wait keep it from ever being reached. */
const BUSY_SHARE = 8;
/** Records per message: a message is copied in one go, and the main thread has other things to do. */
const MAX_PER_MESSAGE = 1000;
const RECOVERY_MESSAGE = 200;

/** Rejects with `LEDGER_LOCKED`, `LEDGER_VERSION` or `AUDIT_UNAVAILABLE` when the ledger cannot be opened. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  // Before anything is signed with it. Refused by a read-only disk, as the ledger itself would be.
  try {
    addVerifierKey(options.folder, options.signer.verifierKey);
  } catch (cause) {
    throw new GatehouseError('AUDIT_UNAVAILABLE', 'the ledger cannot be opened: its folder cannot be written', { cause });
  }
  const ledger = new WorkerLedger(options);
  await ledger.opened;
  return ledger;
}

class WorkerLedger implements Ledger {
  readonly #options: LedgerOptions;
  readonly #clock: LedgerClock;
  readonly #start: bigint;
  readonly #nextId: (unixMs: number) => string;
  readonly #write: ReturnType<typeof recordWriter>;
  readonly #queue: LedgerQueue;
  readonly #queueBytes: number;
  readonly opened: Promise<void>;
  findingAtStart: string | undefined;

  #worker: Worker;
  #epoch = 0;
  #state: LedgerState = OK;
  /** Why the writer cannot write; it is tried again until it can. */
  #broken: string | undefined;
  #recovering = false;
  #workerState: 'opening' | 'open' | 'dead' = 'opening';
  #lost = { count: 0, since: '', until: '', why: '' };
  #flush: 'none' | 'timer' | 'now' = 'none';
  #flushTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #closed: PromiseWithResolvers<void> = Promise.withResolvers();
  #timeMs = -1;
  #timeText = '';

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#start = this.#clock.monotonic();
    this.#nextId = uuidV7Source(options.random ?? randomFillSync);
    this.#write = recordWriter(options.device, options.boot ?? randomUUID());
    this.#queueBytes = options.queueBytes ?? DEFAULT_QUEUE_BYTES;
    this.#queue = new LedgerQueue(this.#queueBytes);
    this.#worker = this.#startWorker();
    this.opened = this.#waitUntilOpen();
  }

  get state(): LedgerState {
    return this.#state;
  }

  get busy(): boolean {
    return this.#queue.bytes * BUSY_SHARE > this.#queueBytes;
  }

  append(event: AuditEvent): string {
    const id = this.#enqueue(event, undefined);
    if (this.#flush === 'none') {
      this.#flush = 'timer';
      this.#flushTimer = setTimeout(this.#send, this.#options.commitIntervalMs ?? COMMIT_INTERVAL_MS);
    }
    return id;
  }

  appendDurable(event: AuditEvent): { readonly id: string; readonly durable: Promise<void> } {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // A caller that has gone away must not turn a full disk into a crash.
    promise.catch(() => {});
    const waiter: Waiter = { resolve, reject: () => reject(this.#unavailable()) };
    // While the store fails nobody is kept waiting; the record itself still waits for better times.
    const refuse = this.#state.kind === 'failed';
    const id = this.#enqueue(event, refuse ? undefined : waiter);
    if (refuse) waiter.reject();
    if (this.#flush !== 'now') {
      this.#flush = 'now';
      clearTimeout(this.#flushTimer);
      // At the end of this turn: what else it appends goes along.
      queueMicrotask(this.#send);
    }
    return { id, durable: promise };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #enqueue(event: AuditEvent, waiter: Waiter | undefined): string {
    const now = this.#clock.now();
    if (now !== this.#timeMs) {
      this.#timeMs = now;
      this.#timeText = new Date(now).toISOString();
    }
    const id = this.#nextId(now);
    if (this.#closing !== undefined && event.code !== 'GH-L-STOP') {
      waiter?.reject();
      return id;
    }
    // Once records are being lost, all are until the queue has room again: the gap is one stretch, told by one record.
    if (this.#lost.count > 0 && event.code !== 'GH-L-GAP') return this.#lose(id, this.#lost.why, waiter);
    try {
      const mono = (this.#clock.monotonic() - this.#start).toString();
      const text = this.#write(event, { id, time: this.#timeText, mono });
      if (this.#queue.push(text, waiter)) return id;
      return this.#lose(id, 'the queue is full', waiter);
    } catch {
      return this.#lose(id, 'the record cannot be written as JSON', waiter);
    }
  }

  #lose(id: string, why: string, waiter: Waiter | undefined): string {
    const first = this.#lost.count === 0;
    this.#lost = {
      count: this.#lost.count + 1,
      since: first ? this.#timeText : this.#lost.since,
      until: this.#timeText,
      why: first ? why : this.#lost.why,
    };
    this.#updateState();
    waiter?.reject();
    // Told on the next turn at the earliest, when whoever fills the queue has paused.
    if (first) setImmediate(() => this.#tellGap());
    return id;
  }

  /** Writes down how many records were lost, once there is room again. */
  #tellGap(): void {
    const lost = this.#lost;
    if (lost.count === 0 || this.#broken !== undefined || this.#queue.bytes * 2 > this.#queueBytes) return;
    this.append({ code: 'GH-L-GAP', facts: { lost: lost.count, since: lost.since, until: lost.until, why: lost.why } });
    this.#lost = { count: 0, since: '', until: '', why: '' };
    this.#updateState();
  }

  readonly #send = (): void => {
    clearTimeout(this.#flushTimer);
    this.#flush = 'none';
    if (this.#broken !== undefined) return;
    for (let batch = this.#queue.take(MAX_PER_MESSAGE); batch !== undefined; batch = this.#queue.take(MAX_PER_MESSAGE)) {
      this.#post({ kind: 'append', epoch: this.#epoch, resent: batch.resent, texts: batch.texts });
    }
  };

  #post(message: ToWriter): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWriter): void {
    switch (message.kind) {
      case 'stored':
        if (message.epoch !== this.#epoch) return;
        this.#queue.stored(message.count);
        if (this.#recovering) this.#recovered();
        if (this.#lost.count > 0) this.#tellGap();
        return;
      case 'failed':
        if (message.epoch === this.#epoch) this.#fail(message.reason);
        return;
      case 'sign':
        this.#sign(message.size, message.head);
        return;
      case 'closed':
        this.#closed.resolve();
        return;
      case 'opened':
        this.#workerState = 'open';
        if (this.#recovering) this.#sendFirst();
        return;
      case 'not-opened':
        this.#workerState = 'dead';
        if (this.#recovering) this.#fail(message.message);
        return;
    }
  }

  #sign(size: number, head: string): void {
    try {
      this.#post({ kind: 'signed', size, note: signCheckpoint({ origin: this.#options.signer.name, size, head }, this.#options.signer) });
    } catch {
      this.#post({ kind: 'not-signed' });
      this.append({ code: 'GH-X-INCIDENT', facts: { what: 'a checkpoint of the ledger could not be signed', size } });
    }
  }

  #fail(reason: string): void {
    this.#broken = reason;
    this.#recovering = false;
    // Before anyone is told, so that whoever reacts to a rejection sees the state that caused it.
    this.#updateState();
    this.#queue.failed();
    if (this.#closing !== undefined) return this.#closed.resolve();
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#retry(), this.#options.retryMs ?? 250);
  }

  /** Sends a first part of what waits; an answer decides whether the store works again. */
  #retry(): void {
    this.#epoch++;
    this.#recovering = true;
    if (this.#workerState === 'open') return this.#sendFirst();
    this.#workerState = 'opening';
    this.#worker = this.#startWorker();
  }

  #sendFirst(): void {
    const batch = this.#queue.take(RECOVERY_MESSAGE);
    // Nothing waits when the failure was found by an empty hand (a dead thread): the next record finds out.
    if (batch === undefined) this.#recovered();
    else this.#post({ kind: 'append', epoch: this.#epoch, resent: batch.resent, texts: batch.texts });
  }

  #recovered(): void {
    this.#recovering = false;
    this.#broken = undefined;
    this.#updateState();
    this.#send();
    this.#tellGap();
  }

  #updateState(): void {
    const reason =
      this.#broken ?? (this.#lost.count > 0 ? this.#lost.why : this.#closing !== undefined ? 'the ledger is closed' : undefined);
    const before = this.#state;
    this.#state = reason === undefined ? OK : { kind: 'failed', reason };
    // A ledger that was closed on purpose is no news.
    if (before.kind !== this.#state.kind && this.#closing === undefined) this.#options.onState?.(this.#state);
  }

  #unavailable(): GatehouseError {
    const reason = this.#state.kind === 'failed' ? this.#state.reason : 'the ledger is closed';
    return new GatehouseError('AUDIT_UNAVAILABLE', `the audit ledger cannot be written: ${reason}`);
  }

  #startWorker(): Worker {
    const settings: WriterSettings = {
      folder: this.#options.folder,
      checkpointEvery: this.#options.checkpointEvery ?? 1000,
      checkpointAfterMs: this.#options.checkpointAfterMs ?? 10_000,
      verifyAtStart: 2000,
    };
    const worker = new Worker(new URL('./ledger-worker.ts', import.meta.url), { workerData: settings, name: 'ledger', execArgv: [] });
    worker.on('message', (message: FromWriter) => this.#receive(message));
    worker.on('error', () => this.#workerDied(worker));
    worker.on('exit', () => this.#workerDied(worker));
    return worker;
  }

  /** The thread itself ended: the next try starts a new one, and what was not acknowledged is sent again. */
  #workerDied(worker: Worker): void {
    if (worker !== this.#worker || this.#workerState === 'dead') return;
    const opened = this.#workerState === 'open' || this.#epoch > 0;
    this.#workerState = 'dead';
    if (opened) this.#fail('the writer thread ended');
  }

  async #waitUntilOpen(): Promise<void> {
    const answer = await new Promise<FromWriter>((resolve, reject) => {
      this.#worker.once('message', resolve);
      this.#worker.once('error', (cause) => reject(new GatehouseError('AUDIT_UNAVAILABLE', 'the ledger cannot be opened', { cause })));
    });
    if (answer.kind !== 'opened') {
      this.#closing = Promise.resolve();
      this.#updateState();
      await this.#worker.terminate();
      const refused = answer.kind === 'not-opened' ? answer : { code: 'AUDIT_UNAVAILABLE', message: 'the ledger cannot be opened' };
      throw new GatehouseError(refused.code, refused.message);
    }
    this.findingAtStart = answer.finding;
    const { durable } = this.appendDurable({
      code: 'GH-L-START',
      facts: { previous: answer.previousEnd, key: this.#options.signer.verifierKey },
    });
    if (answer.finding !== undefined)
      this.append({ code: 'GH-X-INCIDENT', facts: { what: 'the ledger was found altered at start', finding: answer.finding } });
    await durable;
  }

  async #close(): Promise<void> {
    this.#tellGap();
    // `#closing` is set when this first awaits, so that the last record is this one.
    this.append({ code: 'GH-L-STOP' });
    await Promise.resolve();
    this.#updateState();
    clearTimeout(this.#retryTimer);
    if (this.#broken !== undefined) {
      this.#epoch++;
      this.#broken = undefined;
    }
    if (this.#workerState === 'open') {
      this.#send();
      this.#post({ kind: 'close' });
      await this.#closed.promise;
    }
    await this.#worker.terminate();
    const left = this.#queue.size;
    this.#queue.failed();
    if (left > 0)
      throw new GatehouseError('AUDIT_UNAVAILABLE', 'the ledger closed with records that it could not write', { data: { records: left } });
  }
}
