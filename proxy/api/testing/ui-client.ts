// A window without a browser: a real WebSocket, requests as promises, events kept in order.
import { request } from 'node:http';
import WebSocket from 'ws';
import { type Events, type Fault, type Method, type Params, PROTOCOL, type Results } from '../../../contracts/ui.ts';

type Told = { readonly [E in keyof Events]: { readonly event: E; readonly data: Events[E] } }[keyof Events];

export interface RunOutcome {
  readonly run: string;
  readonly end: Events['run.end'];
  readonly error: Events['run.error']['error'] | undefined;
  readonly results: readonly Events['run.result'][];
  readonly statements: readonly Events['run.statement'][];
}

export class UiFault extends Error {
  readonly code: string;
  constructor(fault: Fault) {
    super(fault.message);
    this.code = fault.code;
  }
}

export const tokenOf = (url: string): string => new URL(url).hash.replace('#token=', '');

export class UiClient {
  readonly socket: WebSocket;
  readonly host: string;
  readonly events: Told[] = [];
  /** By which this window comes back. */
  secret = '';
  /** Answers that belong to no request. */
  readonly stray: unknown[] = [];
  #next = 0;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #listeners: (() => void)[] = [];

  private constructor(socket: WebSocket, host: string) {
    this.socket = socket;
    this.host = host;
    socket.on('message', (data: Buffer) => this.#receive(data.toString('utf8')));
  }

  /** `token`: instead of the address' own. */
  static async open(url: string, token = tokenOf(url)): Promise<UiClient> {
    const { host } = new URL(url);
    const socket = new WebSocket(`ws://${host}/api`, [PROTOCOL, `token.${token}`], { origin: `http://${host}` });
    const client = new UiClient(socket, host);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    await client.until(() => client.secret !== '');
    return client;
  }

  /** Rejects with UiFault. */
  async call<M extends Method>(method: M, params: Params<M>): Promise<Results[M]> {
    return (await this.raw(method, params)) as Results[M];
  }

  raw(method: string, params: unknown): Promise<unknown> {
    const id = this.#next++;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    this.socket.send(JSON.stringify({ id, method, params }));
    return answer.promise;
  }

  async run(connection: string, sql: string, options: { tab?: string; justification?: string } = {}): Promise<RunOutcome> {
    const { tab = 'tab', ...rest } = options;
    const { run } = await this.call('run.start', { tab, connection, sql, ...rest });
    return this.ended(run);
  }

  async ended(run: string): Promise<RunOutcome> {
    const of = <E extends keyof Events>(event: E): Events[E][] =>
      this.events.filter((one) => one.event === event && 'run' in one.data && one.data.run === run).map((one) => one.data as Events[E]);
    await this.until(() => of('run.end').length > 0);
    const [end] = of('run.end');
    if (end === undefined) throw new Error('no end');
    return { run, end, error: of('run.error')[0]?.error, results: of('run.result'), statements: of('run.statement') };
  }

  async rows(run: string, result = 0, from = 0, count = 2_000): Promise<readonly (readonly (string | null)[])[]> {
    return (await this.call('run.rows', { run, result, from, count })).rows;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#listeners.push(resolve));
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.close();
    await closed;
  }

  #receive(text: string): void {
    const message = JSON.parse(text) as { id?: number; result?: { reconnect?: string }; error?: Fault } | Told;
    if ('event' in message) this.events.push(message);
    else if (message.id === -1 && message.result?.reconnect !== undefined) this.secret = message.result.reconnect;
    else {
      const waiting = this.#waiting.get(message.id ?? -1);
      if (waiting === undefined) this.stray.push(message);
      else if (message.error === undefined) waiting.resolve(message.result);
      else waiting.reject(new UiFault(message.error));
    }
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}

/** The status of an HTTP request with exactly these headers and this path. */
export function probe(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
  method = 'GET',
): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers, setHost: false, agent: false });
    asked.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: '' });
    });
    asked.on('error', reject);
    asked.end();
  });
}
