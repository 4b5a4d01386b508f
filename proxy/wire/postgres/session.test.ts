// What drivers do not do by themselves: pipelines, portals, names, COPY, limits, incidents; frame by frame against a real server.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Refusal } from '../../checkpoint/gate.ts';
import { error, firstColumns, m, types } from './testing/raw-client.ts';
import type { RawClient } from './testing/raw-client.ts';
import { eventually, startRig } from './testing/rig.ts';
import type { Rig } from './testing/rig.ts';

let rig: Rig;
let raw: RawClient;
beforeAll(async () => {
  rig = await startRig({ limits: { maxTextBytes: 100_000, maxPipeline: 64 } });
  await rig.direct(
    'create table items (id int primary key, name text); insert into items select i, $$item $$ || i from generate_series(1, 1000) i',
  );
});
afterAll(() => rig.stop());
beforeEach(async () => {
  rig.reset();
  raw = await rig.raw();
});
afterEach(async () => {
  raw.destroy();
  await eventually('nothing is left running', async () => rig.gate.running === 0 && (await rig.upstreamSessions()) === 0);
  await eventually('every session was closed', () => rig.gate.opened === rig.gate.closed);
  if (rig.log.some((line) => line.startsWith('session-fault'))) throw new Error(rig.log.join('\n'));
});

const NO: Refusal = { code: 'DENIED', sqlstate: '42501', message: 'not allowed' };
const refuseForbidden = (): void => {
  rig.rules.refuse = (text) => (text.includes('forbidden') ? NO : undefined);
};

test('extended protocol: answers come in order, with no description of ours in them', async () => {
  raw.send(m.parse('', 'select id from items where id = 1'), m.bind('', ''), m.execute(''), m.sync);
  expect(types(await raw.until())).toBe('12DCZ');
  raw.send(m.parse('s', 'select 7'), m.describe('S', 's'), m.bind('', 's'), m.describe('P', ''), m.execute(''), m.close('S', 's'), m.sync);
  expect(types(await raw.until())).toBe('1tT2TDC3Z');
});

test('Flush without Sync brings the answers', async () => {
  raw.send(m.parse('', 'select 1'), m.bind('', ''), m.execute(''), m.flush);
  await raw.wait(() => types(raw.frames) === '12DC');
  raw.send(m.sync);
  expect(types(await raw.until())).toBe('12DCZ');
});

test('an error in a pipeline skips to Sync, and the next segment runs', async () => {
  raw.send(
    m.parse('', 'select 1 / (id - 1) from items where id = 1'),
    m.bind('', ''),
    m.execute(''),
    m.parse('', 'select 2'),
    m.bind('', ''),
    m.execute(''),
    m.sync,
    m.parse('', 'select 3'),
    m.bind('', ''),
    m.execute(''),
    m.sync,
  );
  const frames = await raw.until(2);
  expect(types(frames)).toBe('12EZ12DCZ');
  expect(error(frames)['C']).toBe('22012');
  expect(firstColumns(frames)).toEqual(['3']);
  expect(rig.gate.ends.map((end) => end.status)).toEqual(['error', 'cancelled', 'ok']);
});

test('a refused text never reaches the server, fails in its place in the pipeline, and what follows is skipped', async () => {
  refuseForbidden();
  raw.send(
    m.parse('', 'select 1'),
    m.bind('', ''),
    m.execute(''),
    m.parse('', 'select forbidden'),
    m.bind('', ''),
    m.describe('P', ''),
    m.execute(''),
    m.sync,
  );
  const frames = await raw.until();
  expect(types(frames)).toBe('12DCEZ');
  expect(error(frames)).toEqual({ S: 'ERROR', V: 'ERROR', C: '42501', M: 'not allowed' });
  raw.send(m.query('select forbidden'), m.query('select 2'));
  const next = await raw.until(2);
  expect(types(next)).toBe('EZTDCZ');
  expect(rig.gate.ends.map((end) => end.status)).toEqual(['ok', 'ok']);
});

test('a refusal in a transaction leaves it failed until ROLLBACK', async () => {
  refuseForbidden();
  raw.send(m.query('begin'), m.query('select forbidden'), m.query('select 1'), m.query('rollback'), m.query('select 2'));
  const frames = await raw.until(5);
  expect(types(frames)).toBe('CZEZEZCZTDCZ');
  expect(frames.filter((frame) => frame.type === 'Z').map((frame) => frame.body.toString())).toEqual(['T', 'E', 'E', 'I', 'I']);
  expect(rig.gate.events.filter((event) => event.startsWith('ready'))).toEqual([
    'ready I',
    'ready T',
    'ready E',
    'ready E',
    'ready I',
    'ready I',
  ]);
});

test('several statements in one Query: intents before it goes on, each with its outcome; a failing one ends the rest', async () => {
  raw.send(m.query('select 1; select 1/0; select 3'));
  expect(types(await raw.until())).toBe('TDCEZ');
  expect(rig.gate.events.filter((event) => !event.startsWith('ready'))).toEqual([
    'judge simple: select 1; select 1/0; select 3',
    'execute SELECT',
    'execute SELECT',
    'execute SELECT',
    'ok SELECT',
    'error SELECT',
    'cancelled SELECT',
  ]);
});

test('an empty query, and one of comments only', async () => {
  raw.send(m.query(''), m.parse('', ''), m.bind('', ''), m.describe('P', ''), m.execute(''), m.sync);
  expect(types(await raw.until(2))).toBe('IZ12nIZ');
});

test('a portal with a row limit is one execution until it completes, is closed, bound again or its transaction ends', async () => {
  const select = 'select id from items order by id';
  raw.send(m.query('begin'), m.parse('s', select), m.bind('p', 's'), m.execute('p', 3), m.execute('p', 2), m.sync);
  expect(types(await raw.until(2))).toBe('CZ12DDDsDDsZ');
  expect(rig.gate.running).toBe(1);
  raw.send(m.execute('p', 0), m.sync);
  expect(types(await raw.until())).toMatch(/^D{995}CZ$/);
  expect(rig.gate.ends.at(-1)).toMatchObject({ status: 'ok', rows: 1000, tag: 'SELECT 995' });
  raw.send(m.bind('q', 's'), m.execute('q', 3), m.close('P', 'q'), m.sync);
  expect(types(await raw.until())).toBe('2DDDs3Z');
  expect(rig.gate.ends.at(-1)).toMatchObject({ status: 'ok', rows: 3 });
  raw.send(m.bind('', 's'), m.execute('', 4), m.bind('', 's'), m.execute('', 5), m.sync);
  expect(types(await raw.until())).toBe('2DDDDs2DDDDDsZ');
  expect(rig.gate.ends.at(-1)).toMatchObject({ status: 'ok', rows: 4 });
  expect(rig.gate.running).toBe(1);
  raw.send(m.query('commit'));
  await raw.until();
  expect(rig.gate.running).toBe(0);
  expect(rig.gate.events.filter((event) => event === 'execute SELECT')).toHaveLength(4);
});

test('a suspended portal that a simple Query drops ends, though both were sent at once', async () => {
  raw.send(m.query('begin'), m.parse('', 'select id from items'), m.bind('', ''), m.execute('', 2), m.query('select 1'), m.query('commit'));
  expect(types(await raw.until(3))).toBe('CZ12DDsTDCZCZ');
  expect(rig.gate.running).toBe(0);
});

test('a client that goes away while its suspended portal is replaced leaves no execution open', async () => {
  raw.send(m.query('begin'), m.parse('s', 'select id from items'), m.bind('', 's'), m.execute('', 2), m.sync);
  await raw.until(2);
  raw.send(m.query('select pg_sleep(60)'), m.bind('', 's'), m.sync);
  await eventually('it runs', () => rig.gate.running === 1);
  raw.destroy();
});

test('what comes behind a Terminate is not read', async () => {
  raw.send(m.query('select 1'), m.terminate, m.query('select 2'));
  expect(types(await raw.ended())).toBe('TDCZ');
  expect(rig.gate.events).not.toContain('judge simple: select 2');
});

test('without a transaction block, Sync ends a suspended portal', async () => {
  raw.send(m.parse('', 'select id from items'), m.bind('p', ''), m.execute('p', 2), m.sync);
  expect(types(await raw.until())).toBe('12DDsZ');
  expect(rig.gate.running).toBe(0);
  raw.send(m.execute('p', 2), m.sync);
  expect(error(await raw.until())['C']).toBe('34000');
});

test('names: unnamed reuse, re-Parse of a taken name, Close, and what a failed pipeline undoes', async () => {
  raw.send(m.parse('a', 'select 1'), m.sync);
  await raw.until();
  raw.send(m.parse('a', 'select 2'), m.sync, m.bind('', 'a'), m.execute(''), m.sync);
  let frames = await raw.until(2);
  expect(types(frames)).toBe('EZ2DCZ');
  expect(error(frames)['C']).toBe('42P05');
  expect(firstColumns(frames)).toEqual(['1']);
  // What ran is what the ledger was told, though the second text was sent under the same name before it; that one failed.
  expect(rig.gate.statements).toEqual(['select 2', 'select 1']);
  expect(rig.gate.ends).toMatchObject([{ status: 'error', sqlstate: '42P05' }, { status: 'ok' }]);
  // The Close is skipped with the failed Parse, so the statement lives; the parse of `b` never happened.
  raw.send(
    m.parse('a', 'select 2'),
    m.close('S', 'a'),
    m.parse('b', 'select 9'),
    m.sync,
    m.bind('', 'a'),
    m.execute(''),
    m.sync,
    m.bind('', 'b'),
    m.sync,
  );
  frames = await raw.until(3);
  expect(types(frames)).toBe('EZ2DCZEZ');
  expect(error(frames.slice(2))['C']).toBe('26000');
  raw.send(m.close('S', 'a'), m.parse('a', 'select 5'), m.bind('', 'a'), m.execute(''), m.sync);
  frames = await raw.until();
  expect(types(frames)).toBe('312DCZ');
  expect(firstColumns(frames)).toEqual(['5']);
  raw.send(m.query('select 1'), m.bind('', ''), m.sync);
  expect(types(await raw.until(2))).toBe('TDCZEZ');
});

test('a statement that fails before it is executed is in the ledger once, whether its Execute was sent along or not', async () => {
  raw.send(m.parse('', "select 'x'::int"), m.sync);
  await raw.until();
  raw.send(m.parse('', "select 'x'::int"), m.bind('', ''), m.execute(''), m.sync);
  await raw.until();
  raw.send(m.parse('n', 'select $1::int'), m.sync, m.bind('', 'n', ['x']), m.execute(''), m.sync);
  await raw.until(2);
  expect(rig.gate.ends).toMatchObject([1, 2, 3].map(() => ({ status: 'error', sqlstate: '22P02' })));
  expect(rig.gate.statements.length).toBe(3);
});

test('a name defined in a later segment survives the undoing of an earlier one', async () => {
  raw.send(
    m.bind('', 'missing'),
    m.parse('n', 'select 1'),
    m.sync,
    m.parse('n', 'select 2'),
    m.sync,
    m.bind('', 'n'),
    m.execute(''),
    m.sync,
  );
  const frames = await raw.until(3);
  expect(types(frames)).toBe('EZ1Z2DCZ');
  expect(firstColumns(frames)).toEqual(['2']);
});

test('a portal that survives a failed Bind of its name is executed as what it is', async () => {
  raw.send(m.query('begin'), m.parse('t1', 'select 1'), m.parse('t2', 'select 2'), m.bind('p', 't1'), m.sync);
  await raw.until(2);
  raw.send(m.query('savepoint s'), m.bind('p', 't2'), m.sync, m.query('rollback to s'), m.execute('p'), m.sync);
  const frames = await raw.until(4);
  expect(types(frames)).toBe('CZEZCZDCZ');
  expect(firstColumns(frames)).toEqual(['1']);
  expect(rig.gate.statements.at(-1)).toBe('select 1');
});

test('statements and portals that SQL made are not reachable past their judgement', async () => {
  raw.send(m.query('prepare x as select 1'), m.bind('', 'x'), m.execute(''), m.sync);
  expect(error(await raw.until(2))['C']).toBe('26000');
  raw.send(m.query('begin'), m.query('declare c cursor for select 1'), m.execute('c'), m.sync, m.query('rollback'));
  expect(error(await raw.until(4))['C']).toBe('34000');
  raw.send(
    m.parse('y', 'select 1'),
    m.sync,
    m.query('deallocate y'),
    m.query('prepare y as select 2'),
    m.bind('', 'y'),
    m.execute(''),
    m.sync,
  );
  expect(error(await raw.until(4))['C']).toBe('26000');
});

test('names longer than the server keeps are refused', async () => {
  raw.send(m.parse('n'.repeat(64), 'select 1'), m.sync, m.parse('s', 'select 1'), m.bind('p'.repeat(64), 's'), m.sync);
  const frames = await raw.until(2);
  expect(types(frames)).toBe('EZ1EZ');
  expect(error(frames)['C']).toBe('42622');
});

test('a prepared statement whose judgement has changed is refused, and may be prepared again', async () => {
  raw.send(m.parse('s', 'select 1'), m.sync);
  await raw.until();
  rig.rules.recheck = (judgement) => (judgement.kind === 'forward' ? { ...judgement, text: Buffer.from('select 2') } : judgement);
  raw.send(m.bind('', 's'), m.execute(''), m.sync);
  const frames = await raw.until();
  expect(types(frames)).toBe('EZ');
  expect(error(frames)).toMatchObject({ C: '0A000', H: 'prepare it again' });
  rig.rules.recheck = () => ({ kind: 'refuse', refusal: NO });
  raw.send(m.bind('', 's'), m.execute(''), m.sync);
  expect(error(await raw.until())['C']).toBe('42501');
});

test('a rewritten text runs in place of the client’s, and error positions into it are not shown', async () => {
  rig.rules.rewrite = (text) => text.replace('secret', "'***'");
  raw.send(
    m.query('select secret'),
    m.parse('', 'select secret, $1::int'),
    m.bind('', '', ['5']),
    m.execute(''),
    m.sync,
    m.query('select secret, nonsense'),
  );
  const frames = await raw.until(3);
  expect(types(frames)).toBe('TDCZ12DCZEZ');
  expect(firstColumns(frames)).toEqual(['***', '***']);
  expect(error(frames)).toMatchObject({ C: '42703' });
  expect(error(frames)['P']).toBeUndefined();
});

test('a statement whose rows must be described is described once, by us when the client does not', async () => {
  let checks = 0;
  rig.rules.check = () => {
    checks++;
    return undefined;
  };
  raw.send(m.parse('s', 'select id, name from items limit 1'), m.sync);
  await raw.until();
  for (let round = 0; round < 3; round++) raw.send(m.bind('', 's'), m.execute(''), m.sync);
  expect(types(await raw.until(3))).toBe('2DCZ2DCZ2DCZ');
  expect(checks).toBe(1);
  // A failing Describe of ours is told as the Execute's own failure.
  raw.send(
    m.query('create temp table gone (a int)'),
    m.parse('g', 'select * from gone'),
    m.sync,
    m.query('drop table gone'),
    m.bind('', 'g'),
    m.execute(''),
    m.sync,
  );
  expect(types(await raw.until(4))).toBe('CZ1ZCZEZ');
});

test.each(['simple', 'extended'])('a result that does not match its plan ends the session before its first row (%s)', async (form) => {
  rig.rules.check = (_, columns) =>
    columns.some((column) => column.name === 'name')
      ? { code: 'INTERNAL', sqlstate: '42501', message: 'mismatch', fatal: true }
      : undefined;
  const text = 'select name from items';
  raw.send(...(form === 'simple' ? [m.query(`select 1; ${text}`)] : [m.parse('', text), m.bind('', ''), m.execute(''), m.sync]));
  const frames = await raw.ended();
  expect(frames.some((frame) => frame.body.includes('item 1'))).toBe(false);
  expect(types(frames).endsWith('E')).toBe(true);
  expect(error(frames)).toMatchObject({ S: 'FATAL', C: '42501', M: 'mismatch' });
});

test('the row limit cuts a result: the rows up to it, then the refusal, then the session goes on', async () => {
  rig.rules.limits = (plan) => (plan.kind === 'SELECT' ? { rows: 10 } : {});
  raw.send(m.query('select * from generate_series(1, 3000000)'));
  let frames = await raw.until();
  expect(types(frames)).toBe('TDDDDDDDDDDEZ');
  expect(error(frames)['C']).toBe('53400');
  expect(rig.gate.ends[0]).toMatchObject({ status: 'cancelled', rows: 10 });
  raw.send(m.query('select 1'));
  expect(types(await raw.until())).toBe('TDCZ');
  // Too short for the cancel to arrive: the server says it completed, the client still hears of the limit.
  raw.send(
    m.parse('', 'select id from items limit 11'),
    m.bind('', ''),
    m.execute(''),
    m.parse('', 'select 2'),
    m.bind('', ''),
    m.execute(''),
    m.sync,
  );
  frames = await raw.until();
  expect(types(frames)).toMatch(/^12D{10}EZ$/);
  raw.send(m.query('select 3'));
  expect(types(await raw.until())).toBe('TDCZ');
});

test('the byte limit cuts rows and COPY data', async () => {
  rig.rules.limits = () => ({ bytes: 5_000 });
  raw.send(m.query("select repeat('x', 1000) from generate_series(1, 100000)"));
  expect(types(await raw.until())).toBe('TDDDDEZ');
  raw.send(m.query("copy (select repeat('x', 1000) from generate_series(1, 100000)) to stdout"));
  const frames = await raw.until();
  expect(types(frames)).toBe('HddddEZ');
  expect(error(frames)['C']).toBe('53400');
  raw.send(m.query("select repeat('x', 60000)"));
  expect(types(await raw.until())).toBe('TEZ');
});

test('the time limit cancels a statement', async () => {
  rig.rules.limits = (plan) => (plan.kind === 'SELECT' ? { ms: 150 } : {});
  raw.send(m.query('select pg_sleep(30)'));
  const frames = await raw.until();
  expect(error(frames)).toMatchObject({ C: '57014', M: 'over the time limit' });
  expect(rig.gate.ends[0]).toMatchObject({ status: 'cancelled', sqlstate: '57014' });
});

test('errors and notices of a cleaned statement keep severity and SQLSTATE only', async () => {
  rig.rules.plan = (statement) => ({ cleanErrors: statement.includes('/* governed */') });
  raw.send(m.query("/* governed */ do $$ begin raise notice 'it is item 7' using detail = 'item 7', errcode = '01234' end $$"));
  await raw.until();
  raw.send(m.query("do $$ begin raise notice 'heard' using detail = 'more'; end $$"));
  expect((await raw.until()).find((frame) => frame.type === 'N')?.body.toString()).toContain('heard');
  rig.rules.plan = () => ({ cleanErrors: true });
  raw.send(m.query('select name::int from items where id = 7'), m.query("insert into items values (7, 'secret')"));
  const frames = await raw.until(2);
  for (const frame of frames.filter((one) => one.type === 'E')) expect(frame.body.toString()).not.toMatch(/item 7|secret|\(7\)|items/);
  expect(error(frames)).toMatchObject({ S: 'ERROR', C: '22P02' });
  expect(Object.keys(error(frames))).toEqual(['S', 'V', 'C', 'M']);
});

test('a deferred error at Sync or COMMIT is cleaned when a governed statement ran in the transaction', async () => {
  await rig.direct(
    'create table parents (id int primary key); create table children (parent int references parents deferrable initially deferred)',
  );
  rig.rules.plan = (statement) => ({ cleanErrors: statement.includes('children') });
  raw.send(m.parse('', 'insert into children values (4711)'), m.bind('', ''), m.execute(''), m.sync);
  let frames = await raw.until();
  expect(types(frames)).toBe('12CEZ');
  expect(frames[3]?.body.toString()).not.toContain('4711');
  raw.send(m.query('begin'), m.query('insert into children values (4711)'), m.query('commit'));
  frames = await raw.until(3);
  expect(types(frames)).toBe('CZCZEZ');
  expect(frames[4]?.body.toString()).not.toContain('4711');
  await rig.direct('drop table children, parents');
});

test('after a barrier the next text is judged only when it has completed, without a Sync too', async () => {
  rig.rules.plan = (statement) => ({ barrier: statement.startsWith('set') });
  raw.send(m.query('set search_path = public'), m.query('select 1'));
  expect(types(await raw.until(2))).toMatch(/^S?CZTDCZ$/);
  const order = (text: string): number => rig.gate.events.indexOf(text);
  expect(order('ok SET')).toBeLessThan(order('judge simple: select 1'));
  rig.gate.events.length = 0;
  raw.send(
    m.parse('', 'set search_path = pg_catalog'),
    m.bind('', ''),
    m.execute(''),
    m.parse('', 'select 2'),
    m.bind('', ''),
    m.execute(''),
    m.sync,
  );
  expect(types(await raw.until())).toBe('12C12DCZ');
  expect(order('ok SET')).toBeGreaterThan(0);
  expect(order('ok SET')).toBeLessThan(order('judge parse: select 2'));
});

test('a slow judgement keeps the order, and a durable intent is waited for', async () => {
  rig.rules.delay = (text) => (text.includes('slow') ? 50 : 0);
  const writing: ((refusal: Refusal | undefined) => void)[] = [];
  rig.rules.durable = (plan) => (plan.kind === 'INSERT' ? new Promise((resolve) => writing.push(resolve)) : undefined);
  raw.send(m.query('select 1'), m.query("select 'slow'"), m.query("insert into items values (-5, 'x')"), m.query('select 3'));
  await eventually('the intent is being written', () => writing.length === 1);
  expect(await rig.direct('select id from items where id = -5')).toEqual([]);
  writing[0]?.(undefined);
  const frames = await raw.until(4);
  expect(types(frames)).toBe('TDCZTDCZCZTDCZ');
  expect(firstColumns(frames)).toEqual(['1', 'slow', '3']);
  raw.send(m.parse('', "insert into items values (-6, 'x')"), m.bind('', ''), m.execute(''), m.sync);
  await eventually('the next intent is being written', () => writing.length === 2);
  writing[1]?.({ code: 'AUDIT_UNAVAILABLE', sqlstate: '58030', message: 'the ledger can’t be written' });
  expect(error(await raw.until())['C']).toBe('58030');
  expect(rig.gate.ends.at(-1)).toMatchObject({ status: 'refused', sqlstate: '58030' });
  expect(await rig.direct('delete from items where id < 0 returning id')).toEqual([[-5]]);
});

test('COPY in: simple and extended, as libpq sends it with a Sync ahead of the data, and failing', async () => {
  await rig.direct('create table target (id int)');
  raw.send(m.query('copy target from stdin'));
  await raw.wait(() => raw.frames.at(-1)?.type === 'G');
  raw.send(m.copyData('1\n2\n'), m.copyData('3\n'), m.copyDone);
  expect(types(await raw.until())).toBe('GCZ');
  raw.send(m.parse('', 'copy target from stdin'), m.bind('', ''), m.describe('P', ''), m.execute(''), m.sync);
  await raw.wait(() => raw.frames.at(-1)?.type === 'G');
  raw.send(m.copyData('4\n'), m.copyDone, m.sync);
  expect(types(await raw.until())).toBe('12nGCZ');
  // All at once, before the server has asked for data.
  raw.send(
    m.parse('', 'copy target from stdin'),
    m.bind('', ''),
    m.execute(''),
    m.sync,
    m.copyData('5\n'),
    m.copyDone,
    m.sync,
    m.query('select 1'),
  );
  expect(types(await raw.until(2))).toBe('12GCZTDCZ');
  raw.send(m.query('copy target from stdin'));
  await raw.wait(() => raw.frames.at(-1)?.type === 'G');
  raw.send(m.copyFail('I give up'));
  expect(error(await raw.until())).toMatchObject({ C: '57014' });
  raw.send(m.query('copy target from stdin'), m.copyData('x\n'), m.copyData('6\n'), m.copyDone, m.query('select 2'));
  const frames = await raw.until(2);
  expect(types(frames)).toBe('GEZTDCZ');
  expect(error(frames)['C']).toBe('22P02');
  raw.send(
    m.parse('', 'copy target from stdin'),
    m.bind('', ''),
    m.execute(''),
    m.copyData('x\n'),
    m.copyDone,
    m.sync,
    m.query('select 3'),
  );
  expect(types(await raw.until(2))).toBe('12GEZTDCZ');
  raw.send(
    m.query('copy target from stdin; copy target from stdin; select 4'),
    m.copyData('7\n'),
    m.copyDone,
    m.copyData('8\n'),
    m.copyDone,
  );
  expect(types(await raw.until())).toBe('GCGCTDCZ');
  expect(await rig.direct('select id from target order by id')).toEqual([[1], [2], [3], [4], [5], [7], [8]]);
  await rig.direct('drop table target');
});

test('a message that is no COPY data ends a session that is in COPY', async () => {
  await rig.direct('create table target (id int)');
  raw.send(m.query('copy target from stdin'));
  await raw.wait(() => raw.frames.at(-1)?.type === 'G');
  raw.send(m.copyData('1\n'), m.parse('', 'select 1'));
  expect(error(await raw.ended())['C']).toBe('08P01');
  const second = await rig.raw();
  second.send(m.query('copy target from stdin'), m.parse('', 'select 1'), m.bind('', ''), m.sync);
  expect(error(await second.ended())['S']).toBe('FATAL');
  expect(await rig.direct('select id from target')).toEqual([]);
  await rig.direct('drop table target');
});

test('more messages than the door keeps track of wait for answers', async () => {
  const count = 500;
  raw.send(
    m.parse('s', 'select id from items where id = 1'),
    ...Array.from({ length: count }, () => [m.bind('', 's'), m.execute('')]).flat(),
    m.sync,
  );
  expect(types(await raw.until())).toBe(`1${'2DC'.repeat(count)}Z`);
});

test('a text over the limit is refused without being gathered; function calls are refused; the session goes on', async () => {
  raw.send(m.query(`select '${'x'.repeat(3_000_000)}'`), m.parse('', `select '${'x'.repeat(3_000_000)}'`), m.sync);
  const frames = await raw.until(2);
  expect(types(frames)).toBe('EZEZ');
  expect(error(frames)['C']).toBe('54000');
  raw.send(Buffer.from([0x46, 0, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), m.query('select 1'));
  const next = await raw.until(2);
  expect(types(next)).toBe('EZTDCZ');
  expect(error(next)['C']).toBe('0A000');
});

test('a NUL inside a text is refused, not cut off', async () => {
  raw.send(m.query('select 1'), Buffer.concat([Buffer.from([0x51, 0, 0, 0, 4 + 10]), Buffer.from('select 1\0;')]), m.query('select 2'));
  expect(types(await raw.until(3))).toBe('TDCZEZTDCZ');
});

test('notifications and notices between messages come through', async () => {
  raw.send(m.query('listen news'));
  await raw.until();
  await rig.direct("notify news, 'fresh'");
  await raw.wait(() => raw.frames.some((frame) => frame.type === 'A'));
  expect(raw.frames.find((frame) => frame.type === 'A')?.body.toString('utf8')).toContain('fresh');
});

test('messages sent before a Terminate still run', async () => {
  raw.send(m.query("insert into items values (-9, 'last words')"), m.terminate);
  await raw.ended();
  await eventually('it was written', async () => (await rig.direct('delete from items where id = -9 returning id')).length === 1);
  expect(rig.gate.ends[0]).toMatchObject({ status: 'ok', tag: 'INSERT 0 1' });
});

test('a setting that breaks what judging relies on ends the session, at its opening too', async () => {
  rig.rules.setting = (name, value) =>
    name === 'standard_conforming_strings' && value === 'off'
      ? { code: 'DENIED', sqlstate: '42501', message: 'not this setting', fatal: true }
      : undefined;
  raw.send(m.query('set standard_conforming_strings = off'), m.query('select 1'));
  const frames = await raw.ended();
  expect(types(frames)).not.toContain('D');
  expect(error(frames)).toMatchObject({ S: 'FATAL', M: 'not this setting' });
  rig.rules.setting = (name) =>
    name === 'server_version' ? { code: 'DENIED', sqlstate: '0A000', message: 'too old', fatal: true } : undefined;
  await expect(rig.client()).rejects.toMatchObject({ code: '0A000', message: 'too old' });
});

test('a refusal that is fatal ends the session', async () => {
  rig.rules.refuse = () => ({ code: 'PAUSED', sqlstate: '57P01', message: 'paused', fatal: true });
  raw.send(m.parse('', 'select 1'), m.bind('', ''), m.execute(''), m.sync);
  expect(error(await raw.ended())).toMatchObject({ S: 'FATAL', C: '57P01', M: 'paused' });
});
