// Programs that the bench starts and ends by their ids, and what they cost: CPU and memory as Linux counts them.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';

export interface Running {
  readonly pid: number;
  /** The first line that it printed. */
  readonly line: string;
  stop(): Promise<void>;
}

const START_MS = 30_000;
const STOP_MS = 5_000;
const KEPT_ERRORS = 4_000;

export interface Start {
  readonly program: string;
  readonly args: readonly string[];
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  readonly env?: NodeJS.ProcessEnv;
  /** Without it, the program is there when its first line is. */
  readonly ready?: () => Promise<boolean>;
}

export async function startProcess({ program, args, user, env, ready }: Start): Promise<Running> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env }, ...user });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-KEPT_ERRORS);
  });
  const stop = (): Promise<void> => stopChild(child);
  const line = firstLine(child);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${program} did not start in time: ${errors}`)), START_MS);
  child.once('error', late.reject);
  child.once('exit', (code) => late.reject(new Error(`${program} ended with ${code}: ${errors}`)));
  late.promise.catch(() => undefined);
  try {
    const first = await Promise.race([ready === undefined ? line : until(ready).then(() => ''), late.promise]);
    return { pid: child.pid ?? 0, line: first, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function until(ready: () => Promise<boolean>): Promise<void> {
  while (!(await ready())) await new Promise((wake) => setTimeout(wake, 30));
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      if (text.includes('\n')) return;
      text += more;
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
  });
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}

/** Runs a program to its end; its output. Never longer than `timeoutMs`. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; timeoutMs: number },
): Promise<string> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
    timeout: options.timeoutMs,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', fail);
    child.once('close', done);
  });
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${output.slice(-KEPT_ERRORS)}`);
  return output;
}

export async function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === 'object' ? done(address.port) : fail(new Error('no port'))));
    });
  });
}

export interface CpuTime {
  /** Microseconds on a processor, all threads. */
  readonly all: number;
  /** Those of the first thread, which in Node runs the proxy itself. */
  readonly main: number;
  /** By thread id, for finding the busiest other one. */
  readonly threads: ReadonlyMap<string, number>;
}

/** Source: Linux, Documentation/scheduler/sched-stats: the first number of schedstat is nanoseconds on the processor. */
export function cpuOf(pid: number): CpuTime {
  const threads = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const nanoseconds = Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    threads.set(thread, nanoseconds / 1000);
  }
  return { all: [...threads.values()].reduce((sum, value) => sum + value, 0), main: threads.get(String(pid)) ?? 0, threads };
}

/** Between two readings; `other` is the busiest thread but the first: the ledger's writer, where statements only run. */
export function cpuBetween(before: CpuTime, after: CpuTime, pid: number): { all: number; main: number; other: number } {
  let other = 0;
  for (const [thread, time] of after.threads) if (thread !== String(pid)) other = Math.max(other, time - (before.threads.get(thread) ?? 0));
  return { all: after.all - before.all, main: after.main - before.main, other };
}

/** Resident memory in bytes. */
export function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/mu.exec(status)?.[1]) * 1024;
}
