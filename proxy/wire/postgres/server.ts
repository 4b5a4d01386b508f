// The PostgreSQL door: accepts connections, brings each to a session or a refusal, and ends all of them in order.
// It speaks the protocol and knows no policy; what may happen is the gate's answer. See README.md for the flow.
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext } from 'node:tls';
import type { Gate, GateSession, OpenRequest, Refusal, UpstreamTarget } from '../../checkpoint/gate.ts';
import { peerOf } from '../../identity/peer.ts';
import type { PeerProcess } from '../../identity/peer.ts';
import { CancelKeys } from './cancel-keys.ts';
import { authenticate, fatal, greet } from './handshake.ts';
import type { ByteSource } from './byte-source.ts';
import { authenticationOk, authenticationSaslFinal, backendKeyData, parameterStatus, readyForQuery } from './messages.ts';
import * as refusals from './refusals.ts';
import { DEFAULT_LIMITS } from './session-state.ts';
import type { SessionLimits } from './session-state.ts';
import { Session } from './session.ts';
import type { Startup } from './startup.ts';
import { connectUpstream } from './upstream.ts';
import type { Upstream } from './upstream.ts';

export interface PostgresDoorOptions {
  readonly gate: Gate;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** PEM. */
  readonly tls: { readonly key: string | Buffer; readonly cert: string | Buffer };
  /** Milliseconds, monotonic; for statement timeouts. */
  readonly now: () => number;
  /** Never given statements, values or credentials. */
  readonly log?: (event: string, facts: Readonly<Record<string, string>>) => void;
  /** Finds the process at the other end; for tests. */
  readonly peerOf?: typeof peerOf;
  readonly limits?: Partial<SessionLimits & DoorLimits>;
}

export interface DoorLimits {
  readonly maxConnections: number;
  /** From the first byte to the proved name. */
  readonly handshakeTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** How long `close` waits for running statements. */
  readonly drainMs: number;
}

export interface PostgresDoor {
  readonly host: string;
  readonly port: number;
  /** Sessions that are open now. */
  readonly sessions: number;
  /** Takes no more connections, lets running statements end, then ends what is left. */
  close(): Promise<void>;
}

const DEFAULT_DOOR_LIMITS: DoorLimits = { maxConnections: 2_000, handshakeTimeoutMs: 10_000, connectTimeoutMs: 10_000, drainMs: 2_000 };
const SWEEP_MS = 100;

export async function listenPostgres(options: PostgresDoorOptions): Promise<PostgresDoor> {
  const limits = { ...DEFAULT_LIMITS, ...DEFAULT_DOOR_LIMITS, ...options.limits };
  const door = new Door(options, limits);
  return door.listen();
}

class Door {
  readonly #options: PostgresDoorOptions;
  readonly #limits: SessionLimits & DoorLimits;
  readonly #log: (event: string, facts: Readonly<Record<string, string>>) => void;
  readonly #keys = new CancelKeys();
  readonly #sessions = new Set<Session>();
  readonly #sockets = new Set<Socket>();
  readonly #secureContext;
  readonly #server = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true, pauseOnConnect: true });
  #closing = false;

  constructor(options: PostgresDoorOptions, limits: SessionLimits & DoorLimits) {
    this.#options = options;
    this.#limits = limits;
    this.#log = options.log ?? (() => undefined);
    this.#secureContext = createSecureContext({ key: options.tls.key, cert: options.tls.cert, minVersion: 'TLSv1.2' });
  }

  async listen(): Promise<PostgresDoor> {
    const server = this.#server;
    server.on('connection', (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#options.port, this.#options.host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // A failed accept (no descriptors left) must not end the process.
    server.on('error', () => this.#log('accept-failed', {}));
    const sweep = setInterval(() => {
      const now = this.#options.now();
      for (const session of this.#sessions) session.sweep(now);
    }, SWEEP_MS);
    sweep.unref();
    const { address, port } = server.address() as AddressInfo;
    const sessions = this.#sessions;
    return {
      host: address,
      port,
      get sessions() {
        return sessions.size;
      },
      close: async () => {
        await this.#close();
        clearInterval(sweep);
      },
    };
  }

  #accept(socket: Socket): void {
    socket.on('error', () => undefined);
    if (this.#closing || this.#sockets.size >= this.#limits.maxConnections) {
      // Before TLS, as PostgreSQL does: the client has not said what it wants.
      socket.end(fatal({ code: 'SESSION_LIMIT', sqlstate: '53300', message: 'sorry, too many clients already', fatal: true }));
      setTimeout(() => socket.destroy(), 500);
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#serve(socket).catch((error: unknown) => {
      // The client went away, or TLS failed: nobody to tell.
      this.#log('connection-failed', { error: error instanceof Error ? error.name : typeof error });
      socket.destroy();
    });
  }

  async #serve(socket: Socket): Promise<void> {
    const late = setTimeout(() => socket.destroy(), this.#limits.handshakeTimeoutMs);
    try {
      const peer = this.#peer(socket);
      const greeting = await greet(socket, this.#secureContext);
      if (greeting.kind === 'cancel') {
        await this.#keys.cancel(greeting.processId, greeting.key);
        greeting.stream.end();
        greeting.stream.destroy();
        return;
      }
      if (greeting.kind === 'refused') return say(greeting.stream, socket, greeting.refusal);
      const { stream, source, startup } = greeting;
      const request = this.#request(socket, startup);
      const verifier = this.#options.gate.verifierFor(startup.user, request.address);
      const proof = await authenticate(stream, source, startup, verifier);
      const process = await peer;
      const known = process === undefined ? request : { ...request, peer: process };
      if (proof.kind === 'failed') {
        if (proof.wrong) this.#options.gate.signInFailed(known);
        return say(stream, socket, proof.refusal);
      }
      clearTimeout(late);
      await this.#open(stream, socket, source, startup, known, proof.message);
    } finally {
      clearTimeout(late);
    }
  }

  /** Looked up beside the handshake; nobody waits for it before the proof. */
  async #peer(socket: Socket): Promise<PeerProcess | undefined> {
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    if (localAddress === undefined || localPort === undefined || remoteAddress === undefined || remotePort === undefined) return undefined;
    return (this.#options.peerOf ?? peerOf)({ address: localAddress, port: localPort }, { address: remoteAddress, port: remotePort });
  }

  #request(socket: Socket, startup: Startup): OpenRequest {
    const address = socket.remoteAddress ?? 'unknown';
    return {
      door: 'postgres',
      user: startup.user,
      connection: startup.database,
      address,
      parameters: startup.parameters,
      ...(startup.applicationName === undefined ? {} : { applicationName: startup.applicationName }),
    };
  }

  async #open(
    stream: Duplex,
    socket: Socket,
    source: ByteSource,
    startup: Startup,
    request: OpenRequest,
    scramFinal: string,
  ): Promise<void> {
    const opened = await this.#options.gate.open(request);
    if (opened.kind === 'refused') return say(stream, socket, opened.refusal);
    const gate = opened.session;
    let handedOver = false;
    let upstream: Upstream | undefined;
    try {
      upstream = await this.#connect(opened.upstream, gate);
      if (stream.destroyed || this.#closing) throw new Error('closed');
      const key = this.#keys.issue(startup.version, () => session.cancelRequested());
      const session: Session = new Session({
        client: stream,
        received: source.detach(),
        upstream: upstream.handOver(),
        gate,
        limits: this.#limits,
        log: this.#log,
        closed: () => {
          this.#keys.revoke(key.processId);
          this.#sessions.delete(session);
        },
      });
      handedOver = true;
      this.#sessions.add(session);
      const parameters = [...upstream.parameters].map(([name, value]) => parameterStatus(name, value));
      stream.write(
        Buffer.concat([
          authenticationSaslFinal(scramFinal),
          authenticationOk(),
          ...parameters,
          backendKeyData(key.processId, key.key),
          readyForQuery('I'),
        ]),
      );
      gate.ready('I');
      session.start();
    } catch (error) {
      if (handedOver) throw error;
      upstream?.destroy();
      gate.close();
      this.#log('open-failed', { session: gate.id, error: error instanceof Error ? error.name : typeof error, ...reasonOf(error) });
      say(stream, socket, error instanceof RefusedAtOpening ? error.refusal : refusals.unreachable());
    }
  }

  async #connect(target: UpstreamTarget, gate: GateSession): Promise<Upstream> {
    const upstream = await connectUpstream(target, this.#limits.connectTimeoutMs);
    try {
      await gate.initialise((sql) => upstream.run(sql));
      for (const [name, value] of upstream.parameters) {
        const refusal = gate.parameterStatus(name, value);
        if (refusal !== undefined) throw new RefusedAtOpening(refusal);
      }
      return upstream;
    } catch (error) {
      upstream.destroy();
      throw error;
    }
  }

  async #close(): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const deadline = this.#options.now() + this.#limits.drainMs;
    for (const session of this.#sessions) if (session.idle) session.end(refusals.shuttingDown());
    while (this.#sessions.size > 0 && this.#options.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      for (const session of this.#sessions) if (session.idle) session.end(refusals.shuttingDown());
    }
    for (const session of this.#sessions) session.end(refusals.shuttingDown());
    const force = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, 600);
    await closed;
    clearTimeout(force);
  }
}

/** The gate takes back an opened session because of what the database reports of itself. */
class RefusedAtOpening extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super('refused at opening');
    this.refusal = refusal;
  }
}

function reasonOf(error: unknown): Readonly<Record<string, string>> {
  const data = error instanceof Error && 'data' in error && typeof error.data === 'object' && error.data !== null ? error.data : {};
  return 'reason' in data && typeof data.reason === 'string' ? { reason: data.reason } : {};
}

/** Tells why and closes; a client that does not read is not waited for. */
function say(stream: Duplex, socket: Socket, refusal: Refusal): void {
  stream.end(fatal(refusal));
  stream.resume();
  const timer = setTimeout(() => socket.destroy(), 500);
  socket.once('close', () => clearTimeout(timer));
}
