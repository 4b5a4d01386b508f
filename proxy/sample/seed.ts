// The sample's contents as SQL: deterministic, the same rows on every machine. Runs on PostgreSQL 15 and later.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { GatehouseError } from '../errors.ts';

const SEED_FOLDER = join(import.meta.dirname, 'seed');

// One core, one order: rows are numbered by explicit sorts, and no plan depends on the machine. Nothing here needs JIT's second.
const SETTINGS = "set timezone = 'UTC'; set max_parallel_workers_per_gather = 0; set jit = off; set client_min_messages = warning;\n";

export interface Seed {
  readonly sql: string;
  /** Changes whenever the contents change: a sample with another version is made anew. */
  readonly version: string;
}

export function readSeed(): Seed {
  const files = readdirSync(SEED_FOLDER).filter((name) => name.endsWith('.sql'));
  const sql =
    SETTINGS +
    files
      .sort()
      .map((name) => readFileSync(join(SEED_FOLDER, name), 'utf8'))
      .join('\n');
  return { sql, version: createHash('sha256').update(sql).digest('hex') };
}

/** Fills an empty database, in one transaction. Fails with SAMPLE_SEED. */
export async function plantSeed(seed: Seed, login: pg.ClientConfig): Promise<void> {
  const client = new pg.Client({ ...login, ssl: false });
  // A connection that breaks also fails the query in flight, which is where it is reported.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`begin;\n${seed.sql}\ncommit;`);
    await client.query('vacuum analyze');
  } catch (cause) {
    throw new GatehouseError('SAMPLE_SEED', 'the sample database could not be filled', { cause });
  } finally {
    await client.end().catch(() => undefined);
  }
}
