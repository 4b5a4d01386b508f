import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DoorKeys } from './door-keys.ts';

const keysAt = (clock: { now: number }, maxTokens = 20): DoorKeys =>
  new DoorKeys({ random: randomBytes, now: () => clock.now, tokenMs: 600_000, secretMs: 3_600_000, maxTokens });

describe('a one-time token', () => {
  it('admits a new window, and nobody after that', () => {
    const keys = keysAt({ now: 0 });
    const token = keys.token();
    expect(keys.admit(token)).toEqual({ kind: 'new' });
    expect(keys.admit(token)).toBeUndefined();
  });

  it('expires after its ten minutes', () => {
    const clock = { now: 0 };
    const keys = keysAt(clock);
    const [early, late] = [keys.token(), keys.token()];
    clock.now = 599_999;
    expect(keys.admit(early)).toEqual({ kind: 'new' });
    clock.now = 600_000;
    expect(keys.admit(late)).toBeUndefined();
  });

  it('is not guessed by a part, a longer text or another case', () => {
    const keys = keysAt({ now: 0 });
    const token = keys.token();
    for (const wrong of ['', token.slice(1), `${token} `, `${token}x`, token.toLowerCase()]) expect(keys.admit(wrong)).toBeUndefined();
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('gives way to newer ones when too many wait', () => {
    const keys = keysAt({ now: 0 }, 2);
    const [first, second, third] = [keys.token(), keys.token(), keys.token()];
    expect(keys.admit(first)).toBeUndefined();
    expect(keys.admit(second)).toEqual({ kind: 'new' });
    expect(keys.admit(third)).toEqual({ kind: 'new' });
  });
});

describe("a window's secret", () => {
  it('is good until the window has shown that it got the next one', () => {
    const keys = keysAt({ now: 0 });
    const secret = keys.secret('w');
    expect(keys.admit(secret)).toEqual({ kind: 'again', window: 'w', secret });
    expect(keys.admit(secret)).toEqual({ kind: 'again', window: 'w', secret });
    keys.forget(secret);
    expect(keys.admit(secret)).toBeUndefined();
  });
});
