import { checkParsePolicySet } from '@cedar-policy/cedar-wasm/nodejs';
import { describe, expect, test } from 'vitest';
import { defaultFiles, engineOf, filesWithPolicies, problemsOf, questionOf, shortly } from '../../test/support/bundle.ts';
import { cutPolicies, MAX_DEPTH, MAX_TOKENS } from './policy-source.ts';

const when = (body: string): string => `@id("a") permit (principal, action, resource) when { ${body} };`;

describe('cutting a file into policies', () => {
  test('is not misled by semicolons in strings and comments', () => {
    const text =
      '// one; two\n@id("a;\\";b") permit (principal, action, resource); // three;\n\n@id("c")\nforbid (principal, action, resource);\n// four;';
    const cut = cutPolicies('f', text);
    expect('ok' in cut && cut.ok.map((policy) => policy.text)).toEqual([
      '@id("a;\\";b") permit (principal, action, resource);',
      '@id("c")\nforbid (principal, action, resource);',
    ]);
  });

  test('names a policy that does not end', () => {
    expect(cutPolicies('f', 'permit (principal, action, resource)')).toMatchObject({ problems: [{ line: 1, column: 1 }] });
  });

  test('refuses what would break Cedar for good, and the next bundle loads', () => {
    for (const body of [
      `${'('.repeat(5000)}true${')'.repeat(5000)}`,
      `${'true || '.repeat(5000)}true`,
      `${'1 + '.repeat(3000)}1 == 1`,
      `${'['.repeat(2000)}1`,
      `context${'.a'.repeat(3000)}`,
    ])
      expect(problemsOf(filesWithPolicies(when(body))).join()).toMatch(/nested more than|words and signs/);
    const deepSchema = `type A = ${'Set<'.repeat(5000)}Long${'>'.repeat(5000)};`;
    expect(problemsOf(defaultFiles({ 'schema.cedarschema': deepSchema })).join()).toContain('nested more than');
    expect(shortly(engineOf(filesWithPolicies(when('true'))).decide(questionOf()))).toBe('allow');
  });

  test('lets through nothing that Cedar can not bear: the worst of the allowed is parsed', () => {
    const depth = MAX_DEPTH - 4;
    const words = Math.floor((MAX_TOKENS - 2 * depth - 40) / 2);
    const inside = (open: string, body: string, close: string): string => open.repeat(depth) + body + close.repeat(depth);
    const worst = [
      inside('(', `${'1 + '.repeat(words)}1 == 1`, ')'),
      inside('(', `${'true || '.repeat(words / 2)}true`, ')'),
      inside('[', `${'1 * '.repeat(words)}1`, ']'),
      inside('{a: ', `context${'.a'.repeat(words / 3)}`, '}'),
      inside('(', `${'if true then '.repeat(words / 4)}true${' else true'.repeat(words / 4)}`, ')'),
      `${'(true || (1 < 1 + '.repeat(depth / 2)}1${'))'.repeat(depth / 2)}`,
    ];
    for (const body of worst) {
      expect('ok' in cutPolicies('f', when(body))).toBe(true);
      expect(checkParsePolicySet({ staticPolicies: when(body) })).toEqual({ type: 'success' });
      // Whether it type-checks is another matter; the engine must survive asking.
      expect(problemsOf(filesWithPolicies(when(body))).join()).not.toContain('RuntimeError');
    }
  });
});
