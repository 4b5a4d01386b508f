// The methods around running: connections, schema, typing help, agents, the ledger, policies, what is kept.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGatehouse, type TestGatehouse } from '../../test/support/gatehouse.ts';
import { createDatabase, startPostgres, type TestPostgres } from '../../test/support/postgres-server.ts';
import { osUser } from '../identity/person.ts';
import { UiClient } from './testing/ui-client.ts';

const SCHEMA = `
  create schema sales;
  create table sales.customers (id int primary key, full_name text not null, email text, "order" int);
  create table sales.orders (id int primary key, customer_id int references sales.customers (id), total numeric, placed_on date);
  create table sales."Odd ""table""; drop" (id int);
  create view sales.directory as select id, email as contact from sales.customers;
  insert into sales.customers select g, 'N' || g, g || '@example.com', g from generate_series(1, 300) g;
  create table public.things (id int);`;

let server: TestPostgres;
let gatehouse: TestGatehouse;
let window: UiClient;

beforeAll(async () => {
  server = await startPostgres({ version: 18 });
  await createDatabase(server, SCHEMA, 'app');
  gatehouse = await startGatehouse();
  await gatehouse.addConnection('shop', server.config('app'));
  window = await UiClient.open(gatehouse.appUrl);
});
afterAll(async () => {
  await window?.close();
  await gatehouse?.close();
  await server?.stop();
});

describe('connections', () => {
  it('are added, listed, tested and removed, and passwords are never told', async () => {
    const { host, port, user, password } = server.config('app');
    const url = `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/app?sslmode=disable`;
    expect(await window.call('connections.add', { name: 'second', url, environment: 'staging' })).toEqual({
      name: 'second',
      environment: 'staging',
      engine: 'postgres',
      database: 'app',
      sample: false,
    });
    const list = await window.call('connections.list', {});
    expect(list.map(({ name }) => name)).toEqual(['second', 'shop']);
    expect(JSON.stringify(list)).not.toContain(password);
    expect(await window.call('connections.test', { name: 'second' })).toMatchObject({
      ok: true,
      message: expect.stringContaining('PostgreSQL 18') as string,
    });
    await expect(window.call('connections.add', { name: 'second', url, environment: 'staging' })).rejects.toMatchObject({
      code: 'CONNECTION_EXISTS',
    });
    expect((await window.run('second', 'select 1')).end.status).toBe('ok');
    await window.call('connections.remove', { name: 'second' });
    await expect(window.call('run.start', { tab: 'tab', connection: 'second', sql: 'select 1' })).rejects.toMatchObject({
      code: 'NO_CONNECTION',
    });
    await window.call('connections.add', { name: 'dead', url: 'postgres://u:p@127.0.0.1:1/x?sslmode=disable', environment: 'production' });
    expect(await window.call('connections.test', { name: 'dead' })).toMatchObject({ ok: false });
    expect((await window.run('dead', 'select 1')).error).toMatchObject({ code: 'UPSTREAM' });
    await window.call('connections.remove', { name: 'dead' });
  });
});

describe('the schema', () => {
  it('is told with the number of masked columns', async () => {
    const { schemas } = await window.call('schema.tree', { connection: 'shop' });
    expect(schemas.map(({ name }) => name)).toEqual(['public', 'sales']);
    expect(schemas[1]?.relations).toEqual([
      { name: 'Odd "table"; drop', kind: 'table', masked: 0 },
      { name: 'customers', kind: 'table', masked: 2 },
      { name: 'directory', kind: 'view', masked: 1 },
      { name: 'orders', kind: 'table', masked: 0 },
    ]);
    expect(await window.call('schema.columns', { connection: 'shop', schema: 'sales', relation: 'customers' })).toMatchObject([
      { name: 'id', type: 'integer', notNull: true, primaryKey: true, tags: [], masked: false },
      { name: 'full_name', notNull: true, primaryKey: false, tags: ['pii.name'], masked: true },
      { name: 'email', tags: ['pii.email'], masked: true },
      { name: 'order', masked: false },
    ]);
    await expect(window.call('schema.columns', { connection: 'shop', schema: 'sales', relation: "x' or 1=1" })).rejects.toMatchObject({
      code: 'NO_RELATION',
    });
  });

  it('is read anew when asked', async () => {
    const client = new pg.Client(server.config('app'));
    await client.connect();
    await client.query('create table public.newer (id int)');
    await client.end();
    await window.call('schema.refresh', { connection: 'shop' });
    const { schemas } = await window.call('schema.tree', { connection: 'shop' });
    expect(schemas[0]?.relations.map(({ name }) => name)).toContain('newer');
  });

  it('is told by tags too', async () => {
    const tagged = await window.call('policy.tags', { connection: 'shop' });
    expect(tagged).toContainEqual({ schema: 'sales', relation: 'directory', column: 'contact', tags: ['pii.email'], masked: true });
  });
});

describe('completion', () => {
  /** `|` is the cursor. */
  const at = async (text: string): Promise<{ label: string; kind: string; insert: string; masked?: boolean }[]> => {
    const offset = text.indexOf('|');
    return [...(await window.call('editor.complete', { connection: 'shop', sql: text.replace('|', ''), offset }))];
  };
  const labels = async (text: string): Promise<string[]> => (await at(text)).map(({ label }) => label);

  it('knows columns of the tables of the statement, and marks the masked ones', async () => {
    const found = await at('select | from sales.customers c');
    expect(found.slice(0, 4)).toMatchObject([
      { label: 'id' },
      { label: 'full_name', masked: true },
      { label: 'email', masked: true },
      { label: 'order', insert: '"order"' },
    ]);
    expect(found[0]?.masked).toBeUndefined();
    expect(await labels('select c.e| from sales.customers c')).toEqual(['email']);
    expect(await labels('select c.| from sales.customers as c; select 1 from things c')).toEqual(['id', 'full_name', 'email', 'order']);
    expect((await labels("select 1; select 'from x'; update sales.orders set |")).slice(0, 4)).toEqual([
      'id',
      'customer_id',
      'total',
      'placed_on',
    ]);
  });

  it('knows relations where one is expected, with the schema that is needed', async () => {
    expect((await at('select * from cust|'))[0]).toMatchObject({ label: 'customers', insert: 'sales.customers' });
    expect((await at('select * from thi|'))[0]).toMatchObject({ insert: 'things' });
    expect((await at('select * from sales.|')).map(({ insert }) => insert)).toContain('"Odd ""table""; drop"');
    expect(await labels('with recent as (select 1) select * from rec|')).toContain('recent');
  });

  it('knows what foreign keys tie together', async () => {
    expect((await at('select * from sales.customers c join |'))[0]).toMatchObject({
      kind: 'join',
      insert: 'sales.orders ON orders.customer_id = c.id',
    });
    expect((await at('select * from sales.customers c join sales.orders o on |'))[0]).toMatchObject({ insert: 'o.customer_id = c.id' });
  });

  it('offers nothing in strings and comments, and keywords at the beginning', async () => {
    for (const text of ["select 'fr|", "select 'fr|om'", '-- se|', 'select /* fr| */ 1', 'select $$ fr| $$'])
      expect(await at(text), text).toEqual([]);
    expect(await labels('sel|')).toContain('SELECT');
    expect((await at('select * fr|'))[0]?.insert).toBe('from');
    expect(await labels('select substr|')).toContain('substring');
  });

  it('does not fail, whatever is typed', async () => {
    const pieces = [
      'select',
      ' ',
      '"',
      "'",
      '.',
      '(',
      ')',
      ',',
      ';',
      '$$',
      '/*',
      '--',
      '\n',
      'from',
      'join',
      'on',
      'c',
      '*',
      "E'\\",
      '😀',
      'with x as (',
      'sales',
    ];
    let seed = 7;
    for (let i = 0; i < 150; i += 1) {
      let sql = '';
      for (let j = 0; j < 12; j += 1) {
        seed = (seed * 48_271) % 2_147_483_647;
        sql += pieces[seed % pieces.length] ?? '';
      }
      await window.call('editor.complete', { connection: 'shop', sql, offset: seed % (sql.length + 3) });
      for (const { start, end } of await window.call('editor.split', { sql })) expect(start).toBeLessThan(end);
    }
  });
});

describe('a text', () => {
  const split = async (sql: string): Promise<string[]> =>
    (await window.call('editor.split', { sql })).map(({ start, end }) => sql.slice(start, end));

  it('is split as the checkpoint reads it', async () => {
    expect(await split("select 'a;b' -- é;\n; /* x; */ select $q$;$q$ /* y */; ;")).toEqual(["select 'a;b'", 'select $q$;$q$']);
    expect(await split('create function f() returns int begin atomic select 1; select 2; end; select 3')).toEqual([
      'create function f() returns int begin atomic select 1; select 2; end',
      'select 3',
    ]);
    expect(await split('')).toEqual([]);
  });

  it('that does not parse is split all the same', async () => {
    expect(await split('selct \'a;b\'; select "x;y" fro m; select $$;$$; -- z;\nupdate')).toEqual([
      "selct 'a;b'",
      'select "x;y" fro m',
      'select $$;$$',
      'update',
    ]);
    expect(await split("select 1; select 'open; still open")).toEqual(['select 1', "select 'open; still open"]);
  });

  it('is checked without running', async () => {
    const check = (sql: string, justification?: string) =>
      window.call('editor.check', { connection: 'shop', sql, ...(justification === undefined ? {} : { justification }) });
    expect(await check(' -- nothing')).toMatchObject({ verdict: 'empty' });
    expect(await check('select id, email from sales.customers')).toMatchObject({
      verdict: 'allow',
      masked: ['sales.customers.email'],
      relations: ['sales.customers'],
    });
    const text = "select '😀', id from sales.customers where email like 'x%'";
    const denied = await check(text);
    expect(denied).toMatchObject({ verdict: 'deny', code: 'MASKED_COLUMN' });
    expect(text.slice(denied.position)).toMatch(/^email/);
    const change = 'update sales.customers set "order" = 1 where id > 0';
    expect(await check(change)).toMatchObject({
      verdict: 'hold',
      remedies: ['justify'],
      policies: expect.arrayContaining(['large-change-needs-reason']) as string[],
    });
    expect((await check(change)).estimatedRows).toBeGreaterThan(50);
    expect(await check(change, 'because of ticket 17')).toMatchObject({ verdict: 'allow' });
    expect(await check('delete from sales.orders; drop table sales.customers')).not.toMatchObject({ verdict: 'allow' });
    expect((await window.run('shop', 'select count(*) from sales.customers where "order" = 1')).end.status).toBe('ok');
  });
});

describe('agents', () => {
  it('are added, seen at work, paused and revoked; windows hear of it', async () => {
    const access = await window.call('agents.add', { name: 'copilot', connections: ['shop'], expiresInDays: 7 });
    expect(access.postgres).toMatchObject({ user: 'copilot', password: access.token, database: 'shop', port: gatehouse.port });
    await window.until(() => window.events.some(({ event }) => event === 'agents.changed'));
    await expect(window.call('agents.add', { name: 'copilot', connections: ['shop'] })).rejects.toMatchObject({ code: 'AGENT_REFUSED' });
    await expect(window.call('agents.add', { name: 'Not A Name<script>', connections: ['shop'] })).rejects.toMatchObject({
      code: 'AGENT_REFUSED',
    });

    const client = new pg.Client({ ...access.postgres, application_name: '<b>psql</b>' });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('select id from sales.customers limit 3');
    await expect(client.query('drop table sales.customers')).rejects.toThrow();
    await window.until(() =>
      window.events.some(
        ({ event, data }) =>
          event === 'audit.appended' &&
          'entries' in data &&
          data.entries.some((entry) => entry.principal === 'copilot' && entry.rows === 3),
      ),
    );
    await expect
      .poll(async () => (await window.call('agents.list', {}))[0])
      .toMatchObject({
        name: 'copilot',
        owner: osUser(),
        status: 'active',
        sessions: 1,
        client: '<b>psql</b>',
        today: { denied: 1, rows: 3 },
      });
    const ended = new Promise((resolve) => client.once('end', resolve));
    await window.call('agents.pause', { name: 'copilot' });
    await ended;
    expect((await window.call('agents.list', {}))[0]?.status).toBe('paused');
    await window.call('agents.resume', { name: 'copilot' });
    await window.call('agents.pauseAll', { paused: true });
    expect((await window.call('hello', {})).agentsPaused).toBe(true);
    await window.call('agents.pauseAll', { paused: false });
    await window.call('agents.revoke', { name: 'copilot' });
    expect((await window.call('agents.list', {}))[0]?.status).toBe('revoked');
  });
});

describe('the ledger', () => {
  it('is searched, shown record by record, and verified', async () => {
    await window.run('shop', 'select 42 as answer');
    const { entries, more } = await window.call('audit.search', { text: 'as answer', limit: 1 });
    expect(entries[0]).toMatchObject({
      principal: osUser(),
      door: 'editor',
      verdict: 'allow',
      rows: 1,
      status: 'ok',
      statement: 'select 42 as answer',
    });
    expect(more).toBe(false);
    const seq = entries[0]?.seq ?? 0;
    const { records } = await window.call('audit.record', { seq });
    expect(records.map((text) => (JSON.parse(text) as { code: string }).code)).toEqual(['GH-S-ALLOW', 'GH-S-DONE']);
    expect((await window.call('audit.search', { before: seq, limit: 1 })).more).toBe(true);
    expect(
      await window.call('audit.search', { relation: 'sales.customers', verdict: 'allow', principal: 'copilot', limit: 5 }),
    ).toMatchObject({ entries: [{ verdict: 'allow', owner: osUser() }] });
    expect((await window.call('audit.search', { since: '2999-01-01', limit: 5 })).entries).toEqual([]);
    expect(await window.call('audit.verify', {})).toMatchObject({ ok: true });
  });
});

describe('policies', () => {
  it('are shown as they rule, and tried as somebody', async () => {
    const info = await window.call('policy.info', {});
    expect(info.policies.length).toBeGreaterThan(5);
    for (const policy of info.policies) expect(policy.text).toContain(`@id("${policy.id}")`);
    expect(info.limits.agent['rowsPerStatement']).toBe(10_000);
    gatehouse.agent('tried', 'shop');
    await expect
      .poll(() => window.call('policy.try', { connection: 'shop', as: 'tried', sql: 'drop table things' }).catch(() => undefined))
      .toMatchObject({ verdict: 'deny' });
    const tried = await window.call('policy.try', { connection: 'shop', as: osUser(), sql: 'select email from sales.customers' });
    expect(tried).toMatchObject({ verdict: 'allow', masked: ['sales.customers.email'] });
    expect(tried.rewritten).not.toBe(undefined);
  });
});

describe('what the window keeps', () => {
  it('is the workspace, as it came', async () => {
    expect(await window.call('workspace.load', {})).toEqual({ content: null });
    const content = JSON.stringify({ text: '😀 <script>', open: ['a'] });
    await window.call('workspace.save', { content });
    expect(await window.call('workspace.load', {})).toEqual({ content });
  });

  it('is saved queries, as files whose names can not lead elsewhere', async () => {
    const names = [
      'Top customers',
      '../../evil',
      '/etc/passwd',
      'a/b\\c',
      '..',
      '.hidden',
      'con',
      'ä ö 😀',
      '100% <b>',
      "x'; drop",
      'dot.',
    ];
    for (const name of names) await window.call('queries.save', { name, sql: `-- ${name}` });
    await window.call('queries.save', { name: 'Top customers', sql: 'select 2' });
    const list = await window.call('queries.list', {});
    expect(list.map(({ name }) => name).sort()).toEqual([...names].sort());
    expect(list.find(({ name }) => name === 'Top customers')?.sql).toBe('select 2');
    expect(readFileSync(join(gatehouse.home, 'queries', 'Top customers.sql'), 'utf8')).toBe('select 2');
    expect(readdirSync(join(gatehouse.home, 'queries'))).toHaveLength(names.length);
    expect(existsSync(join(gatehouse.home, 'evil.sql'))).toBe(false);
    for (const name of names) await window.call('queries.remove', { name });
    expect(await window.call('queries.list', {})).toEqual([]);
    await expect(window.call('queries.save', { name: '😀'.repeat(60), sql: '' })).rejects.toMatchObject({ code: 'QUERY_NAME' });
  });

  it('is the history of runs, without secrets', async () => {
    await window.run('shop', 'select 7 as kept_100%');
    await window.run('shop', "create role someone password 'hunter2'");
    const [latest] = await window.call('history.list', { limit: 1 });
    expect(latest?.sql).not.toContain('hunter2');
    expect(await window.call('history.list', { text: 'KEPT_100%', limit: 5 })).toMatchObject([
      { connection: 'shop', sql: 'select 7 as kept_100%' },
    ]);
    expect(await window.call('history.list', { text: 'kept_1%0', limit: 5 })).toEqual([]);
  });
});
