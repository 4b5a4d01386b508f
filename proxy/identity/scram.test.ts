import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkProof, mockVerifier, saltOf, SCRAM_ITERATIONS, type ScramVerifier, scramKeys } from './scram.ts';

const hmac = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest();

/** The client's side, written from RFC 5802 on its own. */
function clientProof(password: string, verifier: ScramVerifier, authMessage: string): Buffer {
  const salted = pbkdf2Sync(password, verifier.salt, verifier.iterations, 32, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  const signature = hmac(createHash('sha256').update(clientKey).digest(), authMessage);
  return Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] ?? 0)));
}

describe('SCRAM-SHA-256', () => {
  // RFC 7677, section 3.
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  const rfc: ScramVerifier = { iterations: 4096, salt, ...scramKeys('pencil', salt, 4096) };
  const authMessage =
    'n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,' +
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');

  it('accepts the proof of RFC 7677 and answers its server signature', () => {
    const signature = checkProof(rfc, authMessage, proof);
    expect(Buffer.from(signature ?? []).toString('base64')).toBe('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });

  it('refuses a proof with any one bit changed, of another message, or of another length', () => {
    for (let bit = 0; bit < 256; bit++) {
      const changed = Buffer.from(proof);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(checkProof(rfc, authMessage, changed)).toBeUndefined();
    }
    expect(checkProof(rfc, `${authMessage}x`, proof)).toBeUndefined();
    expect(checkProof(rfc, authMessage, proof.subarray(1))).toBeUndefined();
    expect(checkProof(rfc, authMessage, Buffer.alloc(0))).toBeUndefined();
  });

  it('accepts each live token of one principal and answers with the keys of that token', () => {
    const older = scramKeys('older', salt);
    const both: ScramVerifier = { iterations: SCRAM_ITERATIONS, salt, ...scramKeys('newer', salt), alternatives: [older] };
    expect(checkProof(both, 'm', clientProof('newer', both, 'm'))).toBeDefined();
    expect(checkProof(both, 'm', clientProof('older', both, 'm'))).toEqual(hmac(older.serverKey, 'm'));
    expect(checkProof(both, 'm', clientProof('oldest', both, 'm'))).toBeUndefined();
  });

  it('gives an unknown name a verifier that is stable, of the same form, and like no other name or profile', () => {
    const secret = randomBytes(32);
    const mock = mockVerifier(secret, 'nobody');
    expect(mockVerifier(secret, 'nobody')).toEqual(mock);
    expect(mock.salt).toEqual(saltOf(secret, 'nobody'));
    expect([mock.iterations, mock.salt.byteLength, mock.storedKey.byteLength, mock.serverKey.byteLength]).toEqual([4096, 16, 32, 32]);
    expect(mockVerifier(secret, 'somebody').salt).not.toEqual(mock.salt);
    expect(mockVerifier(randomBytes(32), 'nobody').salt).not.toEqual(mock.salt);
    expect(checkProof(mock, 'm', clientProof('', mock, 'm'))).toBeUndefined();
  });
});
