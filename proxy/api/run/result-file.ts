// The rows of one result, kept on disk as the messages that they came in, with marks of where some of them begin. Memory does
// not grow with the result; any window of rows is one read. Source: design, "Results" (rows stay in the proxy, paged on disk).
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GatehouseError } from '../../errors.ts';
import { type Row, readRows } from './data-row.ts';

/** A mark at least every so many rows, and every so many bytes. */
const STRIDE = 64;
const STRIDE_BYTES = 256 * 1024;
const BLOCK = 256 * 1024;
const MAX_SPARE = 16;
/** Blocks that nobody uses now: results come and go, and memory that is given back late would add up. */
const spare: Buffer[] = [];

interface Block {
  readonly buffer: Buffer;
  length: number;
}

/** What may wait for the disk before the database has to. */
const MAX_PENDING = 4 * 1024 * 1024;
/** A window of more is refused: it would be copied several times on its way to the screen. */
const MAX_WINDOW = 64 * 1024 * 1024;

export class ResultFile implements AsyncDisposable {
  readonly #path: string;
  readonly #file: Promise<FileHandle>;
  /** Row numbers and where these rows begin, both ascending. */
  readonly #markRows: number[] = [];
  readonly #markAt: number[] = [];
  #rows = 0;
  #size = 0;
  #written = 0;
  /** Bytes of a row that is still coming; it does not count before its end. */
  #open = false;
  /** Full blocks, then the one that is being filled. */
  #pending: Block[] = [];
  #filling: Block | undefined;
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;
  #failure: Error | undefined;
  #closed = false;
  #readers = 0;

  /** `folder` exists and is the owner's alone. */
  constructor(folder: string) {
    this.#path = join(folder, `${randomUUID()}.rows`);
    this.#file = this.#create();
    this.#file.catch((error: unknown) => {
      this.#failure = error instanceof Error ? error : new Error('open');
    });
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#size;
  }

  async #create(): Promise<FileHandle> {
    const file = await open(this.#path, 'wx+', 0o600);
    // Without a name nothing is left of it when the process is killed. (Windows does not allow that.)
    if (process.platform !== 'win32') await rm(this.#path, { force: true });
    return file;
  }

  /** `count` whole rows at `at … at + length`. */
  append(buffer: Buffer, at: number, length: number, count: number): void {
    let position = at;
    for (let row = 0; row < count; row += 1) {
      this.#mark(this.#size + position - at);
      position += 1 + buffer.readUInt32BE(position + 1);
      this.#rows += 1;
    }
    this.#push(buffer.subarray(at, at + length));
  }

  /** A part of a large row; `last` ends it. */
  appendPart(part: Buffer, last: boolean): void {
    if (!this.#open) this.#mark(this.#size);
    this.#open = !last;
    this.#push(part);
    if (last) this.#rows += 1;
  }

  /** Resolves when there is room again; undefined while there is. Rejects with RESULT_STORE when the disk fails. */
  pressure(): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(storeFault(this.#failure));
    return this.#pendingBytes > MAX_PENDING ? this.#until(() => this.#pendingBytes <= MAX_PENDING / 2) : undefined;
  }

  /** Up to `count` rows from `from`. */
  async window(from: number, count: number): Promise<Row[]> {
    const last = Math.min(from + count, this.#rows);
    if (from >= last) return [];
    const first = this.#markBefore(from);
    const start = this.#markAt[first] ?? 0;
    const end = this.#markAt[this.#markBefore(last - 1) + 1] ?? this.#size;
    if (end - start > MAX_WINDOW) throw new GatehouseError('TOO_LARGE', 'these rows are too large to be shown at once; ask for fewer');
    await this.#until(() => this.#written >= end);
    this.#alive();
    this.#readers += 1;
    try {
      const buffer = Buffer.allocUnsafe(end - start);
      const file = await this.#file;
      for (let read = 0; read < buffer.length; ) {
        const { bytesRead } = await file.read(buffer, read, buffer.length - read, start + read);
        if (bytesRead === 0) throw storeFault(undefined);
        read += bytesRead;
      }
      return readRows(buffer, from - (this.#markRows[first] ?? 0), last - from);
    } finally {
      this.#readers -= 1;
    }
  }

  /** How many rows from `from` fit into about `bytes`; at least one. */
  rowsWithin(from: number, bytes: number): number {
    const first = this.#markBefore(from);
    const start = this.#markAt[first] ?? 0;
    let last = first + 1;
    while (last < this.#markAt.length && (this.#markAt[last + 1] ?? this.#size) - start <= bytes) last += 1;
    return Math.max(1, (this.#markRows[last] ?? this.#rows) - from);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#pending = [];
    this.#filling = undefined;
    const file = await this.#file.catch(() => undefined);
    await this.#writing?.catch(() => undefined);
    while (this.#readers > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await file?.close();
    await rm(this.#path, { force: true });
  }

  #mark(at: number): void {
    const last = this.#markRows.length - 1;
    if (last >= 0 && this.#rows - (this.#markRows[last] ?? 0) < STRIDE && at - (this.#markAt[last] ?? 0) < STRIDE_BYTES) return;
    this.#markRows.push(this.#rows);
    this.#markAt.push(at);
  }

  /** The last mark at or before a row. */
  #markBefore(row: number): number {
    let low = 0;
    let high = this.#markRows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#markRows[middle] ?? 0) <= row) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** Copied, so that the chunks of the stream live as short as they can. */
  #push(bytes: Buffer): void {
    if (this.#closed || this.#failure !== undefined) return;
    this.#size += bytes.length;
    this.#pendingBytes += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const block = this.#filling ?? { buffer: spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK), length: 0 };
      const taken = bytes.copy(block.buffer, block.length, at);
      block.length += taken;
      at += taken;
      this.#filling = block.length < BLOCK ? block : undefined;
      if (block.length === BLOCK) this.#pending.push(block);
    }
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  async #write(): Promise<void> {
    try {
      const file = await this.#file;
      while (!this.#closed) {
        const block = this.#pending.shift() ?? this.#filling;
        if (block === undefined) break;
        if (block === this.#filling) this.#filling = undefined;
        const { buffer, length } = block;
        for (let done = 0; done < length; ) done += (await file.write(buffer, done, length - done, this.#written + done)).bytesWritten;
        this.#written += length;
        this.#pendingBytes -= length;
        if (spare.length < MAX_SPARE) spare.push(buffer);
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error('write');
    }
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.#alive();
      if (this.#writing === undefined) throw storeFault(undefined);
      await Promise.race([this.#writing, new Promise((resolve) => setTimeout(resolve, 2))]);
    }
  }

  #alive(): void {
    if (this.#failure !== undefined) throw storeFault(this.#failure);
    if (this.#closed) throw new GatehouseError('NO_RESULT', 'the result was closed');
  }
}

const storeFault = (cause: Error | undefined): GatehouseError =>
  new GatehouseError('RESULT_STORE', 'the rows could not be kept on disk', cause === undefined ? {} : { cause });
