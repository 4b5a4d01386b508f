// What the tests need from the system: found, installed by package where we may (Debian, as root), or named.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

// Debian's Python by its path: another one may come first on PATH, and the packages belong to Debian's.
const PYTHON = '/usr/bin/python3';
const importable = (module) => existsSync(PYTHON) && spawnSync(PYTHON, ['-c', `import ${module}`]).status === 0;
const onPath = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** Names are those that tests ask for (test/support/requirements.ts). Without `for`, a need of the tests. */
const NEEDS = [
  { name: 'postgresql-15', package: 'postgresql-15', found: () => existsSync('/usr/lib/postgresql/15/bin/postgres') },
  { name: 'psql', package: 'postgresql-client', found: () => onPath('psql') },
  { name: 'psycopg2', package: 'python3-psycopg2', found: () => importable('psycopg2') },
  { name: 'psycopg3', package: 'python3-psycopg', found: () => importable('psycopg') },
  { name: 'openssl', package: 'openssl', found: () => onPath('openssl') },
  // A JDK is several hundred megabytes: it is used where it is, and not installed.
  { name: 'jdk', found: () => onPath('javac') && onPath('java'), optional: true },
  { name: 'jdbc', package: 'libpostgresql-jdbc-java', found: () => existsSync('/usr/share/java/postgresql.jar'), with: 'jdk' },
  { name: 'pgbouncer', package: 'pgbouncer', found: () => existsSync('/usr/sbin/pgbouncer'), for: 'bench' },
  { name: 'pgbench', package: 'postgresql-15', found: () => existsSync('/usr/lib/postgresql/15/bin/pgbench'), for: 'bench' },
];

/**
 * Installs what is missing, where it may.
 * @param {'test' | 'bench'} purpose
 * @returns {{ name: string, remedy: string, optional: boolean }[]} what is still missing
 */
export function ensurePackages(purpose = 'test') {
  const needs = NEEDS.filter((need) => (need.for ?? 'test') === purpose);
  const has = new Map(needs.map(({ name, found }) => [name, found()]));
  const missing = needs.filter((need) => !has.get(need.name) && (need.with === undefined || has.get(need.with)));
  const packages = [...new Set(missing.flatMap((need) => need.package ?? []))];
  if (packages.length > 0 && process.getuid?.() === 0 && onPath('apt-get')) install(packages);
  return needs
    .filter((need) => !(has.get(need.name) || need.found()))
    .map(({ name, package: debian, optional = false, with: other }) => ({
      name,
      optional: optional || (other !== undefined && !has.get(other)),
      remedy: debian ? `apt-get install ${debian}` : 'install a Java development kit (apt-get install default-jdk-headless)',
    }));
}

function install(packages) {
  console.error(`Installing ${packages.join(', ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => {
    const run = spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', '-qq', ...args], { env, encoding: 'utf8' });
    if (run.status !== 0) console.error(`apt-get ${args.join(' ')} failed:\n${run.stdout}${run.stderr}`);
  };
  apt('update');
  withoutServices(() => apt('install', '-y', '--no-install-recommends', ...packages));
}

// Debian's server packages start what they install, and PostgreSQL's makes a database cluster. The tests start servers of their own.
const QUIET = {
  '/usr/sbin/policy-rc.d': { text: '#!/bin/sh\nexit 101\n', mode: 0o755 },
  '/etc/postgresql-common/createcluster.d/gatehouse-tests.conf': { text: 'create_main_cluster = false\n', mode: 0o644 },
};

function withoutServices(act) {
  const made = [];
  for (const [path, { text, mode }] of Object.entries(QUIET)) {
    // The machine may have a policy of its own.
    if (existsSync(path)) continue;
    // What mkdir made first, if anything.
    const folder = mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode });
    made.push({ path, folder });
  }
  try {
    act();
  } finally {
    for (const { path } of made) rmSync(path, { force: true });
    for (const { folder } of made) if (folder) removeIfEmpty(folder);
  }
}

function removeIfEmpty(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) removeIfEmpty(join(folder, entry.name));
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}
