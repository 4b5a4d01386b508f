// SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677): what is stored instead of a token, and the check of a client's proof.
import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';

export interface ScramKeys {
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

export interface ScramVerifier extends ScramKeys {
  readonly iterations: number;
  readonly salt: Uint8Array;
  /** Further live tokens of the same principal, made with the same salt and iterations: a proof of any of them is right. */
  readonly alternatives?: readonly ScramKeys[];
}

/**
 * The minimum that RFC 7677 names, on purpose: iterations slow down guessing of weak passwords, and our tokens are 256 random
 * bits, which nobody guesses at any speed. The client pays them at each connect, so more would only cost honest clients.
 */
export const SCRAM_ITERATIONS = 4096;
const KEY_LENGTH = 32;

/** `token`: ASCII only, so that SASLprep changes nothing. */
export function scramKeys(token: string, salt: Uint8Array, iterations: number = SCRAM_ITERATIONS): ScramKeys {
  const salted = pbkdf2Sync(token, salt, iterations, KEY_LENGTH, 'sha256');
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
  return { storedKey, serverKey: hmac(salted, 'Server Key') };
}

/**
 * Checks a ClientProof over the AuthMessage (RFC 5802, section 3). Returns the ServerSignature, or undefined for a wrong proof.
 * Tries every key of the verifier whatever the outcome, so that the time says nothing about which token it was.
 */
export function checkProof(verifier: ScramVerifier, authMessage: string | Uint8Array, proof: Uint8Array): Uint8Array | undefined {
  if (proof.byteLength !== KEY_LENGTH) return undefined;
  let signature: Uint8Array | undefined;
  for (const keys of [verifier, ...(verifier.alternatives ?? [])]) {
    const clientSignature = hmac(keys.storedKey, authMessage);
    const clientKey = Buffer.alloc(KEY_LENGTH);
    for (let i = 0; i < KEY_LENGTH; i++) clientKey[i] = (proof[i] ?? 0) ^ (clientSignature[i] ?? 0);
    // A verifier of another length is a damaged one: nothing proves against it.
    const matches =
      keys.storedKey.byteLength === KEY_LENGTH && timingSafeEqual(createHash('sha256').update(clientKey).digest(), keys.storedKey);
    const serverSignature = hmac(keys.serverKey, authMessage);
    if (matches) signature = serverSignature;
  }
  return signature;
}

/**
 * What an unknown name is answered with: stable per name, and made so that nobody without the profile's secret can tell it from
 * a real one. Nothing proves against it: its keys are not derived from any password.
 */
export function mockVerifier(profileSecret: Uint8Array, name: string): ScramVerifier {
  return {
    iterations: SCRAM_ITERATIONS,
    salt: saltOf(profileSecret, name),
    storedKey: hmac(profileSecret, `stored\0${name}`),
    serverKey: hmac(profileSecret, `server\0${name}`),
  };
}

/**
 * The salt of a name, whether the principal exists or not: it does not change when a name is created, rate-limited or revoked,
 * so the exchange's first answer tells nothing.
 */
export function saltOf(profileSecret: Uint8Array, name: string): Uint8Array {
  return hmac(profileSecret, `salt\0${name}`).subarray(0, 16);
}

function hmac(key: Uint8Array, message: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(message).digest();
}
