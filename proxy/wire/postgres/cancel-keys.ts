// Cancel keys of our own. A client never learns the database's key; a CancelRequest with ours reaches only its session.
// Source: PostgreSQL, "Canceling Requests in Progress"; keys of protocol 3.2 are longer.
import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { PROTOCOL_3_2 } from './startup.ts';

export interface CancelKey {
  readonly processId: number;
  readonly key: Buffer;
}

export class CancelKeys {
  readonly #sessions = new Map<number, { readonly key: Buffer; cancel: () => Promise<void> }>();

  /** `cancel` may be set later with the returned key: a key is told before the session runs. */
  issue(version: number, cancel: () => Promise<void>): CancelKey {
    let processId = randomInt(1, 0x7fffffff);
    while (this.#sessions.has(processId)) processId = randomInt(1, 0x7fffffff);
    const key = randomBytes(version >= PROTOCOL_3_2 ? 32 : 4);
    this.#sessions.set(processId, { key, cancel });
    return { processId, key };
  }

  revoke(processId: number): void {
    this.#sessions.delete(processId);
  }

  /** Resolves when the cancel was passed on. A wrong key does nothing and says nothing. */
  async cancel(processId: number, key: Buffer): Promise<void> {
    const session = this.#sessions.get(processId);
    if (session === undefined || session.key.length !== key.length || !timingSafeEqual(session.key, key)) return;
    await session.cancel();
  }
}
