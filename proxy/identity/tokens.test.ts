import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatToken, kindOfToken, tokenHash } from './tokens.ts';

const random = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('tokens', () => {
  it('have a fixed form that needs no escaping anywhere', () => {
    fc.assert(
      fc.property(random, (bytes) => {
        expect(formatToken('agent', bytes)).toMatch(/^gha_[0-9A-Za-z]{49}$/);
        expect(formatToken('person', bytes)).toMatch(/^ghp_[0-9A-Za-z]{49}$/);
        expect(kindOfToken(formatToken('agent', bytes))).toBe('agent');
        expect(kindOfToken(formatToken('person', bytes))).toBe('person');
      }),
    );
    expect(formatToken('agent', new Uint8Array(32).fill(255))).toMatch(/^gha_/);
  });

  it('differ when their bytes differ', () => {
    fc.assert(
      fc.property(random, random, (a, b) => {
        expect(formatToken('agent', a) === formatToken('agent', b)).toBe(Buffer.compare(a, b) === 0);
      }),
    );
  });

  it('with one wrong, missing or additional character are no tokens', () => {
    const token = formatToken('agent', new Uint8Array(32).fill(7));
    for (let i = 0; i < token.length; i++) {
      expect(kindOfToken(token.slice(0, i) + (token[i] === 'a' ? 'b' : 'a') + token.slice(i + 1))).toBeUndefined();
      expect(kindOfToken(token.slice(0, i) + token.slice(i + 1))).toBeUndefined();
    }
    expect(kindOfToken(`${token}0`)).toBeUndefined();
    expect(kindOfToken(`${token}\n`)).toBeUndefined();
    expect(kindOfToken('')).toBeUndefined();
  });

  it('are stored as a hash', () => {
    expect(Buffer.from(tokenHash('abc')).toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
