// The import-layer check: who may import whom. Source: design, "Who may import whom". Type-only imports count too.
//
//   proxy/index.ts, proxy/cli  →  wire, mcp, api  →  checkpoint  →  sql, policy, masking, identity, audit  →  store, sample
//   contracts/ and proxy/errors.ts are for all. A lower layer never imports a higher one; nothing imports itself in a circle.
//
// Tests, and what they share in folders named `testing`, stand outside: they may import anything, and nothing but a test may import them.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseSync, Visitor } from 'oxc-parser';
import { ROOT } from './setup.mjs';

const PROXY_LAYERS = [['store', 'sample'], ['sql', 'policy', 'masking', 'identity', 'audit'], ['checkpoint'], ['wire', 'mcp', 'api']];
// What may be imported from outside one's own folder, for the folders beside proxy/.
const OUTSIDE = {
  contracts: [],
  renderer: ['contracts'],
  main: ['contracts', 'proxy/launcher.ts'],
  hub: ['contracts', 'proxy/policy', 'proxy/audit', 'proxy/errors.ts'],
};

/** @returns {{ modules: number, imports: number, problems: string[] }} */
export function checkLayers(root) {
  const modules = new Map();
  for (const folder of ['contracts', 'proxy', 'renderer', 'main', 'hub']) {
    for (const path of sources(root, folder)) modules.set(path, importsOf(join(root, path), path));
  }
  const problems = [];
  let count = 0;
  for (const [from, { targets, errors }] of modules) {
    problems.push(...errors.map((error) => `${from}: ${error}`));
    for (const to of targets) {
      count++;
      const problem = isTest(from) ? undefined : judge(from, to);
      if (problem) problems.push(`${from} imports ${to}: ${problem}`);
    }
  }
  const product = new Map([...modules].filter(([path]) => !isTest(path)).map(([path, { targets }]) => [path, targets]));
  for (const circle of circles(product)) problems.push(`imports in a circle: ${circle.join(' → ')}`);
  if (modules.size === 0) problems.push('no module was read: the check looks in the wrong place');
  else if (count === 0) problems.push('no import was read: the check does not understand the modules');
  return { modules: modules.size, imports: count, problems };
}

const isTest = (path) => /\.test\.(ts|tsx|mjs)$|\/testing\//.test(path);

function sources(root, folder) {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mts|mjs|js)$/.test(entry.name) && !entry.parentPath.includes('node_modules'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

// Imports, re-exports, import(), import types, and modules named by `new URL('./x.ts', import.meta.url)` (workers).
function importsOf(file, path) {
  const parsed = parseSync(path, readFileSync(file, 'utf8'));
  const errors = parsed.errors.map((error) => error.message);
  const names = new Set();
  const literal = (node) => (node?.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined);
  const add = (node, what) => {
    const name = literal(node);
    if (name !== undefined) names.add(name);
    else if (node) errors.push(`${what} with a computed name hides what is imported`);
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source, 'import'),
    ExportNamedDeclaration: (node) => add(node.source, 'export'),
    ExportAllDeclaration: (node) => add(node.source, 'export'),
    TSImportType: (node) => add(node.source ?? node.argument, 'import type'),
    ImportExpression: (node) => add(node.source, 'import()'),
    NewExpression: (node) => {
      const name = node.callee.name === 'URL' ? literal(node.arguments[0]) : undefined;
      if (name && /^\.{1,2}\/.*\.(ts|mjs|js)$/.test(name)) names.add(name);
    },
  }).visit(parsed.program);
  const targets = [...names].filter((name) => name.startsWith('.')).map((name) => posix.normalize(posix.join(dirname(path), name)));
  return { targets, errors };
}

function judge(from, to) {
  if (isTest(to)) return 'only tests may import tests';
  const [area, folder] = from.split('/');
  const [toArea] = to.split('/');
  if (area !== 'proxy') {
    if (toArea === area) return undefined;
    return OUTSIDE[area].some((open) => to === open || to.startsWith(`${open}/`)) ? undefined : `${area}/ may not import it`;
  }
  if (toArea === 'contracts' || to === 'proxy/errors.ts') return undefined;
  if (toArea !== 'proxy') return `proxy/ may not import from ${toArea}/`;
  const own = layerOf(from);
  const other = layerOf(to);
  if (own === undefined) return `proxy/${folder} is in no layer (see scripts/layers.mjs)`;
  if (other === undefined) return `${to} is in no layer (see scripts/layers.mjs)`;
  return other > own ? 'upwards' : undefined;
}

function layerOf(path) {
  const [, folder] = path.split('/');
  if (path === 'proxy/index.ts' || folder === 'cli') return PROXY_LAYERS.length;
  if (path === 'proxy/errors.ts') return -1;
  const layer = PROXY_LAYERS.findIndex((folders) => folders.includes(folder));
  return layer === -1 ? undefined : layer;
}

// Depth-first search; each circle is reported once, where it closes.
function circles(graph) {
  const found = [];
  const state = new Map();
  const trail = [];
  const visit = (path) => {
    state.set(path, 'open');
    trail.push(path);
    for (const next of graph.get(path) ?? []) {
      if (state.get(next) === 'open') found.push([...trail.slice(trail.indexOf(next)), next]);
      else if (!state.has(next) && graph.has(next)) visit(next);
    }
    trail.pop();
    state.set(path, 'done');
  };
  for (const path of graph.keys()) if (!state.has(path)) visit(path);
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { modules, imports, problems } = checkLayers(ROOT);
  for (const problem of problems) console.error(problem);
  console.log(`${modules} modules, ${imports} imports, ${problems.length} problems`);
  if (problems.length > 0) process.exitCode = 1;
}
