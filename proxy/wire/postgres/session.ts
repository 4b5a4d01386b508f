// One session: the client's stream and the database's, with a flow in each direction between them. Owns back-pressure, the end
// of either side, cancelling and time limits. Any duplex stream will do on both sides.
import type { Duplex } from 'node:stream';
import type { GateSession, Refusal } from '../../checkpoint/gate.ts';
import { ClientFlow } from './client-flow.ts';
import { TERMINATE } from './messages.ts';
import { Outbox } from './outbox.ts';
import { EXPECT } from './pipeline.ts';
import type { Expected } from './pipeline.ts';
import { refusalResponse } from './refusal-response.ts';
import * as refusals from './refusals.ts';
import { ServerFlow } from './server-flow.ts';
import { SessionState } from './session-state.ts';
import type { SessionControl, SessionLimits } from './session-state.ts';
import { Portal } from './statements.ts';
import type { Running } from './statements.ts';

/** A database connection after its set-up, as upstream.ts hands it over. */
export interface UpstreamConnection {
  readonly stream: Duplex;
  /** Bytes that had already come when the stream was handed over. */
  readonly received: Buffer;
  /** Asks the server to cancel what this connection runs; resolves when the server has taken the request. */
  cancel(): Promise<void>;
}

export interface SessionOptions {
  readonly client: Duplex;
  /** Bytes that the client had sent behind its last message of the handshake. */
  readonly received: Buffer;
  readonly upstream: UpstreamConnection;
  readonly gate: GateSession;
  readonly limits: SessionLimits;
  readonly log: (event: string, facts: Readonly<Record<string, string>>) => void;
  readonly closed: () => void;
}

/** What a client may send while its last statement is being judged, before it is paused. Reading on is how its end is noticed. */
const MAX_BACKLOG = 262_144;
/** How long the other side may take to read the last message. */
const LINGER_MS = 500;
/** How long statements sent before a Terminate may run on once the client is gone. */
const FAREWELL_MS = 10_000;

export class Session implements SessionControl {
  readonly #client: Duplex;
  readonly #upstream: UpstreamConnection;
  readonly #gate: GateSession;
  readonly #options: SessionOptions;
  readonly #state: SessionState;
  readonly #clientFlow: ClientFlow;
  readonly #serverFlow: ServerFlow;
  #upstreamFull = false;
  /** The statement that the last sweep saw running, and since when. */
  #watched: Running | undefined;
  #watchedEntry: Expected | undefined;
  #watchedSince = 0;
  readonly #revoked = (): void => this.end(asRefusal(this.#gate.ended.reason));

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#upstream = options.upstream;
    this.#gate = options.gate;
    this.#state = new SessionState(options.gate, options.limits, new Outbox(options.client), new Outbox(options.upstream.stream));
    this.#clientFlow = new ClientFlow(this.#state, this);
    this.#serverFlow = new ServerFlow(this.#state, this);
  }

  start(): void {
    const { client } = this.#options;
    const server = this.#upstream.stream;
    client.on('data', (chunk: Buffer) => this.run(() => this.#clientFlow.receive(chunk)));
    server.on('data', (chunk: Buffer) => this.#fromServer(chunk));
    client.on('drain', () => server.resume());
    server.on('drain', () => {
      this.#upstreamFull = false;
      this.#balance();
    });
    for (const event of ['end', 'error', 'close'] as const) {
      client.on(event, () => this.#clientGone());
      server.on(event, () => this.#upstreamGone());
    }
    if (client.destroyed || client.readableEnded) return this.#clientGone();
    if (server.destroyed || server.readableEnded) return this.#upstreamGone();
    this.#gate.ended.addEventListener('abort', this.#revoked);
    if (this.#gate.ended.aborted) return this.#revoked();
    if (this.#upstream.received.length > 0) this.#fromServer(this.#upstream.received);
    if (this.#options.received.length > 0) this.run(() => this.#clientFlow.receive(this.#options.received));
    client.resume();
    server.resume();
  }

  /** A step on the client's side, and the writing of what came of it. */
  run(step: () => void): void {
    const state = this.#state;
    if (state.ended || state.terminated) return;
    try {
      step();
      if (state.ended) return;
      if (!state.toServer.flush()) this.#upstreamFull = true;
      if (this.#state.terminated) this.#sayGoodbye();
      else this.#balance();
    } catch (error) {
      this.fault(error);
    }
  }

  /** Stops a statement that has run for longer than it may. Called at intervals; costs nothing when nothing runs. */
  sweep(nowMs: number): void {
    const entry = this.#state.pipeline.head();
    const running = entry === undefined ? undefined : entry.kind === EXPECT.execute ? entry.portal?.running : entry.run?.current;
    if (running === undefined || running.execution.timeoutMs <= 0) {
      this.#watched = undefined;
    } else if (running !== this.#watched || entry !== this.#watchedEntry) {
      this.#watched = running;
      this.#watchedEntry = entry;
      this.#watchedSince = nowMs;
    } else if (nowMs - this.#watchedSince >= running.execution.timeoutMs && !running.ended) {
      this.#watchedSince = nowMs;
      running.cut ??= running.execution.overLimit('time');
      this.cancel();
    }
  }

  /** Nothing runs and nothing is being judged. */
  get idle(): boolean {
    return !this.#clientFlow.waiting && this.#state.pipeline.head() === undefined;
  }

  /** A CancelRequest with this session's key has come. */
  async cancelRequested(): Promise<void> {
    this.#clientFlow.cancelRequested();
    if (this.#state.pipeline.head() === undefined) return;
    this.cancel();
    await this.#state.cancelling;
  }

  cancel(): void {
    const state = this.#state;
    if (state.cancelling !== undefined) return;
    const cancelling = this.#upstream
      .cancel()
      .catch(() => this.#options.log('cancel-failed', { session: this.#gate.id }))
      .then(() => {
        state.cancelling = undefined;
        if (!state.ended) this.run(() => this.#clientFlow.wake());
      });
    state.cancelling = cancelling;
  }

  terminate(): void {
    this.#state.terminated = true;
  }

  fault(error: unknown): void {
    // Only the kind of fault: a message could quote a statement or a row.
    this.#options.log('session-fault', {
      session: this.#gate.id,
      error: error instanceof Error ? error.name : typeof error,
      stack: stackOf(error),
    });
    this.#state.toClient.discard();
    this.end(refusals.internal());
  }

  /** The session must end: the client is told why where that can still be said. */
  end(refusal: Refusal): void {
    this.#finish('cancelled', refusal);
  }

  #fromServer(chunk: Buffer): void {
    const state = this.#state;
    if (state.ended) return;
    try {
      this.#serverFlow.receive(chunk);
      if (state.ended) return;
      if (!state.toClient.flush() && !this.#state.terminated) {
        this.#upstream.stream.pause();
      }
      if (!state.toServer.empty || this.#clientFlow.waiting) this.run(() => this.#clientFlow.wake());
    } catch (error) {
      this.fault(error);
    }
  }

  /** The client is read only while the server takes what comes of it. */
  #balance(): void {
    if (this.#upstreamFull || this.#clientFlow.backlogBytes > MAX_BACKLOG) this.#client.pause();
    else if (this.#client.isPaused()) this.#client.resume();
  }

  /** What was sent before the Terminate still runs, as it would without us in between. */
  #sayGoodbye(): void {
    this.#upstream.stream.end(TERMINATE);
    this.#upstream.stream.resume();
    const timer = setTimeout(() => this.#finish('cancelled', undefined), FAREWELL_MS);
    this.#upstream.stream.once('close', () => clearTimeout(timer));
  }

  #clientGone(): void {
    if (this.#state.ended) return;
    if (!this.#state.terminated) return this.#finish('lost', undefined);
    // Nobody reads any more; the server must not be held up by that.
    this.#state.suppressing = true;
    this.#upstream.stream.resume();
  }

  #upstreamGone(): void {
    if (this.#state.ended) return;
    this.#finish('lost', this.#state.terminated || this.#serverFlow.fatalSeen ? undefined : refusals.upstreamLost());
  }

  #finish(status: 'cancelled' | 'lost', refusal: Refusal | undefined): void {
    const state = this.#state;
    if (state.ended) return;
    state.ended = true;
    const busy = state.pipeline.head() !== undefined;
    this.#gate.ended.removeEventListener('abort', this.#revoked);
    try {
      this.#clientFlow.abandon();
      for (const entry of state.pipeline.entries()) {
        entry.portal?.running?.finish(status);
        if (entry.previous instanceof Portal) entry.previous.running?.finish(status);
        for (const running of entry.run?.statements ?? []) running.finish(status);
      }
      for (const portal of state.portals.values()) portal.running?.finish(busy ? status : 'ok');
    } finally {
      this.#closeStreams(refusal, busy);
      this.#gate.close();
      this.#options.closed();
    }
  }

  #closeStreams(refusal: Refusal | undefined, busy: boolean): void {
    const client = this.#client;
    const server = this.#upstream.stream;
    if (busy && !server.destroyed) void this.#upstream.cancel().catch(() => this.#options.log('cancel-failed', { session: this.#gate.id }));
    if (client.destroyed) {
      // Nobody to tell.
    } else if (this.#serverFlow.insideMessage) {
      client.destroy();
    } else {
      this.#state.toClient.flush();
      if (refusal !== undefined) client.write(refusalResponse(refusal, undefined, 'FATAL'));
      client.end();
      client.resume();
    }
    if (!server.destroyed && !server.writableEnded) server.end(TERMINATE);
    server.resume();
    setTimeout(() => {
      client.destroy();
      server.destroy();
    }, LINGER_MS);
  }
}

function asRefusal(reason: unknown): Refusal {
  if (typeof reason === 'object' && reason !== null && 'sqlstate' in reason && 'message' in reason && 'code' in reason)
    return reason as Refusal;
  return refusals.shuttingDown();
}

/** Where in our own code, without the message, which could quote data. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error) || error.stack === undefined) return '';
  const lines = error.stack.split('\n').filter((line) => /^\s+at /.test(line));
  return lines
    .slice(0, 4)
    .map((line) => line.trim())
    .join(' < ');
}
