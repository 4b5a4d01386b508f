import { describe, expect, it } from 'vitest';
import { SignInLimiter } from './sign-in-limiter.ts';

const fail = (limiter: SignInLimiter, times: number, now: number, name = 'bot', address = '127.0.0.1') => {
  for (let i = 0; i < times; i++) limiter.failed(name, address, now);
};

describe('the sign-in limiter', () => {
  it('blocks a name and address after its free failures, and only that pair', () => {
    const limiter = new SignInLimiter({ burst: 3 });
    fail(limiter, 2, 0);
    expect(limiter.allowed('bot', '127.0.0.1', 0)).toBe(true);
    fail(limiter, 1, 0);
    expect(limiter.allowed('bot', '127.0.0.1', 0)).toBe(false);
    expect(limiter.allowed('bot', '::1', 0)).toBe(true);
    expect(limiter.allowed('other', '127.0.0.1', 0)).toBe(true);
  });

  it('forgives one failure per interval, after a long attack as soon as after a short one', () => {
    const limiter = new SignInLimiter({ burst: 3, forgiveMs: 1000 });
    fail(limiter, 500, 0);
    expect(limiter.allowed('bot', '127.0.0.1', 999)).toBe(false);
    expect(limiter.allowed('bot', '127.0.0.1', 1001)).toBe(true);
    fail(limiter, 1, 1001);
    expect(limiter.allowed('bot', '127.0.0.1', 1002)).toBe(false);
  });

  it('does not prolong a block for attempts that were made during it', () => {
    const limiter = new SignInLimiter({ burst: 3, forgiveMs: 1000 });
    fail(limiter, 3, 0);
    for (let now = 100; now < 1000; now += 100) {
      expect(limiter.allowed('bot', '127.0.0.1', now)).toBe(false);
      fail(limiter, 1, now);
    }
    expect(limiter.allowed('bot', '127.0.0.1', 1001)).toBe(true);
  });

  it('forgets failures after a right proof', () => {
    const limiter = new SignInLimiter({ burst: 3 });
    fail(limiter, 3, 0);
    limiter.succeeded('bot', '127.0.0.1');
    expect(limiter.allowed('bot', '127.0.0.1', 0)).toBe(true);
  });

  it('is not confused by names that hold separators, nor by a clock that steps back', () => {
    const limiter = new SignInLimiter({ burst: 1, forgiveMs: 1000 });
    fail(limiter, 1, 5000, 'b', 'a');
    expect(limiter.allowed('b', 'a', 0)).toBe(false);
    expect(limiter.allowed('a', 'b', 5000)).toBe(true);
  });

  it('remembers a bounded number of pairs, the longest unused goes first', () => {
    const limiter = new SignInLimiter({ burst: 1, capacity: 2 });
    fail(limiter, 1, 0, 'one');
    fail(limiter, 1, 0, 'two');
    fail(limiter, 1, 0, 'one');
    fail(limiter, 1, 0, 'three');
    expect(limiter.allowed('one', '127.0.0.1', 0)).toBe(false);
    expect(limiter.allowed('two', '127.0.0.1', 0)).toBe(true);
  });
});
