// What names mean in a session, followed statement by statement, against a PostgreSQL session that runs the same texts:
// search_path and temporary tables through transactions, savepoints, failures and texts of several statements.
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultFiles } from '../../../test/support/bundle.ts';
import { createDatabase, startPostgres, type TestDatabase, type TestPostgres } from '../../../test/support/postgres-server.ts';
import type { TransactionStatus } from '../gate.ts';
import type { Plan } from './context.ts';
import type { PostgresSession } from './session.ts';
import { Rig } from './testing/rig.ts';

const SCHEMA = ['a', 'b', 'c', 'public']
  .map(
    (schema) => `create schema if not exists ${schema}; create table ${schema}.t (x int); create table ${schema}.only_${schema} (x int);`,
  )
  .join('\n');
const NAMES = ['t', 'only_a', 'only_b', 'only_c', 'only_public', 'tmp0', 'tmp1'];

const STATEMENTS = [
  'begin',
  'start transaction read write',
  'commit',
  'rollback',
  'commit and chain',
  'rollback and chain',
  'savepoint s',
  'savepoint "S"',
  'release s',
  'release "S"',
  'rollback to s',
  'rollback to savepoint "S"',
  'set search_path = a',
  'set search_path = b, c',
  'set search_path to c, missing, a',
  'set local search_path = b',
  'set local search_path = c, a',
  'reset search_path',
  'set search_path to default',
  'reset all',
  'discard temp',
  'discard all',
  'create temp table tmp0 (x int)',
  'create temporary table tmp1 as select 1 as x',
  'create temp table if not exists tmp0 (x int)',
  'drop table tmp0',
  'drop table if exists tmp1',
  'select 1 / 0',
  'select 1',
];

const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...STATEMENTS) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom(...STATEMENTS), { minLength: 2, maxLength: 4 }).map((list) => list.join('; ')) },
);

interface Step {
  readonly text: string;
  readonly status: TransactionStatus;
}

/** The upstream session of a door, with what pg's protocol layer tells it. */
class Upstream {
  readonly client: pg.Client;
  readonly #tags: string[] = [];
  #failed = false;
  #status: TransactionStatus = 'I';
  #ready = Promise.withResolvers<void>();

  constructor(config: pg.ClientConfig) {
    this.client = new pg.Client({ ...config, options: '-c search_path=public,pg_temp -c backslash_quote=safe_encoding' });
    const { connection } = this.client as unknown as { connection: NodeJS.EventEmitter };
    connection.on('commandComplete', ({ text: tag }: { text: string }) => this.#tags.push(tag));
    connection.on('errorMessage', () => {
      this.#failed = true;
    });
    connection.on('readyForQuery', ({ status }: { status: TransactionStatus }) => {
      this.#status = status;
      this.#ready.resolve();
    });
  }

  async run(sql: string): Promise<{ tags: readonly string[]; failed: boolean; status: TransactionStatus }> {
    this.#tags.length = 0;
    this.#failed = false;
    this.#ready = Promise.withResolvers();
    await this.client.query(sql).catch(() => undefined);
    // An error is told before the server's answer has ended.
    await this.#ready.promise;
    return { tags: [...this.#tags], failed: this.#failed, status: this.#status };
  }

  /** The schema that each name means, if any. */
  async meanings(): Promise<Record<string, string | undefined>> {
    const { rows } = await this.client.query<{ name: string; schema: string | null }>(
      `select u as name, (select case when c.relpersistence = 't' then 'pg_temp' else n.nspname end from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass(u)) as schema
         from unnest($1::text[]) u`,
      [NAMES],
    );
    return Object.fromEntries(rows.map(({ name, schema }) => [name, schema ?? undefined]));
  }
}

async function judgedMeanings(session: PostgresSession): Promise<Record<string, string | undefined>> {
  const found: Record<string, string | undefined> = {};
  for (const name of NAMES) {
    const judgement = await session.judge(Buffer.from(`select * from ${name}`), 'simple');
    found[name] = judgement.kind === 'refuse' ? undefined : (judgement.statements[0] as Plan).facts.references[0]?.relation.schema;
  }
  return found;
}

describe.each([{ version: 15 as const }, { version: 18 as const }])('names of a session on PostgreSQL $version', ({ version }) => {
  let server: TestPostgres;
  let database: TestDatabase;
  let rig: Rig;
  beforeAll(async () => {
    server = await startPostgres({ version });
    database = await createDatabase(server, SCHEMA);
    rig = new Rig({ database: database.config, bundle: defaultFiles(), environment: 'development' });
  });
  afterAll(async () => {
    await rig?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  /** Runs a text as a door does; undefined when it was refused, and so not run. */
  async function step(session: PostgresSession, upstream: Upstream, sql: string): Promise<Step | undefined> {
    const judgement = await session.judge(Buffer.from(sql), 'simple');
    if (judgement.kind === 'refuse') return undefined;
    const running = judgement.statements.map((plan) => session.execute(plan));
    const { tags, failed, status } = await upstream.run(Buffer.from(judgement.text).toString('utf8'));
    if (failed) session.failed();
    running.forEach((execution, i) => {
      const tag = tags[i];
      execution.finish(
        tag === undefined
          ? { status: i === tags.length && failed ? 'error' : 'cancelled', rows: 0, bytes: 0 }
          : { status: 'ok', tag, rows: 0, bytes: 0 },
      );
    });
    session.ready(status);
    return { text: sql, status };
  }

  async function follows(texts: readonly string[]): Promise<number> {
    const upstream = new Upstream(database.config);
    await upstream.client.connect();
    try {
      const session = rig.session({ kind: 'person', name: 'ana', groups: [] });
      await session.initialise(async (sql) => (await upstream.client.query<(string | null)[]>({ text: sql, rowMode: 'array' })).rows);
      const done: string[] = [];
      let compared = 0;
      for (const sql of texts) {
        const ran = await step(session, upstream, sql);
        if (ran === undefined) continue;
        done.push(sql);
        if (ran.status === 'E') continue;
        expect(await judgedMeanings(session), done.join('\n')).toEqual(await upstream.meanings());
        compared += 1;
      }
      return compared;
    } finally {
      await upstream.client.end();
    }
  }

  test('are what the server says after any sequence of texts', async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 4, maxLength: 14 }), async (texts) => {
        compared += await follows(texts);
      }),
      { numRuns: 60, endOnFailure: false },
    );
    expect(compared).toBeGreaterThan(150);
  }, 90_000);

  test.each([
    ['a failed transaction', ['begin', 'set search_path = a', 'create temp table tmp0 (x int)', 'select 1 / 0', 'commit']],
    ['a savepoint', ['begin', 'set search_path = a', 'savepoint s', 'set search_path = b', 'select 1 / 0', 'rollback to s', 'commit']],
    [
      'SET LOCAL',
      ['begin', 'set local search_path = b', 'commit', 'begin', 'set search_path = a', 'set local search_path = b', 'rollback'],
    ],
    ['SET after SET LOCAL', ['begin', 'set local search_path = b', 'set search_path = a', 'commit']],
    [
      'a savepoint of the same name',
      [
        'begin',
        'savepoint s',
        'set search_path = a',
        'savepoint s',
        'set search_path = b',
        'rollback to s',
        'release s',
        'rollback to s',
        'commit',
      ],
    ],
    ['an implicit transaction that fails', ['set search_path = a; create temp table tmp0 (x int); select 1 / 0']],
    ['an implicit transaction with COMMIT in it', ['set search_path = a; commit; set search_path = b; select 1 / 0']],
    ['an implicit transaction that becomes a block', ['set search_path = a; begin; set search_path = b', 'rollback']],
    ['SET LOCAL in an implicit transaction', ['set local search_path = a; create temp table tmp0 (x int)', 'select 1']],
    ['BEGIN in a block', ['begin', 'set search_path = a', 'begin', 'rollback']],
    [
      'a chain',
      ['begin', 'set search_path = a', 'rollback and chain', 'set search_path = b', 'commit and chain', 'set search_path = c', 'rollback'],
    ],
    ['DISCARD ALL', ['set search_path = a', 'create temp table tmp0 (x int)', 'discard all']],
    ['DISCARD TEMP that is rolled back', ['create temp table tmp0 (x int)', 'begin', 'discard temp', 'rollback']],
  ])('are followed through %s', async (_, texts) => {
    expect(await follows(texts)).toBeGreaterThan(0);
  });
});
