// Builds the app's window into dist/renderer when it is missing or older than what it is made of.

import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, toolEnvironment } from './setup.mjs';

const SOURCES = ['renderer', 'contracts', 'package-lock.json'];

/** Builds what is stale. Ends the process with the build's own words when it fails. */
export function buildRenderer(node) {
  const built = modified(join(ROOT, 'dist', 'renderer', 'index.html'));
  if (built > 0 && SOURCES.every((source) => newest(join(ROOT, source)) <= built)) return;
  console.error('Building the app …');
  const args = [join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', '--config', 'renderer/vite.config.ts', '--logLevel', 'warn'];
  const build = spawnSync(node, args, { cwd: ROOT, env: toolEnvironment(node), encoding: 'utf8' });
  if (build.status === 0) return;
  console.error(`${build.stdout}${build.stderr}`);
  console.error('The app could not be built.');
  process.exit(1);
}

function modified(path) {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function newest(path) {
  if (!statSync(path).isDirectory()) return modified(path);
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}
