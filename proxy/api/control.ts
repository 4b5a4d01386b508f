// The control channel of a running proxy, for the command line of the same profile: a Unix socket in the profile's folder (a
// named pipe on Windows), which only the profile's owner can open. One JSON line asks, one JSON line answers.
import { createHash } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { GatehouseError } from '../errors.ts';

const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

const requestSchema = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('check'), connection: z.string(), as: z.string(), sql: z.string() }),
  /** A new address that opens a window of the app, once. */
  z.strictObject({ command: z.literal('app') }),
]);
export type ControlRequest = z.infer<typeof requestSchema>;

const replySchema = z.union([
  z.strictObject({ ok: z.unknown() }),
  z.strictObject({ error: z.strictObject({ code: z.string(), message: z.string() }) }),
]);

/** Where the channel of a profile is. Socket paths are short on some systems (104 bytes), so a long one moves. */
export function controlPath(home: string): string {
  const name = createHash('sha256').update(home).digest('hex').slice(0, 16);
  if (process.platform === 'win32') return `\\\\.\\pipe\\gatehouse-${name}`;
  const path = join(home, 'control.sock');
  return Buffer.byteLength(path) <= 100 ? path : join(tmpdir(), `gatehouse-${name}.sock`);
}

function receive(socket: Socket, done: (line: string) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    const end = chunk.indexOf(10);
    chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
    length += chunk.length;
    if (length > MAX_REQUEST_BYTES) socket.destroy();
    else if (end >= 0) done(Buffer.concat(chunks).toString('utf8'));
  });
}

const fault = (error: unknown): string =>
  JSON.stringify({
    error:
      error instanceof GatehouseError ? { code: error.code, message: error.message } : { code: 'INTERNAL', message: 'the request failed' },
  });

async function answer(line: string, handle: (request: ControlRequest) => Promise<unknown>): Promise<string> {
  try {
    const request = requestSchema.safeParse(JSON.parse(line));
    if (!request.success) throw new GatehouseError('CONTROL_REQUEST', 'the request is not understood');
    return JSON.stringify({ ok: await handle(request.data) });
  } catch (error) {
    return fault(error instanceof SyntaxError ? new GatehouseError('CONTROL_REQUEST', 'the request is not JSON') : error);
  }
}

/** Listens for the command line. */
export async function listenControl(home: string, handle: (request: ControlRequest) => Promise<unknown>): Promise<AsyncDisposable> {
  const path = controlPath(home);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    receive(socket, (line) => void answer(line, handle).then((reply) => socket.end(`${reply}\n`)));
  });
  // The profile is served by this process alone (the ledger's lock), so a socket file is one that a killed run left.
  if (process.platform !== 'win32') rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  if (process.platform !== 'win32') chmodSync(path, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Asks the running proxy of the profile. Throws what it answers, or CONTROL_UNREACHABLE. */
export function askControl(home: string, request: ControlRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(controlPath(home));
    const unreachable = (): void => reject(new GatehouseError('CONTROL_UNREACHABLE', 'the running Gatehouse does not answer'));
    socket.once('error', unreachable);
    socket.once('close', unreachable);
    receive(socket, (line) => {
      socket.destroy();
      const reply = replySchema.parse(JSON.parse(line));
      if ('error' in reply) reject(new GatehouseError(reply.error.code, reply.error.message));
      else resolve(reply.ok);
    });
    socket.write(`${JSON.stringify(request)}\n`);
  });
}
