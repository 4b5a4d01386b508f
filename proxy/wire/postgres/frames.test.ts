import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader, HEADER, STEP } from './frames.ts';
import { message } from './messages.ts';

interface Seen {
  readonly type: number;
  readonly total: number;
  /** Bytes that were there when the frame was given. */
  readonly head: string;
}

/** Walks chunks; returns the frames and all bytes in the order in which they were given. */
function walk(
  chunks: readonly Buffer[],
  needed: (type: number, total: number) => number,
): { readonly frames: Seen[]; readonly bytes: Buffer; readonly malformed: boolean } {
  const reader = new FrameReader(needed);
  const frames: Seen[] = [];
  const bytes: Buffer[] = [];
  for (const chunk of chunks) {
    reader.feed(chunk);
    for (;;) {
      const step = reader.next();
      if (step === STEP.more) break;
      if (step === STEP.malformed) return { frames, bytes: Buffer.concat(bytes), malformed: true };
      const part = Buffer.from(reader.buffer.subarray(reader.at, reader.at + reader.present));
      bytes.push(part);
      if (step === STEP.frame) {
        const asked = needed(reader.type, reader.total);
        if (reader.present < asked) throw new Error('a frame came before what it needs');
        frames.push({ type: reader.type, total: reader.total, head: part.toString('latin1', 0, asked) });
      }
      reader.consume();
    }
  }
  return { frames, bytes: Buffer.concat(bytes), malformed: false };
}

const whole = (_: number, total: number): number => total;
const headOnly = (): number => HEADER;
const prefix = (type: number, total: number): number => (type % 2 === 0 ? Math.min(total, 9) : HEADER);

const frames = fc.array(fc.tuple(fc.integer({ min: 0x31, max: 0x7a }), fc.uint8Array({ maxLength: 40 })), { maxLength: 12 });

test('however a stream is cut, the frames and the bytes are the same', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(600), { maxLength: 10 }), fc.constantFrom(whole, headOnly, prefix), (given, cuts, needed) => {
      const stream = Buffer.concat(given.map(([type, body]) => message(type, body)));
      const places = [...new Set(cuts.filter((cut) => cut < stream.length))].sort((a, b) => a - b);
      const chunks = [...places, stream.length].map((end, index) => stream.subarray(index === 0 ? 0 : (places[index - 1] ?? 0), end));
      const cut = walk(chunks, needed);
      const uncut = walk([stream], needed);
      expect(cut.frames).toEqual(uncut.frames);
      expect(cut.bytes.equals(stream)).toBe(true);
      expect(cut.frames.map(({ type, total }) => [type, total])).toEqual(given.map(([type, body]) => [type, body.length + 5]));
    }),
  );
});

test('every offset of a cut, and one byte at a time', () => {
  const stream = Buffer.concat([message(0x51, Buffer.from('select 1\0')), message(0x53), message(0x42, Buffer.alloc(30, 7))]);
  for (const needed of [whole, headOnly, prefix]) {
    const expected = walk([stream], needed);
    for (let at = 0; at <= stream.length; at++) expect(walk([stream.subarray(0, at), stream.subarray(at)], needed)).toEqual(expected);
    expect(
      walk(
        [...stream].map((byte) => Buffer.from([byte])),
        needed,
      ),
    ).toEqual(expected);
  }
});

test('a frame that is not consumed is given again, also one that was cut', () => {
  const frame = message(0x51, Buffer.from('select 1\0'));
  const reader = new FrameReader(whole);
  reader.feed(frame.subarray(0, 7));
  expect(reader.next()).toBe(STEP.more);
  reader.feed(frame.subarray(7));
  for (let round = 0; round < 3; round++) {
    expect(reader.next()).toBe(STEP.frame);
    expect(reader.buffer.subarray(reader.at, reader.at + reader.present).equals(frame)).toBe(true);
  }
  reader.consume();
  expect(reader.next()).toBe(STEP.more);
});

test('a length below four is malformed, wherever it is cut', () => {
  const bad = Buffer.from([0x51, 0, 0, 0, 3, 0]);
  for (let at = 0; at <= bad.length; at++) expect(walk([bad.subarray(0, at), bad.subarray(at)], whole).malformed).toBe(true);
});

test('an announced length costs no memory until the bytes come', () => {
  const reader = new FrameReader(whole);
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 50 }, () => new FrameReader(whole));
  for (const one of [reader, ...readers]) {
    one.feed(Buffer.from([0x51, 0x3f, 0xff, 0xff, 0xff, 1, 2, 3]));
    expect(one.next()).toBe(STEP.more);
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
});

test('rows are stepped over up to the count, the bytes, another type or the chunk’s end', () => {
  const row = message(0x44, Buffer.alloc(10));
  const chunk = Buffer.concat([row, row, row, message(0x43, Buffer.from('x\0')), row.subarray(0, 9)]);
  const run = (count: number, bytes: number): number => {
    const reader = new FrameReader(headOnly);
    reader.feed(chunk);
    const rows = reader.run(0x44, count, bytes);
    expect(reader.present).toBe(rows * row.length);
    expect(reader.next()).toBe(STEP.frame);
    expect(reader.at).toBe(rows * row.length);
    return rows;
  };
  expect(run(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).toBe(3);
  expect(run(2, 1000)).toBe(2);
  expect(run(10, row.length * 2 - 1)).toBe(1);
  expect(run(0, 1000)).toBe(0);
  const negative = new FrameReader(headOnly);
  negative.feed(Buffer.from([0x44, 0xff, 0xff, 0xff, 0xff, 0, 0]));
  expect(negative.run(0x44, 10, 1000)).toBe(0);
});
