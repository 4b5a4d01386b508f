// `run.json`: which process serves this profile and where its doors listen, so that the command line can print real ports.
// A file of a process that is gone (crash, power cut) is ignored.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from './atomic-file.ts';

const address = z.object({ host: z.string(), port: z.int() });
const readySchema = z.looseObject({
  ready: z.literal(true),
  postgres: address.optional(),
  mysql: address.optional(),
  mcp: z.object({ url: z.string() }).optional(),
  app: z.object({ url: z.string() }).optional(),
});
const runSchema = z.object({ pid: z.int().positive(), started: z.string(), ready: readySchema });

/** What `serve` prints when all doors listen. */
export type ReadyFacts = z.infer<typeof readySchema>;

export interface RunningProxy {
  readonly pid: number;
  readonly ready: ReadyFacts;
}

function runFile(home: string): string {
  return join(home, 'run.json');
}

export function writeRunFile(home: string, ready: ReadyFacts, pid: number = process.pid): void {
  // The ready line may carry a one-time token for the app; a file must not.
  const { ready: flag, postgres, mysql, mcp } = ready;
  const kept = { ready: flag, ...(postgres && { postgres }), ...(mysql && { mysql }), ...(mcp && { mcp: { url: mcp.url } }) };
  writeFileAtomic(runFile(home), `${JSON.stringify({ pid, started: processStart(pid) ?? '', ready: kept })}\n`);
}

/** Only the process that wrote it removes it: another may have taken over. */
export function removeRunFile(home: string, pid: number = process.pid): void {
  if (read(home)?.pid === pid) rmSync(runFile(home), { force: true });
}

export function runningProxy(home: string): RunningProxy | undefined {
  const run = read(home);
  if (run === undefined || !isAlive(run.pid)) return undefined;
  // The pid may have been given to another process since.
  const started = processStart(run.pid);
  if (started !== undefined && run.started !== '' && started !== run.started) return undefined;
  return { pid: run.pid, ready: run.ready };
}

function read(home: string): z.infer<typeof runSchema> | undefined {
  try {
    return runSchema.safeParse(JSON.parse(readFileSync(runFile(home), 'utf8'))).data;
  } catch {
    return undefined;
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

/** Start time in clock ticks since boot (proc(5), field 22 of stat); other systems: undefined, then the pid alone decides. */
function processStart(pid: number): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command name in parentheses may hold spaces and parentheses itself: fields count from its last one.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
