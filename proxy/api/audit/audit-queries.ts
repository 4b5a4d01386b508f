// Searching and verifying the ledger for the window. Both may go through the whole of it, so they run in a thread of their own
// (audit-worker.ts), which ends when nobody has asked for a while.
import { Worker } from 'node:worker_threads';
import type { Results } from '../../../contracts/ui.ts';
import { GatehouseError } from '../../errors.ts';
import type { AuditAnswer, AuditAsk } from './audit-worker.ts';

const IDLE_MS = 30_000;

export class AuditQueries implements AsyncDisposable {
  readonly #folder: string;
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #next = 1;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  search(params: Extract<AuditAsk, { kind: 'search' }>['params']): Promise<Results['audit.search']> {
    return this.#ask({ kind: 'search', params }) as Promise<Results['audit.search']>;
  }

  record(seq: number): Promise<Results['audit.record']> {
    return this.#ask({ kind: 'record', seq }) as Promise<Results['audit.record']>;
  }

  verify(): Promise<Results['audit.verify']> {
    return this.#ask({ kind: 'verify' }) as Promise<Results['audit.verify']>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#lost(worker);
    await worker?.terminate();
  }

  #ask(ask: AuditAsk): Promise<unknown> {
    const id = this.#next++;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    clearTimeout(this.#idle);
    this.#worker ??= this.#start();
    this.#worker.postMessage({ id, ask });
    return answer.promise;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./audit-worker.ts', import.meta.url), { workerData: this.#folder, name: 'audit', execArgv: [] });
    worker.unref();
    worker.on('message', ({ id, answer }: { id: number; answer: AuditAnswer }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#idle = setTimeout(() => void this.#end(), IDLE_MS).unref();
      if ('ok' in answer) waiting?.resolve(answer.ok);
      else waiting?.reject(new GatehouseError(answer.error.code, answer.error.message));
    });
    worker.on('error', () => this.#lost(worker));
    worker.on('exit', () => this.#lost(worker));
    return worker;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#lost(worker);
    await worker?.terminate();
  }

  #lost(worker: Worker | undefined): void {
    if (worker === undefined || this.#worker !== worker) return;
    this.#worker = undefined;
    for (const waiting of this.#waiting.values())
      waiting.reject(new GatehouseError('AUDIT_UNAVAILABLE', 'reading the ledger was interrupted'));
    this.#waiting.clear();
  }
}
