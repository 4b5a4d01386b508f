// PostgreSQL refuses to run as root. When we are root, its programs run as `nobody`, which must be able to reach and own their
// data folder. Source: design, "Runtime and dependencies".

import { chownSync, lchownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { GatehouseError } from '../errors.ts';

export interface UnprivilegedUser {
  readonly uid: number;
  readonly gid: number;
}

/** The account for PostgreSQL's programs when this process is root; undefined when it is not, or on Windows. */
export function unprivilegedUser(): UnprivilegedUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':');
    // macOS writes nobody's ids as -2; the kernel's numbers are unsigned.
    if (name === 'nobody') return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 };
  }
  throw new GatehouseError('SAMPLE_NO_USER', 'running as root, and there is no account `nobody` to run PostgreSQL as');
}

/** Gives a folder and all below it to the user. Links are not followed. */
export function giveFolderTo(user: UnprivilegedUser, folder: string): void {
  chownSync(folder, user.uid, user.gid);
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    lchownSync(join(entry.parentPath, entry.name), user.uid, user.gid);
  }
}

/** Can the user enter this folder: is every folder on the way open to all? */
export function canReach(user: UnprivilegedUser, folder: string): boolean {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const { mode, uid } = statSync(at);
    const enters = uid === user.uid ? (mode & 0o100) !== 0 : (mode & 0o001) !== 0;
    if (!enters) return false;
    if (at === dirname(at)) return true;
  }
}
