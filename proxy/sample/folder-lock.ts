// One Gatehouse per sample folder, and no server left over from one that was killed.

import { readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { GatehouseError } from '../errors.ts';

const Owner = z.object({ pid: z.int().positive(), started: z.string() });

/** Takes the folder for this process. Fails with SAMPLE_IN_USE when a living process has it. Returns how to give it back. */
export function lockFolder(folder: string): () => void {
  const file = join(folder, 'owner.json');
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) });
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, mine, { flag: 'wx', mode: 0o600 });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = readOwner(file);
    if (owner !== undefined && isAlive(owner.pid) && startOf(owner.pid) === owner.started) throw inUse(folder, owner.pid);
    rmSync(file, { force: true });
  }
  throw inUse(folder, 0);
}

function inUse(folder: string, pid: number): GatehouseError {
  const who = pid === 0 ? 'another Gatehouse' : `another Gatehouse (process ${pid})`;
  return new GatehouseError('SAMPLE_IN_USE', `the sample database in \`${folder}\` is in use by ${who}`, { data: { folder, pid } });
}

function readOwner(file: string): z.infer<typeof Owner> | undefined {
  try {
    return Owner.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // Half written, by a process that was killed.
    return undefined;
  }
}

/** Ends a server that runs on this data folder although its Gatehouse is gone. Call it with the folder's lock held. */
export async function endLeftServer(data: string): Promise<boolean> {
  const pid = serverOf(data);
  if (pid === undefined) return false;
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!kill(pid, signal)) return true;
    for (let wait = 0; wait < 250; wait++) {
      if (!isAlive(pid)) return true;
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }
  throw new GatehouseError('SAMPLE_IN_USE', 'a server left from an earlier run does not end', { data: { pid } });
}

// Process ids are used again: a file that names a living process proves nothing. Where /proc exists, the server is recognised by its
// working folder, and a file that names a stranger is removed; elsewhere PostgreSQL's own check of the file decides.
function serverOf(data: string): number | undefined {
  const file = join(data, 'postmaster.pid');
  let pid: number;
  try {
    pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
  } catch {
    return undefined;
  }
  if (!Number.isSafeInteger(pid) || pid <= 1 || !isAlive(pid)) return undefined;
  try {
    if (readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data)) return pid;
    rmSync(file, { force: true });
  } catch {
    // No /proc, or not our process: leave it alone.
  }
  return undefined;
}

// When a process started, as the kernel counts it; empty where it cannot be read.
function startOf(pid: number): string {
  try {
    // Fields are counted after the name, which stands in parentheses and may hold anything.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
