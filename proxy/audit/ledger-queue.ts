// What was appended and is not on disk yet, oldest first, bounded in memory. The ledger keeps each record here until the
// writer acknowledges it, so that a failed or dead writer loses nothing. Source: design, "Durability" (never silent loss).
import type { RecordText } from './record-text.ts';

export interface Waiter {
  resolve(): void;
  reject(): void;
}

interface Entry extends RecordText {
  waiter: Waiter | undefined;
}

/** What a record costs besides its text. */
const ENTRY_BYTES = 200;

export class LedgerQueue {
  readonly #limit: number;
  #entries: Entry[] = [];
  #first = 0;
  #sent = 0;
  #bytes = 0;
  /** Of those to be sent, how many were sent before and may be on disk already. */
  #resend = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get size(): number {
    return this.#entries.length - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** False when the bound is reached: the record is not taken. */
  push(text: RecordText, waiter: Waiter | undefined): boolean {
    const cost = text.head.length + text.tail.length + ENTRY_BYTES;
    if (this.#bytes + cost > this.#limit) return false;
    this.#bytes += cost;
    this.#entries.push({ head: text.head, tail: text.tail, waiter });
    return true;
  }

  /** The next records for the writer, all of one kind (sent before or not); undefined when none wait. */
  take(most: number): { readonly texts: readonly string[]; readonly resent: boolean } | undefined {
    const from = this.#first + this.#sent;
    const resent = this.#resend > 0;
    const end = Math.min(this.#entries.length, from + (resent ? Math.min(most, this.#resend) : most));
    if (end === from) return undefined;
    const texts: string[] = [];
    for (let index = from; index < end; index++) {
      const entry = this.#entries[index];
      if (entry !== undefined) texts.push(entry.head, entry.tail);
    }
    this.#sent += end - from;
    if (resent) this.#resend -= end - from;
    return { texts, resent };
  }

  /** The oldest `count` are on disk. */
  stored(count: number): void {
    const end = this.#first + Math.min(count, this.#sent);
    this.#sent -= end - this.#first;
    for (; this.#first < end; this.#first++) {
      const entry = this.#entries[this.#first];
      if (entry === undefined) continue;
      this.#bytes -= entry.head.length + entry.tail.length + ENTRY_BYTES;
      entry.waiter?.resolve();
    }
    // Keeps the array from growing at its dead end without moving it on every commit.
    if (this.#first === this.#entries.length) {
      this.#entries = [];
      this.#first = 0;
    } else if (this.#first > 4096 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  /** The writer failed: nobody may go on relying on these; they stay queued, to be sent again. */
  failed(): void {
    this.#resend += this.#sent;
    this.#sent = 0;
    for (let index = this.#first; index < this.#entries.length; index++) {
      const entry = this.#entries[index];
      entry?.waiter?.reject();
      if (entry !== undefined) entry.waiter = undefined;
    }
  }
}
