import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Judgement } from '../gate.ts';
import { JudgementCache } from './judgement-cache.ts';
import type { MaskResolver } from './masks.ts';

const judged = (text: string): Judgement => ({ kind: 'forward', text: Buffer.from(text), statements: [] });

test('a judgement is found by exactly its key, bytes and form, and by nothing else', () => {
  const text = fc.uint8Array({ maxLength: 4 });
  const form = fc.constantFrom('simple' as const, 'parse' as const);
  const entry = fc.tuple(fc.constantFrom('a', 'b', ''), text, form);
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 20 }), entry, (entries, [key, bytes, asked]) => {
      const cache = new JudgementCache();
      const known = new Map<string, Judgement>();
      for (const [k, b, f] of entries) {
        const judgement = judged(String(known.size));
        cache.texts(k).put(b, f, judgement);
        known.set(JSON.stringify([k, [...b], f]), judgement);
      }
      expect(cache.texts(key).get(bytes, asked)).toBe(known.get(JSON.stringify([key, [...bytes], asked])));
    }),
  );
});

test('bytes that are not UTF-8 are told apart', () => {
  const cache = new JudgementCache();
  cache.texts('k').put(Uint8Array.of(0xff), 'simple', judged('a'));
  expect(cache.texts('k').get(Uint8Array.of(0xfe), 'simple')).toBeUndefined();
});

test('long texts are not kept, and the number of the others is bounded', () => {
  const cache = new JudgementCache();
  const long = Buffer.alloc(40_000, 32);
  cache.texts('k').put(long, 'simple', judged('long'));
  expect(cache.texts('k').get(long, 'simple')).toBeUndefined();
  for (let i = 0; i < 12_000; i += 1) cache.texts('k').put(Buffer.from(String(i)), 'simple', judged(String(i)));
  const kept = Array.from({ length: 12_000 }, (_, i) => cache.texts('k').get(Buffer.from(String(i)), 'simple')).filter(
    (found) => found !== undefined,
  );
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.length).toBeLessThanOrEqual(5_000);
});

test("what a session still holds after the cache was emptied knows nothing old, and is no longer the cache's", () => {
  const cache = new JudgementCache();
  const held = cache.texts('k');
  held.put(Buffer.from('old'), 'simple', judged('old'));
  const { generation } = cache;
  for (let i = 0; i < 6_000; i += 1) cache.texts(`key ${i}`);
  expect(cache.generation).toBeGreaterThan(generation);
  expect(held.get(Buffer.from('old'), 'simple')).toBeUndefined();
  expect(cache.texts('k')).not.toBe(held);
});

test('masks are made once for each key', () => {
  const cache = new JudgementCache();
  let made = 0;
  const make = (): MaskResolver => {
    made += 1;
    return {} as MaskResolver;
  };
  expect(cache.masks('a', make)).toBe(cache.masks('a', make));
  expect(cache.masks('b', make)).not.toBe(cache.masks('a', make));
  expect(made).toBe(2);
});
