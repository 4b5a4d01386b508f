import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceKeyFromSeed } from './device-key.ts';
import { chainHash, GENESIS_HASH } from './hash.ts';
import {
  checkpointText,
  formatVerifierKey,
  type LedgerSigner,
  parseVerifierKey,
  signCheckpoint,
  type VerifierKey,
  verifyCheckpoint,
} from './signed-note.ts';
import { KEY } from './testing/ledger-fixture.ts';

const HEAD = chainHash(GENESIS_HASH, '{}');
const NOTE = signCheckpoint({ origin: KEY.name, size: 1000, head: HEAD }, KEY);

function keyOf(signer: LedgerSigner): VerifierKey {
  const key = parseVerifierKey(signer.verifierKey);
  if (key === undefined) throw new Error('no key');
  return key;
}

describe('a signed checkpoint', () => {
  it('matches the golden vector', () => {
    expect(KEY.verifierKey).toBe('gatehouse/fe812c12f3ab4ce6+ebd88968+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs');
    expect(NOTE).toBe(
      'gatehouse/fe812c12f3ab4ce6\n1000\nVQjStxDmS8RwB54bIR2cWOIQEeWdBVnkIjRdwZ1lmnU=\n\n— gatehouse/fe812c12f3ab4ce6 69iJaBTP8JoZMl3Af5rmep+0IRboYOLMCB0WSIOff7MCpFIjfj/hub8EpKWbqpoFLxFxCDiz882jRYFu4N7U0JgSbgo=\n',
    );
  });

  it('is accepted with the key that signed it, and says what was signed', () => {
    const result = verifyCheckpoint(NOTE, [keyOf(KEY)]);
    expect(result).toMatchObject({ kind: 'verified', checkpoint: { origin: KEY.name, size: 1000, head: HEAD } });
  });

  it('reads the example of the C2SP specification, and does not trust it', () => {
    const example =
      'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n' +
      '— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n';
    expect(verifyCheckpoint(example, [keyOf(KEY)])).toEqual({ kind: 'unknown-key' });
  });

  it('is not accepted after any single bit of it was flipped', () => {
    const bytes = Buffer.from(NOTE, 'utf8');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const altered = Buffer.from(bytes);
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const result = verifyCheckpoint(altered.toString('utf8'), [keyOf(KEY)]);
      // Base64 has spare bits at its end: an altered spelling may decode to the very same signature.
      if (result.kind === 'verified') expect(result.checkpoint).toEqual({ origin: KEY.name, size: 1000, head: HEAD });
    }
  });

  it('is refused when another key signed under the same name', () => {
    const other = generateKeyPairSync('ed25519');
    const publicKey = other.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const forged = signCheckpoint(
      { origin: KEY.name, size: 1, head: HEAD },
      { name: KEY.name, verifierKey: formatVerifierKey(KEY.name, publicKey), sign: (text) => sign(null, text, other.privateKey) },
    );
    expect(verifyCheckpoint(forged, [keyOf(KEY)])).toEqual({ kind: 'unknown-key' });
    // The same signature under our key's id.
    const line = Buffer.concat([
      Buffer.from(keyOf(KEY).id, 'hex'),
      sign(null, Buffer.from(checkpointText({ origin: KEY.name, size: 1, head: HEAD })), other.privateKey),
    ]);
    expect(
      verifyCheckpoint(`${checkpointText({ origin: KEY.name, size: 1, head: HEAD })}\n— ${KEY.name} ${line.toString('base64')}\n`, [
        keyOf(KEY),
      ]),
    ).toEqual({ kind: 'bad-signature' });
  });

  it('counts when one of several signatures is ours, as when a witness signed too', () => {
    const witness = deviceKeyFromSeed(new Uint8Array(32).fill(9));
    const theirs = signCheckpoint({ origin: KEY.name, size: 1000, head: HEAD }, witness).split('\n').at(-2) ?? '';
    expect(verifyCheckpoint(`${NOTE}${theirs}\n`, [keyOf(KEY)]).kind).toBe('verified');
    expect(verifyCheckpoint(`${NOTE}${theirs}\n`, [keyOf(KEY), keyOf(witness)]).kind).toBe('verified');
  });

  it('never throws on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('\n', '— ', 'a', '1', '=', 'gatehouse/x ', 'AAAA') }), (text) => {
        expect(verifyCheckpoint(text, [keyOf(KEY)]).kind).not.toBe('verified');
      }),
    );
  });
});

describe('a verifier key', () => {
  it('is refused when its id does not belong to its name and bytes', () => {
    expect(parseVerifierKey(KEY.verifierKey.replace(KEY.name, 'gatehouse/other'))).toBeUndefined();
    expect(parseVerifierKey('nonsense')).toBeUndefined();
    expect(parseVerifierKey(` ${KEY.verifierKey}\n`)).toEqual(keyOf(KEY));
  });
});
