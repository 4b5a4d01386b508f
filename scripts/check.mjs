// The static checks: types, lint, format, dead code, import layers, the lock. All run, then a summary; fails when one of them fails.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, setUp, toolEnvironment } from './setup.mjs';

const CHECKS = [
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'types of the renderer', command: ['tsc', '-p', 'renderer'] },
  { name: 'lint', command: ['oxlint', '--deny-warnings'] },
  { name: 'format', command: ['biome', 'check', '--colors=off', '.'] },
  { name: 'dead code', command: ['knip', '--no-progress'] },
  { name: 'import layers', command: ['node', join('scripts', 'layers.mjs')] },
  { name: 'lock', command: ['node', join('scripts', 'lock.mjs')] },
];

/** Runs all checks. @returns {Promise<{ passed: number, failed: number }>} */
export async function check(node) {
  const env = { ...toolEnvironment(node), NO_COLOR: '1' };
  const waiting = [...CHECKS];
  const results = [];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) results.push(await run(next, env));
  };
  await Promise.all([worker(), worker()]);
  for (const { name, ok, output } of results.filter((result) => !result.ok)) {
    console.log(`\n── ${name} ${ok ? '' : 'failed '}──\n${output.trim()}`);
  }
  console.log('');
  for (const { name } of CHECKS) {
    const result = results.find((one) => one.name === name);
    console.log(`${result.ok ? 'ok    ' : 'FAILED'} ${name} (${(result.ms / 1000).toFixed(1)} s)`);
  }
  return { passed: results.filter(({ ok }) => ok).length, failed: results.filter(({ ok }) => !ok).length };
}

async function run({ name, command: [program, ...args] }, env) {
  const begin = performance.now();
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const ok = await new Promise((done) => {
    child.once('error', (error) => {
      output += error.message;
      done(false);
    });
    child.once('close', (code) => done(code === 0));
  });
  return { name, ok, output, ms: performance.now() - begin };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { failed } = await check(setUp());
  process.exitCode = failed > 0 ? 1 : 0;
}
