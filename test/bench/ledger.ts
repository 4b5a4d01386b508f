// How much the ledger costs: records per second, main-thread time per append, latency of durable records.
// Run: `node test/bench/ledger.ts [records]`. Numbers of one run on one machine; compare within a run only.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deviceKeyFromSeed } from '../../proxy/audit/device-key.ts';
import { type Ledger, openLedger } from '../../proxy/audit/ledger.ts';
import { judgement, session } from '../../proxy/audit/testing/ledger-fixture.ts';
import { verifyLedger } from '../../proxy/audit/verify.ts';

const records = Number(process.argv[2] ?? 40_000);
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-ledger-'));
const key = deviceKeyFromSeed(new Uint8Array(32).fill(1));
const who = session();
// About what a mid-sized query of an application is.
const what = judgement(
  `select c.id, c.name, o.total from shop.customers c join shop.orders o on o.customer_id = c.id where o.created_at > $1 ${'and c.city <> $2 '.repeat(12)}order by o.total desc limit 50`,
);
const outcome = { status: 'ok', rows: 50, bytes: 4096, durationMs: 1.75 } as const;

function statement(ledger: Ledger): void {
  const id = ledger.append({ code: 'GH-S-ALLOW', session: who, judgement: what });
  ledger.append({ code: 'GH-S-DONE', session: who, intent: id, outcome });
}

const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const report = (name: string, value: string): void => console.log(`${name.padEnd(58)}${value}`);
const percentile = (sorted: readonly number[], share: number): string =>
  `${(sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(3)} ms`;

try {
  const ledger = await openLedger({ folder, device: key.device, signer: key });

  for (let index = 0; index < 5000; index++) statement(ledger);
  await ledger.appendDurable({ code: 'GH-X-CONFIG' }).durable;

  // Statements in groups of ten per turn, as a busy door has them. CPU time of the main thread alone, all of it: making the
  // records, handing them over, hearing back; other work on the machine does not count.
  const start = performance.now();
  const cpuBefore = process.cpuUsage();
  const mainBefore = process.threadCpuUsage();
  let appending = 0;
  for (let done = 0; done < records; done += 20) {
    const from = performance.now();
    for (let index = 0; index < 10; index++) statement(ledger);
    appending += performance.now() - from;
    // A producer without any pause would only measure the bound of the queue.
    if (done % 5000 === 0) await ledger.appendDurable({ code: 'GH-X-CONFIG' }).durable;
    else await breathe();
  }
  await ledger.appendDurable({ code: 'GH-X-CONFIG' }).durable;
  const total = performance.now() - start;
  const cpu = process.cpuUsage(cpuBefore);
  const main = process.threadCpuUsage(mainBefore);
  report('records per second, on disk', Math.round((records / total) * 1000).toLocaleString('en'));
  report('inside append, main thread, wall clock', `${((appending * 2000) / records).toFixed(2)} µs per statement (two records)`);
  report('main thread CPU in all', `${(((main.user + main.system) * 2) / records).toFixed(2)} µs per statement`);
  report('all threads', `${(((cpu.user + cpu.system) * 2) / records).toFixed(1)} µs of CPU per statement`);

  for (const lanes of [1, 8, 32]) {
    const times: number[] = [];
    const from = performance.now();
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        for (let index = 0; index < 2000 / lanes; index++) {
          const at = performance.now();
          await ledger.appendDurable({ code: 'GH-S-ALLOW', session: who, judgement: what }).durable;
          times.push(performance.now() - at);
        }
      }),
    );
    const seconds = (performance.now() - from) / 1000;
    times.sort((a, b) => a - b);
    report(
      `durable, ${lanes} waiting at once`,
      `p50 ${percentile(times, 0.5)}, p99 ${percentile(times, 0.99)}, ${Math.round(times.length / seconds).toLocaleString('en')}/s`,
    );
  }

  await ledger.close();
  const from = performance.now();
  const result = verifyLedger(folder);
  report(
    'verify',
    `${result.kind}, ${Math.round((result.records / (performance.now() - from)) * 1000).toLocaleString('en')} records per second`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
