import { randomFillSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uuidV7Source } from './uuid.ts';

const fill = (bytes: Uint8Array): void => {
  randomFillSync(bytes);
};

describe('UUIDv7', () => {
  it('puts the time first and marks version and variant', () => {
    const id = uuidV7Source((bytes) => bytes.fill(0xff))(0x017f22e279b0);
    expect(id).toBe('017f22e2-79b0-77ff-bfff-ffffffffffff');
  });

  it('rises strictly and never repeats, also within a millisecond and when the clock steps back', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_050 }), { maxLength: 300 }), (times) => {
        const next = uuidV7Source(fill);
        const ids = times.map(next);
        expect(ids).toEqual([...ids].sort());
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });

  it('goes on rising when one millisecond makes more ids than its counter holds', () => {
    const next = uuidV7Source(fill);
    const ids = Array.from({ length: 10_000 }, () => next(1_700_000_000_000));
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(true);
  });
});
