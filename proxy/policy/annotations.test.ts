// The third trap of Cedar: annotations are not checked by it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filesWithPolicies, problemsOf } from '../../test/support/bundle.ts';
import { ANNOTATIONS, meetsJustify, readAnnotations } from './annotations.ts';

const GOOD: Readonly<Record<string, string>> = {
  id: 'a',
  reason: 'Say why.',
  remedy: 'justify',
  minimumLength: '8',
  pattern: '[A-Z]+-[0-9]+',
};
const known: readonly string[] = ANNOTATIONS;

function policy(annotations: Readonly<Record<string, string>>): string {
  const heads = Object.entries(annotations).map(([key, value]) => `@${key}(${JSON.stringify(value)})`);
  return `${heads.join('\n')}\nforbid (principal, action, resource) unless { context has justification && context has approval };\n`;
}

/** One slip of the finger: a letter left out, doubled, swapped with the next, in the other case, or another one. */
const slips = fc
  .tuple(fc.constantFrom(...ANNOTATIONS), fc.nat(), fc.constantFrom('drop', 'double', 'swap', 'case', 'other'))
  .map(([key, at, how]) => {
    const i = at % key.length;
    const [before, letter, after] = [key.slice(0, i), key.charAt(i), key.slice(i + 1)];
    const flipped = letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase();
    const slipped = {
      drop: before + after,
      double: before + letter + letter + after,
      swap: before + after.charAt(0) + letter + after.slice(1),
      case: before + flipped + after,
      other: `${before}z${after}`,
    }[how];
    return { key, slipped };
  });

describe('annotations', () => {
  test('are accepted as they are in the vocabulary', () => {
    expect(problemsOf(filesWithPolicies(policy(GOOD)))).toEqual([]);
    expect(problemsOf(filesWithPolicies(policy({ id: 'b', reason: 'Ask.', remedy: 'approve', approvers: 'dba', count: '2' })))).toEqual([]);
  });

  test('refuse the bundle as soon as one key is misspelt, at its place', () => {
    fc.assert(
      fc.property(
        slips.filter(({ slipped }) => slipped !== '' && !known.includes(slipped)),
        ({ key, slipped }) => {
          const given: Record<string, string> = {
            ...GOOD,
            ...(key === 'approvers' || key === 'count' ? { remedy: 'approve', approvers: 'dba', count: '1' } : {}),
          };
          const { [key]: value = 'x', ...others } = given;
          const flaws = problemsOf(filesWithPolicies(policy({ ...others, [slipped]: value })));
          expect(flaws.join('\n')).toContain(`unknown annotation \`@${slipped}\``);
          expect(flaws.join('\n')).toMatch(new RegExp(`^policies/test\\.cedar:\\d+:1: unknown annotation.*\\n {2}@${slipped}`, 'm'));
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each([
    ['no id', { id: undefined }],
    ['an empty id', { id: '' }],
    ['an id with capitals', { id: 'Big' }],
    ['no reason', { reason: undefined }],
    ['a blank reason', { reason: '  ' }],
    ['a reason of two lines', { reason: 'a\nb' }],
    ['an unknown remedy', { remedy: 'justfy' }],
    ['an empty remedy', { remedy: '' }],
    ['a remedy in capitals', { remedy: 'Justify' }],
    ['a length that is no number', { minimumLength: 'ten' }],
    ['a length of zero', { minimumLength: '0' }],
    ['a pattern that is none', { pattern: '(' }],
    ['a pattern that repeats a group', { pattern: '(a+)+' }],
    ['a pattern that looks back', { pattern: '(a)\\1' }],
    ['a pattern that looks ahead', { pattern: '(?=a)b' }],
    ['approvers for a reason', { approvers: 'dba' }],
    ['an approval without approvers', { remedy: 'approve', minimumLength: undefined, pattern: undefined }],
    ['an approval with a pattern', { remedy: 'approve', approvers: 'dba', minimumLength: undefined }],
    ['an approval by nobody', { remedy: 'approve', approvers: '', minimumLength: undefined, pattern: undefined }],
    ['an approval by ten', { remedy: 'approve', approvers: 'dba', count: '10', minimumLength: undefined, pattern: undefined }],
    ['a length without a remedy', { remedy: undefined, pattern: undefined }],
  ])('refuse %s', (_name, change) => {
    const given = Object.fromEntries(
      Object.entries({ ...GOOD, ...change }).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    expect(readAnnotations('forbid', given)).toHaveProperty('flaws');
    expect(problemsOf(filesWithPolicies(policy(given)))).not.toEqual([]);
  });

  test('give a permit no remedy', () => {
    expect(readAnnotations('permit', { id: 'a' })).toEqual({ ok: { id: 'a' } });
    expect(readAnnotations('permit', GOOD)).toHaveProperty('flaws');
  });

  test('promise nothing that the text does not keep: a remedy that lifts nothing refuses the bundle', () => {
    const text = '@id("a") @reason("Say why.") @remedy("justify") forbid (principal, action, resource);';
    expect(problemsOf(filesWithPolicies(text)).join()).toContain('this remedy would never lift it');
    expect(problemsOf(filesWithPolicies(text.replace(';', ' unless { context has approval };'))).join()).toContain(
      'this remedy would never lift it',
    );
  });

  test('count characters of a reason, not of its spaces', () => {
    const remedy = { kind: 'justify', minimumLength: 4 } as const;
    expect([meetsJustify(remedy, '   abc   '), meetsJustify(remedy, ' abcd '), meetsJustify(remedy, '👩‍🚒')]).toEqual([false, true, false]);
  });
});
