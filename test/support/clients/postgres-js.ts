// Test client: postgres.js (`postgres`). It has no binary results.

import postgres from 'postgres';
import type { ClientResult, Form } from './contract.ts';
import { failure, printResults, readScript } from './script-input.ts';

const { host, port, user, password, database, sslmode, statements } = readScript();
const sql = postgres({
  host,
  port,
  user,
  password,
  database,
  ssl: sslmode === 'require' ? 'require' : sslmode === 'prefer' ? 'prefer' : false,
  max: 1,
  fetch_types: false,
  onnotice: () => undefined,
});

async function run(text: string, form: Form): Promise<ClientResult> {
  // postgres.js's types leave out the `simple` that its unsafe() reads.
  const options: postgres.UnsafeQueryOptions & { simple: boolean } = { prepare: false, simple: form === 'simple' };
  const answer: unknown = await sql.unsafe(text, [], options).raw();
  // Several statements give a list of lists of rows, one statement a list of rows; only the latter has columns.
  const one = (answer as { columns?: unknown }).columns === undefined && Array.isArray(answer) ? (answer.at(-1) as unknown) : answer;
  const rows = one as (Buffer | null)[][] & { columns?: { name: string }[] };
  return {
    ok: true,
    columns: rows?.columns?.map(({ name }) => name) ?? [],
    rows: Array.from(rows ?? [], (row) => row.map((value) => (value === null ? null : value.toString('utf8')))),
  };
}

// It connects with the first statement: an error that ended the session before anything ran was met in connecting.
function phaseOf(error: unknown): 'connect' | 'statement' {
  const { severity, code = '' } = error as { severity?: string; code?: string };
  return results.length === 0 && (severity === 'FATAL' || code.length !== 5) ? 'connect' : 'statement';
}

const results: ClientResult[] = [];
for (const { sql: text, form } of statements) {
  const result = await run(text, form).catch((error: unknown) => failure(error, phaseOf(error)));
  results.push(result);
  if (!result.ok && result.phase === 'connect') break;
}
await sql.end({ timeout: 1 });
printResults(results);
