// Our own attacks (test/corpus/attacks.postgres.yaml), run like the corpus': by every protocol form, as an agent under the default
// policies and as a masked person where policy allows writing. Source: design, "Masking", Proof.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCanary } from '../support/canary.ts';
import { canaryChecksum } from '../support/canary-checksum.ts';
import { readCanarySchema } from '../support/corpus.ts';
import { type Access, corpusClassification, startGatehouse, type TestGatehouse } from '../support/gatehouse.ts';
import { type OwnAttack, readOwnAttacks } from '../support/own-attacks.ts';
import { createDatabase, type PostgresVersion, startPostgres, type TestPostgres } from '../support/postgres-server.ts';
import { connectTapped, type Form } from '../support/tapped-client.ts';

const FORMS: readonly Form[] = ['simple', 'extended', 'binary'];
const attacks = readOwnAttacks();

describe.each<{ version: PostgresVersion }>([{ version: 15 }, { version: 18 }])('own attacks on PostgreSQL $version', ({ version }) => {
  let server: TestPostgres;
  let gatehouse: TestGatehouse;
  const shared: Partial<Record<'agent' | 'person', Access>> = {};
  let before: string;
  let agents = 0;

  beforeAll(async () => {
    server = await startPostgres({ version });
    await createDatabase(server, readCanarySchema('postgres'), 'canary');
    await createDatabase(server, readCanarySchema('postgres'), 'canary_dev');
    gatehouse = await startGatehouse({ 'classification.yaml': corpusClassification('postgres') });
    await gatehouse.addConnection('canary', server.config('canary'));
    await gatehouse.addConnection('dev', server.config('canary_dev'), 'development');
    shared.agent = gatehouse.agent('mallory', 'canary');
    shared.person = gatehouse.person('dev');
    before = await canaryChecksum(server, 'canary');
  });
  afterAll(async () => {
    await gatehouse?.close();
    await server?.stop();
  });

  const steps = async (access: Access, database: string, attack: OwnAttack, form: Form): Promise<void> => {
    const { id, verdict, never } = attack;
    await using client = await connectTapped(access);
    let refused = false;
    const log: string[] = [];
    for (const step of attack.steps) {
      if (typeof step === 'object' && 'direct' in step) {
        await using direct = await connectTapped(server.config(database));
        const { error } = await direct.run(step.direct, 'simple');
        // What the first form did can't be done again.
        if (form === 'simple') expect(error, `${id}: ${step.direct}`).toBeUndefined();
        continue;
      }
      const result = typeof step === 'string' ? await client.run(step, form) : await client.pipeline(step);
      refused ||= result.error !== undefined;
      log.push(
        `${String(step)} → ${result.error?.message ?? JSON.stringify(result.rows.slice(0, 2), (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`,
      );
      if (never !== undefined)
        expect(String(result.rows[0]?.[0]), `${id} (${form}): tells what it must not\n${log.join('\n')}`).not.toBe(never);
    }
    if (process.env['GATEHOUSE_TEST_LOG'] !== undefined) console.error(`${id} (${form})\n${log.join('\n')}`);
    expect(findCanary(client.received()), `${id} leaked by ${form}\n${log.join('\n')}`).toBeUndefined();
    if (verdict === 'deny') expect(refused, `${id} must be refused`).toBe(true);
  };

  /** A case with a set-up gets a fresh database, and one connection of the principal's own to it. */
  const onFresh = async (attack: OwnAttack, as: 'agent' | 'person'): Promise<void> => {
    const database = await createDatabase(server, readCanarySchema('postgres'));
    const owner = new pg.Client(database.config);
    // The database is dropped under it.
    owner.on('error', () => undefined);
    await owner.connect();
    try {
      await owner.query(attack.setup ?? '');
      await gatehouse.addConnection(database.name, database.config, as === 'person' ? 'development' : 'production');
      const access =
        as === 'agent'
          ? gatehouse.agent(`agent-${++agents}`, database.name)
          : { ...(shared.person ?? gatehouse.person('dev')), database: database.name };
      // Changes that the first form made are there for the second.
      for (const form of ['simple', 'binary'] as const) await steps(access, database.name, attack, form);
    } finally {
      await gatehouse.removeConnection(database.name);
      await owner.end();
      await database.drop();
    }
  };

  const run = async (attack: OwnAttack, as: 'agent' | 'person'): Promise<void> => {
    const access = shared[as];
    if (attack.setup !== undefined) await onFresh(attack, as);
    else if (access !== undefined) for (const form of FORMS) await steps(access, as === 'agent' ? 'canary' : 'canary_dev', attack, form);
  };

  test.each(attacks.filter(({ as }) => as !== 'person'))('agent: $id', (attack) => run(attack, 'agent'));

  test('an agent changed nothing', async () => {
    expect(await canaryChecksum(server, 'canary')).toBe(before);
  });

  test.each(attacks.filter(({ as }) => as !== 'agent'))('masked person who may write: $id', (attack) => run(attack, 'person'));
});
