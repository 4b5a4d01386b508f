// Unmodified clients over the door, against a real server.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { TOKEN, eventually, startRig } from './testing/rig.ts';
import type { Rig } from './testing/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  await rig.direct(
    'create table items (id int primary key, name text); insert into items select i, $$item $$ || i from generate_series(1, 1000) i',
  );
});
afterAll(() => rig.stop());
beforeEach(() => rig.reset());

const run = promisify(execFile);
async function psql(arguments_: readonly string[], sslmode = 'disable'): Promise<{ stdout: string; stderr: string }> {
  const target = `host=127.0.0.1 port=${rig.door.port} user=tester dbname=shop sslmode=${sslmode}`;
  return run('psql', ['-X', '-A', '-t', target, ...arguments_], { env: { PATH: process.env['PATH'] ?? '', PGPASSWORD: TOKEN } });
}

test.each(['disable', 'require'])('psql runs statements with sslmode=%s', async (sslmode) => {
  const { stdout } = await psql(['-c', "select 'héllo', 1+1", '-c', 'select count(*) from items'], sslmode);
  expect(stdout).toBe('héllo|2\n1000\n');
});

test('psql sees a refusal as an error with code, detail, hint and the place in the text', async () => {
  rig.rules.refuse = (text) =>
    text.includes('salary')
      ? {
          code: 'DENIED',
          sqlstate: '42501',
          message: 'not allowed',
          detail: 'policy p1',
          hint: 'ask',
          position: Buffer.byteLength("select 'é', "),
        }
      : undefined;
  const { stderr } = await psql(['-v', 'VERBOSITY=verbose', '-c', "select 'é', salary"]).catch(
    (fault: unknown) => fault as { stderr: string },
  );
  expect(stderr).toContain("ERROR:  42501: not allowed\nLINE 1: select 'é', salary\n                    ^\nDETAIL:  policy p1\nHINT:  ask");
});

test('a wrong token is refused and told to the gate', async () => {
  const client = new pg.Client({ host: '127.0.0.1', port: rig.door.port, user: 'tester', password: 'wrong', database: 'shop' });
  await expect(client.connect()).rejects.toMatchObject({ code: '28P01', severity: 'FATAL' });
  expect(rig.gate.events).toEqual(['sign-in failed: tester']);
});

test('startup parameters reach the gate, which may refuse the session', async () => {
  rig.rules.openRefusal = { code: 'PAUSED', sqlstate: '57P01', message: 'paused', fatal: true };
  const client = new pg.Client({
    host: '127.0.0.1',
    port: rig.door.port,
    user: 'tester',
    password: TOKEN,
    database: 'shop/other',
    application_name: 'a test',
    options: '-c x=y',
  });
  await expect(client.connect()).rejects.toMatchObject({ code: '57P01' });
  expect(rig.gate.requests[0]).toMatchObject({
    door: 'postgres',
    user: 'tester',
    connection: 'shop/other',
    applicationName: 'a test',
    address: '127.0.0.1',
  });
  expect(rig.gate.requests[0]?.parameters.get('options')).toBe('-c x=y');
  expect(rig.gate.requests[0]?.peer?.pid).toBe(process.pid);
});

test('node-postgres: simple and extended, names, errors, transactions', async () => {
  const client = await rig.client();
  expect(
    ((await client.query('select 1 as a; select 2 as b')) as unknown as pg.QueryResult[]).map((result): unknown => result.rows[0]),
  ).toEqual([{ a: 1 }, { b: 2 }]);
  expect((await client.query('select $1::int + 1 as n', [41])).rows).toEqual([{ n: 42 }]);
  for (let round = 0; round < 3; round++)
    expect((await client.query({ name: 'by-id', text: 'select name from items where id = $1', values: [round + 1] })).rows[0]).toEqual({
      name: `item ${round + 1}`,
    });
  await expect(client.query('select 1/$1::int', [0])).rejects.toMatchObject({ code: '22012' });
  await client.query('begin');
  await expect(client.query('select nonsense')).rejects.toMatchObject({ code: '42703', position: '8' });
  await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
  await client.query('rollback');
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await client.query('');
  await client.end();
  await eventually('no upstream session is left', async () => (await rig.upstreamSessions()) === 0);
  expect(rig.gate.running).toBe(0);
  expect(rig.gate.ends.find((end) => end.parameters?.[0] === '41')).toMatchObject({ status: 'ok', tag: 'SELECT 1', rows: 1 });
});

test('a refused statement fails the transaction until ROLLBACK, simple and extended', async () => {
  rig.rules.refuse = (text) => (text.includes('forbidden') ? { code: 'DENIED', sqlstate: '42501', message: 'no' } : undefined);
  const client = await rig.client();
  for (const values of [undefined, []] as const) {
    await client.query('begin');
    await client.query('insert into items values (-1, $$x$$)');
    await expect(
      client.query({ text: 'select forbidden', ...(values === undefined ? {} : { values: [], name: 'f' }) }),
    ).rejects.toMatchObject({ code: '42501' });
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
    await client.query('commit');
    expect((await client.query('select count(*)::int as n from items where id = -1')).rows).toEqual([{ n: 0 }]);
  }
  await client.end();
});

test('postgres.js: TLS, pipelined statements, a cursor, COPY in and out', async () => {
  const sql = postgres({
    host: '127.0.0.1',
    port: rig.door.port,
    user: 'tester',
    password: TOKEN,
    database: 'shop',
    max: 1,
    ssl: { rejectUnauthorized: false },
    onnotice: () => undefined,
  });
  const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => sql`select ${index}::int as n`));
  expect(answers.map((rows): unknown => rows[0]?.['n'])).toEqual(Array.from({ length: 50 }, (_, index) => index));
  let seen = 0;
  await sql`select * from items order by id`.cursor(100, (rows) => {
    seen += rows.length;
  });
  expect(seen).toBe(1000);
  await sql`create table copied (id int, name text)`;
  const writable = await sql`copy copied from stdin`.writable();
  for (let index = 0; index < 500; index++) writable.write(`${index}\tname ${index}\n`);
  writable.end();
  await new Promise((resolve, reject) => writable.once('finish', resolve).once('error', reject));
  expect((await sql`select count(*)::int as n from copied`)[0]).toEqual({ n: 500 });
  let copied = '';
  for await (const chunk of await sql`copy copied to stdout`.readable()) copied += String(chunk);
  expect(copied.split('\n')).toHaveLength(501);
  await sql`drop table copied`;
  await sql.end();
  expect(rig.gate.running).toBe(0);
});

test('psql \\copy and COPY errors', async () => {
  await rig.direct('create table target (id int)');
  const { stdout } = await psql(['-c', '\\copy target from program \'printf "1\\n2\\n"\'', '-c', '\\copy target to stdout']);
  expect(stdout).toBe('COPY 2\n1\n2\n');
  const failed = await psql(['-c', '\\copy target from program \'printf "x\\n"\'']).catch((fault: unknown) => fault as { stderr: string });
  expect(failed.stderr).toContain('invalid input syntax for type integer: "x"');
  await rig.direct('drop table target');
});

test('a running statement is cancelled by the key that the client was given', async () => {
  const canceller = await rig.client();
  const victim = await rig.client();
  const slow = victim.query('select pg_sleep(20)');
  slow.catch(() => undefined);
  await eventually('the statement runs', () => rig.gate.events.includes('execute SELECT'));
  const { processID, secretKey } = victim as unknown as { processID: number; secretKey: number };
  const packet = Buffer.alloc(16);
  packet.writeInt32BE(16, 0);
  packet.writeInt32BE(80877102, 4);
  packet.writeInt32BE(processID, 8);
  packet.writeInt32BE(secretKey ^ 1, 12);
  const { connect } = await import('node:net');
  const send = (): Promise<void> =>
    new Promise((resolve) =>
      connect(rig.door.port, '127.0.0.1', function (this: import('node:net').Socket) {
        this.end(packet);
      })
        .on('close', () => resolve())
        .resume(),
    );
  await send();
  expect(rig.gate.running).toBe(1);
  packet.writeInt32BE(secretKey, 12);
  await send();
  await expect(slow).rejects.toMatchObject({ code: '57014' });
  expect((await victim.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  expect(rig.gate.ends[0]).toMatchObject({ status: 'cancelled', sqlstate: '57014' });
  await victim.end();
  await canceller.end();
});

test('the key is not the database’s, and a statement being judged is cancelled too', async () => {
  rig.rules.delay = (text) => (text.includes('held') ? 300 : 0);
  const client = await rig.client();
  const backend = (await client.query('select pg_backend_pid() as pid')).rows[0] as { pid: number };
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  expect(processID).not.toBe(backend.pid);
  const held = client.query("select 'held'");
  await eventually('it is judged', () => rig.gate.events.includes("judge simple: select 'held'"));
  const { connect } = await import('node:net');
  const packet = Buffer.alloc(16);
  for (const [index, value] of [16, 80877102, processID, secretKey].entries()) packet.writeInt32BE(value, index * 4);
  connect(rig.door.port, '127.0.0.1').end(packet);
  await expect(held).rejects.toMatchObject({ code: '57014' });
  await client.end();
});
