// Clients and servers that misbehave or vanish, and very large messages: a clear end, no crash, no leak.
import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { error, m, types } from './testing/raw-client.ts';
import { TOKEN, eventually, startRig } from './testing/rig.ts';
import type { Rig } from './testing/rig.ts';
import { cstring, int32, message, readyForQuery } from './messages.ts';
import { listenPostgres } from './server.ts';
import { makeCertificate } from '../tls-certificate.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ limits: { handshakeTimeoutMs: 3_000 } });
});
afterAll(() => rig.stop());
beforeEach(() => rig.reset());
afterEach(async () => {
  await eventually(
    'nothing is left',
    async () => rig.gate.running === 0 && rig.door.sessions === 0 && (await rig.upstreamSessions()) === 0,
  );
  await eventually('every session was closed', () => rig.gate.opened === rig.gate.closed);
  if (rig.log.some((line) => line.startsWith('session-fault'))) throw new Error(rig.log.join('\n'));
});

function plain(): Socket {
  const socket = createConnection(rig.door.port, '127.0.0.1');
  socket.on('error', () => undefined);
  return socket;
}

function all(socket: NodeJS.ReadableStream): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks)));
  });
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const GSSENC_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 48]);

function startup(parameters: Record<string, string>, version = 196608): Buffer {
  const body = Buffer.from(`${Object.entries(parameters).flat().join('\0')}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + body.length, 0);
  head.writeInt32BE(version, 4);
  return Buffer.concat([head, body]);
}

test('plaintext glued behind an SSLRequest is refused', async () => {
  const socket = plain();
  socket.write(Buffer.concat([SSL_REQUEST, startup({ user: 'tester' })]));
  const answer = (await all(socket)).toString();
  expect(answer).toContain('08P01');
  expect(answer).not.toContain('SCRAM');
});

test('GSSAPI encryption is declined and the connection goes on', async () => {
  const socket = plain();
  socket.write(Buffer.concat([GSSENC_REQUEST, startup({ user: 'tester', database: 'shop' })]));
  const answer = await all(socket);
  expect(answer.toString('latin1', 0, 2)).toBe('NR');
  expect(answer.toString()).toContain('SCRAM-SHA-256\0\0');
});

test('direct TLS needs the ALPN name of the protocol', async () => {
  const open = (alpn: string[]): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectTls({ port: rig.door.port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: alpn }, () =>
        socket.write(startup({ user: 'tester', database: 'shop' })),
      );
      socket.on('error', (fault: NodeJS.ErrnoException) => resolve(fault.code ?? 'error'));
      socket.once('data', (data: Buffer) => {
        resolve(data.toString());
        socket.destroy();
      });
    });
  expect(await open(['postgresql'])).toContain('SCRAM-SHA-256');
  expect(await open(['h2'])).toMatch(/ALPN|NO_APPLICATION_PROTOCOL/);
  expect(await open([])).toContain('ALPN');
});

test('a newer minor version and unknown options are negotiated down; other versions and replication are refused', async () => {
  const ask = async (packet: Buffer): Promise<Buffer> => {
    const socket = plain();
    socket.write(packet);
    return all(socket);
  };
  const negotiated = await ask(startup({ user: 'tester', '_pq_.tea': 'yes' }, 3 * 65536 + 9999));
  expect(negotiated[0]).toBe(0x76);
  expect(negotiated.readInt32BE(5)).toBe(196610);
  expect(negotiated.toString()).toContain('_pq_.tea');
  expect((await ask(startup({ user: 'tester' }, 131072))).toString()).toContain('unsupported frontend protocol 2.0');
  expect((await ask(startup({ user: 'tester', replication: 'database' }))).toString()).toContain(
    'replication connections are not supported',
  );
  expect((await ask(startup({ database: 'shop' }))).toString()).toContain('28000');
  expect((await ask(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toString()).toContain('invalid length of startup packet');
});

test('a handshake that takes too long is ended', async () => {
  const socket = plain();
  socket.write(startup({ user: 'tester', database: 'shop' }).subarray(0, 12));
  await all(socket);
  expect(rig.gate.opened).toBe(rig.gate.closed);
});

test('authentication messages that are none are refused, and a large one is not gathered', async () => {
  for (const garbage of [
    m.query('select 1'),
    Buffer.from([0x70, 0x7f, 0xff, 0xff, 0xff]),
    Buffer.concat([Buffer.from([0x70, 0, 0, 0, 9]), Buffer.from('MD5\0x')]),
  ]) {
    const socket = plain();
    socket.write(startup({ user: 'tester', database: 'shop' }));
    socket.once('data', () => socket.write(garbage));
    expect((await all(socket)).toString()).toContain('08P01');
  }
});

test.each([0, 1, 2, 3, 0x40000000, 0xffffffff])('a frame of length %s ends the session with a protocol error', async (length) => {
  const raw = await rig.raw();
  const frame = Buffer.from([0x51, 0, 0, 0, 0]);
  frame.writeUInt32BE(length, 1);
  raw.send(m.query('select 1'), frame);
  const frames = await raw.ended();
  expect(error(frames)).toMatchObject({ S: 'FATAL', C: '08P01' });
});

test('malformed messages are errors, and broken framing ends the session; the door goes on', async () => {
  const pieces = [
    m.parse('s', 'select 1'),
    m.bind('', 's'),
    m.describe('P', ''),
    m.execute(''),
    m.close('S', 's'),
    m.sync,
    m.query('select 2'),
  ];
  const whole = Buffer.concat(pieces);
  for (let at = 0; at < whole.length; at += 1) {
    const broken = Buffer.from(whole);
    broken[at] = (broken[at] ?? 0) ^ 0x55;
    const raw = await rig.raw();
    raw.send(broken, m.sync);
    raw.stream.end();
    await raw.ended();
    raw.destroy();
  }
  const raw = await rig.raw();
  raw.send(whole);
  expect(types(await raw.until(2))).toBe('12TDC3ZTDCZ');
  raw.destroy();
}, 60_000);

test('messages cut at every offset mean the same', async () => {
  const raw = await rig.raw();
  const whole = Buffer.concat([
    m.parse('', 'select $1::text'),
    m.bind('', '', ['x']),
    m.describe('P', ''),
    m.execute(''),
    m.sync,
    m.query('select 2'),
  ]);
  for (let at = 1; at < whole.length; at++) {
    raw.send(whole.subarray(0, at));
    await new Promise((resolve) => setImmediate(resolve));
    raw.send(whole.subarray(at));
    expect(types(await raw.until(2))).toBe('12TDCZTDCZ');
  }
  for (const byte of whole) {
    raw.send(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(types(await raw.until(2))).toBe('12TDCZTDCZ');
  raw.destroy();
});

test('a client that half-closes or resets while a statement runs has it cancelled', async () => {
  for (const go of ['end', 'destroy'] as const) {
    rig.reset();
    const raw = await rig.raw();
    raw.send(m.query('select pg_sleep(60)'));
    await eventually('it runs', () => rig.gate.running === 1);
    raw.stream[go]();
    await eventually('it is gone', async () => rig.gate.running === 0 && (await rig.upstreamSessions()) === 0, 3_000);
    expect(rig.gate.ends[0]?.status).toBe('lost');
    raw.destroy();
  }
});

test('a revoked session ends at once with the reason, running or idle', async () => {
  const idle = await rig.raw();
  const busy = await rig.raw();
  busy.send(m.query('select pg_sleep(60)'));
  await eventually('it runs', () => rig.gate.running === 1);
  const since = performance.now();
  rig.gate.endAll({ code: 'PAUSED', sqlstate: '57P01', message: 'the token was revoked', fatal: true });
  for (const raw of [idle, busy]) expect(error(await raw.ended())).toMatchObject({ S: 'FATAL', C: '57P01', M: 'the token was revoked' });
  await eventually('the database is rid of it', async () => (await rig.upstreamSessions()) === 0);
  expect(performance.now() - since).toBeLessThan(1_000);
  expect(rig.gate.ends[0]?.status).toBe('cancelled');
});

test('the database ending the session is told as the database tells it', async () => {
  const raw = await rig.raw();
  raw.send(m.query('select pg_sleep(60)'));
  await eventually('it runs', () => rig.gate.running === 1);
  await rig.direct("select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(60)' and pid <> pg_backend_pid()");
  const frames = await raw.ended();
  expect(error(frames)).toMatchObject({ S: 'FATAL', C: '57P01' });
  expect(frames.filter((frame) => frame.type === 'E')).toHaveLength(1);
  expect(rig.gate.ends[0]).toMatchObject({ status: 'error', sqlstate: '57P01' });
});

test('a large value and a large parameter stream through in flat memory', async () => {
  const raw = await rig.raw();
  raw.keep = false;
  const before = process.memoryUsage();
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().arrayBuffers)), 5);
  raw.send(m.query("select repeat('x', 200000000)"));
  await eventually('it came', () => raw.bytes > 200_000_000, 20_000);
  raw.send(m.parse('', 'select length($1)'));
  const size = 100_000_000;
  const head = Buffer.concat([Buffer.from([0x42]), Buffer.alloc(4), Buffer.from([0, 0, 0, 0, 0, 1]), Buffer.alloc(4)]);
  head.writeInt32BE(head.length - 1 + size + 2, 1);
  head.writeInt32BE(size, head.length - 4);
  raw.stream.write(head);
  const block = Buffer.alloc(1_000_000, 'y');
  for (let sent = 0; sent < size; sent += block.length)
    if (!raw.stream.write(block)) await new Promise((resolve) => raw.stream.once('drain', resolve));
  raw.keep = true;
  raw.send(Buffer.from([0, 0]), m.execute(''), m.sync);
  expect((await raw.until()).find((frame) => frame.type === 'D')?.body.toString()).toContain(String(size));
  clearInterval(watch);
  expect(peak - before.arrayBuffers).toBeLessThan(130_000_000);
  raw.destroy();
}, 60_000);

test('a client that never reads costs no memory', async () => {
  const raw = await rig.raw();
  raw.keep = false;
  raw.stream.pause();
  raw.stream.removeAllListeners('data');
  const before = process.memoryUsage().arrayBuffers;
  raw.send(m.query("select repeat('x', 1000) from generate_series(1, 1000000)"));
  await eventually('it runs', () => rig.gate.running === 1);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  raw.destroy();
});

test('a server that answers what nobody asked ends the session', async () => {
  // Not a database: only the frames that matter here.
  const odd = createServer((socket) => {
    socket.on('error', () => undefined);
    let greeted = false;
    socket.on('data', (chunk) => {
      if (!greeted) {
        greeted = true;
        socket.write(
          Buffer.concat([Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x4b, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 1, 0x5a, 0, 0, 0, 5, 0x49])]),
        );
        return;
      }
      if (chunk[0] !== 0x51) return;
      // The set-up's answer, then one that belongs to nothing.
      const column = (name: string): Buffer => Buffer.concat([cstring(name), Buffer.alloc(18)]);
      const row = Buffer.concat([Buffer.from([0, 2]), int32(5), Buffer.from('ready'), int32(-1)]);
      if (chunk.includes('ready'))
        socket.write(
          Buffer.concat([
            message(0x54, Buffer.from([0, 2]), column('a'), column('b')),
            message(0x44, row),
            message(0x43, cstring('SELECT 1')),
            readyForQuery('I'),
          ]),
        );
      else socket.write(Buffer.from([0x31, 0, 0, 0, 4]));
    });
  });
  await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
  const { upstream } = rig.rules;
  (rig.rules as { upstream: unknown }).upstream = { ...upstream, port: (odd.address() as AddressInfo).port };
  const raw = await rig.raw();
  (rig.rules as { upstream: unknown }).upstream = upstream;
  raw.send(m.query('select 1'));
  expect(error(await raw.ended())).toMatchObject({ S: 'FATAL', C: '08P01' });
  odd.close();
});

test.each(['judge', 'check', 'later'] as const)(
  'a fault in our own code (%s) ends that session only, and says nothing of the data',
  async (where) => {
    const fail = (): never => {
      throw new TypeError('secret of a row');
    };
    if (where === 'judge') rig.rules.refuse = fail;
    if (where === 'check') rig.rules.check = fail;
    if (where === 'later') rig.rules.durable = () => Promise.reject(new TypeError('secret of a row'));
    const raw = await rig.raw();
    raw.send(m.query("select 'row'"));
    const frames = await raw.ended();
    expect(types(frames)).toBe('E');
    expect(error(frames)).toMatchObject({ S: 'FATAL', C: 'XX000' });
    expect(rig.log.join()).toContain('session-fault');
    expect(rig.log.join() + frames.map((frame) => frame.body.toString()).join()).not.toMatch(/secret of a row/);
    rig.reset();
  },
);

test('an unreachable database is told without its address, and the session is closed', async () => {
  const { upstream } = rig.rules;
  (rig.rules as { upstream: unknown }).upstream = { ...upstream, password: 'wrong' };
  await expect(rig.client()).rejects.toMatchObject({ code: '08001', message: 'the database could not be reached or refused the session' });
  (rig.rules as { upstream: unknown }).upstream = upstream;
});

test('closing the door lets running statements end, refuses new connections and leaves nothing', async () => {
  const gate = rig.gate;
  const door = await listenPostgres({ gate, host: '127.0.0.1', port: 0, tls: makeCertificate(new Date()), now: () => performance.now() });
  const { RawClient } = await import('./testing/raw-client.ts');
  const busy = await RawClient.connect(door.port, TOKEN, 'require');
  const idle = await RawClient.connect(door.port, TOKEN);
  busy.send(m.query('select pg_sleep(0.3)'));
  await eventually('it runs', () => gate.running === 1);
  const closing = door.close();
  expect(error(await idle.ended())['C']).toBe('57P01');
  const frames = await busy.ended();
  expect(types(frames)).toBe('TDCZE');
  await closing;
  expect(door.sessions).toBe(0);
});
