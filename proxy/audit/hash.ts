// The chain's hash: `SHA-256(prevHash || canonical JSON of the record without its hash)`, in lower-case hex.
// Source: design, "Tamper evidence". `prevHash` enters as its 64 hex characters, so `printf %s%s | sha256sum` checks it.
import { createHash, hash } from 'node:crypto';

/** What the first record of a ledger follows. */
export const GENESIS_HASH = '0'.repeat(64);

export function chainHash(prevHash: string, body: string): string {
  return hash('sha256', prevHash + body, 'hex');
}

/** The same over stored bytes: verifying must not decode first, because two invalid encodings can decode to one text. */
export function chainHashOfBytes(prevHash: string, body: Uint8Array): string {
  return createHash('sha256').update(prevHash, 'latin1').update(body).digest('hex');
}
