// The scanner's tokens over the bytes of a text: for finding the ends of names and the places of keywords, which the
// syntax tree does not give.
import { TOKEN } from './parsed.ts';

export class TokenStream {
  readonly #bytes: Buffer;
  readonly #tokens: Int32Array;
  readonly count: number;

  constructor(bytes: Buffer, tokens: Int32Array) {
    this.#bytes = bytes;
    // Comments stand between tokens and mean nothing here.
    const kept: number[] = [];
    for (let i = 0; i < tokens.length; i += 4) {
      const type = tokens[i + 2];
      if (type !== TOKEN.lineComment && type !== TOKEN.blockComment) {
        kept.push(tokens[i] ?? 0, tokens[i + 1] ?? 0, type ?? 0, tokens[i + 3] ?? 0);
      }
    }
    this.#tokens = Int32Array.from(kept);
    this.count = kept.length / 4;
  }

  start(index: number): number {
    return this.#tokens[index * 4] ?? -1;
  }

  end(index: number): number {
    return this.#tokens[index * 4 + 1] ?? -1;
  }

  /** A name or a keyword (which may serve as a name), not punctuation, numbers or strings. */
  isWord(index: number): boolean {
    const type = this.#tokens[index * 4 + 2];
    return type === TOKEN.identifier || type === TOKEN.unicodeIdentifier || (this.#tokens[index * 4 + 3] ?? 0) > 0;
  }

  /** The token's text in lower case when it is a keyword or punctuation; quoted names never equal a keyword. */
  text(index: number): string {
    if (index < 0 || index >= this.count) return '';
    return this.#bytes.toString('utf8', this.start(index), this.end(index)).toLowerCase();
  }

  isKeyword(index: number, keyword: string): boolean {
    return (this.#tokens[index * 4 + 3] ?? 0) > 0 && this.text(index) === keyword;
  }

  /** Index of the token that starts at the offset, or -1. */
  at(offset: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const start = this.start(middle);
      if (start === offset) return middle;
      if (start < offset) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** Index of the last token that starts before the offset, or -1. */
  before(offset: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.start(middle) < offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Index of the last token of the dotted name that starts at `index`. */
  endOfName(index: number): number {
    let last = index;
    while (this.text(last + 1) === '.' && this.isWord(last + 2)) last += 2;
    return last;
  }

  /** Index of the parenthesis that closes the one at `index`, or -1. */
  closing(index: number): number {
    let depth = 0;
    for (let i = index; i < this.count; i += 1) {
      const text = this.text(i);
      if (text === '(') depth += 1;
      else if (text === ')' && --depth === 0) return i;
    }
    return -1;
  }
}
