// The app's own server on loopback: the built window by HTTP, the channel by WebSocket, finished exports by HTTP. Every request
// and upgrade is checked for Host and Origin; the channel opens with a key only. Source: design, "Processes".
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { PROTOCOL } from '../../../contracts/ui.ts';
import { GatehouseError } from '../../errors.ts';
import { DoorKeys } from './door-keys.ts';
import { isOwnHost, isOwnOrigin, securityHeaders } from './http-guard.ts';
import type { Log } from './requests.ts';
import { findStatic, NOT_BUILT } from './static-files.ts';
import { Window } from './window.ts';

export interface AppServerOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Folder of the built window. */
  readonly renderer: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Log;
  /** A text of a window. Never rejects. */
  readonly received: (window: Window, text: string) => Promise<void>;
  /** The window is gone for good: what it owned can go. */
  readonly closed: (window: Window) => void;
  /** `GET /export/…`; false when there is no such export. */
  readonly exported: (id: string, key: string, response: ServerResponse) => boolean;
  /** How long a window may be away. */
  readonly awayMs?: number;
}

export interface AppServer {
  readonly port: number;
  /** A new address that opens a window, once. */
  url(): string;
  readonly windows: Iterable<Window>;
  close(): Promise<void>;
}

const TOKEN_MS = 10 * 60_000;
const SECRET_MS = 7 * 24 * 3_600_000;
const AWAY_MS = 5 * 60_000;
const MAX_WINDOWS = 50;
const MAX_MESSAGE = 64 * 1024 * 1024;
const TOKEN_PREFIX = 'token.';

export async function listenApp(options: AppServerOptions): Promise<AppServer> {
  const server = new App(options);
  return server.listen();
}

function cannotListen(port: number, cause: NodeJS.ErrnoException): GatehouseError {
  return new GatehouseError(
    'LISTEN',
    `the app's port ${port} can't be opened (${cause.code ?? 'unknown'}); set listen.app in gatehouse.json`,
    { cause },
  );
}

class App {
  readonly #options: AppServerOptions;
  readonly #keys: DoorKeys;
  readonly #windows = new Map<string, Window>();
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has(PROTOCOL) ? PROTOCOL : false),
  });
  #port = 0;

  constructor(options: AppServerOptions) {
    this.#options = options;
    this.#keys = new DoorKeys({ random: randomBytes, now: options.now, tokenMs: TOKEN_MS, secretMs: SECRET_MS, maxTokens: 20 });
    this.#http = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => this.#request(request, response));
    this.#http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => this.#upgrade(request, socket, head));
    this.#http.on('clientError', (_error, socket) => socket.destroy());
  }

  #open(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(port, host, () => {
        this.#http.off('error', reject);
        resolve();
      });
    });
  }

  async listen(): Promise<AppServer> {
    const { host, port } = this.#options;
    try {
      await this.#open(host, port);
    } catch (error) {
      // The address is new at every start and printed, so another port serves as well: a second profile must not be kept out.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cannotListen(port, error as NodeJS.ErrnoException);
      await this.#open(host, 0);
    }
    this.#port = (this.#http.address() as AddressInfo).port;
    const sweep = setInterval(() => this.#sweep(), 5_000).unref();
    return {
      port: this.#port,
      url: () => `http://${host}:${this.#port}/#token=${this.#keys.token()}`,
      windows: { [Symbol.iterator]: () => this.#windows.values() },
      close: async () => {
        clearInterval(sweep);
        for (const client of this.#sockets.clients) client.close(1001, 'Gatehouse is shutting down');
        const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
        this.#http.closeIdleConnections();
        const force = setTimeout(() => {
          for (const client of this.#sockets.clients) client.terminate();
          this.#http.closeAllConnections();
        }, 300);
        await closed;
        clearTimeout(force);
        for (const window of this.#windows.values()) this.#options.closed(window);
        this.#windows.clear();
      },
    };
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    const { host } = request.headers;
    if (!isOwnHost(host, this.#port) || !isOwnOrigin(request.headers, false)) return say(response, 403);
    for (const [name, value] of Object.entries(securityHeaders(host ?? ''))) response.setHeader(name, value);
    if (request.method !== 'GET' && request.method !== 'HEAD') return say(response, 405);
    const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
    if (path.startsWith('/export/')) {
      const key = new URLSearchParams(query).get('key') ?? '';
      if (request.method !== 'GET' || !this.#options.exported(path.slice('/export/'.length), key, response)) say(response, 404);
      return;
    }
    this.#static(path, request.method === 'HEAD', response);
  }

  #static(path: string, headOnly: boolean, response: ServerResponse): void {
    const file = findStatic(this.#options.renderer, path);
    if (file === undefined) {
      if (path !== '/') return say(response, 404);
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
      response.end(NOT_BUILT);
      return;
    }
    response.writeHead(200, {
      'content-type': file.type,
      'content-length': file.bytes,
      'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
    if (headOnly) {
      response.end();
      return;
    }
    const stream = file.open();
    stream.on('error', () => response.destroy());
    response.on('close', () => stream.destroy());
    stream.pipe(response);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (!isOwnHost(request.headers.host, this.#port) || !isOwnOrigin(request.headers, true)) return reject(socket, 403);
    if (request.url !== '/api') return reject(socket, 404);
    const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((part) => part.trim());
    const token = protocols.find((part) => part.startsWith(TOKEN_PREFIX))?.slice(TOKEN_PREFIX.length);
    if (!protocols.includes(PROTOCOL) || token === undefined) return reject(socket, 400);
    if (this.#sockets.clients.size >= MAX_WINDOWS) return reject(socket, 503);
    const admission = this.#keys.admit(token);
    if (admission === undefined) return reject(socket, 401);
    this.#sockets.handleUpgrade(request, socket, head, (client) =>
      this.#connected(client, admission.kind === 'new' ? undefined : { id: admission.window, secret: admission.secret }),
    );
  }

  #connected(socket: WebSocket, known: { readonly id: string; readonly secret: string } | undefined): void {
    const id = known?.id ?? randomUUID();
    const window = this.#windows.get(id) ?? new Window(id);
    this.#windows.set(id, window);
    window.connect(socket);
    let used = known?.secret;
    let greeted = false;
    socket.on('error', () => socket.terminate());
    socket.on('close', () => window.disconnected(socket, this.#options.now()));
    socket.on('message', (data: Buffer, binary: boolean) => {
      if (binary) return socket.close(1003, 'texts only');
      // The new secret has arrived, since it was sent before: the old one is used up.
      if (used !== undefined) this.#keys.forget(used);
      used = undefined;
      const text = data.toString('utf8');
      const done = this.#options.received(window, text);
      if (!greeted) void done.then(() => window.catchUp());
      greeted = true;
    });
    window.answer(-1, { reconnect: this.#keys.secret(id) });
  }

  #sweep(): void {
    const now = this.#options.now();
    for (const window of this.#windows.values()) {
      if (window.goneSince === undefined || now - window.goneSince < (this.#options.awayMs ?? AWAY_MS)) continue;
      // It may come back later, with nothing left of its sessions.
      this.#windows.delete(window.id);
      this.#options.closed(window);
    }
  }
}

function say(response: ServerResponse, status: number): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(`${status} ${STATUS_CODES[status] ?? ''}\n`);
}

function reject(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
