// Texts run from the app against a real server: rows, masks, reasons, cancelling, transactions, pages, exports.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGatehouse, type TestGatehouse } from '../../../test/support/gatehouse.ts';
import { createDatabase, startPostgres, type TestPostgres } from '../../../test/support/postgres-server.ts';
import { askControl } from '../control.ts';
import { UiClient } from '../testing/ui-client.ts';

const SCHEMA = `
  create table public.customers (id int primary key, name text, email text, city text);
  insert into public.customers select g, 'Name ' || g, 'user' || g || '@example.com', case when g % 3 = 0 then null when g % 3 = 1 then '' else 'Ulm' end from generate_series(1, 500) g;
  create schema elsewhere;
  create table public.plain (id int, big bigint, amount numeric, note text, flag bool);
  insert into public.plain values (1, 9007199254740993, 12345678901234567890.123, E'a\\tb\\n"c"', true), (2, null, -1.5, '=1+1', false), (3, 0, 0, '', null);
  create table public."We""ird <img src=x onerror=alert(1)>" ("a""; drop" text);
  insert into public."We""ird <img src=x onerror=alert(1)>" values ('<script>');
  create function public.noisy() returns int language plpgsql as $$ begin for i in 1..2000 loop raise notice 'n %', i; end loop; return 1; end $$;`;

let server: TestPostgres;
let gatehouse: TestGatehouse;
let window: UiClient;

const openWindow = async (): Promise<UiClient> => UiClient.open(String(await askControl(gatehouse.home, { command: 'app' })));

beforeAll(async () => {
  server = await startPostgres({ version: 18 });
  await createDatabase(server, SCHEMA, 'app');
  gatehouse = await startGatehouse();
  await gatehouse.addConnection('shop', server.config('app'));
  window = await openWindow();
});
afterAll(async () => {
  await window?.close();
  await gatehouse?.close();
  await server?.stop();
});

async function activity(query: string): Promise<string[]> {
  const client = new pg.Client(server.config('app'));
  await client.connect();
  try {
    const { rows } = await client.query<{ state: string }>(
      "select state from pg_stat_activity where query like $1 and pid <> pg_backend_pid() and datname = 'app'",
      [`%${query}%`],
    );
    return rows.map(({ state }) => state);
  } finally {
    await client.end();
  }
}

describe('a run', () => {
  it('answers each statement in order, with rows as PostgreSQL writes them', async () => {
    const run = await window.run(
      'shop',
      "select id, big, amount, note, flag from plain order by id; set application_name = 'x'; select city from customers order by id limit 3",
    );
    expect(run.error).toBeUndefined();
    expect(run.end).toMatchObject({ status: 'ok', transaction: 'none' });
    expect(run.statements.map(({ tag, result, rows }) => [tag, result, rows])).toEqual([
      ['SELECT 3', 0, 3],
      ['SET', undefined, 0],
      ['SELECT 3', 1, 3],
    ]);
    expect(run.results[0]?.columns).toEqual([
      { name: 'id', type: 'int4' },
      { name: 'big', type: 'int8' },
      { name: 'amount', type: 'numeric' },
      { name: 'note', type: 'text' },
      { name: 'flag', type: 'bool' },
    ]);
    expect(await window.rows(run.run)).toEqual([
      ['1', '9007199254740993', '12345678901234567890.123', 'a\tb\n"c"', 't'],
      ['2', null, '-1.5', '=1+1', 'f'],
      ['3', '0', '0', '', null],
    ]);
    expect(await window.rows(run.run, 1)).toEqual([[''], ['Ulm'], [null]]);
    await expect(window.rows(run.run, 2)).rejects.toMatchObject({ code: 'NO_RESULT' });
    expect(await window.rows(run.run, 0, 2, 50)).toHaveLength(1);
    expect(await window.rows(run.run, 0, 1_000_000, 50)).toEqual([]);
  });

  it('masks what the person may not see, and says by which tag and policy', async () => {
    const run = await window.run('shop', "select id, email, upper(email) as loud, 'x' || id as clear from customers order by id limit 2");
    expect(run.error).toBeUndefined();
    const [columns] = run.results.map((result) => result.columns);
    expect(columns?.[0]?.mask).toBeUndefined();
    expect(columns?.[1]?.mask).toMatchObject({ tags: ['pii.email'] });
    expect(columns?.[2]?.mask?.tags).toContain('pii.email');
    expect(columns?.[3]?.mask).toBeUndefined();
    expect(JSON.stringify(await window.rows(run.run))).not.toContain('user1@example.com');
  });

  it('reports the place of an error in UTF-16 units of the text', async () => {
    const sql = "select '😀é', nope from plain";
    const run = await window.run('shop', sql);
    expect(run.end.status).toBe('error');
    expect(sql.slice(run.error?.position)).toMatch(/^nope/);
    const syntax = "select '😀'; selct 1";
    expect(syntax.slice((await window.run('shop', syntax)).error?.position)).toMatch(/^selct/);
    const server = await window.run('shop', "select 1/0 as x, '😀'");
    expect(server.error).toMatchObject({ code: 'DATABASE', sqlstate: '22012', message: 'division by zero' });
  });

  it('that needs a reason is held, runs with one, and does not lend it to the next', async () => {
    const sql = "update customers set city = 'Bonn' where id > 0";
    const held = await window.run('shop', sql);
    expect(held.error).toMatchObject({ code: 'JUSTIFICATION_REQUIRED', sqlstate: '42501' });
    expect(held.error?.policies).toContain('large-change-needs-reason');
    const reason = "it's for ticket 17; '); drop table customers; --";
    const done = await window.run('shop', `begin; ${sql}; rollback`, { justification: reason });
    expect(done.error).toBeUndefined();
    expect(done.statements.map(({ tag }) => tag)).toEqual(['BEGIN', 'UPDATE 500', 'ROLLBACK']);
    expect((await window.run('shop', sql)).error?.code).toBe('JUSTIFICATION_REQUIRED');
    const { entries } = await window.call('audit.search', { text: 'update customers', verdict: 'allow', limit: 1 });
    expect(entries[0]).toMatchObject({ door: 'editor', kind: 'person', connection: 'shop' });
  });

  it('keeps a reason out of later texts also when the transaction failed in between', async () => {
    const sql = "update customers set city = 'Bonn' where id > 0";
    const failed = await window.run('shop', `begin; ${sql}; select 1/0`, { tab: 'failed', justification: 'a reason that is long enough' });
    expect(failed.end.transaction).toBe('failed');
    const together = await window.run('shop', `rollback; ${sql}`, { tab: 'failed' });
    expect(together.error?.code).toBe('TRANSACTION_FAILED');
    expect((await window.run('shop', 'rollback', { tab: 'failed' })).end).toMatchObject({ status: 'ok', transaction: 'none' });
    expect((await window.run('shop', sql, { tab: 'failed' })).error?.code).toBe('JUSTIFICATION_REQUIRED');
  });

  it("keeps its tab's session: transactions and settings stay, other tabs have their own", async () => {
    expect((await window.run('shop', 'begin; set local search_path = elsewhere', { tab: 'a' })).end.transaction).toBe('open');
    const inside = await window.run('shop', 'show search_path; commit', { tab: 'a' });
    expect((await window.rows(inside.run))[0]?.[0]).toContain('elsewhere');
    const outside = await window.run('shop', 'show search_path', { tab: 'b' });
    expect((await window.rows(outside.run))[0]?.[0]).not.toContain('elsewhere');
  });

  it('is cancelled in the database', async () => {
    const { run } = await window.call('run.start', {
      tab: 'slow',
      connection: 'shop',
      sql: 'select count(*) as cancel_me from generate_series(1, 100000000000)',
    });
    await expect.poll(() => activity('cancel_me')).toEqual(['active']);
    await expect(window.call('run.start', { tab: 'slow', connection: 'shop', sql: 'select 1' })).rejects.toMatchObject({ code: 'BUSY' });
    await window.call('run.cancel', { run });
    expect((await window.ended(run)).end.status).toBe('cancelled');
    await expect.poll(() => activity('cancel_me')).not.toContain('active');
    expect((await window.run('shop', 'select 1', { tab: 'slow' })).end.status).toBe('ok');
  });

  it('is cancelled, and its session closed, when its tab is closed', async () => {
    await window.call('run.start', {
      tab: 'closing',
      connection: 'shop',
      sql: 'select count(*) as close_me from generate_series(1, 100000000000)',
    });
    await expect.poll(() => activity('close_me')).toEqual(['active']);
    await window.call('tab.close', { tab: 'closing' });
    await expect.poll(() => activity('close_me')).toEqual([]);
  });

  it('tells a flood of notices by its beginning only', async () => {
    const run = await window.run('shop', "do $$ begin for i in 1..3000 loop raise notice 'n %', i; end loop; end $$", {
      tab: 'notices',
      justification: 'trying the notices of a block',
    });
    const notices = window.events.filter(({ event, data }) => event === 'run.notice' && 'run' in data && data.run === run.run);
    expect(notices.length).toBeLessThanOrEqual(500);
  });

  it('tells COPY TO STDOUT as lines, and does not wait for COPY FROM STDIN', async () => {
    const out = await window.run('shop', 'copy (select id from customers order by id limit 2) to stdout', { tab: 'copy' });
    expect(await window.rows(out.run)).toEqual([['1'], ['2']]);
    const into = await window.run('shop', 'copy plain (id) from stdin', { tab: 'copy', justification: 'loading some rows by hand' });
    expect(into.end.status).toBe('error');
    expect((await window.run('shop', 'select 1', { tab: 'copy' })).end.status).toBe('ok');
  });

  it('with names and values that are hostile gives them as they are', async () => {
    const run = await window.run('shop', 'select * from "We""ird <img src=x onerror=alert(1)>"');
    expect(run.results[0]?.columns[0]?.name).toBe('a"; drop');
    expect(await window.rows(run.run)).toEqual([['<script>']]);
    const { text } = await window.call('run.copy', {
      run: run.run,
      result: 0,
      from: 0,
      count: 5,
      columns: [],
      format: 'insert',
      headers: true,
    });
    expect(text).toContain('("a""; drop")');
    await expect(window.call('run.start', { tab: 'tab', connection: 'shop', sql: 'select 1\0; drop table plain' })).rejects.toMatchObject({
      code: 'BAD_TEXT',
    });
    expect((await window.run('shop', ' -- nothing')).end.status).toBe('ok');
  });

  it('outlives the loss of its session', async () => {
    await window.run('shop', 'select 1 as keep_me', { tab: 'lost' });
    const client = new pg.Client(server.config('app'));
    await client.connect();
    await client.query("select pg_terminate_backend(pid) from pg_stat_activity where query like '%keep_me%' and pid <> pg_backend_pid()");
    await client.end();
    await expect.poll(async () => (await window.run('shop', 'select 2', { tab: 'lost' })).end.status).toBe('ok');
  });
});

describe('a large result', () => {
  it('is read right at any window, and is on disk without a name', async () => {
    const run = await window.run(
      'shop',
      "select g, repeat('x', g % 97) || g as text, case when g % 5 = 0 then null else g * 2 end as n from generate_series(1, 200000) g",
      { tab: 'large' },
    );
    expect(run.statements[0]?.rows).toBe(200_000);
    const rowOf = (g: number): (string | null)[] => [String(g), 'x'.repeat(g % 97) + g, g % 5 === 0 ? null : String(g * 2)];
    let seed = 1;
    for (let i = 0; i < 60; i += 1) {
      seed = (seed * 48_271) % 2_147_483_647;
      const from = seed % 199_999;
      const count = 1 + (seed % 700);
      const rows = await window.rows(run.run, 0, from, count);
      expect(rows.length).toBe(Math.min(count, 200_000 - from));
      expect(rows[0]).toEqual(rowOf(from + 1));
      expect(rows.at(-1)).toEqual(rowOf(from + rows.length));
    }
    const progress = window.events.flatMap((one) => (one.event === 'run.progress' && one.data.run === run.run ? [one.data.rows] : []));
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(200_000);
    if (process.platform === 'linux') expect(readdirSync(join(gatehouse.home, 'results'))).toEqual([]);
  });

  it('may hold rows that are larger than any chunk', async () => {
    const run = await window.run('shop', 'select g, repeat(chr(64 + g), 300000) as text from generate_series(1, 20) g', { tab: 'large' });
    const rows = await window.rows(run.run, 0, 17, 3);
    expect(rows.map(([g, text]) => [g, text?.length, text?.charAt(0)])).toEqual([
      ['18', 300_000, 'R'],
      ['19', 300_000, 'S'],
      ['20', 300_000, 'T'],
    ]);
  });
});

describe('copies and exports', () => {
  const fetchExport = (url: string): Promise<Response> => fetch(`http://${window.host}${url}`);

  it('give what the grid shows, exactly', async () => {
    const { run } = await window.run('shop', 'select id, big, amount, note, flag from plain order by id');
    const copy = async (format: 'tsv' | 'csv' | 'json' | 'markdown' | 'insert' | 'in', columns: number[] = []): Promise<string> =>
      (await window.call('run.copy', { run, result: 0, from: 0, count: 10, columns, format, headers: true })).text;
    expect(await copy('tsv')).toBe(
      'id\tbig\tamount\tnote\tflag\n1\t9007199254740993\t12345678901234567890.123\ta b "c"\tt\n2\t\t-1.5\t=1+1\tf\n3\t0\t0\t\t\n',
    );
    expect(await copy('csv', [0, 3])).toBe('id,note\r\n1,"a\tb\n""c"""\r\n2,\'=1+1\r\n3,""\r\n');
    expect(JSON.parse(await copy('json', [0, 1, 2, 4]))).toEqual([
      { id: 1, big: '9007199254740993', amount: '12345678901234567890.123', flag: true },
      { id: 2, big: null, amount: '-1.5', flag: false },
      { id: 3, big: '0', amount: '0', flag: null },
    ]);
    expect(await copy('in', [1])).toBe('(9007199254740993, 0)');
    expect(await copy('markdown', [3])).toContain('| =1+1 |');
    await expect(copy('tsv', [9])).rejects.toMatchObject({ code: 'NO_COLUMN' });
  });

  it('stream a whole file by its own address, and by no other', async () => {
    const { run } = await window.run('shop', 'select id, email, city from customers order by id');
    const made = await window.call('run.export', { run, result: 0, format: 'csv' });
    const answer = await fetchExport(made.url);
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="result.csv"');
    const lines = (await answer.text()).split('\r\n');
    expect(lines).toHaveLength(502);
    expect(lines.join('')).not.toContain('user7@example.com');
    await window.until(() =>
      window.events.some(({ event, data }) => event === 'export.progress' && 'done' in data && data.done && data.rows === 500),
    );
    for (const wrong of [made.url.slice(0, -1), made.url.replace(/key=.*/, 'key='), made.url.replace(/export\/[^?]+/, 'export/x')]) {
      expect((await fetchExport(wrong)).status).toBe(404);
    }
    const jsonl = await window.call('run.export', { run, result: 0, format: 'jsonl' });
    const parsed = (await (await fetchExport(jsonl.url)).text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: number });
    expect(parsed.map(({ id }) => id)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
    const json = await window.call('run.export', { run, result: 0, format: 'json' });
    expect(JSON.parse(await (await fetchExport(json.url)).text())).toHaveLength(500);
    const { entries } = await window.call('audit.search', { text: 'from customers order by id', limit: 20 });
    const details = await Promise.all(entries.map(({ seq }) => window.call('audit.record', { seq })));
    expect(
      details.some(
        ({ records }) => records[0]?.includes('export public.customers') === true && records[1]?.includes('"rows":500') === true,
      ),
    ).toBe(true);
  });

  it('stop when they are cancelled', async () => {
    const { run } = await window.run('shop', 'select g, g as a, g as b from generate_series(1, 300000) g', { tab: 'export' });
    const made = await window.call('run.export', { run, result: 0, format: 'json' });
    await window.call('export.cancel', { export: made.export });
    await window.until(() =>
      window.events.some(({ event, data }) => event === 'export.progress' && 'export' in data && data.export === made.export && data.done),
    );
    expect((await fetchExport(made.url)).status).toBe(404);
  });
});

describe('a window', () => {
  it('can not read the runs of another', async () => {
    const other = await openWindow();
    const { run } = await window.run('shop', 'select 1');
    await expect(other.rows(run)).rejects.toMatchObject({ code: 'NO_RUN' });
    await expect(other.call('run.cancel', { run })).rejects.toMatchObject({ code: 'NO_RUN' });
    await other.close();
  });

  it('that comes back hears what it missed, and reads its rows', async () => {
    const first = await openWindow();
    const { run } = await first.call('run.start', {
      tab: 't',
      connection: 'shop',
      sql: 'select count(*) from generate_series(1, 3000000)',
    });
    const { secret } = first;
    first.socket.terminate();
    const back = await UiClient.open(`http://${window.host}/`, secret);
    await back.call('hello', {});
    const outcome = await back.ended(run);
    expect(outcome.end.status).toBe('ok');
    expect(await back.rows(run)).toEqual([['3000000']]);
    await back.close();
  });
});
