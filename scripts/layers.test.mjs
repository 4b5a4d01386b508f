import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { checkLayers } from './layers.mjs';
import { ROOT } from './setup.mjs';

const folders = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** What the check says about a tree of these files, besides two good ones. */
function problemsOf(files) {
  const root = mkdtempSync(join(tmpdir(), 'layers-'));
  folders.push(root);
  const good = {
    'proxy/store/good.ts': "import { fault } from '../errors.ts'; export const good = fault;",
    'proxy/errors.ts': 'export const fault = 1;',
  };
  for (const [path, text] of Object.entries({ ...good, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return checkLayers(root).problems;
}

test('downward imports, and imports of contracts and errors, are allowed', () => {
  expect(
    problemsOf({
      'contracts/a.ts': 'export type A = 1;',
      'proxy/wire/w.ts':
        "import type { A } from '../../contracts/a.ts'; import '../checkpoint/c.ts'; import '../store/good.ts'; export type B = A;",
      'proxy/checkpoint/c.ts': "import '../policy/p.ts';",
      'proxy/policy/p.ts': "import '../sql/s.ts';",
      'proxy/sql/s.ts': "import '../store/good.ts';",
      'proxy/index.ts': "import './wire/w.ts'; import './cli/c.ts';",
      'proxy/cli/c.ts': "import '../checkpoint/c.ts';",
    }),
  ).toEqual([]);
});

test.each([
  ['an import', "import '../wire/w.ts';"],
  ['a type-only import', "import type { W } from '../wire/w.ts'; export type X = W;"],
  ['a re-export', "export { w } from '../wire/w.ts';"],
  ['a re-export of everything', "export * from '../wire/w.ts';"],
  ['a dynamic import', "export const load = () => import('../wire/w.ts');"],
  ['an import type', "export type X = import('../wire/w.ts').W;"],
  ['a worker', "new Worker(new URL('../wire/w.ts', import.meta.url));"],
])('%s upwards is found', (_, text) => {
  expect(problemsOf({ 'proxy/policy/p.ts': text, 'proxy/wire/w.ts': 'export const w = 1; export type W = 1;' })).toEqual([
    'proxy/policy/p.ts imports proxy/wire/w.ts: upwards',
  ]);
});

test('each layer is kept from the next one above it', () => {
  for (const [low, high] of [
    ['store', 'sql'],
    ['audit', 'checkpoint'],
    ['checkpoint', 'wire'],
    ['wire', 'cli'],
  ]) {
    expect(problemsOf({ [`proxy/${low}/a.ts`]: `import '../${high}/b.ts';`, [`proxy/${high}/b.ts`]: 'export {};' })).toHaveLength(1);
  }
});

test('a circle is found, also within one folder and through several', () => {
  expect(problemsOf({ 'proxy/sql/a.ts': "import './b.ts';", 'proxy/sql/b.ts': "import './a.ts';" })).toEqual([
    'imports in a circle: proxy/sql/a.ts → proxy/sql/b.ts → proxy/sql/a.ts',
  ]);
  expect(
    problemsOf({
      'proxy/sql/a.ts': "import '../policy/b.ts';",
      'proxy/policy/b.ts': "import '../masking/c.ts';",
      'proxy/masking/c.ts': "import type { A } from '../sql/a.ts'; export type C = A;",
    }),
  ).toHaveLength(1);
});

test('other areas import contracts only, the proxy imports no test support, and nothing imports a test', () => {
  expect(problemsOf({ 'renderer/r.tsx': "import '../proxy/store/good.ts';" })).toHaveLength(1);
  expect(problemsOf({ 'contracts/a.ts': "import '../proxy/errors.ts';" })).toHaveLength(1);
  expect(problemsOf({ 'proxy/sql/a.ts': "import '../../test/support/x.ts';" })).toHaveLength(1);
  expect(problemsOf({ 'proxy/sql/a.ts': "import './b.test.ts';", 'proxy/sql/b.test.ts': "import '../wire/w.ts';" })).toEqual([
    'proxy/sql/a.ts imports proxy/sql/b.test.ts: only tests may import tests',
  ]);
});

test('a folder without a layer, a computed import and a file that does not parse are problems', () => {
  expect(problemsOf({ 'proxy/misc/a.ts': "import '../store/good.ts';" })).toHaveLength(1);
  expect(problemsOf({ 'proxy/sql/a.ts': 'export const load = (name) => import(name);' })).toHaveLength(1);
  expect(problemsOf({ 'proxy/sql/a.ts': 'import {{{' }).length).toBeGreaterThan(0);
});

test('a check that reads no module, or no import, fails', () => {
  const empty = mkdtempSync(join(tmpdir(), 'layers-'));
  folders.push(empty);
  expect(checkLayers(empty).problems).toEqual(['no module was read: the check looks in the wrong place']);
  mkdirSync(join(empty, 'proxy', 'store'), { recursive: true });
  writeFileSync(join(empty, 'proxy', 'store', 'a.ts'), 'export const a = 1;');
  expect(checkLayers(empty).problems).toEqual(['no import was read: the check does not understand the modules']);
});

test('the repository itself is read', () => {
  expect(checkLayers(ROOT).modules).toBeGreaterThan(40);
});
