// Files that the proxy is making of results. The window only shows how far they are and fetches them when done.

import { call, on } from '../transport/socket.ts';
import { createStore } from './store.ts';
import { complain, tell } from './toasts.ts';

export interface Export {
  readonly id: string;
  readonly url: string;
  readonly run: string;
  readonly rows: number;
}

export const exports = createStore<{ readonly running: readonly Export[] }>({ running: [] });

export async function startExport(run: string, result: number, format: 'csv' | 'json' | 'jsonl'): Promise<void> {
  try {
    const { export: id, url } = await call('run.export', { run, result, format });
    const early = finished.get(id);
    if (early) end({ id, url, run, rows: early.rows }, early.error);
    else exports.set(({ running }) => ({ running: [...running, { id, url, run, rows: 0 }] }));
  } catch (error) {
    complain('The export was not started', error);
  }
}

export function cancelExport(id: string): void {
  exports.set(({ running }) => ({ running: running.filter((one) => one.id !== id) }));
  call('export.cancel', { export: id }).catch((error: unknown) => complain('The export was not cancelled', error));
}

/** Small results are done before the answer that names their export. */
const finished = new Map<string, { readonly rows: number; readonly error: string | undefined }>();

export function followExports(): void {
  on('export.progress', ({ export: id, rows, done, error }) => {
    const known = exports.get().running.find((one) => one.id === id);
    if (!known) {
      if (done) finished.set(id, { rows, error });
      return;
    }
    exports.set(({ running }) => ({
      running: done ? running.filter((one) => one.id !== id) : running.map((one) => (one.id === id ? { ...one, rows } : one)),
    }));
    if (done) end({ ...known, rows }, error);
  });
}

function end({ url, rows, id }: Export, error: string | undefined): void {
  finished.delete(id);
  if (error !== undefined) {
    complain('The export ended early', error);
    return;
  }
  const link = document.createElement('a');
  link.href = url;
  link.download = '';
  link.click();
  tell('Export done', `${rows.toLocaleString('en')} rows`);
}
