// Every attack of the corpus, by every protocol form, as an agent under the default policies and as a masked person where policy
// allows writing: no canary reaches the client, and what must stay unchanged does. Source: design, "Masking", Proof.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAttacks, readCanarySchema } from '../support/corpus.ts';
import { findCanary } from '../support/canary.ts';
import { canaryChecksum } from '../support/canary-checksum.ts';
import { type Access, corpusClassification, startGatehouse, type TestGatehouse } from '../support/gatehouse.ts';
import { createDatabase, type PostgresVersion, startPostgres, type TestPostgres } from '../support/postgres-server.ts';
import { connectTapped, type Form } from '../support/tapped-client.ts';

const FORMS: readonly Form[] = ['simple', 'extended', 'binary'];

/** Answers that would tell the attacker something though no canary is in them. */
const FORBIDDEN_ANSWERS: Readonly<Record<string, (rows: readonly (readonly unknown[])[]) => boolean>> = {
  'predicate-equals': (rows) => String(rows[0]?.[0]) === '1',
  'predicate-like': (rows) => String(rows[0]?.[0]) === '1000',
  'predicate-join': (rows) => String(rows[0]?.[0]) === '1',
  'predicate-range': (rows) => String(rows[0]?.[0]) === '100',
  'predicate-exists': (rows) => rows.length > 0,
};

describe.each<{ version: PostgresVersion }>([{ version: 15 }, { version: 18 }])('attacks on PostgreSQL $version', ({ version }) => {
  let server: TestPostgres;
  let gatehouse: TestGatehouse;
  let agent: Access;
  let person: Access;
  let before: string;

  beforeAll(async () => {
    server = await startPostgres({ version });
    await createDatabase(server, readCanarySchema('postgres'), 'canary');
    await createDatabase(server, readCanarySchema('postgres'), 'canary_dev');
    gatehouse = await startGatehouse({ 'classification.yaml': corpusClassification('postgres') });
    await gatehouse.addConnection('canary', server.config('canary'));
    await gatehouse.addConnection('dev', server.config('canary_dev'), 'development');
    agent = gatehouse.agent('mallory', 'canary');
    person = gatehouse.person('dev');
    before = await canaryChecksum(server, 'canary');
  });
  afterAll(async () => {
    await gatehouse?.close();
    await server?.stop();
  });

  const run = async (access: Access, id: string, steps: readonly string[], form: Form, verdict: string | undefined): Promise<void> => {
    await using client = await connectTapped(access);
    let refused = false;
    for (const sql of steps) {
      const result = await client.run(sql, form);
      refused ||= result.error !== undefined;
      expect(FORBIDDEN_ANSWERS[id]?.(result.rows) ?? false, `${id}: tells what it must not`).toBe(false);
    }
    expect(findCanary(client.received()), `${id} leaked by ${form}`).toBeUndefined();
    if (verdict === 'deny') expect(refused, `${id} must be refused`).toBe(true);
  };

  test.each(readAttacks('postgres'))('agent: $id', async ({ id, steps, verdict }) => {
    for (const form of FORMS) await run(agent, id, steps, form, verdict);
  });

  test('an agent changed nothing', async () => {
    expect(await canaryChecksum(server, 'canary')).toBe(before);
  });

  test.each(readAttacks('postgres'))('masked person who may write: $id', async ({ id, steps, verdict }) => {
    for (const form of FORMS) await run(person, id, steps, form, verdict);
  });
});
