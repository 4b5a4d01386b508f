import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_PARSER_LIMITS, ParserPool } from './parser-pool.ts';

const parse = (pool: ParserPool, sql: string) => pool.parse(sql, Buffer.byteLength(sql));

describe('the parser pool', () => {
  let pool: ParserPool;
  beforeEach(() => {
    pool = new ParserPool(1);
  });
  afterEach(() => pool.close());

  test('gives statements with their byte ranges, tokens, a fingerprint and a normalised text', async () => {
    const outcome = await parse(pool, "select 'ä'; /* x */ update t set a = 1");
    if (outcome.kind !== 'parsed') throw new Error(outcome.message);
    const { statements, fingerprint, normalised } = outcome.parsed;
    expect(statements.map(({ type, start, end }) => ({ type, start, end }))).toEqual([
      { type: 'SelectStmt', start: 0, end: 11 },
      { type: 'UpdateStmt', start: 21, end: 39 },
    ]);
    expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect(normalised).toBe('select $1; /* x */ update t set a = $2');
  });

  test('an empty text has no statements', async () => {
    expect(await parse(pool, ' ; ; -- nothing')).toMatchObject({ kind: 'parsed', parsed: { statements: [] } });
  });

  test('a syntax error has the message and the place of the server', async () => {
    expect(await parse(pool, 'select from where x')).toEqual({ kind: 'syntax', message: 'syntax error at or near "where"', position: 12 });
    expect(await parse(pool, "select '😀é'; selct 1")).toMatchObject({ kind: 'syntax', position: Buffer.byteLength("select '😀é'; ") });
  });

  test('forty statements that exhaust the stack are refused, and an ordinary one is answered at once then', async () => {
    const sums = `select 1${'+1'.repeat(8_000)}`;
    const parentheses = `select ${'('.repeat(20_000)}1${')'.repeat(20_000)}`;
    for (let i = 0; i < 40; i += 1) {
      // Parentheses exhaust the grammar's own stack first, which is a syntax error.
      expect(await parse(pool, i % 2 === 0 ? sums : parentheses)).toMatchObject({ kind: i % 2 === 0 ? 'limit' : 'syntax' });
    }
    expect(await parse(pool, 'select 2')).toMatchObject({ kind: 'parsed' });
  }, 60_000);

  test('a tree deeper than the limit is refused, however shallow its text looks', async () => {
    const shallow = new ParserPool(1, { ...DEFAULT_PARSER_LIMITS, maxDepth: 40 });
    try {
      expect(await parse(shallow, 'select 1 + 1')).toMatchObject({ kind: 'parsed' });
      expect(await parse(shallow, `select 1${' + 1'.repeat(50)}`)).toEqual({
        kind: 'limit',
        message: 'the statement is nested too deeply to be checked',
      });
      expect(await parse(shallow, 'select 1 + 1')).toMatchObject({ kind: 'parsed' });
    } finally {
      await shallow.close();
    }
  });

  test('a wide statement is not a deep one', async () => {
    const values = Array.from({ length: 5_000 }, (_, i) => String(i)).join(', ');
    expect(await parse(pool, `select * from t where a in (${values})`)).toMatchObject({ kind: 'parsed' });
  });

  test('a text that takes too long is refused and its worker replaced', async () => {
    const hasty = new ParserPool(1, { ...DEFAULT_PARSER_LIMITS, timeoutMs: 1 });
    try {
      const rows = Array.from({ length: 100_000 }, () => '(1, 2, 3)').join(', ');
      expect(await parse(hasty, `insert into t values ${rows}`)).toMatchObject({ kind: 'limit' });
    } finally {
      await hasty.close();
    }
  });

  test('more texts than workers wait for their turn, and each gets its own answer', async () => {
    const two = new ParserPool(2);
    try {
      const outcomes = await Promise.all(Array.from({ length: 30 }, (_, i) => parse(two, `select ${'a, '.repeat(i)}b`)));
      const widths = outcomes.map((outcome) => {
        const node = outcome.kind === 'parsed' ? outcome.parsed.statements[0]?.node : undefined;
        return node !== undefined && 'SelectStmt' in node ? node.SelectStmt.targetList?.length : undefined;
      });
      expect(widths).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    } finally {
      await two.close();
    }
  });

  test('closing answers what waits, and what comes later is refused', async () => {
    const waiting = Array.from({ length: 5 }, () => parse(pool, 'select 1'));
    await pool.close();
    for (const outcome of await Promise.all(waiting)) expect(outcome.kind).toBe('limit');
    expect(await parse(pool, 'select 1')).toEqual({ kind: 'limit', message: 'the parser is shut down' });
  });
});
