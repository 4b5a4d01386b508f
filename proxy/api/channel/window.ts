// One window of the app: its socket while it has one, and what it must still hear when it comes back.
import type { WebSocket } from 'ws';
import type { Events, Fault } from '../../../contracts/ui.ts';

/** What waits for a window that is away; beyond this it has missed too much and starts anew. */
const MAX_WAITING = 20_000;
/** A window that does not read is let go before it fills the memory. */
const MAX_BUFFERED = 128 * 1024 * 1024;

export class Window {
  readonly id: string;
  #socket: WebSocket | undefined;
  /** By event; later news of the same progress replace earlier ones. */
  #waiting = new Map<string, string>();
  #count = 0;
  /** Milliseconds, monotonic; undefined while connected. */
  goneSince: number | undefined;

  constructor(id: string) {
    this.id = id;
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  /** Takes a socket; one that it had before is closed, since a window has one place. */
  connect(socket: WebSocket): void {
    const before = this.#socket;
    this.#socket = socket;
    this.goneSince = undefined;
    before?.close(4001, 'replaced');
  }

  /** False when the socket was not this window's any more. */
  disconnected(socket: WebSocket, now: number): boolean {
    if (this.#socket !== socket) return false;
    this.#socket = undefined;
    this.goneSince = now;
    return true;
  }

  close(code: number, reason: string): void {
    this.#socket?.close(code, reason);
  }

  answer(id: number, result: unknown): void {
    this.#send(JSON.stringify({ id, result: result ?? null }));
  }

  refuse(id: number, error: Fault): void {
    this.#send(JSON.stringify({ id, error }));
  }

  /** About this window's own work: kept for it while it is away. */
  tell<E extends keyof Events>(event: E, data: Events[E], key?: string): void {
    const text = JSON.stringify({ event, data });
    if (this.#socket !== undefined) return this.#send(text);
    if (this.#waiting.size >= MAX_WAITING) return;
    const place = key ?? `#${this.#count++}`;
    this.#waiting.delete(place);
    this.#waiting.set(place, text);
  }

  /** News of no use to a window that is away. */
  mention<E extends keyof Events>(event: E, data: Events[E]): void {
    if (this.#socket !== undefined) this.#send(JSON.stringify({ event, data }));
  }

  /** The window has come back and said so. */
  catchUp(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting = new Map();
    for (const text of waiting) this.#send(text);
  }

  #send(text: string): void {
    const socket = this.#socket;
    if (socket === undefined || socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > MAX_BUFFERED) return socket.terminate();
    socket.send(text);
  }
}
