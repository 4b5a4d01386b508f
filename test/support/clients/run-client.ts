// Runs a script of statements through one of the real, unmodified clients that people and programs use.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMissing } from '../requirements.ts';
import { type ClientResult, ClientResults, type ClientScript, type Form } from './contract.ts';
import { runPsql } from './psql.ts';

export type ClientName = 'psql' | 'node-postgres' | 'postgres.js' | 'psycopg2' | 'psycopg3' | 'jdbc';

interface Client {
  readonly name: ClientName;
  readonly forms: readonly Form[];
  /** Its tests are to be skipped: it is not on this machine. */
  readonly missing: boolean;
}

export const CLIENTS: readonly Client[] = [
  { name: 'psql', forms: ['simple'], missing: isMissing('psql') },
  { name: 'node-postgres', forms: ['simple', 'extended', 'binary'], missing: false },
  { name: 'postgres.js', forms: ['simple', 'extended'], missing: false },
  { name: 'psycopg2', forms: ['simple'], missing: isMissing('psycopg2') },
  { name: 'psycopg3', forms: ['simple', 'extended', 'binary'], missing: isMissing('psycopg3') },
  { name: 'jdbc', forms: ['simple', 'extended', 'binary'], missing: isMissing('jdk', 'jdbc') },
];

const JDBC = '/usr/share/java/postgresql.jar';

const here = (file: string): string => join(import.meta.dirname, file);
const base64 = (...parts: readonly (string | number)[]): string =>
  parts.map((part) => Buffer.from(String(part)).toString('base64')).join(' ');

/** One result per statement, or a single one with phase `connect`. A script has one form: for some drivers it belongs to the connection. */
export async function runClient(name: ClientName, script: ClientScript): Promise<ClientResult[]> {
  const forms = CLIENTS.find((client) => client.name === name)?.forms ?? [];
  const odd = script.statements.find(({ form }) => !forms.includes(form));
  if (odd) throw new Error(`${name} has no ${odd.form} form`);
  if (new Set(script.statements.map(({ form }) => form)).size > 1) throw new Error('a script has one form for all its statements');
  const json = JSON.stringify(script);
  switch (name) {
    case 'psql':
      return runPsql(script);
    case 'node-postgres':
      return runProgram(process.execPath, [here('node-postgres.ts')], json);
    case 'postgres.js':
      return runProgram(process.execPath, [here('postgres-js.ts')], json);
    // Debian's Python by its path: another one may come first on PATH.
    case 'psycopg2':
      return runProgram('/usr/bin/python3', [here('psycopg2_client.py')], json);
    case 'psycopg3':
      return runProgram('/usr/bin/python3', [here('psycopg3_client.py')], json);
    case 'jdbc': {
      const { host, port, user, password, database, sslmode, statements } = script;
      const lines = [base64(host, port, user, password, database, sslmode), ...statements.map(({ form, sql }) => base64(form, sql))];
      const options = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', `${await jdbcClasses()}:${JDBC}`];
      return runProgram('java', [...options, 'JdbcClient'], `${lines.join('\n')}\n`);
    }
  }
}

/** Compiled once per run of the tests, as that takes longer than running it. */
async function jdbcClasses(): Promise<string> {
  const folder = join(process.env['GATEHOUSE_TEST_RUN'] ?? tmpdir(), 'jdbc');
  if (existsSync(join(folder, 'JdbcClient.class'))) return folder;
  const fresh = mkdtempSync(`${folder}-`);
  const child = spawn('javac', ['-d', fresh, '-cp', JDBC, here('JdbcClient.java')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done));
  if (code !== 0) throw new Error(`javac ended with ${code}: ${stderr.slice(-2000)}`);
  try {
    renameSync(fresh, folder);
  } catch (error) {
    // Another process of this run was first.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

async function runProgram(program: string, args: readonly string[], input: string): Promise<ClientResult[]> {
  // The caller's PG* variables are not part of the script.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')));
  const child = spawn(program, args, { env: { ...env, PYTHONIOENCODING: 'utf-8' } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined).end(input);
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done));
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${stderr.slice(-2000)}`);
  return ClientResults.parse(JSON.parse(stdout));
}
