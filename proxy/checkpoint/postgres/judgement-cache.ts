// Judgements by exact text and by all that they depend on; bounded. Never by fingerprint: it is equal for statements that
// mean different things.
import type { Judgement } from '../gate.ts';
import type { MaskResolver } from './masks.ts';

const MAX_ENTRIES = 5_000;
const MAX_TEXT_BYTES = 32_768;
const MAX_MASKS = 200;

/** The judgements under one key, so that a session whose circumstances stay the same looks up texts only. */
export class KnownTexts {
  readonly #cache: JudgementCache;
  readonly #simple = new Map<string, Judgement>();
  readonly #parse = new Map<string, Judgement>();

  constructor(cache: JudgementCache) {
    this.#cache = cache;
  }

  get(text: Uint8Array, form: 'simple' | 'parse'): Judgement | undefined {
    if (text.byteLength > MAX_TEXT_BYTES) return undefined;
    return (form === 'simple' ? this.#simple : this.#parse).get(exactly(text));
  }

  put(text: Uint8Array, form: 'simple' | 'parse', judgement: Judgement): void {
    if (text.byteLength > MAX_TEXT_BYTES) return;
    this.#cache.makeRoom();
    (form === 'simple' ? this.#simple : this.#parse).set(exactly(text), judgement);
  }

  clear(): void {
    this.#simple.clear();
    this.#parse.clear();
  }
}

export class JudgementCache {
  readonly #known = new Map<string, KnownTexts>();
  readonly #masks = new Map<string, MaskResolver>();
  #size = 0;
  /** Grows when the cache was emptied: texts that were asked for before are no longer the cache's. */
  generation = 0;

  /** `key`: all that a judgement depends on but its text. */
  texts(key: string): KnownTexts {
    let texts = this.#known.get(key);
    if (texts === undefined) {
      // An empty one takes room too: clients can ask for any number of keys.
      this.makeRoom();
      texts = new KnownTexts(this);
      this.#known.set(key, texts);
    }
    return texts;
  }

  /** Everything cold goes at once: simple, bounded, and rare. */
  makeRoom(): void {
    if (this.#size >= MAX_ENTRIES) {
      // A session may still hold one of these.
      for (const texts of this.#known.values()) texts.clear();
      this.#known.clear();
      this.#size = 0;
      this.generation += 1;
    }
    this.#size += 1;
  }

  masks(key: string, make: () => MaskResolver): MaskResolver {
    const known = this.#masks.get(key);
    if (known !== undefined) return known;
    if (this.#masks.size >= MAX_MASKS) this.#masks.clear();
    const made = make();
    this.#masks.set(key, made);
    return made;
  }
}

/** One character a byte: equal keys are equal bytes. */
function exactly(text: Uint8Array): string {
  return Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1');
}
