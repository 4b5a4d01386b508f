// The service session of a connection against real servers: snapshots, what makes them new, estimates, and a session that is lost.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase, startPostgres, type TestDatabase, type TestPostgres } from '../../../test/support/postgres-server.ts';
import { connectUpstream, type Upstream } from '../../wire/postgres/upstream.ts';
import { ParserPool } from './parse/parser-pool.ts';
import { PostgresService } from './service.ts';

const SCHEMA = `
create schema app;
create table app.t (id int primary key, n int); insert into app.t select g, g % 10 from generate_series(1, 1000) g; analyze app.t;
create table app.log (n int);
create function app.slow() returns int language plpgsql immutable as $$ begin perform pg_sleep(5); return 1; end $$;
`;

describe.each([{ version: 15 as const }, { version: 18 as const }])('the service of a PostgreSQL $version connection', ({ version }) => {
  let server: TestPostgres;
  let database: TestDatabase;
  let other: Upstream;
  let parser: ParserPool;
  let service: PostgresService;
  let now = 0;
  let connects = 0;
  const open = (): Promise<Upstream> => connectUpstream({ ...database.config, tls: 'disable' }, 5_000);
  beforeAll(async () => {
    server = await startPostgres({ version });
    database = await createDatabase(server, SCHEMA);
    other = await open();
    parser = new ParserPool(1);
  });
  afterAll(async () => {
    service?.close();
    other?.destroy();
    await parser?.close();
    await server?.stop();
  });
  beforeEach(() => {
    service?.close();
    now = 10_000;
    connects = 0;
    service = new PostgresService({
      connect: () => {
        connects += 1;
        return open();
      },
      parser,
      now: () => now,
      verifyAfterMs: 2_000,
    });
  });

  test('reads a snapshot once for all who ask at the same time, and keeps it while nothing changed', async () => {
    const [first, second] = await Promise.all([service.catalog(), service.catalog()]);
    expect(second).toBe(first);
    expect(service.current).toBe(first);
    expect(service.initialPath).toEqual(['public']);
    now += 5_000;
    expect(service.current).toBeUndefined();
    expect(await service.catalog()).toBe(first);
    expect(connects).toBe(1);
  });

  test('sees what others changed once the snapshot is compared again', async () => {
    const first = await service.catalog();
    await other.run('create table app.fresh (a int)');
    expect(await service.catalog()).toBe(first);
    now += 5_000;
    const second = await service.catalog();
    expect(second.version).toBeGreaterThan(first.version);
    expect(second.relation('app', 'fresh')).toBeDefined();
    await other.run('drop table app.fresh');
  });

  test('an unknown name reads a new snapshot, but not for every guess', async () => {
    const first = await service.catalog();
    await other.run('create table app.guessed (a int)');
    expect(await service.refreshFor(first)).toBe(false);
    now += 1_500;
    expect(await service.refreshFor(first)).toBe(true);
    const second = await service.catalog();
    expect(second.relation('app', 'guessed')).toBeDefined();
    // Somebody else has read it already.
    expect(await service.refreshFor(first)).toBe(true);
    expect(await service.catalog()).toBe(second);
    await other.run('drop table app.guessed');
  });

  test('a change that passed through makes the snapshot outdated at once', async () => {
    const first = await service.catalog();
    service.invalidate();
    expect(service.current).toBeUndefined();
    expect(service.latest).toBe(first);
    expect((await service.catalog()).version).toBeGreaterThan(first.version);
  });

  test('estimates the rows of changes by their conditions, with and without parameters', async () => {
    await service.catalog();
    const rows = async (sql: string, parameters = 0, path: readonly string[] = ['app']): Promise<number | undefined> =>
      service.estimate(sql, parameters, path);
    expect(await rows('update t set n = 1')).toBe(1000);
    expect(await rows('update t set n = 1 where id = 5')).toBe(1);
    expect(await rows('delete from t where n = 3')).toBeGreaterThan(50);
    expect(await rows('delete from t where n = 3')).toBeLessThan(200);
    expect(await rows('insert into log select n from t')).toBe(1000);
    expect(await rows('update t set n = $1 where id = $2', 2)).toBe(1);
    expect(await rows('delete from t where n = $1', 1)).toBeGreaterThan(50);
    expect(await rows('with d as (delete from t returning 1) select 1')).toBeDefined();
    expect(await rows('update app.t set n = 1', 0, [])).toBe(1000);
  });

  test('estimates nothing where the server says no, and executes nothing', async () => {
    await service.catalog();
    expect(await service.estimate('update nowhere set n = 1', 0, ['app'])).toBeUndefined();
    expect(await service.estimate('update t set n = 1', 0, ['missing'])).toBeUndefined();
    expect(await service.estimate('update t set n = 1; drop table app.t', 0, ['app'])).toBeUndefined();
    expect(await service.estimate('drop table app.t', 0, ['app'])).toBeUndefined();
    await service.estimate('delete from t', 0, ['app']);
    expect(await other.run('select count(*) from app.t')).toEqual([['1000']]);
    // What an estimate set has gone with it.
    expect(await service.estimate('update app.t set n = 1', 0, [])).toBe(1000);
    expect(connects).toBe(1);
  });

  test('an estimate that takes too long is unknown', async () => {
    await service.catalog();
    const started = performance.now();
    expect(await service.estimate('update t set n = 1 where n = slow()', 0, ['app'])).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(4_000);
    expect(await service.estimate('update t set n = 1', 0, ['app'])).toBe(1000);
  });

  test('a session that the server ended is opened again, and what was asked is done', async () => {
    await service.catalog();
    await other.run(
      "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database() and backend_type = 'client backend'",
    );
    expect(await service.estimate('update t set n = 1', 0, ['app'])).toBe(1000);
    expect(connects).toBe(2);
  });

  test('a database that can not be reached is UPSTREAM, and is asked again the next time', async () => {
    let reachable = false;
    const failing = new PostgresService({
      connect: () => (reachable ? open() : Promise.reject(new Error('refused'))),
      parser,
      now: () => now,
      verifyAfterMs: 2_000,
    });
    try {
      await expect(failing.catalog()).rejects.toMatchObject({ code: 'UPSTREAM' });
      reachable = true;
      expect((await failing.catalog()).relation('app', 't')).toBeDefined();
    } finally {
      failing.close();
    }
    await expect(failing.refresh()).rejects.toMatchObject({ code: 'UPSTREAM' });
  });
});
