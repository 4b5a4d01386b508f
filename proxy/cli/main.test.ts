// Runs the real command in processes of its own.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase, startPostgres, type TestDatabase, type TestPostgres } from '../../test/support/postgres-server.ts';
import type { IdentityEvent } from '../identity/outbox.ts';
import { Principals } from '../identity/principals.ts';
import { writeRunFile } from '../store/run-file.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const ME = userInfo().username;

const containing = (text: string): unknown => expect.stringContaining(text);
const notContaining = (text: string): unknown => expect.not.stringContaining(text);

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
let home: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-'));
  home = join(folder, 'profile');
});
afterEach(() => rmSync(folder, { recursive: true }));

function gatehouse(args: readonly string[], options: { keyFile?: boolean; input?: string } = {}): Promise<Result> {
  const { DBUS_SESSION_BUS_ADDRESS: _, ...env } = process.env; // no keychain of the person who runs the tests
  if (options.keyFile === true) env['GATEHOUSE_KEY_FILE'] = join(folder, 'key');
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], { env }, (error, stdout, stderr) => {
      // Without an exit code (a signal, no such program) it is -1, which no test expects.
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr });
    });
    child.stdin?.end(options.input ?? '');
  });
}
const inProfile = (args: readonly string[], options: { keyFile?: boolean; input?: string } = {}) =>
  gatehouse(['--home', home, ...args], options);
const json = ({ code, stdout, stderr }: Result) => {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
};

async function events(): Promise<IdentityEvent[]> {
  using principals = Principals.open(home);
  const found: IdentityEvent[] = [];
  await principals.drainOutbox(async (event) => void found.push(event));
  return found;
}

function secretsInFiles(secret: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && readFileSync(join(file.parentPath, file.name)).includes(secret))
    .map((file) => file.name);
}

describe('the command line', () => {
  it.each([
    [[], 'a command is missing'],
    [['nonsense'], 'unknown command `nonsense`'],
    [['constructor'], 'unknown command'],
    [['me', '--nonsense'], '--nonsense'],
    [['me', 'more'], 'too many arguments'],
    [['agent'], 'which one'],
    [['agent', 'nonsense'], 'known are add, list'],
    [['agent', 'add', '--connections', 'sample'], 'NAME is missing'],
    [['agent', 'add', 'bot'], '--connections is missing'],
    [['agent', 'add', 'bot', '--connections', 'sample', '--expires', 'soon'], '--expires takes'],
    [['agent', 'pause', 'bot', '--all'], 'too many arguments'],
    [['connection', 'add', 'Bad Name', 'postgres://h/d'], 'a connection name'],
    [['connection', 'add', 'x', 'postgres://h/d', '--environment', 'prod'], 'unknown environment'],
    [['check', '--connection', 'sample', 'select 1'], '--as is missing'],
    [['serve', '--home'], '--home needs a value'],
  ])('%j is a usage error: exit code 2', async (args, says) => {
    const { code, stdout, stderr } = await inProfile(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(says);
    expect(stderr).toContain('usage');
  });

  it('explains itself on stdout when asked', async () => {
    expect(await gatehouse(['--help'])).toMatchObject({ code: 0, stdout: containing('serve [--sample]'), stderr: '' });
    expect((await gatehouse(['agent', '--help'])).stdout).not.toContain('serve');
  });

  it.each(['holds', 'mcp', 'classify'])('%s says that it is not available yet: exit code 1', async (command) => {
    expect(await inProfile([command])).toMatchObject({ code: 1, stderr: containing('not available yet') });
  });

  it('takes --home before and after the command', async () => {
    await inProfile(['agent', 'add', 'bot', '--connections', 'sample']);
    for (const args of [
      ['--home', home, 'agent', 'list', '--json'],
      ['agent', 'list', '--json', `--home=${home}`],
      ['agent', '--home', home, 'list', '--json'],
    ]) {
      expect(json(await gatehouse(args))).toMatchObject([{ name: 'bot', status: 'active', owner: ME, connections: ['sample'] }]);
    }
  });

  it('refuses unknown settings by name', async () => {
    await inProfile(['me']);
    writeFileSync(join(home, 'gatehouse.json'), '{"listen":{"postgress":1}}');
    expect(await inProfile(['me'])).toMatchObject({ code: 1, stderr: containing('`listen.postgress`') });
  });
});

describe('agents', () => {
  it('are added with a token that works and is kept nowhere, for the ports of the running proxy', async () => {
    await inProfile(['me']);
    writeFileSync(join(home, 'gatehouse.json'), '{"listen":{"mysql":7}}');
    writeRunFile(home, { ready: true, postgres: { host: '127.0.0.1', port: 4711 }, mcp: { url: 'http://127.0.0.1:4712/mcp' } });
    const added = json(await inProfile(['agent', 'add', 'bot', '--connections', 'sample', '--expires', '30d', '--json']));
    const token = String(added['token']);
    const credentials = { user: 'bot', password: token, database: 'sample' };
    expect(added).toEqual({
      name: 'bot',
      token,
      postgres: { host: '127.0.0.1', port: 4711, ...credentials },
      mysql: { host: '127.0.0.1', port: 7, ...credentials },
      mcp: { url: 'http://127.0.0.1:4712/mcp', headers: { Authorization: `Bearer ${token}` } },
    });
    using principals = Principals.open(home);
    expect(principals.byToken(token)).toMatchObject({ name: 'bot', owner: ME });
    const days = ((principals.get('bot')?.expiresAt ?? 0) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(29.9);
    expect(days).toBeLessThanOrEqual(30);
    expect(secretsInFiles(token)).toEqual([]);
  });

  it('are paused, resumed and revoked, and each change leaves an event for the ledger', async () => {
    await inProfile(['agent', 'add', 'bot', '--connections', 'sample']);
    const status = async () => (json(await inProfile(['agent', 'list', '--json'])) as unknown as { status: string }[])[0]?.status;
    const seen = [];
    for (const args of [
      ['pause', 'bot'],
      ['resume', 'bot'],
      ['pause', '--all'],
      ['resume', '--all'],
      ['revoke', 'bot'],
    ]) {
      expect((await inProfile(['agent', ...args])).code).toBe(0);
      seen.push(await status());
    }
    expect(seen).toEqual(['paused', 'active', 'paused', 'active', 'revoked']);
    expect(await inProfile(['agent', 'revoke', 'bot'])).toMatchObject({ code: 1, stderr: containing('revoked already') });
    expect(await inProfile(['agent', 'resume', 'bot'])).toMatchObject({ code: 1, stderr: containing('can not come back') });
    expect(await inProfile(['agent', 'pause', ME])).toMatchObject({ code: 1, stderr: containing('no agent') });
    expect((await events()).map(({ code, facts }) => [code, facts['agent'], facts['change']])).toEqual([
      ['GH-I-AGENT-ADD', 'bot', undefined],
      ['GH-I-AGENT-PAUSE', 'bot', 'pause'],
      ['GH-I-AGENT-PAUSE', 'bot', 'resume'],
      ['GH-I-AGENT-PAUSE', '*', 'pause'],
      ['GH-I-AGENT-PAUSE', '*', 'resume'],
      ['GH-I-AGENT-REVOKE', 'bot', 'revoke'],
    ]);
  });

  it('can not be given a connection that does not exist', async () => {
    expect(await inProfile(['agent', 'add', 'bot', '--connections', 'sample,nothing'])).toMatchObject({
      code: 1,
      stderr: containing('no connection `nothing`'),
    });
  });
});

describe('me', () => {
  it('gives a working token, the same again where it can be kept, and shows none without --json', async () => {
    const first = json(await inProfile(['me', '--json'], { keyFile: true }));
    const second = json(await inProfile(['me', '--json'], { keyFile: true }));
    const token = String(first['token']);
    expect(second['token']).toBe(token);
    expect(secretsInFiles(token)).toEqual([]);
    expect((await inProfile(['me'], { keyFile: true })).stdout).not.toContain('ghp_');
    using principals = Principals.open(home);
    expect(principals.byToken(token)?.name).toBe(ME);
    // Without the key file what it sealed stays closed, and says why.
    expect(await inProfile(['me', '--json'])).toMatchObject({ code: 1, stderr: containing('key file') });
  });
});

describe('connections', () => {
  let server: TestPostgres;
  let database: TestDatabase;
  beforeAll(async () => {
    server = await startPostgres({ version: 18 });
    database = await createDatabase(server, `create role app login password '${PASSWORD}'`);
  });
  afterAll(() => server.stop());

  const PASSWORD = 'planted-s3cret:/@%';
  const url = (password?: string) => {
    const { host, port, database: name } = database.config;
    return `postgres://app${password === undefined ? '' : `:${encodeURIComponent(password)}`}@${host}:${port}/${name}`;
  };

  it('are added, tested against a real server, listed and removed; the password is nowhere in clear', async () => {
    const added = json(
      await inProfile(['connection', 'add', 'shop', url(PASSWORD), '--environment', 'staging', '--json'], { keyFile: true }),
    );
    expect(added).toMatchObject({ name: 'shop', engine: 'postgres', host: database.config.host, environment: 'staging', tls: 'prefer' });
    expect(JSON.stringify(added)).not.toContain('planted');
    expect(json(await inProfile(['connection', 'test', 'shop', '--json'], { keyFile: true }))).toMatchObject({
      name: 'shop',
      ok: true,
      version: containing('18'),
      user: 'app',
    });
    expect((await inProfile(['connection', 'list'], { keyFile: true })).stdout).toMatch(/^NAME .*\nshop {2}staging/);
    expect(secretsInFiles('planted-s3cret')).toEqual([]);
    expect(json(await inProfile(['connection', 'remove', 'shop', '--json'], { keyFile: true }))).toEqual({
      name: 'shop',
      status: 'removed',
    });
    expect(json(await inProfile(['connection', 'list', '--json'], { keyFile: true }))).toEqual([]);
    const facts = (await events()).map((event) => [event.code, event.facts['change']]);
    expect(facts).toEqual([
      ['GH-X-CONFIG', 'add'],
      ['GH-X-CONFIG', 'remove'],
    ]);
  });

  it('take the password from stdin, and production is what nobody said', async () => {
    const args = ['connection', 'add', 'shop', url(), '--password-stdin', '--json'];
    expect(json(await inProfile(args, { keyFile: true, input: `${PASSWORD}\n` }))).toMatchObject({ environment: 'production' });
    expect(json(await inProfile(['connection', 'test', 'shop', '--json'], { keyFile: true }))).toMatchObject({ ok: true });
    expect(secretsInFiles('planted-s3cret')).toEqual([]);
  });

  it('say where the password is kept when there is neither keychain nor key file, and keep it out of files in clear', async () => {
    const added = await inProfile(['connection', 'add', 'unkept', url(PASSWORD)]);
    expect(added).toMatchObject({ code: 0, stderr: containing('--key-file') });
    expect(secretsInFiles(PASSWORD)).toEqual([]);
    expect((await inProfile(['connection', 'test', 'unkept'])).code).toBe(0);
    expect((await inProfile(['connection', 'remove', 'unkept'])).code).toBe(0);
  });

  it('that do not answer fail their test with exit code 1, and the message holds no password', async () => {
    await inProfile(['connection', 'add', 'wrong', url('planted-wrong')], { keyFile: true });
    expect(await inProfile(['connection', 'test', 'wrong'], { keyFile: true })).toMatchObject({
      code: 1,
      stderr: notContaining('planted'),
    });
    await inProfile(['connection', 'add', 'gone', 'postgres://u:planted-s3cret@127.0.0.1:1/d'], { keyFile: true });
    const { code, stdout, stderr } = await inProfile(['connection', 'test', 'gone'], { keyFile: true });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^gone: ./);
    expect(stderr).not.toContain('planted');
    expect(await inProfile(['connection', 'test', 'nothing'])).toMatchObject({ code: 1 });
  });
});
