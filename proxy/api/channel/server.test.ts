// The door of the app: who may open the channel, what a browser is told, what a window may send.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type WebSocket from 'ws';
import { type Method, PROTOCOL, REQUESTS } from '../../../contracts/ui.ts';
import { osUser } from '../../identity/person.ts';
import { startGatehouse, type TestGatehouse } from '../../../test/support/gatehouse.ts';
import { probe, tokenOf, UiClient } from '../testing/ui-client.ts';
import { listenApp } from './server.ts';

let gatehouse: TestGatehouse;
let port: number;

beforeAll(async () => {
  gatehouse = await startGatehouse();
  port = Number(new URL(gatehouse.appUrl).port);
});
afterAll(async () => {
  await gatehouse?.close();
});

const upgrade = (headers: Readonly<Record<string, string>>, path = '/api') =>
  probe(port, path, {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    host: `127.0.0.1:${port}`,
    origin: `http://127.0.0.1:${port}`,
    'sec-websocket-protocol': `${PROTOCOL}, token.${tokenOf(gatehouse.appUrl)}`,
    ...headers,
  });

describe('requests of other sites', () => {
  it.each([
    ['evil.example', undefined],
    ['localhost', undefined],
    ['127.0.0.1:1', undefined],
    ['127.0.0.1.nip.io:PORT', undefined],
    ['127.0.0.1:PORT@evil.example', undefined],
    ['127.0.0.1:PORT', 'http://evil.example'],
    ['127.0.0.1:PORT', 'null'],
    ['127.0.0.1:PORT', 'https://127.0.0.1:PORT'],
    ['127.0.0.1:PORT', 'http://localhost:PORT'],
    ['127.0.0.1:PORT', 'http://127.0.0.1:PORT.evil.example'],
  ])('Host %s, Origin %s is refused', async (host, origin) => {
    const own = (text: string): string => text.replace('PORT', String(port));
    const headers = { host: own(host), ...(origin === undefined ? {} : { origin: own(origin) }) };
    expect((await probe(port, '/', headers)).status).toBe(403);
    expect((await upgrade(headers)).status).toBe(403);
  });

  it('without a Host are refused by HTTP itself', async () => {
    expect((await probe(port, '/', {})).status).toBe(400);
  });

  it('a channel without an Origin is refused', async () => {
    const { origin: _, ...headers } = { origin: '', host: `127.0.0.1:${port}` };
    const answer = await probe(port, '/api', {
      ...headers,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': `${PROTOCOL}, token.${tokenOf(gatehouse.appUrl)}`,
    });
    expect(answer.status).toBe(403);
  });
});

describe('the one-time token', () => {
  it.each([
    ['no token', PROTOCOL, 400],
    ['no protocol', 'token.abc', 400],
    ['a wrong token', `${PROTOCOL}, token.${'a'.repeat(43)}`, 401],
    ['an empty token', `${PROTOCOL}, token.`, 401],
  ])('%s is refused', async (_, protocols, status) => {
    expect((await upgrade({ 'sec-websocket-protocol': protocols })).status).toBe(status);
  });

  it("an agent's and a person's token for the doors open nothing here", async () => {
    const agent = gatehouse.agent('copilot', 'sample');
    const person = gatehouse.person('sample');
    for (const { password } of [agent, person]) {
      expect((await upgrade({ 'sec-websocket-protocol': `${PROTOCOL}, token.${password}` })).status).toBe(401);
      expect(
        (await upgrade({ 'sec-websocket-protocol': PROTOCOL, authorization: `Bearer ${password}` }, `/api?token=${password}`)).status,
      ).not.toBe(101);
      expect(
        (await probe(port, `/export/x?key=${password}`, { host: `127.0.0.1:${port}`, authorization: `Bearer ${password}` })).status,
      ).toBe(404);
    }
  });

  it('opens one window, once; its secret brings that window back, once each', async () => {
    const window = await UiClient.open(gatehouse.appUrl);
    expect(window.socket.protocol).toBe(PROTOCOL);
    expect(await window.call('hello', {})).toMatchObject({ person: osUser(), agentsPaused: false, ledger: { state: 'ok' } });
    await expect(UiClient.open(gatehouse.appUrl)).rejects.toThrow('401');
    const { secret } = window;
    await window.close();
    const again = await UiClient.open(gatehouse.appUrl, secret);
    expect(again.secret).not.toBe(secret);
    await again.call('hello', {});
    await expect(UiClient.open(gatehouse.appUrl, secret)).rejects.toThrow('401');
    const third = await UiClient.open(gatehouse.appUrl, again.secret);
    await third.close();
  });
});

describe('what a window sends', () => {
  let window: UiClient;

  beforeAll(async () => {
    const { askControl } = await import('../control.ts');
    window = await UiClient.open(String(await askControl(gatehouse.home, { command: 'app' })));
  });
  afterAll(async () => {
    await window?.close();
  });

  it('that is no request is answered by a fault with its code', async () => {
    window.socket.send('{');
    window.socket.send('[]');
    window.socket.send('{"id":5,"method":"hello"}');
    window.socket.send('{"id":-3,"method":"hello","params":{}}');
    window.socket.send('{"id":1e9,"method":"hello","params":{},"more":1}');
    await window.until(() => window.stray.length >= 5);
    expect(window.stray).toMatchObject([
      { id: -1, error: { code: 'BAD_JSON' } },
      { id: -1, error: { code: 'BAD_REQUEST' } },
      { id: 5, error: { code: 'BAD_REQUEST' } },
      { id: -1, error: { code: 'BAD_REQUEST' } },
      { id: 1e9, error: { code: 'BAD_REQUEST' } },
    ]);
  });

  it.each(['nothing', '__proto__', 'constructor', 'toString', ''])('method `%s` does not exist', async (method) => {
    await expect(window.raw(method, {})).rejects.toMatchObject({ code: 'UNKNOWN_METHOD' });
  });

  it.each(Object.keys(REQUESTS) as Method[])('%s takes only its own parameters', async (method) => {
    for (const params of [null, [], 'x', 7, { unknown: 1 }, { connection: {}, name: 5, sql: [], run: null, tab: 1 }]) {
      await expect(window.raw(method, params)).rejects.toMatchObject({ code: 'BAD_PARAMS' });
    }
  });

  it('names no values of parameters in its faults', async () => {
    await expect(window.raw('connections.add', { name: 'x', url: 5, environment: 'secret-value' })).rejects.not.toThrow(/secret-value/);
  });

  it('is refused for connections, runs, agents and records that do not exist', async () => {
    const wrong: readonly (readonly [Method, unknown, string])[] = [
      ['connections.remove', { name: 'nope' }, 'NO_CONNECTION'],
      ['connections.test', { name: 'nope' }, 'NO_CONNECTION'],
      ['connections.add', { name: '../x', url: 'postgres://u@h/d', environment: 'staging' }, 'CONNECTION_NAME'],
      ['connections.add', { name: 'ok', url: 'mysql://u@h/d', environment: 'staging' }, 'CONNECTION_URL'],
      ['schema.tree', { connection: 'nope' }, 'NO_CONNECTION'],
      ['schema.columns', { connection: 'nope', schema: 'a', relation: 'b' }, 'NO_CONNECTION'],
      ['schema.refresh', { connection: '__proto__' }, 'NO_CONNECTION'],
      ['editor.complete', { connection: 'nope', sql: '', offset: 0 }, 'NO_CONNECTION'],
      ['editor.check', { connection: 'nope', sql: 'select 1' }, 'NO_CONNECTION'],
      ['run.start', { tab: 't', connection: 'nope', sql: 'select 1' }, 'NO_CONNECTION'],
      ['run.cancel', { run: 'x' }, 'NO_RUN'],
      ['run.rows', { run: 'x', result: 0, from: 0, count: 1 }, 'NO_RUN'],
      ['run.copy', { run: 'x', result: 0, from: 0, count: 1, columns: [], format: 'tsv', headers: true }, 'NO_RUN'],
      ['run.export', { run: 'x', result: 0, format: 'csv' }, 'NO_RUN'],
      ['agents.add', { name: 'a', connections: ['nope'] }, 'NO_CONNECTION'],
      ['agents.pause', { name: osUser() }, 'NO_AGENT'],
      ['agents.resume', { name: 'nope' }, 'NO_AGENT'],
      ['agents.revoke', { name: 'nope' }, 'NO_AGENT'],
      ['audit.record', { seq: 999_999 }, 'NO_RECORD'],
      ['policy.try', { connection: 'nope', as: 'nobody', sql: 'select 1' }, 'NO_CONNECTION'],
    ];
    for (const [method, params, code] of wrong) await expect(window.raw(method, params), method).rejects.toMatchObject({ code });
  });

  it('is limited: too many requests at once are refused one by one, the others are answered', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 400 }, () => window.raw('audit.search', { limit: 1 })));
    const refused = asked.filter((one) => one.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(400);
    for (const one of refused) expect(one.reason).toMatchObject({ code: 'TOO_MANY' });
    expect(await window.call('hello', {})).toMatchObject({ person: osUser() });
  });

  it('may not be binary, nor larger than the limit', async () => {
    const closed = async (send: (socket: WebSocket) => void): Promise<number> => {
      const { askControl } = await import('../control.ts');
      const other = await UiClient.open(String(await askControl(gatehouse.home, { command: 'app' })));
      const code = new Promise<number>((resolve) => other.socket.once('close', resolve));
      other.socket.on('error', () => undefined);
      send(other.socket);
      return code;
    };
    expect(await closed((socket) => socket.send(Buffer.from('{}')))).toBe(1003);
    expect(await closed((socket) => socket.send('x'.repeat(65 * 1024 * 1024)))).toBe(1009);
  });
});

describe('the pages', () => {
  it('carry the security headers, and say what to do when the window was not built', async () => {
    const root = mkdtempSync(join(tmpdir(), 'gatehouse-renderer-'));
    const outside = mkdtempSync(join(tmpdir(), 'gatehouse-outside-'));
    writeFileSync(join(outside, 'secret.html'), 'secret');
    const app = await listenApp({
      host: '127.0.0.1',
      port: 0,
      renderer: root,
      now: Date.now,
      log: () => undefined,
      received: async () => undefined,
      closed: () => undefined,
      exported: () => false,
    });
    try {
      const get = (path: string, method = 'GET') => probe(app.port, path, { host: `127.0.0.1:${app.port}` }, method);
      const empty = await get('/');
      expect(empty.body).toContain('npm run build');
      const policy = String(empty.headers['content-security-policy']);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe-eval|https?:/);
      expect(empty.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
      });

      mkdirSync(join(root, 'assets'));
      writeFileSync(join(root, 'index.html'), '<p>built');
      writeFileSync(join(root, 'assets', 'main-1.js'), 'let x');
      writeFileSync(join(root, '.env.json'), 'hidden');
      symlinkSync(join(outside, 'secret.html'), join(root, 'link.html'));
      symlinkSync(outside, join(root, 'linked'));
      expect((await get('/')).body).toBe('<p>built');
      expect(await get('/assets/main-1.js')).toMatchObject({
        status: 200,
        body: 'let x',
        headers: { 'content-type': 'text/javascript; charset=utf-8' },
      });
      expect(await get('/assets/main-1.js', 'HEAD')).toMatchObject({ status: 200, body: '' });
      const name = outside.split('/').at(-1) ?? '';
      for (const path of [
        '/nothing.js',
        `/../${name}/secret.html`,
        `/%2e%2e/${name}/secret.html`,
        `/assets/..%2f..%2f${name}/secret.html`,
        `/..\\${name}\\secret.html`,
        '/link.html',
        '/linked/secret.html',
        '/.env.json',
        '/assets',
        '/assets/',
        '//index.html',
        '/index.html%00.js',
        '/export/x?key=y',
      ]) {
        expect((await get(path)).status, path).toBe(404);
      }
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) expect((await get('/', method)).status).toBe(405);
    } finally {
      await app.close();
      rmSync(root, { recursive: true });
      rmSync(outside, { recursive: true });
    }
  });
});
