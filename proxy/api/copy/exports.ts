// Files made of whole results: written while the rows come, told of as they grow, fetched by one address each. A download may
// begin before the file is whole; it then waits for what is missing. Source: design, "Results" (export).
import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { GatehouseError } from '../../errors.ts';
import type { Window } from '../channel/window.ts';
import type { RunResult } from '../run/run.ts';
import { csvRow, distinctNames, jsonRow } from './formats.ts';

export type ExportFormat = 'csv' | 'json' | 'jsonl';

export interface ExportEnd {
  readonly status: 'ok' | 'error' | 'cancelled';
  readonly rows: number;
  readonly bytes: number;
}

interface Export {
  readonly id: string;
  readonly key: string;
  readonly window: Window;
  readonly format: ExportFormat;
  readonly name: string;
  readonly path: string;
  readonly file: Promise<FileHandle>;
  bytes: number;
  rows: number;
  done: boolean;
  failed: string | undefined;
  cancelled: boolean;
  /** Downloads that read it now. */
  readers: number;
  work: Promise<void>;
}

const TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  json: 'application/json',
  jsonl: 'application/jsonl; charset=utf-8',
};
const BATCH = 2_000;
const BATCH_BYTES = 4 * 1024 * 1024;
const PROGRESS_MS = 100;
const WAIT_MS = 20;
const MAX_EXPORTS = 20;
/** How long a file waits to be fetched. */
const KEPT_MS = 30 * 60_000;

export class Exports implements AsyncDisposable {
  readonly #folder: string;
  readonly #exports = new Map<string, Export>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `ended` is told once. `name`: of the file, without its ending. */
  start(
    window: Window,
    result: RunResult,
    format: ExportFormat,
    name: string,
    ended: (end: ExportEnd) => void,
  ): { readonly export: string; readonly url: string } {
    if (this.#exports.size >= MAX_EXPORTS) throw new GatehouseError('TOO_MANY', `more than ${MAX_EXPORTS} exports wait to be fetched`);
    const id = randomUUID();
    const path = join(this.#folder, `${id}.export`);
    const file = create(path);
    file.catch(() => undefined);
    const made: Export = {
      id,
      key: randomBytes(32).toString('base64url'),
      window,
      format,
      name,
      path,
      file,
      bytes: 0,
      rows: 0,
      done: false,
      failed: undefined,
      cancelled: false,
      readers: 0,
      work: Promise.resolve(),
    };
    this.#exports.set(id, made);
    made.work = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#write(made, result, ended));
    setTimeout(() => this.#drop(made), KEPT_MS).unref();
    return { export: id, url: `/export/${id}?key=${made.key}` };
  }

  cancel(window: Window, id: string): void {
    const found = this.#exports.get(id);
    if (found === undefined || found.window !== window) return;
    found.cancelled = true;
    if (found.done) this.#drop(found);
  }

  closeWindow(window: Window): void {
    for (const found of this.#exports.values()) {
      if (found.window !== window) continue;
      found.cancelled = true;
      this.#drop(found);
    }
  }

  /** Answers the download; false when there is none of that name and key. */
  serve(id: string, key: string, response: ServerResponse): boolean {
    const found = this.#exports.get(id);
    if (found === undefined || !sameKey(key, found.key) || found.failed !== undefined || found.cancelled) return false;
    response.writeHead(200, {
      'content-type': TYPES[found.format],
      'content-disposition': `attachment; filename="${found.name}.${found.format}"`,
      'cache-control': 'no-store',
      ...(found.done ? { 'content-length': found.bytes } : {}),
    });
    void this.#send(found, response);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#exports.values()];
    for (const one of all) {
      one.cancelled = true;
      this.#drop(one);
    }
    await Promise.all(all.map(({ work }) => work));
  }

  async #send(found: Export, response: ServerResponse): Promise<void> {
    found.readers += 1;
    try {
      const file = await found.file;
      const buffer = Buffer.allocUnsafe(65_536);
      for (let at = 0; !response.destroyed; ) {
        if (at < found.bytes) {
          const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, found.bytes - at), at);
          at += bytesRead;
          if (!response.write(Buffer.from(buffer.subarray(0, bytesRead)))) {
            await new Promise<void>((resolve) => {
              response.once('drain', resolve);
              response.once('close', resolve);
            });
          }
        } else if (found.failed !== undefined || found.cancelled) {
          // Cut off, so that nobody takes the part for the whole.
          response.destroy();
        } else if (found.done) {
          response.end();
          break;
        } else await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
      }
    } catch {
      response.destroy();
    } finally {
      found.readers -= 1;
    }
  }

  async #write(made: Export, result: RunResult, ended: (end: ExportEnd) => void): Promise<void> {
    const { window, id } = made;
    let toldAt = 0;
    const tell = (error?: string): void =>
      window.tell(
        'export.progress',
        { export: id, rows: made.rows, done: made.done, ...(error === undefined ? {} : { error }) },
        `export ${id}`,
      );
    try {
      const file = await made.file;
      const names = distinctNames(result.columns);
      const put = async (text: string): Promise<void> => {
        const bytes = Buffer.from(text, 'utf8');
        for (let done = 0; done < bytes.length; )
          done += (await file.write(bytes, done, bytes.length - done, made.bytes + done)).bytesWritten;
        made.bytes += bytes.length;
      };
      await put(made.format === 'csv' ? csvRow(result.columns.map((column) => column.name)) : made.format === 'json' ? '[' : '');
      while (!made.cancelled) {
        if (made.rows >= result.file.rows) {
          if (result.done) break;
          await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
          continue;
        }
        const rows = await result.file.window(made.rows, Math.min(BATCH, result.file.rowsWithin(made.rows, BATCH_BYTES)));
        let text = '';
        for (const [i, row] of rows.entries()) {
          if (made.format === 'csv') text += csvRow(row);
          else {
            const line = jsonRow(row, result.columns, names);
            text += made.format === 'jsonl' ? `${line}\n` : `${made.rows + i === 0 ? '' : ','}\n${line}`;
          }
        }
        await put(text);
        made.rows += rows.length;
        const now = performance.now();
        if (now - toldAt < PROGRESS_MS) continue;
        toldAt = now;
        tell();
      }
      if (made.format === 'json' && !made.cancelled) await put('\n]\n');
    } catch (error) {
      made.failed = error instanceof GatehouseError ? error.message : 'the file could not be written';
    }
    made.done = true;
    const status = made.cancelled ? 'cancelled' : made.failed === undefined ? 'ok' : 'error';
    tell(status === 'ok' ? undefined : (made.failed ?? 'cancelled'));
    ended({ status, rows: made.rows, bytes: made.bytes });
    if (status !== 'ok') this.#drop(made);
  }

  #drop(found: Export): void {
    if (!this.#exports.delete(found.id)) return;
    void found.work.then(async () => {
      while (found.readers > 0) await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
      const file = await found.file.catch(() => undefined);
      await file?.close().catch(() => undefined);
      await rm(found.path, { force: true });
    });
  }
}

async function create(path: string): Promise<FileHandle> {
  const file = await open(path, 'wx+', 0o600);
  if (process.platform !== 'win32') await rm(path, { force: true });
  return file;
}

function sameKey(given: string, known: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(known)];
  return a.length === b.length && timingSafeEqual(a, b);
}
