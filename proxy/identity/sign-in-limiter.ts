// Slows down failed sign-ins per (name, address), pure: time is a parameter. Guessing 256 bits is hopeless anyway; this keeps a
// broken or hostile client from filling the ledger and the CPU. The block is short, because a process on this machine could
// otherwise lock an honest agent out for good by failing in its name.

export interface SignInLimits {
  /** Failures that are free. */
  readonly burst: number;
  /** Milliseconds after which one more failure is forgiven. */
  readonly forgiveMs: number;
  /** Pairs remembered; the longest unused goes first. */
  readonly capacity: number;
}

const DEFAULTS: SignInLimits = { burst: 10, forgiveMs: 3_000, capacity: 4_096 };

interface Bucket {
  failures: number;
  /** When `failures` was true. */
  at: number;
}

export class SignInLimiter {
  readonly #limits: SignInLimits;
  /** Insertion order is use order: the first is the longest unused. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: Partial<SignInLimits> = {}) {
    this.#limits = { ...DEFAULTS, ...limits };
  }

  /** May this pair be given the real verifier? `now`: monotonic milliseconds. */
  allowed(name: string, address: string, now: number): boolean {
    const bucket = this.#buckets.get(key(name, address));
    return bucket === undefined || this.#leaked(bucket, now) < this.#limits.burst;
  }

  failed(name: string, address: string, now: number): void {
    const id = key(name, address);
    const bucket = this.#buckets.get(id);
    this.#buckets.delete(id);
    const failures = bucket === undefined ? 0 : this.#leaked(bucket, now);
    // Nobody looked at the proof of who is blocked, so their failure says nothing: an honest client that tries again and again
    // must come in when the block ends, and a long attack is forgiven as soon as a short one.
    const blocked = bucket !== undefined && failures >= this.#limits.burst;
    const { burst } = this.#limits;
    // The last free failure starts a block of one whole interval.
    this.#buckets.set(id, blocked ? bucket : { failures: failures + 1 >= burst ? burst + 1 : failures + 1, at: now });
    if (this.#buckets.size > this.#limits.capacity) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
  }

  succeeded(name: string, address: string): void {
    this.#buckets.delete(key(name, address));
  }

  #leaked(bucket: Bucket, now: number): number {
    return Math.max(0, bucket.failures - Math.max(0, now - bucket.at) / this.#limits.forgiveMs);
  }
}

function key(name: string, address: string): string {
  return `${address}\0${name}`;
}
