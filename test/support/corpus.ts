// Reads the corpus of attacks and honest statements that lies beside the repository (`../shared/corpus`).

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { generateSql } from './corpus-generator.ts';

export type CorpusDialect = 'postgres' | 'mysql';

const Case = z
  .strictObject({
    id: z.string(),
    sql: z.string().optional(),
    steps: z.array(z.string()).min(1).optional(),
    /** Meta-commands of psql: only psql can run them. */
    psql: z.array(z.string()).min(1).optional(),
    /** A statement too long or too odd to write down; see corpus-generator.ts. */
    sql_generator: z.string().optional(),
    verdict: z.enum(['allow', 'hold', 'deny']).optional(),
    /** The database must be as before. */
    unchanged: z.boolean().optional(),
    note: z.string().optional(),
    /** Why an honest statement's rows may differ from a direct connection's. */
    differs: z.string().optional(),
  })
  .refine(
    (one) => [one.sql, one.steps, one.psql, one.sql_generator].filter((given) => given !== undefined).length === 1,
    'a case has one of `sql`, `steps`, `psql` and `sql_generator`',
  );

export interface CorpusCase {
  readonly id: string;
  /** Run in order in one session. A case with `sql` has one step. */
  readonly steps: readonly string[];
  /** The steps are psql's own commands (`\\d app.orders`), to be given to psql; no driver can run them. */
  readonly through?: 'psql';
  readonly verdict?: 'allow' | 'hold' | 'deny';
  readonly unchanged?: true;
  readonly note?: string;
  readonly differs?: string;
}

export const readAttacks = (dialect: CorpusDialect): CorpusCase[] => readCases(`attacks.${dialect}.yaml`);

export const readHonestWork = (dialect: CorpusDialect): CorpusCase[] => readCases(`work.${dialect}.yaml`);

/** The canary database: SQL text for createDatabase(). */
export const readCanarySchema = (dialect: CorpusDialect): string => readCorpusFile(`schema.${dialect}.sql`);

/** Tags by `schema.table`, then by column: `{ 'app.customers': { email: 'pii.email' } }`. */
export const readClassification = (dialect: CorpusDialect): Readonly<Record<string, Readonly<Record<string, string>>>> =>
  z.record(z.string(), z.record(z.string(), z.string())).parse(parse(readCorpusFile(`classification.${dialect}.yaml`)));

/** Any file of the corpus, by name. Fails clearly where the corpus is missing: a security test that reads nothing must not pass. */
export function readCorpusFile(name: string): string {
  const path = fileURLToPath(new URL(`../../../shared/corpus/${name}`, import.meta.url));
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error(`the test corpus is missing: expected \`shared/corpus/${name}\` beside the repository's folder`, { cause });
  }
}

function readCases(name: string): CorpusCase[] {
  const cases = z
    .array(Case)
    .min(1)
    .parse(parse(readCorpusFile(name)));
  const ids = new Set<string>();
  for (const { id } of cases) {
    if (ids.has(id)) throw new Error(`${name}: the id \`${id}\` appears twice`);
    ids.add(id);
  }
  return cases.map(({ id, sql, steps, psql, sql_generator: generator, verdict, unchanged, note, differs }) => ({
    id,
    steps: steps ?? psql ?? [sql ?? generateSql(generator ?? '')],
    ...(psql === undefined ? {} : { through: 'psql' as const }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(unchanged ? { unchanged: true as const } : {}),
    ...(note === undefined ? {} : { note }),
    ...(differs === undefined ? {} : { differs }),
  }));
}
