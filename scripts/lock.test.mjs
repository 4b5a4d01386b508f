import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { examineLock } from './lock.mjs';
import { ROOT } from './setup.mjs';

const lockOf = (packages) => ({ lockfileVersion: 3, packages });

test('an address is found and taken out', () => {
  const { problems, fixed } = examineLock(
    lockOf({ 'node_modules/a': { version: '1.0.0', resolved: 'https://example.com/a.tgz', integrity: 'x' } }),
  );
  expect(problems).toEqual(['node_modules/a holds an address']);
  expect(fixed.packages['node_modules/a']).toEqual({ version: '1.0.0', integrity: 'x' });
});

test('a missing optional package is added with its platform, and then nothing is missing', () => {
  const parent = { version: '1.0.0', dev: true, optionalDependencies: { '@a/linux-x64-musl': '1.0.0', '@a/win32-arm64': '1.0.0' } };
  const { problems, fixed } = examineLock(lockOf({ 'node_modules/a': parent }));
  expect(problems).toHaveLength(2);
  expect(fixed.packages['node_modules/@a/linux-x64-musl']).toEqual({
    version: '1.0.0',
    cpu: ['x64'],
    libc: ['musl'],
    os: ['linux'],
    dev: true,
    optional: true,
  });
  expect(fixed.packages['node_modules/@a/win32-arm64']).toMatchObject({ cpu: ['arm64'], os: ['win32'] });
  expect(examineLock(fixed)).toEqual({ problems: [], fixed });
});

test('a package whose platform its name does not tell, or without an exact version, is an error and no guess', () => {
  const missing = (name, version) => lockOf({ 'node_modules/a': { version: '1.0.0', optionalDependencies: { [name]: version } } });
  expect(() => examineLock(missing('fast-thing', '1.0.0'))).toThrow('cannot tell the platform of fast-thing');
  expect(() => examineLock(missing('@a/linux-x64', '^1.0.0'))).toThrow('is not exact');
});

test("the repository's lock is in order", () => {
  expect(examineLock(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))).problems).toEqual([]);
});
