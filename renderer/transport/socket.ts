// The one socket to the proxy: requests by number, events, and reconnecting with back-off.
// Source: design, "Processes"; contracts/ui.ts. The reconnect secret lives in sessionStorage, so a reload of this window works and no other can.

import type { Events, Fault, Message, Method, Params, PROTOCOL as ContractProtocol, Results } from '../../contracts/ui.ts';

// The contract's own value is not imported: that would bring the schemas (and their library) into the window.
const PROTOCOL: typeof ContractProtocol = 'gatehouse.ui.1';
const SECRET = 'gatehouse.reconnect';
const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 8_000;

export class ApiError extends Error {
  readonly code: string;
  constructor(fault: Fault) {
    super(fault.message);
    this.name = 'ApiError';
    this.code = fault.code;
  }
}

export type Status = 'connecting' | 'open' | 'lost' | 'refused';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Listener<E extends keyof Events> = (data: Events[E]) => void;

let socket: WebSocket | undefined;
let nextId = 0;
let attempts = 0;
let status: Status = 'connecting';
let token: string | undefined;
let retry: number | undefined;
const waiting = new Map<number, Waiting>();
const listeners = new Map<string, Set<(data: never) => void>>();
const statusListeners = new Set<(status: Status) => void>();

/** Takes the one-time token out of the address and opens the socket. */
export function start(): void {
  const fragment = new URLSearchParams(location.hash.slice(1)).get('token');
  if (fragment) {
    token = fragment;
    history.replaceState(null, '', location.pathname + location.search);
  } else {
    token = sessionStorage.getItem(SECRET) ?? undefined;
  }
  open();
}

/** Tries again at once, instead of at the end of the wait. */
export function retryNow(): void {
  if (status === 'open') return;
  clearTimeout(retry);
  open();
}

export function call<M extends Method>(method: M, params: Params<M>): Promise<Results[M]> {
  return new Promise((resolve, reject) => {
    if (socket?.readyState !== WebSocket.OPEN) {
      reject(new ApiError({ code: 'OFFLINE', message: 'The proxy is not reachable at the moment.' }));
      return;
    }
    const id = nextId++;
    waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
    socket.send(JSON.stringify({ id, method, params }));
  });
}

export function on<E extends keyof Events>(event: E, listener: Listener<E>): () => void {
  const set = listeners.get(event) ?? new Set();
  listeners.set(event, set);
  set.add(listener as (data: never) => void);
  return () => set.delete(listener as (data: never) => void);
}

export function onStatus(listener: (status: Status) => void): () => void {
  statusListeners.add(listener);
  listener(status);
  return () => statusListeners.delete(listener);
}

function open(): void {
  if (!token) {
    become('refused');
    return;
  }
  become(attempts === 0 ? 'connecting' : 'lost');
  const host = new URLSearchParams(location.search).get('api') ?? location.host;
  const current = new WebSocket(`ws://${host}/api`, [PROTOCOL, `token.${token}`]);
  socket = current;
  let opened = false;
  current.onopen = () => {
    opened = true;
    attempts = 0;
    become('open');
  };
  current.onmessage = (event) => {
    if (typeof event.data === 'string') receive(JSON.parse(event.data) as Message);
  };
  current.onclose = () => {
    if (socket !== current) return;
    for (const { reject } of waiting.values()) reject(new ApiError({ code: 'OFFLINE', message: 'The connection to the proxy was lost.' }));
    waiting.clear();
    if (!opened) attempts++;
    else attempts = 1;
    become('lost');
    retry = window.setTimeout(open, Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempts, 6)));
  };
}

function receive(message: Message): void {
  if ('event' in message) {
    for (const listener of listeners.get(message.event) ?? []) listener(message.data as never);
    return;
  }
  if (message.id === -1) {
    if ('result' in message) keepSecret(message.result);
    return;
  }
  const request = waiting.get(message.id);
  waiting.delete(message.id);
  if ('error' in message) request?.reject(new ApiError(message.error));
  else request?.resolve(message.result);
}

function keepSecret(result: unknown): void {
  const secret = (result as { reconnect?: unknown } | null)?.reconnect;
  if (typeof secret !== 'string') return;
  token = secret;
  sessionStorage.setItem(SECRET, secret);
}

function become(next: Status): void {
  if (status === next) return;
  status = next;
  for (const listener of statusListeners) listener(next);
}
