import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Edit, splice } from './edits.ts';

/** A text and edits that do not overlap, in any order. */
const edited = fc
  .tuple(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.array(fc.tuple(fc.nat(), fc.string({ unit: 'grapheme', maxLength: 8 })), { maxLength: 12 }),
    fc.nat(),
  )
  .map(([text, cuts, seed]) => {
    const bytes = Buffer.from(text, 'utf8');
    const offsets = [...new Set(cuts.map(([at]) => at % (bytes.length + 1)))].sort((a, b) => a - b);
    const edits: Edit[] = [];
    for (let i = 0; i + 1 < offsets.length; i += 2)
      edits.push({ start: offsets[i] ?? 0, end: offsets[i + 1] ?? 0, text: cuts[i]?.[1] ?? '' });
    return { bytes, edits, shuffled: [...edits].sort((a, b) => ((a.start * 31 + seed) % 7) - ((b.start * 31 + seed) % 7)) };
  });

test('what stands outside of the edits is never touched, whatever their order', () => {
  fc.assert(
    fc.property(edited, ({ bytes, edits, shuffled }) => {
      const spliced = splice(bytes, shuffled);
      if (spliced === undefined) throw new Error('refused');
      const expected: Buffer[] = [];
      let at = 0;
      for (const edit of edits) {
        expected.push(bytes.subarray(at, edit.start), Buffer.from(edit.text, 'utf8'));
        at = edit.end;
      }
      expected.push(bytes.subarray(at));
      expect(spliced.text.equals(Buffer.concat(expected))).toBe(true);
      expect(spliced.placed.map(({ edit }) => edit)).toEqual(edits);
      for (const { edit, start, end } of spliced.placed)
        expect(spliced.text.subarray(start, end).equals(Buffer.from(edit.text, 'utf8'))).toBe(true);
    }),
  );
});

test('edits that overlap, end before they start or go beyond the text are refused', () => {
  fc.assert(
    fc.property(edited, fc.nat(), fc.integer({ min: 1, max: 5 }), ({ bytes, edits }, which, length) => {
      const edit = edits[which % Math.max(1, edits.length)];
      if (edit !== undefined) expect(splice(bytes, [...edits, { start: edit.end - 1, end: edit.end, text: 'x' }])).toBeUndefined();
      expect(splice(bytes, [...edits, { start: bytes.length, end: bytes.length + length, text: '' }])).toBeUndefined();
      expect(splice(bytes, [{ start: length, end: 0, text: '' }])).toBeUndefined();
    }),
  );
});

test('offsets are bytes, not characters', () => {
  const text = "select 'ä€😀', name";
  const at = Buffer.byteLength("select 'ä€😀', ");
  expect(splice(Buffer.from(text), [{ start: at, end: at + 4, text: '"näme"' }])?.text.toString()).toBe(`select 'ä€😀', "näme"`);
});

test('insertions at one place keep their order', () => {
  expect(
    splice(Buffer.from('ab'), [
      { start: 1, end: 1, text: '1' },
      { start: 1, end: 1, text: '2' },
    ])?.text.toString(),
  ).toBe('a12b');
});
