// What the tests need from the system: found, installed by package where we may (Debian, as root), or named.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

// Debian's Python by its path: another one may come first on PATH, and the packages belong to Debian's.
const PYTHON = '/usr/bin/python3';
const importable = (module) => existsSync(PYTHON) && spawnSync(PYTHON, ['-c', `import ${module}`]).status === 0;
const onPath = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** Names are those that tests ask for (test/support/requirements.ts). */
const NEEDS = [
  { name: 'postgresql-15', package: 'postgresql-15', found: () => existsSync('/usr/lib/postgresql/15/bin/postgres') },
  { name: 'psql', package: 'postgresql-client', found: () => onPath('psql') },
  { name: 'psycopg2', package: 'python3-psycopg2', found: () => importable('psycopg2') },
  { name: 'psycopg3', package: 'python3-psycopg', found: () => importable('psycopg') },
  { name: 'openssl', package: 'openssl', found: () => onPath('openssl') },
  // A JDK is several hundred megabytes: it is used where it is, and not installed.
  { name: 'jdk', found: () => onPath('javac') && onPath('java'), optional: true },
  { name: 'jdbc', package: 'libpostgresql-jdbc-java', found: () => existsSync('/usr/share/java/postgresql.jar'), with: 'jdk' },
];

/** @returns {{ name: string, remedy: string, optional: boolean }[]} what is still missing after installing what we may install */
export function ensurePackages() {
  const has = new Map(NEEDS.map(({ name, found }) => [name, found()]));
  const missing = NEEDS.filter((need) => !has.get(need.name) && (need.with === undefined || has.get(need.with)));
  const packages = missing.flatMap((need) => need.package ?? []);
  if (packages.length > 0 && process.getuid?.() === 0 && onPath('apt-get')) install(packages);
  return NEEDS.filter((need) => !(has.get(need.name) || need.found())).map(({ name, package: debian, optional = false, with: other }) => ({
    name,
    optional: optional || (other !== undefined && !has.get(other)),
    remedy: debian ? `apt-get install ${debian}` : 'install a Java development kit (apt-get install default-jdk-headless)',
  }));
}

function install(packages) {
  console.log(`Installing ${packages.join(', ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => {
    const run = spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', '-qq', ...args], { env, encoding: 'utf8' });
    if (run.status !== 0) console.error(`apt-get ${args.join(' ')} failed:\n${run.stdout}${run.stderr}`);
    return run.status === 0;
  };
  apt('update');
  if (packages.includes('postgresql-15')) withoutCluster(() => apt('install', '-y', '--no-install-recommends', ...packages));
  else apt('install', '-y', '--no-install-recommends', ...packages);
}

// Debian's server package makes a database cluster and starts it. The tests start servers of their own, so it is told not to.
function withoutCluster(act) {
  const folder = '/etc/postgresql-common/createcluster.d';
  const file = `${folder}/gatehouse-tests.conf`;
  spawnSync('mkdir', ['-p', folder]);
  writeFileSync(file, 'create_main_cluster = false\n');
  try {
    return act();
  } finally {
    rmSync(file, { force: true });
    if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
  }
}
