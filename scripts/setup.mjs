// Set-up shared by all commands: the locked dependencies and the pinned Node. Runs on Node 20 and with nothing installed.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Installs what is missing and returns the pinned Node's path. Ends the process with one clear message when it cannot. */
export function setUp() {
  const stale = staleReason();
  if (stale !== undefined) install(stale);
  const node = pinnedNode();
  if (node === undefined) {
    fail(
      'the pinned Node is missing although the dependencies are installed: its install script did not run',
      'npm ci --ignore-scripts=false',
    );
  }
  return node;
}

/** The environment for programs started by us: the pinned Node and the tools of node_modules come first. */
export function toolEnvironment(node) {
  const path = [dirname(node), join(ROOT, 'node_modules', '.bin'), process.env.PATH ?? ''].join(process.platform === 'win32' ? ';' : ':');
  return { ...process.env, PATH: path };
}

function readJson(...path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, ...path), 'utf8'));
  } catch {
    return undefined;
  }
}

// npm writes node_modules/.package-lock.json last, with what it has installed. Comparing it with the lock costs milliseconds, and
// notices an interrupted install.
function staleReason() {
  const wanted = readJson('package-lock.json')?.packages;
  if (wanted === undefined) fail('package-lock.json cannot be read', 'git checkout package-lock.json');
  const installed = readJson('node_modules', '.package-lock.json')?.packages;
  if (installed === undefined) return 'the dependencies are not installed';
  for (const [path, { version, optional }] of Object.entries(wanted)) {
    if (path === '' || (optional && installed[path] === undefined)) continue;
    if (installed[path]?.version !== version) return `${path.replace(/^.*node_modules\//, '')} is not installed in version ${version}`;
  }
  return undefined;
}

function install(reason) {
  console.error(`Installing dependencies (${reason}) …`);
  const windows = process.platform === 'win32';
  const npm = spawnSync(windows ? 'npm.cmd' : 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    encoding: 'utf8',
    shell: windows,
    // NODE_ENV=production would leave out the tools.
    env: { ...process.env, NODE_ENV: 'development' },
  });
  if (npm.error) fail(`npm cannot be run: ${npm.error.message}`, 'install Node 20 or later with npm');
  if (npm.status !== 0) fail(`npm ci failed:\n${npm.stdout}${npm.stderr}`, 'npm ci');
}

function pinnedNode() {
  const version = readJson('package.json')?.devDependencies?.node;
  for (const name of ['node', 'node.exe']) {
    const path = join(ROOT, 'node_modules', 'node', 'bin', name);
    if (!existsSync(path)) continue;
    const run = spawnSync(path, ['--version'], { encoding: 'utf8' });
    if (run.stdout?.trim() === `v${version}`) return path;
  }
  return undefined;
}

function fail(message, remedy) {
  console.error(`${message}\nTry: ${remedy}`);
  process.exit(1);
}
