// A bounded memory of answers: the least recently used goes first. Belongs to one engine, so a new bundle starts empty.

export class Memo<V> {
  readonly #entries = new Map<string, V>();
  readonly #capacity: number;
  readonly #maxKeyLength: number;

  /** Longer keys are not kept: `capacity × maxKeyLength` bounds the memory that names chosen by others can take. */
  constructor(capacity: number, maxKeyLength = 4096) {
    this.#capacity = capacity;
    this.#maxKeyLength = maxKeyLength;
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    if (key.length > this.#maxKeyLength) return;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#capacity) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }

  get size(): number {
    return this.#entries.size;
  }
}
