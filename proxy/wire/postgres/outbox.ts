// Gathers what one chunk becomes on the other side and writes it at once. Neighbouring ranges of one chunk are one range, so
// a chunk that is passed on unchanged costs one write and no copy.
import type { Writable } from 'node:stream';

/** Below this, copying the pieces together is cheaper than a vectored write. */
const COPY_LIMIT = 65_536;

export class Outbox {
  readonly #stream: Writable;
  #buffer: Buffer | undefined;
  #from = 0;
  #to = 0;
  #pieces: Buffer[] = [];
  #size = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  get empty(): boolean {
    return this.#buffer === undefined;
  }

  /** Borrows the range until `flush`. */
  take(buffer: Buffer, from: number, to: number): void {
    if (from === to) return;
    if (this.#buffer === buffer && this.#to === from) {
      this.#to = to;
      return;
    }
    if (this.#buffer !== undefined) this.#seal(this.#buffer);
    this.#buffer = buffer;
    this.#from = from;
    this.#to = to;
  }

  add(message: Buffer): void {
    this.take(message, 0, message.length);
  }

  /** False when the stream wants no more for now; what was given is on its way in any case. */
  flush(): boolean {
    const last = this.#buffer;
    if (last === undefined) return true;
    this.#buffer = undefined;
    const tail = this.#from === 0 && this.#to === last.length ? last : last.subarray(this.#from, this.#to);
    if (this.#pieces.length === 0) return this.#stream.write(tail);
    const pieces = this.#pieces;
    pieces.push(tail);
    const size = this.#size + tail.length;
    this.#pieces = [];
    this.#size = 0;
    if (size <= COPY_LIMIT) {
      const joined = Buffer.allocUnsafe(size);
      let at = 0;
      for (const piece of pieces) at += piece.copy(joined, at);
      return this.#stream.write(joined);
    }
    this.#stream.cork();
    let more = true;
    for (const piece of pieces) more = this.#stream.write(piece);
    this.#stream.uncork();
    return more;
  }

  /** Forgets what was gathered and not written. */
  discard(): void {
    this.#buffer = undefined;
    this.#pieces = [];
    this.#size = 0;
  }

  #seal(buffer: Buffer): void {
    const piece = buffer.subarray(this.#from, this.#to);
    this.#pieces.push(piece);
    this.#size += piece.length;
  }
}
