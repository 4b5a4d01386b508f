// Where the sample's server and data lie, so that the account it runs as can reach them. Only root has this question: its own folders
// are usually closed to everybody else, and the server runs as `nobody`.

import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import type { PostgresBinaries } from './embedded-binaries.ts';
import { canReach, type UnprivilegedUser } from './unprivileged-user.ts';

const STATE = '/var/lib/gatehouse';
const CACHE = '/var/cache/gatehouse';

/** The folder that really holds the data: the one asked for, or one under /var/lib when the account cannot get to that. */
export function placeData(folder: string, user: UnprivilegedUser | undefined): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (user === undefined) return folder;
  openTheWay(folder);
  if (canReach(user, folder)) return folder;
  const moved = join(STATE, `sample-${nameOf(folder)}`);
  mkdirSync(moved, { recursive: true, mode: 0o711 });
  writeFileSync(join(folder, 'location.txt'), `${moved}\n`);
  return moved;
}

// Passing through the sample's and the profile's folder, and through temporary folders above them, is allowed to the account: the files
// in them keep their own permissions. Other folders, such as root's home, are not ours to open.
function openTheWay(folder: string): void {
  const temporary = realpathSync(tmpdir()) + sep;
  let at = realpathSync(folder);
  for (let level = 0; level < 2 || (at.startsWith(temporary) && at !== dirname(at)); level++) {
    const { mode, uid } = statSync(at);
    if (uid === process.getuid?.()) chmodSync(at, mode | 0o011);
    at = dirname(at);
  }
}

/** The server's programs where the account can run them: as installed, or a copy under /var/cache. */
export function placeBinaries(binaries: PostgresBinaries, user: UnprivilegedUser | undefined): PostgresBinaries {
  if (user === undefined || canReach(user, join(binaries.root, 'bin'))) return binaries;
  const root = join(CACHE, `postgres-${nameOf(`${binaries.root} ${statSync(binaries.postgres).mtimeMs}`)}`);
  if (!existsSync(root)) {
    mkdirSync(CACHE, { recursive: true });
    const partial = `${root}.${process.pid}`;
    cpSync(binaries.root, partial, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(partial, root);
    } catch (error) {
      rmSync(partial, { recursive: true, force: true });
      if (!existsSync(root)) throw error;
    }
  }
  const there = (path: string): string => join(root, path.slice(binaries.root.length));
  return { root, postgres: there(binaries.postgres), initdb: there(binaries.initdb) };
}

const nameOf = (path: string): string => createHash('sha256').update(path).digest('hex').slice(0, 12);
