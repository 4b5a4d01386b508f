// Speed of the PostgreSQL door, measured beside its alternatives in one run. Source: design, "Speed"; docs/performance.md says how
// to read it. Run: npm run bench:wire -- [--quick] [--rounds N] [--json FILE] [--against CHECKOUT] [--only pgbench|probes]
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ALL_ACCOUNTS, MODES, pgbenchRound, type Round, WARM_ACCOUNTS, type Workload } from './wire/pgbench.ts';
import { addedTimes, connectTimes, idleMemory, readSpeed, withClient } from './wire/probes.ts';
import { type Fact, pgbenchRows, table } from './wire/report.ts';
import { type Rig, startRig, WIDE_ROWS } from './wire/rig.ts';
import { median } from './wire/statistics.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    json: { type: 'string' },
    against: { type: 'string' },
    only: { type: 'string' },
    clients: { type: 'string' },
    mode: { type: 'string' },
  },
});
const quick = values.quick;
const rounds = Number(values.rounds ?? (quick ? 2 : 3));
const seconds = Number(values.seconds ?? (quick ? 1 : 2));
const root = fileURLToPath(new URL('../..', import.meta.url));
/** A pass that would end later than this, in milliseconds since the start, is left out. */
const budget = (quick ? 80 : 340) * 1000;
const note = (text: string): boolean => process.stderr.write(`${text}\n`);

// A bench that hangs on a loaded machine helps nobody; the servers' own clean-up runs at exit.
const deadline = setTimeout(
  () => {
    note('the bench takes too long and ends');
    process.exit(1);
  },
  (quick ? 4 : 12) * 60_000,
);

async function pgbenchPasses(rig: Rig): Promise<Round[][]> {
  // A quick run leaves out the mode in the middle.
  const modes = MODES.filter((mode) => (values.mode === undefined ? !(quick && mode === 'extended') : values.mode === mode));
  const clients = [1, 16].filter((count) => values.clients === undefined || Number(values.clients) === count);
  const workloads: Workload[] = modes.flatMap((mode) => clients.map((count) => ({ mode, clients: count, accounts: WARM_ACCOUNTS })));
  const unique: Workload = { mode: 'simple', clients: 1, accounts: ALL_ACCOUNTS };
  // Compiled and cached before anything is counted.
  for (const workload of workloads)
    for (const target of rig.targets)
      if (target.pid !== undefined && workload.clients === clients[0]) await pgbenchRound(target, workload, quick ? 1 : 2);
  const passes: Round[][] = [];
  let longest = 0;
  for (let pass = 0; pass < rounds; pass++) {
    const began = performance.now();
    if (pass > 0 && began + longest > budget) {
      note(`the machine is too busy for more than ${pass} of ${rounds} passes in time`);
      break;
    }
    const done: Round[] = [];
    for (const workload of values.mode === undefined && values.clients === undefined && !quick ? [...workloads, unique] : workloads) {
      // The other way round in every other pass: nobody always follows the same neighbour.
      const order = pass % 2 === 0 ? rig.targets : rig.targets.toReversed();
      for (const target of order) done.push(await pgbenchRound(target, workload, workload === unique ? 1 : seconds));
      note(`pass ${pass + 1} of ${rounds}: ${workload.mode}, ${workload.clients} clients${workload === unique ? ', unique texts' : ''}`);
    }
    longest = Math.max(longest, performance.now() - began);
    passes.push(
      rig.targets
        .flatMap((target) => done.filter((round) => round.target === target.name))
        .toSorted(
          (a, b) => done.findIndex((each) => each.workload === a.workload) - done.findIndex((each) => each.workload === b.workload),
        ),
    );
  }
  return passes;
}

async function readFacts(rig: Rig): Promise<Fact[]> {
  const { direct, gatehouse } = rig;
  const plain = 'select id, label, label as again, amount from wide';
  const masked = 'select id, label, email, amount from wide';
  const rewritten = await rewrittenText(rig, masked);
  const speeds = { direct: [] as number[], through: [] as number[], directMasked: [] as number[], throughMasked: [] as number[] };
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    speeds.direct.push(await readSpeed(direct, plain, WIDE_ROWS));
    speeds.through.push(await readSpeed(gatehouse.person, plain, WIDE_ROWS));
    speeds.directMasked.push(await readSpeed(direct, rewritten, WIDE_ROWS));
    speeds.throughMasked.push(await readSpeed(gatehouse.person, masked, WIDE_ROWS));
  }
  const ratio = (over: number[], under: number[]): number => median(over.map((value, index) => value / (under[index] ?? Number.NaN)));
  return [
    { name: '1 M rows, direct', value: median(speeds.direct), unit: 'MB/s' },
    { name: '1 M rows, gatehouse', value: median(speeds.through), unit: 'MB/s' },
    { name: '1 M rows, ratio', value: ratio(speeds.through, speeds.direct), unit: '', target: '≥ 0.95' },
    { name: '1 M rows masked, gatehouse', value: median(speeds.throughMasked), unit: 'MB/s' },
    {
      name: '1 M rows masked, ratio to the same SQL direct',
      value: ratio(speeds.throughMasked, speeds.directMasked),
      unit: '',
      target: '≥ 0.90',
    },
  ];
}

/** The text that Gatehouse sends for a masked query, as the database itself saw it. */
async function rewrittenText({ direct, gatehouse }: Rig, sql: string): Promise<string> {
  return withClient(gatehouse.person, async (client) => {
    await client.query(`${sql} limit 1`);
    return withClient(direct, async (watcher) => {
      const { rows } = await watcher.query<{ query: string }>(
        "select query from pg_stat_activity where query like '%email%limit 1' and pid <> pg_backend_pid()",
      );
      const [row] = rows;
      if (row === undefined || row.query === `${sql} limit 1`) throw new Error('the masked query was not rewritten');
      return row.query.replace(/ limit 1$/u, '');
    });
  });
}

async function latencyFacts(rig: Rig): Promise<Fact[]> {
  const { direct, gatehouse } = rig;
  const blocks = quick ? 3 : 8;
  const write = await addedTimes(direct, gatehouse.person, {
    blocks,
    perBlock: 100,
    sql: () => "insert into journal (note) values ('a note')",
  });
  const [agent = gatehouse.person] = gatehouse.agents;
  const cold = await addedTimes(direct, agent, {
    blocks,
    perBlock: 100,
    sql: (index) =>
      `select a.aid, a.abalance, b.bbalance from pgbench_accounts a join pgbench_branches b using (bid) where a.aid between ${index} and ${index + 5} order by a.aid limit 3`,
  });
  const times = { direct: [] as number[], gatehouse: [] as number[], pgbouncer: [] as number[] };
  const bouncer = rig.targets.find(({ name }) => name === 'pgbouncer')?.endpoint ?? direct;
  for (let block = 0; block < (quick ? 2 : 6); block++) {
    times.direct.push(...(await connectTimes(direct, 10)));
    times.gatehouse.push(...(await connectTimes(agent, 10)));
    times.pgbouncer.push(...(await connectTimes(bouncer, 10)));
  }
  return [
    { name: 'write behind a durable intent, added p50', value: write.p50, unit: 'ms', target: '≤ 1' },
    { name: 'write behind a durable intent, added p99', value: write.p99, unit: 'ms' },
    { name: 'cold judging (unique texts), added p50', value: cold.p50, unit: 'ms', target: '≤ 1' },
    { name: 'cold judging (unique texts), added p99', value: cold.p99, unit: 'ms', target: '≤ 5' },
    { name: 'connect, direct', value: median(times.direct), unit: 'ms' },
    { name: 'connect, pgbouncer', value: median(times.pgbouncer), unit: 'ms' },
    { name: 'connect, gatehouse', value: median(times.gatehouse), unit: 'ms' },
    { name: 'connect, ratio to direct', value: median(times.gatehouse) / median(times.direct), unit: '', target: '≤ 2' },
  ];
}

async function memoryFacts(rig: Rig): Promise<Fact[]> {
  const agents = quick ? 5 : 50;
  await using fresh = await rig.gatehouseAt(root, agents);
  const memory = await idleMemory(fresh, 20);
  return [
    { name: 'idle proxy', value: memory.idle / 1e6, unit: 'MB', target: '≤ 120' },
    { name: `per idle session (${memory.sessions})`, value: memory.perSession / 1e3, unit: 'kB', target: '≤ 60' },
  ];
}

async function main(): Promise<void> {
  const started = performance.now();
  await using rig = await startRig({ root, against: values.against, person: !quick && values.against === undefined });
  note(`servers run after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  const facts: Fact[] = [];
  if (values.only !== 'pgbench') for (const probe of [readFacts, latencyFacts, memoryFacts]) facts.push(...(await probe(rig)));
  const passes = values.only === 'probes' ? [] : await pgbenchPasses(rig);
  const rows = pgbenchRows(passes, WARM_ACCOUNTS);
  console.log(table(rows, facts));
  const took = (performance.now() - started) / 1000;
  console.log(`\n${passes.length} passes of ${seconds} s, ${cpus().length} cores, ${took.toFixed(0)} s in all`);
  if (values.json !== undefined) {
    writeFileSync(
      values.json,
      `${JSON.stringify({ date: new Date().toISOString(), node: process.version, cores: cpus().length, rounds, seconds, pgbench: rows, facts }, null, 2)}\n`,
    );
  }
}

await main();
clearTimeout(deadline);
