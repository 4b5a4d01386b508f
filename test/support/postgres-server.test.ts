import { existsSync } from 'node:fs';
import pg from 'pg';
import { expect, test } from 'vitest';
import { readAttacks, readCanarySchema, readClassification, readCorpusFile, readHonestWork } from './corpus.ts';
import { createDatabase, startPostgres } from './postgres-server.ts';

async function one(config: pg.ClientConfig, sql: string): Promise<unknown> {
  const client = new pg.Client(config);
  await client.connect();
  try {
    const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}

test.each([15, 18] as const)('a server of version %i runs, holds the canary database, and leaves nothing behind', async (version) => {
  const server = await startPostgres({ version, settings: { work_mem: '7MB' } });
  let data: string;
  try {
    expect(await one(server.config(), 'show server_version')).toMatch(new RegExp(`^${version}`));
    expect(await one(server.config(), 'show work_mem')).toBe('7MB');
    data = String(await one(server.config(), 'show data_directory'));
    const first = await createDatabase(server, readCanarySchema('postgres'));
    const second = await createDatabase(server, readCanarySchema('postgres'));
    await one(first.config, 'delete from app.cards');
    expect(await one(first.config, 'select count(*)::int from app.cards')).toBe(0);
    expect(await one(second.config, 'select count(*)::int from app.cards')).toBeGreaterThan(0);
    await second.drop();
    await expect(one(second.config, 'select 1')).rejects.toMatchObject({ code: '3D000' });
    expect(existsSync(data)).toBe(true);
  } finally {
    await server.stop();
  }
  expect(existsSync(data)).toBe(false);
  await expect(one(server.config(), 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('the corpus is read: cases have ids and steps, and a missing file is named', () => {
  for (const dialect of ['postgres', 'mysql'] as const) {
    expect(readAttacks(dialect).length).toBeGreaterThan(50);
    expect(readHonestWork(dialect).every((one) => one.steps.length > 0)).toBe(true);
    expect(readClassification(dialect)['app.customers']).toMatchObject({ email: 'pii.email' });
  }
  expect(readHonestWork('postgres').filter((one) => one.through === 'psql')).toHaveLength(1);
  expect(() => readCorpusFile('nothing.yaml')).toThrow(/shared\/corpus\/nothing\.yaml/);
});
