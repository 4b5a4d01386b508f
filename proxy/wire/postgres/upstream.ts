// The database's side of a session. `pg` connects, negotiates TLS and proves the password; then its listeners are taken off and
// the stream is ours. A tap reads the same frames as `pg` from the start, so nothing that the server said is lost at hand-over.
// Source: PostgreSQL, "Start-up", "Canceling Requests in Progress"; libpq's sslmode for the TLS modes.
import { readFileSync } from 'node:fs';
import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import type { UpstreamTarget } from '../../checkpoint/gate.ts';
import { GatehouseError } from '../../errors.ts';
import { FrameReader, STEP } from './frames.ts';
import { SERVER, cancelRequest } from './messages.ts';
import type { UpstreamConnection } from './session.ts';

/** The parts of `pg.Client` that are used beyond its documented ones (8.23). */
interface ClientInternals {
  readonly connectionParameters: Record<string, unknown>;
  readonly connection: {
    stream: Duplex;
    once(event: 'connect' | 'sslconnect', listener: () => void): void;
    prependListener(event: 'authenticationCleartextPassword', listener: () => void): void;
    on(event: 'error', listener: () => void): void;
    removeAllListeners(): void;
  };
}

export interface Upstream {
  /** As the server reported them, after the session's set-up. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Runs one SQL text before the hand-over; all values as the server's text. */
  run(sql: string): Promise<readonly (readonly (string | null)[])[]>;
  /** From now on the stream is the session's. */
  handOver(): UpstreamConnection;
  destroy(): void;
}

const CANCEL_TIMEOUT_MS = 3_000;
/** For one statement of our own: set-up of a session, a part of the catalog. */
const RUN_TIMEOUT_MS = 15_000;
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

export async function connectUpstream(target: UpstreamTarget, timeoutMs: number): Promise<Upstream> {
  if (target.tls !== 'prefer') return attempt(target, target.tls !== 'disable', timeoutMs);
  try {
    return await attempt(target, true, timeoutMs);
  } catch (error) {
    // `prefer` goes on without TLS only where the server has none; any other failure stays one.
    if (error instanceof GatehouseError && error.data['reason'] === 'no-tls') return attempt(target, false, timeoutMs);
    throw error;
  }
}

async function attempt(target: UpstreamTarget, tls: boolean, timeoutMs: number): Promise<Upstream> {
  const options = tls ? tlsOptions(target) : undefined;
  let inClear = false;
  const config: pg.ClientConfig & { sslnegotiation: 'postgres' } = {
    host: target.host,
    port: target.port,
    user: target.user,
    database: target.database,
    // A function, so that neither the environment nor a password file is asked in its place.
    password: () => {
      if (inClear) throw new Error('the server asks for the password in clear over a connection without TLS');
      return target.password ?? '';
    },
    ssl: options ?? false,
    connectionTimeoutMillis: timeoutMs,
    // A database that takes connections and then says nothing must not keep those waiting for ever who need its catalog.
    query_timeout: RUN_TIMEOUT_MS,
    keepAlive: true,
    enableChannelBinding: true,
    sslnegotiation: 'postgres',
  };
  const client = new pg.Client(config);
  const internals = client as unknown as ClientInternals;
  const { connection, connectionParameters } = internals;
  // Nothing of our own environment may shape a session.
  for (const name of [
    'options',
    'application_name',
    'fallback_application_name',
    'replication',
    'statement_timeout',
    'lock_timeout',
    'idle_in_transaction_session_timeout',
  ]) {
    connectionParameters[name] = undefined;
  }
  if (target.options !== undefined) connectionParameters['options'] = target.options;
  // A password in clear is for a connection that nobody else can read.
  if (!tls && !isLocal(target.host)) {
    connection.prependListener('authenticationCleartextPassword', () => {
      inClear = true;
    });
  }
  const tap = new Tap();
  const listen = (): void => {
    connection.stream.on('data', tap.receive);
  };
  if (tls) connection.once('sslconnect', listen);
  else connection.once('connect', listen);
  // Without a listener an error of an idle connection would be thrown; the session notices the loss itself.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    connection.stream.destroy();
    throw connectFault(error);
  }
  return {
    parameters: tap.parameters,
    async run(sql) {
      const result: unknown = await client.query({
        text: sql,
        rowMode: 'array',
        types: { getTypeParser: () => String },
      } as pg.QueryArrayConfig);
      const last = Array.isArray(result)
        ? (result.at(-1) as pg.QueryArrayResult<(string | null)[]>)
        : (result as pg.QueryArrayResult<(string | null)[]>);
      return last.rows;
    },
    handOver() {
      const { stream } = connection;
      stream.pause();
      // Only the reading is taken away from `pg`; the listeners of Node's own socket classes on other events must stay.
      stream.removeAllListeners('data');
      connection.removeAllListeners();
      connection.on('error', () => undefined);
      const received = tap.partial();
      const key = tap.key;
      return {
        stream,
        received,
        cancel: async () => {
          if (key !== undefined) await cancel(target, options, key.processId, key.secret);
        },
      };
    },
    destroy() {
      connection.stream.destroy();
    },
  };
}

/** Reads what `pg` reads: settings, the cancel key, and where in a frame the stream stands. */
class Tap {
  readonly parameters = new Map<string, string>();
  key: { readonly processId: number; readonly secret: Buffer } | undefined;
  readonly #reader = new FrameReader((_, total) => total);
  #pending: Buffer = Buffer.alloc(0);

  readonly receive = (chunk: Buffer): void => {
    this.#reader.feed(chunk);
    let walked = 0;
    const before = this.#pending.length;
    while (this.#reader.next() === STEP.frame) {
      const { type, buffer, at, total } = this.#reader;
      if (type === SERVER.ParameterStatus) {
        const nameEnd = buffer.indexOf(0, at + 5);
        this.parameters.set(buffer.toString('utf8', at + 5, nameEnd), buffer.toString('utf8', nameEnd + 1, at + total - 1));
      } else if (type === 0x4b) {
        this.key = { processId: buffer.readInt32BE(at + 5), secret: Buffer.from(buffer.subarray(at + 9, at + total)) };
      }
      walked += total;
      this.#reader.consume();
    }
    const rest = before + chunk.length - walked;
    this.#pending =
      rest === 0
        ? Buffer.alloc(0)
        : rest <= chunk.length
          ? Buffer.from(chunk.subarray(chunk.length - rest))
          : Buffer.concat([this.#pending, chunk]);
  };

  /** The beginning of a message that was cut by the hand-over. */
  partial(): Buffer {
    return this.#pending;
  }
}

function tlsOptions(target: UpstreamTarget): ConnectionOptions {
  if (target.tls === 'prefer' || target.tls === 'require') return { rejectUnauthorized: false };
  const ca = target.caFile === undefined ? {} : { ca: readFileSync(target.caFile, 'utf8') };
  // verify-ca trusts any name that the authority has signed.
  return target.tls === 'verify-ca'
    ? { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined }
    : { ...ca, rejectUnauthorized: true };
}

function isLocal(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function connectFault(error: unknown): GatehouseError {
  const message = error instanceof Error ? error.message : '';
  const code = typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const reason = message.includes('does not support SSL') ? 'no-tls' : code === '' ? 'handshake' : code;
  // The cause stays inside: its text may name users or hosts.
  return new GatehouseError('UPSTREAM_CONNECT', 'the database could not be reached or refused the sign-in', {
    cause: error,
    data: { reason },
  });
}

/** Opens a connection of its own, protected as the session's is, and sends the request; the server closes it when it has acted. */
async function cancel(target: UpstreamTarget, tls: ConnectionOptions | undefined, processId: number, secret: Buffer): Promise<void> {
  const socket = target.host.startsWith('/') ? connectTcp(`${target.host}/.s.PGSQL.${target.port}`) : connectTcp(target.port, target.host);
  let secured: Duplex | undefined;
  const timer = setTimeout(() => socket.destroy(new Error('timeout')), CANCEL_TIMEOUT_MS);
  try {
    await event(socket, 'connect');
    const stream = tls === undefined ? socket : await secure(socket, target.host, tls);
    secured = stream;
    const closed = event(stream, 'close');
    stream.resume();
    stream.end(cancelRequest(processId, secret));
    await closed;
  } finally {
    clearTimeout(timer);
    secured?.destroy();
    socket.destroy();
  }
}

async function secure(socket: Socket, host: string, options: ConnectionOptions): Promise<Duplex> {
  socket.write(SSL_REQUEST);
  const answer = await new Promise<Buffer>((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
  if (answer.length !== 1 || answer[0] !== 0x53)
    throw new GatehouseError('UPSTREAM_CANCEL', 'the database does not offer TLS for the cancel request');
  const stream = connectTls({ ...options, socket, host, ...(isIP(host) === 0 ? { servername: host } : {}) });
  await event(stream, 'secureConnect');
  return stream;
}

function event(stream: Duplex, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once(name, () => resolve());
    stream.once('error', reject);
    if (name !== 'close') stream.once('close', () => reject(new Error('closed')));
  });
}
