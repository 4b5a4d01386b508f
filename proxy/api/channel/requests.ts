// Requests of a window: checked at the door, handed to their handler, answered. Nothing a window sends reaches a handler in
// another shape than the contract's.
import { type Method, REQUESTS, type Results, requestSchema } from '../../../contracts/ui.ts';
import type { z } from 'zod';
import { GatehouseError } from '../../errors.ts';
import type { Window } from './window.ts';

export type Handlers = {
  readonly [M in Method]: (params: z.output<(typeof REQUESTS)[M]>, window: Window) => Results[M] | Promise<Results[M]>;
};

export type Log = (event: string, facts: Readonly<Record<string, string>>) => void;

const MAX_IN_FLIGHT = 128;

export class Requests {
  readonly #handlers: Handlers;
  readonly #log: Log;
  readonly #inFlight = new Map<Window, number>();

  constructor(handlers: Handlers, log: Log) {
    this.#handlers = handlers;
    this.#log = log;
  }

  /** Never rejects. */
  async handle(window: Window, text: string): Promise<void> {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return window.refuse(-1, { code: 'BAD_JSON', message: 'the message is not JSON' });
    }
    const request = requestSchema.safeParse(json);
    if (!request.success) return window.refuse(idOf(json), { code: 'BAD_REQUEST', message: 'a request has id, method and params' });
    const { id, method, params } = request.data;
    if (!Object.hasOwn(REQUESTS, method)) return window.refuse(id, { code: 'UNKNOWN_METHOD', message: 'there is no such method' });
    const known = method as Method;
    const checked = REQUESTS[known].safeParse(params);
    if (!checked.success) return window.refuse(id, { code: 'BAD_PARAMS', message: issues(checked.error) });
    const running = this.#inFlight.get(window) ?? 0;
    if (running >= MAX_IN_FLIGHT)
      return window.refuse(id, { code: 'TOO_MANY', message: `more than ${MAX_IN_FLIGHT} requests wait for an answer` });
    this.#inFlight.set(window, running + 1);
    try {
      const handler = this.#handlers[known] as (params: unknown, window: Window) => unknown;
      window.answer(id, await handler(checked.data, window));
    } catch (error) {
      window.refuse(id, this.#fault(known, error));
    } finally {
      const left = (this.#inFlight.get(window) ?? 1) - 1;
      if (left > 0) this.#inFlight.set(window, left);
      else this.#inFlight.delete(window);
    }
  }

  #fault(method: string, error: unknown): { code: string; message: string } {
    if (error instanceof GatehouseError) return { code: error.code, message: error.message };
    // Only the kind and the place: a message could quote data.
    const stack =
      error instanceof Error
        ? (error.stack ?? '')
            .split('\n')
            .filter((line) => /^\s+at /.test(line))
            .slice(0, 4)
            .join(' < ')
        : '';
    this.#log('request-failed', { method, error: error instanceof Error ? error.name : typeof error, stack });
    return { code: 'INTERNAL', message: 'the request failed inside Gatehouse' };
  }
}

function idOf(json: unknown): number {
  const id = typeof json === 'object' && json !== null && 'id' in json ? json.id : undefined;
  return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : -1;
}

/** Which parameter and why, never its value. */
function issues(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map(
      (issue) =>
        `${issue.path.map(String).join('.') || 'params'}: ${issue.code === 'unrecognized_keys' ? 'unknown key' : issue.message.toLowerCase()}`,
    )
    .join('; ');
}
