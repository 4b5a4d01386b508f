// What the server still owes: one entry for each forwarded message that it answers, in order. The server's own rule for errors
// (skip to the next Sync) is applied to the same queue, so both sides always mean the same message.
// Source: PostgreSQL, "Pipelining"; backend main loop for what is skipped.
import type { Refusal } from '../../checkpoint/gate.ts';
import type { Portal, PreparedStatement, QueryRun } from './statements.ts';

export const EXPECT = { none: 0, query: 1, parse: 2, bind: 3, describe: 4, execute: 5, close: 6, sync: 7, copyEnd: 8 } as const;
export type Expect = (typeof EXPECT)[keyof typeof EXPECT];

/** Reused: the ring makes no object per message. */
export class Expected {
  kind: Expect = EXPECT.none;
  /** parse, describe: the statement; bind, execute, describe: the portal; query: the run. */
  statement: PreparedStatement | undefined;
  portal: Portal | undefined;
  run: QueryRun | undefined;
  /** What a parse, bind or close changed, for taking it back. */
  name = '';
  previous: PreparedStatement | Portal | undefined;
  /** For close: was it a portal? */
  ofPortal = false;
  /** Stands for a message that was refused: the error it raises is swapped for this. */
  refusal: Refusal | undefined;
  refusedText: Uint8Array | undefined;
  /** Our own message: the client hears nothing of it. */
  injected = false;
  barrier = false;
  /** Errors and notices are cleaned. */
  clean = false;
  /** Error positions point into a text that the client has not sent. */
  rewritten = false;
  epoch = 0;

  reset(kind: Expect): void {
    this.kind = kind;
    this.statement = undefined;
    this.portal = undefined;
    this.run = undefined;
    this.name = '';
    this.previous = undefined;
    this.ofPortal = false;
    this.refusal = undefined;
    this.refusedText = undefined;
    this.injected = false;
    this.barrier = false;
    this.clean = false;
    this.rewritten = false;
    this.epoch = 0;
  }
}

const FIRST_CAPACITY = 16;

export class Pipeline {
  #ring: Expected[] = Array.from({ length: FIRST_CAPACITY }, () => new Expected());
  #mask = FIRST_CAPACITY - 1;
  #first = 0;
  #size = 0;
  /** Entries whose completion judging waits for. */
  barriers = 0;
  /** Sync and Query messages whose ReadyForQuery is to come. */
  segments = 0;

  /** A barrier was met in the segment that is being sent. */
  #changing = false;

  /** Judging what follows waits until this entry is answered. */
  raiseBarrier(entry: Expected): void {
    entry.barrier = true;
    this.barriers++;
    this.#changing = true;
  }

  /**
   * The segment's Sync. What a segment has changed stands only when its transaction has ended: a later statement of it may fail
   * and take all back, and SET LOCAL ends there. So what follows the Sync waits for its answer.
   */
  endSegment(sync: Expected): void {
    if (!this.#changing) return;
    sync.barrier = true;
    this.barriers++;
    this.#changing = false;
  }

  get size(): number {
    return this.#size;
  }

  push(kind: Expect): Expected {
    if (this.#size === this.#ring.length) this.#grow();
    const entry = this.#at(this.#size);
    this.#size++;
    if (kind === EXPECT.sync || kind === EXPECT.query) this.segments++;
    entry.reset(kind);
    return entry;
  }

  /** The entry that the next response belongs to. */
  head(): Expected | undefined {
    while (this.#size > 0) {
      const entry = this.#at(0);
      // The end of COPY data has no response of its own.
      if (entry.kind !== EXPECT.copyEnd) return entry;
      this.shift();
    }
    return undefined;
  }

  shift(): void {
    const entry = this.#at(0);
    if (entry.barrier) this.barriers--;
    if (entry.kind === EXPECT.sync || entry.kind === EXPECT.query) this.segments--;
    // Lets go of what it refers to; an idle session keeps nothing alive.
    entry.reset(EXPECT.none);
    this.#first = (this.#first + 1) & this.#mask;
    this.#size--;
  }

  /** Is there a response coming without our asking for it (Sync or Query at the end)? */
  get flushes(): boolean {
    if (this.#size === 0) return true;
    const kind = this.#at(this.#size - 1).kind;
    return kind === EXPECT.sync || kind === EXPECT.query;
  }

  /**
   * The head failed in the extended protocol: the server skips all up to the next Sync. `undo` is called for each entry,
   * newest first; entries stay readable during it. Returns whether that Sync was sent already.
   */
  failHead(undo: (entry: Expected, failed: boolean) => void): boolean {
    let count = 0;
    while (count < this.#size && this.#at(count).kind !== EXPECT.sync) count++;
    const found = count < this.#size;
    for (let index = count - 1; index >= 0; index--) {
      const entry = this.#at(index);
      undo(entry, index === 0);
      if (entry.kind === EXPECT.query) this.segments--;
      // An entry that was taken back changes nothing any more.
      entry.kind = EXPECT.none;
    }
    for (let index = 0; index < count; index++) this.shift();
    return found;
  }

  /**
   * The head asks for COPY data. The server ignores Sync and Flush while it reads data, so Syncs sent before the data's end
   * are never answered. False when anything else was sent: the server would read it as data and fail in the midst of it.
   */
  copyInStarted(): boolean {
    let kept = 1;
    let ended = false;
    let sound = true;
    for (let index = 1; index < this.#size; index++) {
      const entry = this.#at(index);
      if (!ended && entry.kind === EXPECT.sync) {
        this.segments--;
        if (entry.barrier) this.barriers--;
        continue;
      }
      if (!ended && entry.kind !== EXPECT.copyEnd) sound = false;
      ended = true;
      if (kept !== index) this.#swap(kept, index);
      kept++;
    }
    for (let index = kept; index < this.#size; index++) this.#at(index).reset(EXPECT.none);
    this.#size = kept;
    return sound;
  }

  /** The data's end was sent already. */
  get copyEnded(): boolean {
    return this.#size > 1 && this.#at(1).kind === EXPECT.copyEnd;
  }

  /** A COPY FROM has completed: its end mark is used up. False when none was sent, which can't be. */
  copyInCompleted(): boolean {
    if (!this.copyEnded) return false;
    // Behind the head, so the ring is closed up from the front.
    this.#swap(0, 1);
    this.shift();
    return true;
  }

  /** The first later entry that changed the same name. */
  laterChange(of: Expected): Expected | undefined {
    let passed = false;
    for (let index = 0; index < this.#size; index++) {
      const entry = this.#at(index);
      if (entry === of) passed = true;
      else if (passed && entry.name === of.name && changes(entry) === changes(of)) return entry;
    }
    return undefined;
  }

  *entries(): Generator<Expected> {
    for (let index = 0; index < this.#size; index++) yield this.#at(index);
  }

  #at(index: number): Expected {
    return this.#ring[(this.#first + index) & this.#mask] as Expected;
  }

  #swap(a: number, b: number): void {
    const left = (this.#first + a) & this.#mask;
    const right = (this.#first + b) & this.#mask;
    const entry = this.#ring[left] as Expected;
    this.#ring[left] = this.#ring[right] as Expected;
    this.#ring[right] = entry;
  }

  #grow(): void {
    const size = this.#size;
    const grown = Array.from({ length: size * 2 }, (_, index) => (index < size ? this.#at(index) : new Expected()));
    this.#ring = grown;
    this.#mask = grown.length - 1;
    this.#first = 0;
  }
}

/** Which namespace an entry changes. */
function changes(entry: Expected): 'statement' | 'portal' | 'none' {
  if (entry.kind === EXPECT.parse) return 'statement';
  if (entry.kind === EXPECT.bind) return 'portal';
  if (entry.kind === EXPECT.close) return entry.ofPortal ? 'portal' : 'statement';
  return 'none';
}
