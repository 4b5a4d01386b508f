import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { justificationProblem, leadingJustification } from './justification.ts';

describe('a reason in a comment', () => {
  test.each([
    ['/* justification: INC-1 fix */ select 1', 'INC-1 fix'],
    ['\n  /*JUSTIFICATION:\n because * of this */delete from t', 'because * of this'],
    ['-- a line\n/* justification: x */ select 1', 'x'],
    ['/* justification: a /* nested */ select 1', 'a /* nested'],
  ])('%s', (text, reason) => {
    expect(leadingJustification(text)).toBe(reason);
  });

  test.each([
    'select 1 /* justification: late */',
    "select '/* justification: x */'",
    '/* justification: */ select 1',
    '/* justification: never ends',
    '-- justification: x\nselect 1',
    '',
  ])('is not found in %s', (text) => {
    expect(leadingJustification(text)).toBeUndefined();
  });

  test('is found in any text in time that grows with its length only', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('/', '*', ' ', '-', '\n', 'justification:', '/* justification:', '*/', 'x'), { maxLength: 300 }),
        (parts) => {
          expect(['string', 'undefined']).toContain(typeof leadingJustification(parts.join('')));
        },
      ),
    );
    expect(leadingJustification(`/* justification:${'*'.repeat(100_000)}`)).toBeUndefined();
  });
});

describe('a reason', () => {
  const remedies = [{ kind: 'justify', minimumLength: 8, pattern: '[A-Z]+-[0-9]+' } as const];

  test('has to be long enough and of the form that is asked for', () => {
    expect(justificationProblem('INC-42 wrong address', remedies, 'delete from t')).toBeUndefined();
    expect(justificationProblem('  INC-1  ', remedies, 'delete from t')).toContain('too short (at least 8 characters)');
    expect(justificationProblem('wrong address', remedies, 'delete from t')).toContain('does not have the form');
  });

  test('does not repeat the statement', () => {
    const statement = 'DELETE  from orders\nwhere id = 3';
    expect(justificationProblem('delete from orders where id = 3', [], statement)).toContain('repeats the statement');
    expect(justificationProblem('DELETE FROM orders', [], statement)).toContain('repeats the statement');
    expect(justificationProblem('orders', [], statement)).toBeUndefined();
  });

  test('an approval asks nothing of it', () => {
    expect(justificationProblem('x', [{ kind: 'approve', approvers: 'dba', count: 1 }], 'select 1')).toBeUndefined();
  });
});
