// Walks protocol 3 frames inside the chunks as they came: header arithmetic only, no copies, except of a frame's head when a
// chunk boundary cuts it. Source: PostgreSQL, "Frontend/Backend Protocol", message formats (type byte, Int32 length incl. itself).

/** Type byte and length. */
export const HEADER = 5;

/** How many bytes of a frame (header included) must be there before it is looked at; -1 when such a frame can't be. */
export type Needed = (type: number, total: number) => number;

export const STEP = { more: 0, frame: 1, rest: 2, malformed: 3 } as const;
export type Step = (typeof STEP)[keyof typeof STEP];

const EMPTY = Buffer.alloc(0);
const FIRST_CARRY = 4096;

/**
 * `feed` a chunk, then `next` until it says `more`; `consume` each frame or rest before the next step. A frame that is not
 * consumed is given again, so that a caller can stop in the middle of a chunk and come back.
 */
export class FrameReader {
  /** Where the current frame (or rest) lies: `buffer[at … at + present)`; `total` is the frame's whole length. */
  buffer: Buffer = EMPTY;
  at = 0;
  present = 0;
  type = 0;
  total = 0;
  readonly #needed: Needed;
  #chunk: Buffer = EMPTY;
  #position = 0;
  #rest = 0;
  #carry: Buffer = EMPTY;
  #carried = 0;
  #carryTarget = 0;
  #step: Step = STEP.more;

  constructor(needed: Needed) {
    this.#needed = needed;
  }

  /** The chunk before must have been walked to its end. */
  feed(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#position = 0;
  }

  /** A frame was consumed whose last bytes are still to come. */
  get insideRest(): boolean {
    return this.#rest > 0;
  }

  next(): Step {
    if (this.#rest > 0) return this.#nextRest();
    if (this.#carryTarget > 0) return this.#nextCarried();
    const available = this.#chunk.length - this.#position;
    if (available < HEADER) return available === 0 ? this.#end() : this.#startCarry(HEADER);
    const needed = this.#head(this.#chunk, this.#position);
    if (needed < 0) return STEP.malformed;
    if (available < needed) return this.#startCarry(needed);
    this.buffer = this.#chunk;
    this.at = this.#position;
    this.present = available < this.total ? available : this.total;
    this.#step = STEP.frame;
    return STEP.frame;
  }

  consume(): void {
    if (this.#step === STEP.rest) {
      this.#position += this.present;
      this.#rest -= this.present;
    } else if (this.#carryTarget > 0) {
      this.#rest = this.total - this.present;
      // Never reused: what was taken from it may still wait to be written.
      this.#carry = EMPTY;
      this.#carried = 0;
      this.#carryTarget = 0;
    } else {
      this.#position += this.present;
      this.#rest = this.total - this.present;
    }
    this.#step = STEP.more;
  }

  /**
   * The fast way over rows: steps over whole frames of `type` inside this chunk, at most `maxCount` and `maxBytes` of them.
   * Sets `at` and `present` to the range; returns how many. What it stops at is for `next`.
   */
  run(type: number, maxCount: number, maxBytes: number): number {
    if (this.#rest > 0 || this.#carryTarget > 0) return 0;
    const chunk = this.#chunk;
    const end = chunk.length;
    const start = this.#position;
    let position = start;
    let count = 0;
    while (count < maxCount && position + HEADER <= end && chunk[position] === type) {
      const length =
        ((chunk[position + 1] ?? 0) << 24) |
        ((chunk[position + 2] ?? 0) << 16) |
        ((chunk[position + 3] ?? 0) << 8) |
        (chunk[position + 4] ?? 0);
      const next = position + 1 + length;
      if (length < 4 || next > end || next - start > maxBytes) break;
      position = next;
      count++;
    }
    this.buffer = chunk;
    this.at = start;
    this.present = position - start;
    this.#position = position;
    return count;
  }

  #end(): Step {
    // Lets go of the chunk: an idle session keeps no buffer.
    this.#chunk = EMPTY;
    this.#position = 0;
    this.buffer = EMPTY;
    return STEP.more;
  }

  /** Reads a header; returns what is needed of the frame. */
  #head(buffer: Buffer, at: number): number {
    this.type = buffer[at] ?? 0;
    const length = buffer.readUInt32BE(at + 1);
    // Length sanity comes before trust: what follows does arithmetic with it.
    if (length < 4) return -1;
    this.total = length + 1;
    return this.#needed(this.type, this.total);
  }

  #nextRest(): Step {
    const available = this.#chunk.length - this.#position;
    if (available === 0) return this.#end();
    this.buffer = this.#chunk;
    this.at = this.#position;
    this.present = available < this.#rest ? available : this.#rest;
    this.#step = STEP.rest;
    return STEP.rest;
  }

  #startCarry(target: number): Step {
    this.#carryTarget = target;
    this.#fill();
    return this.#end();
  }

  #nextCarried(): Step {
    for (;;) {
      if (!this.#fill()) return this.#end();
      // With the header complete the frame says how much of it is needed; before that the target is the header itself.
      const needed = this.#head(this.#carry, 0);
      if (needed < 0) return STEP.malformed;
      if (needed <= this.#carried) break;
      this.#carryTarget = needed;
    }
    this.buffer = this.#carry;
    this.at = 0;
    this.present = this.#carried;
    this.#step = STEP.frame;
    return STEP.frame;
  }

  /** Moves bytes from the chunk until the target is reached. Grows with what has come, never with what was announced. */
  #fill(): boolean {
    const take = Math.min(this.#carryTarget - this.#carried, this.#chunk.length - this.#position);
    const size = this.#carried + take;
    if (size > this.#carry.length) {
      const grown = Buffer.allocUnsafeSlow(
        Math.min(Math.max(size, this.#carry.length * 2, Math.min(FIRST_CARRY, this.#carryTarget)), Math.max(this.#carryTarget, size)),
      );
      this.#carry.copy(grown, 0, 0, this.#carried);
      this.#carry = grown;
    }
    this.#chunk.copy(this.#carry, this.#carried, this.#position, this.#position + take);
    this.#carried = size;
    this.#position += take;
    return size >= this.#carryTarget;
  }
}
