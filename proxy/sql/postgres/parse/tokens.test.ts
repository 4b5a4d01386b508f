import fc from 'fast-check';
import { scan } from 'libpg-query';
import { describe, expect, test } from 'vitest';
import { TokenStream } from './tokens.ts';

async function streamOf(sql: string): Promise<TokenStream> {
  const { tokens } = await scan(sql);
  return new TokenStream(
    Buffer.from(sql, 'utf8'),
    Int32Array.from(tokens.flatMap((token) => [token.start, token.end, token.tokenType, token.keywordKind])),
  );
}

/** Pieces that a text is made of: what stands between them is white space or a comment. */
const word = fc.constantFrom('a', 'customers', '"Ä.b"', '"q""x"', 'Größe', 'select', 'only', 'x_1', '"select"', 'U&"d\\0061t"', 'b');
const literal = fc.constantFrom('1', "'a.b('", '$1', "'ü'", "E'\\'('", '$tag$ ( $tag$', '2.5');
const sign = fc.constantFrom('.', '(', ')', ',', '+', '*', '::', '=');
const space = fc.constantFrom(' ', '\n', ' /* ( . " */ ', ' -- )\n', '\t', ' /* ä /* nested */ */ ');
const piece = fc.oneof({ weight: 4, arbitrary: word }, { weight: 2, arbitrary: literal }, { weight: 4, arbitrary: sign });
/** Strings with a line end between them are one string. */
const continues = (before: string | undefined, one: string): boolean => one.startsWith("'") && before?.endsWith("'") === true;
const text = fc
  .array(fc.tuple(space, piece), { minLength: 1, maxLength: 40 })
  .map((pieces) => pieces.map(([gap, one], i): [string, string] => [continues(pieces[i - 1]?.[1], one) ? ' ' : gap, one]));

const joined = (pieces: readonly (readonly [string, string])[]): string => pieces.map(([gap, one]) => gap + one).join('');
const isWord = (one: string | undefined): boolean => one !== undefined && /^[\p{L}_"]|^U&/u.test(one) && !one.startsWith("E'");

describe('tokens', () => {
  test('are found at their byte offsets, without comments', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (pieces) => {
        const sql = joined(pieces);
        const bytes = Buffer.from(sql, 'utf8');
        const stream = await streamOf(sql);
        expect(stream.count).toBe(pieces.length);
        let offset = 0;
        for (const [i, [gap, one]] of pieces.entries()) {
          offset += Buffer.byteLength(gap);
          expect(stream.at(offset)).toBe(i);
          expect(stream.start(i)).toBe(offset);
          expect(stream.before(offset)).toBe(i - 1);
          expect(stream.before(offset + 1)).toBe(i);
          offset += Buffer.byteLength(one);
          expect(stream.end(i)).toBe(offset);
          expect(bytes.toString('utf8', stream.start(i), stream.end(i))).toBe(one);
          expect(stream.isWord(i)).toBe(isWord(one));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('no offset but the start of a token is one', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (pieces) => {
        const sql = joined(pieces);
        const stream = await streamOf(sql);
        const starts = new Set(Array.from({ length: stream.count }, (_, i) => stream.start(i)));
        for (let offset = 0; offset <= Buffer.byteLength(sql); offset += 1) expect(stream.at(offset) >= 0).toBe(starts.has(offset));
      }),
      { numRuns: 50 },
    );
  });

  test('a dotted name ends where the dots end', async () => {
    await fc.assert(
      fc.asyncProperty(text, fc.array(word, { minLength: 1, maxLength: 4 }), space, async (pieces, name, gap) => {
        const before = pieces.filter(([, one]) => one !== '.');
        const dotted = name.flatMap((part, i) => (i === 0 ? [part] : [gap, '.', gap, part])).join('');
        const sql = `${joined(before)} + ${dotted} ,${joined(pieces)}`;
        const stream = await streamOf(sql);
        const first = before.length + 1;
        expect(stream.endOfName(first)).toBe(first + 2 * (name.length - 1));
      }),
      { numRuns: 100 },
    );
  });

  test('a parenthesis is closed by the one that matches it', async () => {
    const balanced = fc.letrec<{ group: string; item: string }>((tie) => ({
      item: fc.oneof({ weight: 3, arbitrary: fc.oneof(word, literal) }, { weight: 1, arbitrary: tie('group') }),
      group: fc.array(fc.tuple(space, tie('item')), { maxLength: 4 }).map((items) => `(${items.map(([gap, one]) => gap + one).join('')} )`),
    })).group;
    await fc.assert(
      fc.asyncProperty(balanced, text, async (group, after) => {
        const stream = await streamOf(`f${group}${joined(after)}`);
        const last = stream.closing(1);
        expect(stream.end(last)).toBe(Buffer.byteLength(`f${group}`));
      }),
      { numRuns: 100 },
    );
    expect((await streamOf('f((a)')).closing(1)).toBe(-1);
  });

  test('a quoted name is never a keyword', async () => {
    const stream = await streamOf('SELECT "select" FROM ONLY "only"');
    expect([0, 1, 2, 3, 4].map((i) => [stream.isKeyword(i, 'select'), stream.isKeyword(i, 'only')])).toEqual([
      [true, false],
      [false, false],
      [false, false],
      [false, true],
      [false, false],
    ]);
  });

  test('outside of the text there is nothing', async () => {
    const stream = await streamOf('a');
    expect([stream.text(-1), stream.text(1), stream.start(1), stream.end(1), stream.isWord(1), stream.before(0)]).toEqual([
      '',
      '',
      -1,
      -1,
      false,
      -1,
    ]);
  });
});
