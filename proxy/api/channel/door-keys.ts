// Keys of the app's door: one-time tokens that come in an address, and the secrets by which a window comes back. Only hashes
// are kept. Pure but for the randomness and the clock, which are parameters. Source: design, "Processes".
import { createHash, timingSafeEqual } from 'node:crypto';

export interface DoorKeysOptions {
  readonly random: (bytes: number) => Uint8Array;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly tokenMs: number;
  readonly secretMs: number;
  /** Tokens that wait for their use; the oldest goes. */
  readonly maxTokens: number;
}

export type Admission = { readonly kind: 'new' } | { readonly kind: 'again'; readonly window: string; readonly secret: string };

interface Key {
  readonly hash: Buffer;
  readonly expires: number;
  readonly window: string | undefined;
}

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();

export class DoorKeys {
  readonly #options: DoorKeysOptions;
  #keys: Key[] = [];

  constructor(options: DoorKeysOptions) {
    this.#options = options;
  }

  /** A token for a new window; good once. */
  token(): string {
    const text = this.#add(undefined, this.#options.tokenMs);
    const tokens = this.#keys.filter((key) => key.window === undefined);
    const surplus = new Set(tokens.slice(0, Math.max(0, tokens.length - this.#options.maxTokens)));
    this.#keys = this.#keys.filter((key) => !surplus.has(key));
    return text;
  }

  /** The secret by which a window comes back; the one it came with is good until `forget`. */
  secret(window: string): string {
    return this.#add(window, this.#options.secretMs);
  }

  /** A one-time token is used up by this; a secret is not, since its answer may be lost on the way. */
  admit(text: string): Admission | undefined {
    const now = this.#options.now();
    this.#keys = this.#keys.filter((key) => key.expires > now);
    const hash = hashOf(text);
    // Every key is looked at, whatever matched: the time tells nothing.
    let found: Key | undefined;
    for (const key of this.#keys) if (timingSafeEqual(key.hash, hash)) found = key;
    if (found === undefined) return undefined;
    if (found.window !== undefined) return { kind: 'again', window: found.window, secret: text };
    this.#keys = this.#keys.filter((key) => key !== found);
    return { kind: 'new' };
  }

  /** The window has shown that it got a newer secret. */
  forget(secret: string): void {
    const hash = hashOf(secret);
    this.#keys = this.#keys.filter((key) => !timingSafeEqual(key.hash, hash));
  }

  /** The window will not come back. */
  forgetWindow(window: string): void {
    this.#keys = this.#keys.filter((key) => key.window !== window);
  }

  #add(window: string | undefined, lifeMs: number): string {
    const text = Buffer.from(this.#options.random(32)).toString('base64url');
    this.#keys.push({ hash: hashOf(text), expires: this.#options.now() + lifeMs, window });
    return text;
  }
}
