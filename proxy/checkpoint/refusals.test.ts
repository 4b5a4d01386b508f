import { readFileSync } from 'node:fs';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { DeterminingPolicy } from '../policy/engine.ts';
import type { RefusalCode } from './gate.ts';
import { approvalRequired, denied, justificationRequired, maskedColumn, notUnderstood, refusal } from './refusals.ts';

const docs = readFileSync(fileURLToPath(new URL('../../docs/errors.md', import.meta.url)), 'utf8');
const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => /^\| [^-]/u.test(line) && !/^\| (?:code|SQLSTATE) /u.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
const [codes = '', other = ''] = docs.split('## SQLSTATEs that differ');

/** The codes of the type, read from its source: a new one must be in the documentation. */
const declared =
  /export type RefusalCode =([^;]*);/u.exec(readFileSync(fileURLToPath(new URL('gate.ts', import.meta.url)), 'utf8'))?.[1] ?? '';
const all = [...declared.matchAll(/'(\w+)'/gu)].map((match) => match[1] as RefusalCode);

describe('docs/errors.md', () => {
  test('has every code once, with its SQLSTATE, a meaning and a way forward', () => {
    expect(all.length).toBeGreaterThan(10);
    expect(rows(codes).map(([code]) => code)).toEqual(all.map((code) => `\`${code}\``));
    for (const [code = '', sqlstate, meaning = '', way = ''] of rows(codes)) {
      expect(refusal(code.replaceAll('`', '') as RefusalCode, 'x').sqlstate, code).toBe(sqlstate);
      expect([meaning.length > 20, way.length > 10], code).toEqual([true, true]);
    }
  });

  test('has every other SQLSTATE that a refusal is given in the source', () => {
    const sources = ['checkpoint', 'wire/postgres', 'sql/postgres'].flatMap((folder) => {
      const path = fileURLToPath(new URL(`../${folder}/`, import.meta.url));
      return readdirSync(path, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts') && !/test/u.test(file))
        .map((file) => readFileSync(`${path}${file}`, 'utf8'));
    });
    const given = new Set(sources.flatMap((text) => [...text.matchAll(/sqlstate: '(\w{5})'/gu)].map((match) => match[1] ?? '')));
    expect(given.size).toBeGreaterThan(10);
    const known = new Set([
      ...rows(codes).map(([, sqlstate = '']) => sqlstate),
      ...rows(other).flatMap(([states = '']) => states.split(', ')),
    ]);
    expect([...given].filter((sqlstate) => !known.has(sqlstate))).toEqual([]);
  });
});

const policy: DeterminingPolicy = { id: 'p', effect: 'forbid', reason: 'Because.', file: 'f', line: 1 };

describe('refusals', () => {
  test('carry the code, the policies and the facts in DETAIL', () => {
    expect(refusal('DENIED', 'no', { policies: ['a', 'b'], facts: { rows: 3 }, hint: 'h', position: 4, fatal: true })).toEqual({
      code: 'DENIED',
      sqlstate: '42501',
      message: 'no',
      detail: 'code=DENIED policy=a,b rows=3',
      hint: 'h',
      position: 4,
      fatal: true,
    });
    expect(refusal('INTERNAL', 'no')).toEqual({ code: 'INTERNAL', sqlstate: 'XX000', message: 'no', detail: 'code=INTERNAL' });
  });

  test('a denial says what the policy says, else what is denied', () => {
    expect(denied('forbidden', [policy], '"update" on a.b', {}).message).toBe('Because.');
    expect(denied('forbidden', [], '"update" on a.b', {}).message).toBe('policy forbids "update" on a.b');
    expect(denied('no_permit', [], '"update" on a.b', {})).toMatchObject({
      message: 'no policy allows "update" on a.b',
      hint: expect.any(String) as string,
    });
    expect(denied('policy_error', [policy], '"update"', {}).message).toBe('a policy could not be evaluated, so "update" is denied');
  });

  test('a missing reason tells how to give one, and what was wrong with the one given', () => {
    expect(justificationRequired([policy], {}, undefined)).toMatchObject({
      message: 'Because.',
      hint: expect.stringContaining('gatehouse.justification') as string,
    });
    expect(justificationRequired([policy], {}, 'Too short.').message).toBe('Because. Too short.');
  });

  test('an approval that is needed names the approvers', () => {
    expect(approvalRequired([policy], [{ kind: 'approve', approvers: 'dba', count: 1 }], {}).message).toContain(
      'Approval by dba is needed',
    );
  });

  test('a masked column is named with its use and place', () => {
    expect(maskedColumn('a.b.c', 'order', 7)).toMatchObject({
      message: 'column "a.b.c" is masked for you and can\'t be used for ordering',
      position: 7,
      detail: 'code=MASKED_COLUMN column=a.b.c use=order',
    });
    expect(maskedColumn('a.b.c', 'somehow', undefined).message).toContain("can't be used here");
  });

  test('what the server would say itself is said in its words', () => {
    expect(notUnderstood('relation "x" does not exist', 3, '42P01')).toMatchObject({
      message: 'relation "x" does not exist',
      sqlstate: '42P01',
      position: 3,
    });
    expect(notUnderstood('DO runs code').message).toBe("can't be checked: DO runs code");
  });
});
