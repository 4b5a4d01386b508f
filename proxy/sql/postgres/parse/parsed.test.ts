import { expect, test } from 'vitest';
import { as, type Node, names, unwrap } from './parsed.ts';

const string = (sval: string): Node => ({ String: { sval } });

test('a node is unwrapped to its type and fields', () => {
  expect(unwrap({ Integer: { ival: 3 } })).toEqual({ type: 'Integer', fields: { ival: 3 } });
  expect(unwrap({ SetToDefault: {} })).toEqual({ type: 'SetToDefault', fields: {} });
});

test('a node without a type is a fault', () => {
  expect(() => unwrap({} as Node)).toThrow('no type');
});

test('`as` answers only for its own type', () => {
  expect(as(string('x'), 'String')).toEqual({ sval: 'x' });
  expect(as(string('x'), 'Integer')).toBeUndefined();
  expect(as(undefined, 'String')).toBeUndefined();
});

test('names are the strings of a list, whatever else is in it', () => {
  expect(names([string('app'), { A_Star: {} }, string('t')])).toEqual(['app', 't']);
  expect(names(undefined)).toEqual([]);
});
