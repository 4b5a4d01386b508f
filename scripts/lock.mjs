// Checks package-lock.json, and with `--fix` repairs it: no registry addresses, and every optional package is listed.
//
// npm drops optional packages of other platforms from the lock when the registry in use does not carry them, and `npm ci` then refuses
// the lock everywhere. Their entries follow from the parent's list (name and version) and their names (system and processor).

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './setup.mjs';

const SYSTEMS = {
  android: 'android',
  darwin: 'darwin',
  freebsd: 'freebsd',
  linux: 'linux',
  openharmony: 'openharmony',
  win32: 'win32',
  windows: 'win32',
};
const PROCESSORS = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'wasm32'];

/** @returns {{ problems: string[], fixed: object }} what is wrong with a lock, and the lock without those faults */
export function examineLock(lock) {
  const problems = [];
  const packages = { ...lock.packages };
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (entry.resolved !== undefined && !entry.link) {
      problems.push(`${path} holds an address`);
      const { resolved: _, ...rest } = entry;
      packages[path] = rest;
    }
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (packages[`node_modules/${name}`] !== undefined || packages[`${path}/node_modules/${name}`] !== undefined) continue;
      problems.push(`${name}, optional for ${path}, is missing`);
      if (!/^\d/.test(version)) throw new Error(`cannot add ${name}: its version \`${version}\` is not exact`);
      packages[`node_modules/${name}`] = { version, ...platformOf(name), ...(entry.dev ? { dev: true } : {}), optional: true };
    }
  }
  const sorted = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { problems, fixed: { ...lock, packages: Object.fromEntries(sorted) } };
}

function platformOf(name) {
  const words = name.split(/[^a-z0-9]+/);
  const os = words.map((word) => SYSTEMS[word]).find((system) => system !== undefined);
  const cpu = PROCESSORS.find((processor) => words.includes(processor));
  if (os === undefined || cpu === undefined) throw new Error(`cannot tell the platform of ${name} from its name`);
  const libc = os === 'linux' && name.includes('musl') ? { libc: ['musl'] } : {};
  return { cpu: [cpu], ...libc, os: [os] };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const path = join(ROOT, 'package-lock.json');
  const { problems, fixed } = examineLock(JSON.parse(readFileSync(path, 'utf8')));
  if (process.argv.includes('--fix')) {
    writeFileSync(path, `${JSON.stringify(fixed, null, 2)}\n`);
    console.log(`package-lock.json: ${problems.length} entries repaired`);
  } else if (problems.length > 0) {
    console.error(`${problems.join('\n')}\nrun: node scripts/lock.mjs --fix`);
    process.exitCode = 1;
  }
}
