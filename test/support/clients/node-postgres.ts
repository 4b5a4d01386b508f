// Test client: node-postgres (`pg`).

import pg from 'pg';
import type { ClientResult, Form } from './contract.ts';
import { failure, printResults, readScript } from './script-input.ts';

function parserOf(oid: number, format: 'text' | 'binary'): (value: string) => unknown {
  if (format === 'text') return (text) => text;
  const parse = pg.types.getTypeParser(oid, 'binary') as (value: Buffer) => unknown;
  // For rows as arrays, pg hands binary values over as strings.
  return (value) => parse(Buffer.from(value));
}

// The types that these tests select are text, numbers and booleans: they print as what they are.
const print = (value: unknown): string | null => (value === null ? null : `${value as string | number | boolean}`);

const script = readScript();
const client = new pg.Client({
  ...script,
  ssl: script.sslmode === 'require' ? { rejectUnauthorized: false } : false,
  // Text stays as the server wrote it; binary is decoded by the driver.
  types: { getTypeParser: ((oid: number, format: 'text' | 'binary') => parserOf(oid, format)) as typeof pg.types.getTypeParser },
});
client.on('error', () => undefined);

async function run(sql: string, form: Form): Promise<ClientResult> {
  // `queryMode: 'extended'` is what parameters would cause; pg's types do not know it yet.
  const config = {
    text: sql,
    rowMode: 'array' as const,
    ...(form === 'simple' ? {} : { queryMode: 'extended', binary: form === 'binary' }),
  };
  const answer = (await client.query<unknown[]>(config)) as pg.QueryArrayResult<unknown[]> | pg.QueryArrayResult<unknown[]>[];
  const last = Array.isArray(answer) ? answer.at(-1) : answer;
  return {
    ok: true,
    columns: last?.fields.map(({ name }) => name) ?? [],
    rows: last?.rows.map((row) => row.map(print)) ?? [],
  };
}

const results: ClientResult[] = [];
try {
  await client.connect();
  for (const { sql, form } of script.statements) results.push(await run(sql, form).catch((error: unknown) => failure(error, 'statement')));
} catch (error) {
  results.push(failure(error, 'connect'));
}
await client.end().catch(() => undefined);
printResults(results);
