// Who I am, what the proxy is doing, which connections there are.

import type { AgentInfo, ConnectionInfo, Hello } from '../../contracts/ui.ts';
import { call, on, onStatus, type Status } from '../transport/socket.ts';
import { createStore } from './store.ts';
import { complain } from './toasts.ts';

interface Session {
  readonly status: Status;
  /** False until the first `hello` was answered. */
  readonly ready: boolean;
  readonly hello: Hello | undefined;
  readonly connections: readonly ConnectionInfo[];
  readonly agents: readonly AgentInfo[];
}

export const session = createStore<Session>({ status: 'connecting', ready: false, hello: undefined, connections: [], agents: [] });

/** Follows the socket; `greeted` runs after each `hello`. */
export function followProxy(greeted: () => Promise<void>): void {
  onStatus((status) => {
    session.set({ status });
    if (status === 'open') greet(greeted).catch((error: unknown) => complain('The proxy did not answer', error));
  });
  on('ledger.state', (ledger) => session.set(({ hello }) => ({ hello: hello && { ...hello, ledger } })));
  on('agents.changed', () => {
    loadAgents().catch((error: unknown) => complain('Agents can not be listed', error));
    // Whether all are paused comes with `hello` only.
    call('hello', {}).then((hello) => session.set({ hello }), ignoreOffline);
  });
}

async function greet(greeted: () => Promise<void>): Promise<void> {
  const [hello, connections] = await Promise.all([call('hello', {}), call('connections.list', {})]);
  session.set({ hello, connections });
  await greeted();
  session.set({ ready: true });
  await loadAgents();
}

export async function loadConnections(): Promise<void> {
  session.set({ connections: await call('connections.list', {}) });
}

export async function loadAgents(): Promise<void> {
  session.set({ agents: await call('agents.list', {}) });
}

export function connectionNamed(name: string | undefined): ConnectionInfo | undefined {
  return session.get().connections.find((connection) => connection.name === name);
}

// The socket says that it is lost, on its own and more clearly.
function ignoreOffline(): void {}
