// Rounds of pgbench against each target in turn (A B A B …), so that what else the machine does hits all alike.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuBetween, cpuOf, runProgram } from './processes.ts';
import { ACCOUNTS, type Target } from './rig.ts';
import { percentile } from './statistics.ts';

const PGBENCH = '/usr/lib/postgresql/15/bin/pgbench';

export const MODES = ['simple', 'extended', 'prepared'] as const;
export type Mode = (typeof MODES)[number];

export interface Workload {
  readonly mode: Mode;
  readonly clients: number;
  /** How many different accounts are asked for: in simple mode, different texts. */
  readonly accounts: number;
}

export interface Round {
  readonly target: string;
  readonly workload: Workload;
  readonly tps: number;
  /** Microseconds per statement, as the client saw it; only with one client. */
  readonly p50: number;
  readonly p99: number;
  /** Microseconds of CPU per statement of the proxy: all of it, its first thread, its busiest other thread. */
  readonly cpu: { readonly all: number; readonly main: number; readonly other: number } | undefined;
}

/** What `pgbench -S` runs, over as many accounts as asked. Warm: every text was seen before. */
export const WARM_ACCOUNTS = 1_000;
export const ALL_ACCOUNTS = ACCOUNTS;

/** A round in which nobody got through, on a machine that had other work, is run again and longer: pgbench's time begins before it connects. */
export async function pgbenchRound(target: Target, workload: Workload, seconds: number): Promise<Round> {
  return (
    (await attempt(target, workload, seconds)) ??
    (await attempt(target, workload, seconds + 3)) ??
    fail(`${target.name} answers too slowly to be measured`)
  );
}

function fail(message: string): never {
  throw new Error(message);
}

async function attempt(target: Target, workload: Workload, seconds: number): Promise<Round | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pgbench-'));
  try {
    const script = join(folder, 'select.sql');
    writeFileSync(script, `\\set aid random(1, ${workload.accounts})\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n`);
    const { host, port, user, password, database } = target.endpoint;
    const logged = workload.clients === 1;
    const args = [
      '-n',
      '-f',
      script,
      '-M',
      workload.mode,
      '-c',
      String(workload.clients),
      '-j',
      '1',
      '-T',
      String(seconds),
      '-h',
      host,
      '-p',
      String(port),
      '-U',
      user,
    ];
    const before = target.pid === undefined ? undefined : cpuOf(target.pid);
    const output = await runProgram(PGBENCH, [...args, ...(logged ? ['-l'] : []), database], {
      cwd: folder,
      env: { PGPASSWORD: password, PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' },
      timeoutMs: (seconds + 20) * 1000,
    });
    const cpu = target.pid === undefined || before === undefined ? undefined : cpuBetween(before, cpuOf(target.pid), target.pid);
    const transactions = Number(/number of transactions actually processed: (\d+)/u.exec(output)?.[1]);
    if (transactions === 0) return undefined;
    const tps = Number(/tps = ([\d.]+) \(without/u.exec(output)?.[1]);
    if (!(tps > 0) || !/number of failed transactions: 0 /u.test(output))
      throw new Error(`pgbench failed against ${target.name}: ${output.slice(-2000)}`);
    const times = logged ? latencies(folder) : [];
    return {
      target: target.name,
      workload,
      tps,
      p50: percentile(times, 50),
      p99: percentile(times, 99),
      cpu: cpu === undefined ? undefined : { all: cpu.all / transactions, main: cpu.main / transactions, other: cpu.other / transactions },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Third field of pgbench's log: the transaction's time in microseconds. */
function latencies(folder: string): number[] {
  const times: number[] = [];
  for (const name of readdirSync(folder)) {
    if (!name.startsWith('pgbench_log')) continue;
    for (const line of readFileSync(join(folder, name), 'latin1').split('\n')) if (line !== '') times.push(Number(line.split(' ', 3)[2]));
  }
  return times;
}
