// Judgements by exact text and by all that they depend on; bounded. Never by fingerprint: it is equal for statements that
// mean different things.
import type { Judgement } from '../gate.ts';
import type { MaskResolver } from './masks.ts';

const MAX_ENTRIES = 5_000;
const MAX_TEXT_BYTES = 32_768;
const MAX_MASKS = 200;

export class JudgementCache {
  readonly #judgements = new Map<string, Map<string, Judgement>>();
  readonly #masks = new Map<string, MaskResolver>();
  #size = 0;

  get(key: string, text: Uint8Array, form: 'simple' | 'parse'): Judgement | undefined {
    if (text.byteLength > MAX_TEXT_BYTES) return undefined;
    return this.#judgements.get(key)?.get(textKey(text, form));
  }

  put(key: string, text: Uint8Array, form: 'simple' | 'parse', judgement: Judgement): void {
    if (text.byteLength > MAX_TEXT_BYTES) return;
    if (this.#size >= MAX_ENTRIES) {
      // Everything cold goes at once: simple, bounded, and rare.
      this.#judgements.clear();
      this.#size = 0;
    }
    let texts = this.#judgements.get(key);
    if (texts === undefined) {
      texts = new Map();
      this.#judgements.set(key, texts);
    }
    texts.set(textKey(text, form), judgement);
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
function textKey(text: Uint8Array, form: 'simple' | 'parse'): string {
  return form + Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1');
}
