// A pool of parser workers. A worker that traps, dies or takes too long is discarded and replaced; what it was parsing is
// refused as "can't be checked". Source: design, "Analysis", limits.
import { Worker } from 'node:worker_threads';
import type { ParseOutcome } from './parsed.ts';
import type { ParseReply, ParseRequest } from './parse-worker.ts';

export interface ParserLimits {
  /** Object levels of the syntax tree. */
  readonly maxDepth: number;
  /** Wall clock per text, from when a worker takes it. */
  readonly timeoutMs: number;
  /** WASM frames live on the worker's native stack. */
  readonly stackSizeMb: number;
}

export const DEFAULT_PARSER_LIMITS: ParserLimits = { maxDepth: 2_000, timeoutMs: 5_000, stackSizeMb: 16 };

interface Job {
  readonly text: string;
  readonly byteLength: number;
  readonly done: (outcome: ParseOutcome) => void;
}

interface Slot {
  worker: Worker;
  ready: boolean;
  job: Job | undefined;
  timer: NodeJS.Timeout | undefined;
}

const TRAPPED: ParseOutcome = { kind: 'limit', message: 'the statement is too complex to be checked' };

export class ParserPool {
  readonly #limits: ParserLimits;
  readonly #slots: Slot[] = [];
  readonly #waiting: Job[] = [];
  #nextId = 1;
  #closed = false;

  constructor(size: number, limits: ParserLimits = DEFAULT_PARSER_LIMITS) {
    this.#limits = limits;
    for (let i = 0; i < size; i += 1) this.#slots.push(this.#start());
  }

  /** Parses well-formed text. Never rejects. */
  parse(text: string, byteLength: number): Promise<ParseOutcome> {
    if (this.#closed) return Promise.resolve({ kind: 'limit', message: 'the parser is shut down' });
    return new Promise((done) => {
      this.#waiting.push({ text, byteLength, done });
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting.splice(0)) job.done(TRAPPED);
    await Promise.all(
      this.#slots.map((slot) => {
        this.#settle(slot, TRAPPED);
        return slot.worker.terminate();
      }),
    );
  }

  #start(): Slot {
    const worker = new Worker(new URL('./parse-worker.ts', import.meta.url), { resourceLimits: { stackSizeMb: this.#limits.stackSizeMb } });
    const slot: Slot = { worker, ready: false, job: undefined, timer: undefined };
    worker.unref();
    worker.on('message', (message: ParseReply | 'ready') => {
      if (message === 'ready') slot.ready = true;
      else if ('trapped' in message) return this.#replace(slot);
      else this.#settle(slot, message.outcome);
      this.#dispatch();
    });
    worker.on('error', () => this.#replace(slot));
    worker.on('exit', () => this.#replace(slot));
    return slot;
  }

  #replace(slot: Slot): void {
    const at = this.#slots.indexOf(slot);
    if (at < 0 || this.#closed) return;
    this.#settle(slot, TRAPPED);
    this.#slots[at] = this.#start();
    void slot.worker.terminate();
    this.#dispatch();
  }

  #settle(slot: Slot, outcome: ParseOutcome): void {
    clearTimeout(slot.timer);
    const job = slot.job;
    slot.job = undefined;
    job?.done(outcome);
    if (job !== undefined) slot.worker.unref();
  }

  #dispatch(): void {
    for (const slot of this.#slots) {
      if (!slot.ready || slot.job !== undefined) continue;
      const job = this.#waiting.shift();
      if (job === undefined) return;
      slot.job = job;
      slot.worker.ref();
      slot.timer = setTimeout(() => this.#replace(slot), this.#limits.timeoutMs);
      const request: ParseRequest = { id: this.#nextId++, text: job.text, byteLength: job.byteLength, maxDepth: this.#limits.maxDepth };
      slot.worker.postMessage(request);
    }
  }
}
