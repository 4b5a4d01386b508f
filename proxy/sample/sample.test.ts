import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, startPostgres } from '../../test/support/postgres-server.ts';
import { type Sample, startSample } from './sample.ts';
import { readSeed } from './seed.ts';

const home = mkdtempSync(join(tmpdir(), 'gatehouse-sample-'));
const folder = join(home, 'sample');
const log: string[] = [];
const start = (): Promise<Sample> => startSample({ folder, log: (message) => log.push(message) });
let sample: Sample;

beforeAll(async () => {
  sample = await start();
});
afterAll(async () => {
  await sample.stop();
  rmSync(home, { recursive: true, force: true });
});

async function rows(login: pg.ClientConfig, sql: string): Promise<unknown[][]> {
  const client = new pg.Client({ ...login });
  await client.connect();
  try {
    return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}
const loginOf = ({ host, port, user, password, database }: Sample): pg.ClientConfig => ({ host, port, user, password, database });

/** Rows and a checksum of each table of the shop, independent of their order. */
async function checksums(login: pg.ClientConfig): Promise<Record<string, string>> {
  const tables = await rows(login, "select relname from pg_class where relnamespace = 'shop'::regnamespace and relkind = 'r' order by 1");
  const sums: Record<string, string> = {};
  for (const table of tables.flat().map(String)) {
    const sql = `select count(*) || ' ' || sum(hashtextextended(t::text, 1)::numeric) from shop.${table} t`;
    const [row] = await rows({ ...login, options: '-c TimeZone=UTC' }, sql);
    sums[table] = String(row?.[0]);
  }
  return sums;
}

test('the shop is there: thirteen tables, more than 20,000 orders, views and functions', async () => {
  expect(Object.keys(await checksums(loginOf(sample)))).toHaveLength(13);
  const [[orders] = []] = await rows(loginOf(sample), 'select count(*)::int from shop.orders');
  expect(orders).toBeGreaterThan(20_000);
  expect(await rows(loginOf(sample), 'select count(*)::int from shop.top_customers')).toEqual([[100]]);
  expect(
    await rows(loginOf(sample), 'select shop.customer_label(1) = full_name || $$ <$$ || email || $$>$$ from shop.customers where id = 1'),
  ).toEqual([[true]]);
  await rows(loginOf(sample), 'call shop.restock(1, 5)');
  await expect(rows(loginOf(sample), 'call shop.restock(1, 0)')).rejects.toMatchObject({ code: '23514' });
});

test('the data holds together', async () => {
  const none = async (sql: string): Promise<void> => expect(await rows(loginOf(sample), sql)).toEqual([]);
  await none('select id from shop.orders o where total is distinct from shop.order_total(id)');
  await none('select o.id from shop.orders o join shop.customers c on c.id = o.customer_id where o.placed_at < c.created_at');
  await none("select email from shop.customers where email !~ '^[a-z.]+[0-9]*@([a-z]+\\.example|example\\.(com|net|org))$'");
  await none(
    "select 1 from shop.orders where placed_at >= '2026-11-01' union all select 1 from shop.shipments where delivered_at >= '2026-11-01'",
  );
  await none("select 1 from pg_namespace where nspname = 'seed'");
  const cards = (await rows(loginOf(sample), 'select pan from shop.cards')).flat().map(String);
  expect(cards.filter((pan) => !passesLuhn(pan))).toEqual([]);
  expect(passesLuhn(`${cards[0]?.slice(0, -1)}${(Number(cards[0]?.at(-1)) + 1) % 10}`)).toBe(false);
});

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (const [index, digit] of Array.from(digits).toReversed().entries()) {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

test('exactly one ticket gives orders to an AI reader', async () => {
  expect(
    await rows(loginOf(sample), "select count(*)::int from shop.support_tickets where body like '%AI ASSISTANTS%shop.cards%'"),
  ).toEqual([[1]]);
});

test("the proxy's role is no superuser and reaches neither files nor other databases", async () => {
  const [role] = await rows(
    loginOf(sample),
    'select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls from pg_roles where rolname = current_user',
  );
  expect(role).toEqual([false, false, false, false, false]);
  await expect(rows(loginOf(sample), "select pg_read_file('/etc/passwd')")).rejects.toMatchObject({ code: '42501' });
  await expect(rows(loginOf(sample), "copy shop.orders to program 'cat'")).rejects.toMatchObject({ code: '42501' });
  await expect(rows({ ...loginOf(sample), database: 'postgres' }, 'select 1')).rejects.toMatchObject({ code: '28000' });
  await expect(rows({ ...loginOf(sample), user: 'postgres' }, 'select 1')).rejects.toMatchObject({ code: '28000' });
  await expect(rows({ ...loginOf(sample), password: 'guess' }, 'select 1')).rejects.toMatchObject({ code: '28P01' });
});

test('a second Gatehouse on the same folder is told who has it', async () => {
  await expect(start()).rejects.toMatchObject({
    code: 'SAMPLE_IN_USE',
    message: expect.stringContaining(`process ${process.pid}`) as string,
  });
});

test('changes stay over a restart, and the password is a new one', async () => {
  const before = loginOf(sample);
  await rows(before, "update shop.products set name = 'Renamed' where id = 1");
  await sample.stop();
  await expect(rows(before, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  sample = await start();
  expect(await rows(loginOf(sample), 'select name from shop.products where id = 1')).toEqual([['Renamed']]);
  expect(sample.password).not.toBe(before.password);
});

test('after a kill -9 of Gatehouse the next start ends the server that was left, and keeps the data', async () => {
  await sample.stop();
  const program = `import { startSample } from ${JSON.stringify(import.meta.resolve('./sample.ts'))};
    const sample = await startSample({ folder: ${JSON.stringify(folder)}, log() {} });
    console.log(sample.pid); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = await new Promise<number>((done) => child.stdout.once('data', (text: Buffer) => done(Number(text.toString()))));
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await ended;
  expect(existsSync(`/proc/${pid}`) || process.platform !== 'linux').toBe(true);
  sample = await start();
  expect(log).toContain('ended a sample database left from an earlier run');
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect(await rows(loginOf(sample), 'select name from shop.products where id = 1')).toEqual([['Renamed']]);
});

test('a half-filled folder is made anew, with the same rows on every machine and version', { timeout: 60_000 }, async () => {
  await sample.stop();
  rmSync(join(folder, 'seeded.json'));
  rmSync(join(folder, 'data', 'global'), { recursive: true });
  writeFileSync(join(folder, 'data', 'postmaster.pid'), '999999\n');
  sample = await start();
  const made = await checksums(loginOf(sample));
  await using server = await startPostgres({ version: 15 });
  const elsewhere = await createDatabase(server, readSeed().sql);
  expect(await checksums(elsewhere.config)).toEqual(made);
});
