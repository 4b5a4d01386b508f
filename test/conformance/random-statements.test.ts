// Random statements over the canary schema through one reused session: a masked agent never receives a canary, and an unmasked person
// receives what a direct connection does. GATEHOUSE_RANDOM_STATEMENTS and GATEHOUSE_RANDOM_SEED: more of them, others.
// Source: design, "Masking", Proof.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCanary } from '../support/canary.ts';
import { readCanarySchema } from '../support/corpus.ts';
import { corpusClassification, startGatehouse, type TestGatehouse } from '../support/gatehouse.ts';
import { createDatabase, startPostgres, type TestPostgres } from '../support/postgres-server.ts';
import { RandomStatements } from '../support/random-statements.ts';
import { connectTapped, type Form, type StepResult, type TappedClient } from '../support/tapped-client.ts';

const COUNT = Number(process.env['GATEHOUSE_RANDOM_STATEMENTS'] ?? 1500);
const SEED = Number(process.env['GATEHOUSE_RANDOM_SEED'] ?? 20_261_122);
/** A slow machine tries fewer rather than fails. */
const BUDGET_MS = process.env['GATEHOUSE_RANDOM_STATEMENTS'] === undefined ? 30_000 : 3_600_000;
const FORMS: readonly Form[] = ['simple', 'extended', 'binary'];

/** Rows as a bag: nothing in these statements orders them. */
const bag = ({ rows }: StepResult): string[] =>
  rows.map((row) => JSON.stringify(row.map((value) => (Buffer.isBuffer(value) ? value.toString('hex') : value)))).sort();

interface Tally {
  tried: number;
  ran: number;
  refused: number;
  readonly reasons: Map<string, { count: number; readonly example: string }>;
}

const newTally = (): Tally => ({ tried: 0, ran: 0, refused: 0, reasons: new Map() });

function note(tally: Tally, error: NonNullable<StepResult['error']>, sql: string): void {
  tally.refused += 1;
  const reason = error.message.replaceAll(/"[^"]*"/gu, '"…"');
  const known = tally.reasons.get(reason);
  if (known === undefined) tally.reasons.set(reason, { count: 1, example: sql });
  else known.count += 1;
}

function report(who: string, tally: Tally): void {
  const reasons = [...tally.reasons].sort(([, a], [, b]) => b.count - a.count).slice(0, 15);
  const lines = reasons.map(([reason, { count, example }]) => `  ${count} × ${reason}\n      ${example.slice(0, 400)}`);
  console.log(`${who}: ${tally.tried} statements that are valid, ${tally.refused} refused\n${lines.join('\n')}`);
}

describe('random statements', () => {
  let server: TestPostgres;
  let gatehouse: TestGatehouse;

  beforeAll(async () => {
    server = await startPostgres({ version: 18 });
    await createDatabase(server, readCanarySchema('postgres'), 'canary');
    gatehouse = await startGatehouse({ 'classification.yaml': corpusClassification('postgres') });
    await gatehouse.addConnection('canary', server.config('canary'));
  });
  afterAll(async () => {
    await gatehouse?.close();
    await server?.stop();
  });

  /** Runs statements on both sides; those that the server itself refuses count for nothing. */
  const run = async (
    ours: TappedClient,
    statements: RandomStatements,
    look: (ours: StepResult, theirs: StepResult, sql: string) => void,
  ): Promise<Tally> => {
    await using direct = await connectTapped(server.config('canary'));
    for (const client of [ours, direct]) await client.run("set statement_timeout = '2s'", 'simple');
    const tally = newTally();
    const end = performance.now() + BUDGET_MS;
    for (let i = 0; i < COUNT && performance.now() < end; i += 1) {
      const sql = statements.next();
      const form = FORMS[i % FORMS.length] ?? 'simple';
      const theirs = await direct.run(sql, form);
      direct.forget();
      const result = await ours.run(sql, form);
      look(result, theirs, sql);
      if (theirs.error !== undefined) continue;
      tally.tried += 1;
      if (result.error !== undefined) note(tally, result.error, sql);
      else tally.ran += 1;
    }
    return tally;
  };

  test('a masked agent receives no canary', async () => {
    await using client = await connectTapped(gatehouse.agent('sqlsmith', 'canary'));
    const tally = await run(client, new RandomStatements(SEED, 85), ({ error }, _, sql) => {
      expect(findCanary(client.received()), `leaked: ${sql}`).toBeUndefined();
      expect(error?.message ?? '', `ended the session: ${sql}`).not.toContain('the session ends');
      client.forget();
    });
    report('masked agent', tally);
    expect(tally.ran).toBeGreaterThan(tally.tried / 3);
  });

  test('a person who sees everything receives what a direct connection does', async () => {
    await using client = await connectTapped(gatehouse.person('canary'));
    await client.run("set gatehouse.justification = 'comparing with a direct connection'", 'simple');
    const tally = await run(client, new RandomStatements(SEED + 1, 30), (ours, theirs, sql) => {
      client.forget();
      expect(ours.error?.message ?? '', `ended the session: ${sql}`).not.toContain('the session ends');
      if (ours.error === undefined) expect(theirs.error, `fails only directly: ${sql}`).toBeUndefined();
      if (ours.error === undefined && theirs.error === undefined) expect(bag(ours), sql).toEqual(bag(theirs));
    });
    report('unmasked person', tally);
    expect(tally.refused).toBeLessThanOrEqual(tally.tried / 50);
  });
});
