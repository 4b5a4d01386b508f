// The temporary folder of one run of the tests. It carries its process's id, so that a later run can clear away what a killed one left.

import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unprivilegedUser } from '../../proxy/sample/unprivileged-user.ts';

const PREFIX = 'gatehouse-test-';

export function makeRunFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const user = unprivilegedUser();
  if (user) chownSync(folder, user.uid, user.gid);
  return folder;
}

/** Ends the servers that still run in the folder, then removes it. */
export async function removeRunFolder(folder: string): Promise<void> {
  const left = leftServers(folder);
  for (const pid of left) signal(pid, 'SIGQUIT');
  for (let wait = 0; wait < 100 && left.some((pid) => signal(pid, 0)); wait++) await new Promise((wake) => setTimeout(wake, 50));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Removes the folders of runs whose process is gone. */
export async function removeLeftRunFolders(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`, 'u').exec(name)?.[1]);
    if (Number.isSafeInteger(pid) && !signal(pid, 0)) await removeRunFolder(join(tmpdir(), name));
  }
}

function leftServers(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => {
    try {
      return [Number.parseInt(readFileSync(join(folder, name, 'data', 'postmaster.pid'), 'utf8'), 10)];
    } catch {
      return [];
    }
  });
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
