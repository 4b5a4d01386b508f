import { expect, test } from 'vitest';
import { generateSql } from './corpus-generator.ts';

test('texts are repeated and joined', () => {
  expect(generateSql("'select ' + '(' * 3 + 'a' + ')' * 1_0 + ' from t'")).toBe('select (((a)))))))))) from t');
});

test('an escaped character becomes that character', () => {
  expect(generateSql("'select 1\\u0000; select 2'")).toBe('select 1\u0000; select 2');
});

test('a padded statement has the total length asked for, the command byte included', () => {
  const sql = generateSql('a COM_QUERY of 1 MiB + 10 bytes that ends in: select 1');
  expect(Buffer.byteLength(sql) + 1).toBe(1024 * 1024 + 10);
  expect(sql.endsWith('*/ select 1')).toBe(true);
});

test('an expression it does not know is an error', () => {
  expect(() => generateSql("'a' - 'b'")).toThrow(/cannot read/);
  expect(() => generateSql('select 1')).toThrow(/cannot read/);
});
