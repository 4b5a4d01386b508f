// Test client: psql, fed through its standard input. It has the simple protocol only (\bind came with version 16).

import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import type { ClientResult, ClientScript } from './contract.ts';

const FIELD = '\u001f';
const RECORD = '\u001e';
const COPY_OUT = /^\s*copy\b.*\bto stdout/isu;
const NULL = '\u0001null\u0001';

/** Also takes psql's own commands (`\d app.orders`): their output comes back as one column without a name. */
export async function runPsql(script: ClientScript): Promise<ClientResult[]> {
  const mark = randomBytes(8).toString('hex');
  const lines = [
    '\\set VERBOSITY verbose',
    '\\set SHOW_CONTEXT never',
    `\\pset format unaligned`,
    `\\pset fieldsep '${FIELD}'`,
    `\\pset recordsep '${RECORD}'`,
    `\\pset null '${NULL}'`,
    '\\pset footer off',
    ...script.statements.flatMap(({ sql }) => [
      `\\echo ${mark}`,
      `\\warn ${mark}`,
      // Line breaks in front of what ends a statement: a comment at its end must not swallow it.
      sql.startsWith('\\') ? sql : `${sql}\n;`,
      '\\echo ',
    ]),
  ];
  const { stdout, stderr, code } = await run(script, lines.join('\n'));
  // psql ends with 2 when it has no connection.
  if (code === 2 && !stdout.includes(mark)) return [readError(stderr, 'connect')];
  const outputs = stdout.split(`${mark}\n`).slice(1);
  const errors = stderr.split(`${mark}\n`).slice(1);
  return script.statements.map((statement, index) => {
    const error = errors[index] ?? 'ERROR:  08006: the connection was lost before this statement';
    if (/^(?:psql:.*?)?(?:ERROR|FATAL): /mu.test(error) || outputs[index] === undefined) return readError(error, 'statement');
    if (COPY_OUT.test(statement.sql))
      return {
        ok: true,
        columns: [],
        rows: outputs[index]
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => line.split('\t')),
      };
    return statement.sql.startsWith('\\') ? { ok: true, columns: [''], rows: [[outputs[index]]] } : readRows(outputs[index]);
  });
}

function readRows(output: string): ClientResult {
  const records = output.replace(/\n*$/u, '').split(RECORD);
  const [header = '', ...rows] = records.at(-1) === '' ? records.slice(0, -1) : records;
  // A command without rows prints its tag, or nothing.
  if (rows.length === 0 && (header === '' || /^[A-Z ]+( \d+)*$/u.test(header))) return { ok: true, columns: [], rows: [] };
  return {
    ok: true,
    columns: header.split(FIELD),
    rows: rows.map((row) => row.split(FIELD).map((value) => (value === NULL ? null : value))),
  };
}

function readError(text: string, phase: 'connect' | 'statement'): ClientResult {
  const field = (name: string): string | null =>
    new RegExp(`^${name}:  (.*(?:\\n(?![A-Z]+[A-Z0-9 ]*:).*)*)`, 'mu').exec(text)?.[1]?.trim() ?? null;
  const [, sqlstate = null, message = text.trim()] =
    /(?:ERROR|FATAL|PANIC):  (?:([0-9A-Z]{5}): )?(.*(?:\n(?![A-Z]+[A-Z0-9 ]*:).*)*)/u.exec(text) ?? [];
  return { ok: false, phase, sqlstate, message: message.trim(), detail: field('DETAIL'), hint: field('HINT') };
}

async function run({ host, port, user, password, database, sslmode }: ClientScript, input: string) {
  const child = spawn('psql', ['-X', '-q', '-d', `host=${host} port=${port} user=${user} dbname=${database} sslmode=${sslmode}`], {
    env: { ...process.env, PGPASSWORD: password, LC_ALL: 'C.UTF-8', PGCLIENTENCODING: 'UTF8', PSQL_HISTORY: '/dev/null' },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined).end(`${input}\n`);
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done));
  return { stdout, stderr, code };
}
