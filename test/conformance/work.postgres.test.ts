// Honest work of the corpus as an agent with the default limits: nothing is refused, and the rows are those of a direct
// connection apart from masked columns. Over-blocking is a defect. Source: the corpus' work.postgres.yaml.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CorpusCase, readCanarySchema, readHonestWork } from '../support/corpus.ts';
import { findCanary } from '../support/canary.ts';
import { type Access, corpusClassification, startGatehouse, type TestGatehouse } from '../support/gatehouse.ts';
import { createDatabase, type PostgresVersion, startPostgres, type TestPostgres } from '../support/postgres-server.ts';
import { connectTapped, type Form } from '../support/tapped-client.ts';

const FORMS: readonly Form[] = ['simple', 'extended', 'binary'];
const execute = promisify(execFile);

/** Cases whose rows hold masked columns: these columns (by position) are left out of the comparison. */
const MASKED: Readonly<Record<string, readonly number[]>> = { 'masked-list': [1, 2], 'primary-key-group-masked': [1] };
/** Answers that belong to the session, not to the data. */
const OWN_SESSION = new Set(['version', 'explain-analyze-read', 'explain']);

const without = (rows: readonly (readonly unknown[])[], columns: readonly number[]): unknown[][] =>
  rows.map((row) => row.filter((_, i) => !columns.includes(i)));

describe.each<{ version: PostgresVersion }>([{ version: 15 }, { version: 18 }])('honest work on PostgreSQL $version', ({ version }) => {
  let server: TestPostgres;
  let gatehouse: TestGatehouse;
  let agent: Access;

  beforeAll(async () => {
    server = await startPostgres({ version });
    await createDatabase(server, readCanarySchema('postgres'), 'canary');
    gatehouse = await startGatehouse({ 'classification.yaml': corpusClassification('postgres') });
    await gatehouse.addConnection('canary', server.config('canary'));
    agent = gatehouse.agent('worker', 'canary');
  });
  afterAll(async () => {
    await gatehouse?.close();
    await server?.stop();
  });

  const compare = async ({ id, steps, differs }: CorpusCase, form: Form): Promise<void> => {
    await using through = await connectTapped(agent);
    await using direct = await connectTapped({ ...server.config('canary') });
    for (const sql of steps) {
      // Texts of several statements exist in the simple protocol only.
      const used: Form = id === 'multi-read' ? 'simple' : form;
      const [ours, theirs] = [await through.run(sql, used), await direct.run(sql, used)];
      expect(ours.error, `${id} (${used}): ${sql}`).toBeUndefined();
      expect(theirs.error).toBeUndefined();
      if (OWN_SESSION.has(id)) expect(ours.rows.length).toBeGreaterThan(0);
      else if (differs === undefined)
        expect(without(ours.rows, MASKED[id] ?? []), `${id} (${used})`).toEqual(without(theirs.rows, MASKED[id] ?? []));
      else expect(ours.rows.length).toBeGreaterThan(0);
    }
    expect(findCanary(through.received())).toBeUndefined();
  };

  test.each(readHonestWork('postgres').filter(({ through }) => through === undefined))('$id', async (one) => {
    for (const form of FORMS) await compare(one, form);
  });

  test.each(readHonestWork('postgres').filter(({ through }) => through === 'psql'))('$id in psql', async ({ steps }) => {
    for (const step of steps) {
      // An older psql asks a newer server for columns that are gone: then both must say so.
      const psql = async (access: Access): Promise<string> => {
        const args = [
          '-X',
          '-v',
          'ON_ERROR_STOP=1',
          '-h',
          access.host,
          '-p',
          String(access.port),
          '-U',
          access.user,
          '-d',
          access.database,
          '-c',
          step,
        ];
        try {
          return (await execute('psql', args, { env: { ...process.env, PGPASSWORD: access.password, PGSSLMODE: 'prefer' } })).stdout;
        } catch (error) {
          return (error as { stderr: string }).stderr.split('\n')[0] ?? '';
        }
      };
      expect(await psql(agent)).toBe(await psql(server.config('canary')));
    }
  });

  test('masked columns hold masks, and their nulls are kept', async () => {
    await using client = await connectTapped(agent);
    const { rows } = await client.run(
      'select name, email, ssn, email_upper, photo, aliases, profile, contacts from app.customers order by id limit 1',
      'simple',
    );
    expect(rows).toEqual([['***', '***', '***'.padEnd(24), '***', '\\x', '{}', '"***"', '{}']]);
    const { rows: cards } = await client.run('select pan, holder from app.cards limit 1', 'extended');
    expect(cards).toEqual([['0', '***']]);
  });
});
