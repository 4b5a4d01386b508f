// Vitest global set-up: one temporary folder for a whole run of the tests (server templates, data folders), removed at its end
// together with any server that a test which was killed has left running in it.

import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unprivilegedUser } from '../../proxy/sample/unprivileged-user.ts';

export default function setup(): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  const user = unprivilegedUser();
  if (user) chownSync(folder, user.uid, user.gid);
  process.env['GATEHOUSE_TEST_RUN'] = folder;
  return async () => {
    delete process.env['GATEHOUSE_TEST_RUN'];
    const left = leftServers(folder);
    for (const pid of left) endServer(pid);
    for (let wait = 0; wait < 100 && left.some(isAlive); wait++) await new Promise((wake) => setTimeout(wake, 50));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
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

function endServer(pid: number): void {
  try {
    process.kill(pid, 'SIGQUIT');
  } catch {
    // It has ended since.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
