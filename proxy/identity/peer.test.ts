import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { peerOf } from './peer.ts';
import { peerInPowerShell, pidInLsof } from './peer-commands.ts';
import { findSocket, procAddress } from './peer-linux.ts';

let server: Server | undefined;
const children: ChildProcess[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const child of children.splice(0)) {
    child.kill();
    await once(child, 'exit');
  }
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

async function listen(host: string): Promise<number> {
  server = createServer((socket) => sockets.push(socket.on('error', () => undefined))).listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function accepted(): Promise<Socket> {
  if (server === undefined) throw new Error('not listening');
  const [socket] = (await once(server, 'connection')) as [Socket];
  return socket;
}

const peer = (socket: Socket) =>
  peerOf(
    { address: socket.localAddress ?? '', port: socket.localPort ?? 0 },
    { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 },
  );

describe.runIf(process.platform === 'linux')('the peer process on Linux', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::', '127.0.0.1'],
    ['127.0.0.1', '::ffff:127.0.0.1'],
  ])('is the other process that connected, with its executable (listening on %s, connecting to %s)', async (host, target) => {
    const port = await listen(host);
    const child = spawn(process.execPath, ['-e', `require('net').connect(${port}, '${target}')`], { stdio: 'ignore' });
    children.push(child);
    const socket = await accepted();
    expect(await peer(socket)).toEqual({ pid: child.pid, executable: readlinkSync(`/proc/${child.pid}/exe`) });
  });

  it('is found for many connections at once', async () => {
    const port = await listen('127.0.0.1');
    const peers: Promise<unknown>[] = [];
    const all = new Promise<void>((resolve) => server?.on('connection', (socket) => peers.push(peer(socket)) === 50 && resolve()));
    for (let i = 0; i < 50; i++) sockets.push(connect(port, '127.0.0.1'));
    await all;
    expect(new Set((await Promise.all(peers)).map((found) => (found as { pid: number } | undefined)?.pid))).toEqual(new Set([process.pid]));
  });

  it('is unknown for a connection that does not exist', async () => {
    expect(await peerOf({ address: '127.0.0.1', port: 1 }, { address: '127.0.0.1', port: 2 })).toBeUndefined();
  });
});

describe('what the systems print', () => {
  it('Linux writes addresses as words in machine order', () => {
    expect(procAddress({ address: '127.0.0.1', port: 5432 })).toBe('0100007F:1538');
    expect(procAddress({ address: '::1', port: 80 })).toBe('00000000000000000000000001000000:0050');
    expect(procAddress({ address: '::ffff:127.0.0.1', port: 80 })).toBe('0000000000000000FFFF00000100007F:0050');
    expect(procAddress({ address: '2001:db8::8a2e:370:7334', port: 80 })).toBe('B80D0120000000002E8A000034737003:0050');
  });

  it('Linux lists the inode and the user of a socket; one without inode is closing', () => {
    const line = (inode: string) =>
      `   1: 0100007F:A1B2 0100007F:1538 01 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 20 4 30 10 -1`;
    const key = '0100007F:A1B2 0100007F:1538';
    expect(findSocket(`header\n${line('0')}\n`, key)).toBeUndefined();
    expect(findSocket(`header\n${line('4711')}\n`, key)).toEqual({ inode: '4711', uid: 1000 });
    expect(findSocket(`header\n${line('4711')}\n`, '0100007F:A1B2 0100007F:1539')).toBeUndefined();
  });

  it('lsof lists both ends; the client is the one whose own port is the remote one', () => {
    const output = 'p100\nf20\nn127.0.0.1:15432->127.0.0.1:50000\np200\nf5\nn127.0.0.1:50000->127.0.0.1:15432\n';
    expect(pidInLsof(output, 15432, 50000)).toBe(200);
    expect(pidInLsof(output, 15432, 50001)).toBeUndefined();
    expect(pidInLsof('', 15432, 50000)).toBeUndefined();
  });

  it('PowerShell prints pid and path', () => {
    expect(peerInPowerShell('4242\r\nC:\\Program Files\\psql.exe\r\n')).toEqual({ pid: 4242, executable: 'C:\\Program Files\\psql.exe' });
    expect(peerInPowerShell('4242\r\n')).toEqual({ pid: 4242 });
    expect(peerInPowerShell('')).toBeUndefined();
  });
});
