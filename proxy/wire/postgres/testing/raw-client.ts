// A client that speaks frames, for what no driver does: pipelines, broken frames, half-close. Signs in as the upstream side does.
import type { Duplex } from 'node:stream';
import { FrameReader, STEP } from '../frames.ts';
import { CLIENT, cstring, int32, message } from '../messages.ts';
import { connectUpstream } from '../upstream.ts';

export interface Frame {
  readonly type: string;
  readonly body: Buffer;
}

export class RawClient {
  readonly stream: Duplex;
  readonly frames: Frame[] = [];
  closed = false;
  /** Counts instead of keeping, for large results. */
  keep = true;
  bytes = 0;
  readonly #reader = new FrameReader((_, total) => total);
  #waiters: (() => void)[] = [];

  constructor(stream: Duplex, received: Buffer = Buffer.alloc(0)) {
    this.stream = stream;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('error', () => undefined);
    stream.on('close', () => {
      this.closed = true;
      this.#wake();
    });
    stream.on('end', () => {
      this.closed = true;
      this.#wake();
    });
    if (received.length > 0) this.#receive(received);
    stream.resume();
  }

  static async connect(port: number, password: string, tls: 'disable' | 'require' = 'disable'): Promise<RawClient> {
    const upstream = await connectUpstream({ host: '127.0.0.1', port, user: 'tester', password, database: 'shop', tls }, 5_000);
    const { stream, received } = upstream.handOver();
    return new RawClient(stream, received);
  }

  send(...messages: readonly Buffer[]): void {
    this.stream.write(Buffer.concat(messages));
  }

  /** The types of all frames up to `count` ReadyForQuery, as one string; removes them. */
  async until(count = 1): Promise<Frame[]> {
    await this.wait(() => this.frames.filter((frame) => frame.type === 'Z').length >= count);
    let seen = 0;
    const end = this.frames.findIndex((frame) => frame.type === 'Z' && ++seen === count);
    return this.frames.splice(0, end < 0 ? this.frames.length : end + 1);
  }

  async wait(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.closed) throw new Error(`closed; had ${types(this.frames)}`);
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  async ended(): Promise<Frame[]> {
    while (!this.closed) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    return this.frames;
  }

  destroy(): void {
    this.stream.destroy();
  }

  #receive(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (!this.keep) return;
    this.#reader.feed(chunk);
    while (this.#reader.next() === STEP.frame) {
      const { type, buffer, at, total } = this.#reader;
      this.frames.push({ type: String.fromCharCode(type), body: Buffer.from(buffer.subarray(at + 5, at + total)) });
      this.#reader.consume();
    }
    this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }
}

export function types(frames: readonly Frame[]): string {
  return frames.map((frame) => frame.type).join('');
}

/** The fields of an ErrorResponse or NoticeResponse by their letter. */
export function fields(frame: Frame | undefined): Record<string, string> {
  const out: Record<string, string> = {};
  for (const part of (frame?.body.toString('utf8') ?? '').split('\0')) if (part !== '') out[part.charAt(0)] = part.slice(1);
  return out;
}

export function error(frames: readonly Frame[]): Record<string, string> {
  return fields(frames.find((frame) => frame.type === 'E'));
}

export function firstColumns(frames: readonly Frame[]): string[] {
  return frames.filter((frame) => frame.type === 'D').map((frame) => frame.body.toString('utf8', 6, 6 + frame.body.readInt32BE(2)));
}

export const m = {
  query: (text: string): Buffer => message(CLIENT.Query, cstring(text)),
  parse: (name: string, text: string): Buffer => message(CLIENT.Parse, cstring(name), cstring(text), Buffer.from([0, 0])),
  bind: (portal: string, statement: string, values: readonly (string | null)[] = []): Buffer =>
    message(
      CLIENT.Bind,
      cstring(portal),
      cstring(statement),
      Buffer.from([0, 0, values.length >> 8, values.length & 255]),
      ...values.map((value) => (value === null ? int32(-1) : Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)]))),
      Buffer.from([0, 0]),
    ),
  describe: (what: 'S' | 'P', name: string): Buffer => message(CLIENT.Describe, Buffer.from(what), cstring(name)),
  execute: (portal: string, rows = 0): Buffer => message(CLIENT.Execute, cstring(portal), int32(rows)),
  close: (what: 'S' | 'P', name: string): Buffer => message(CLIENT.Close, Buffer.from(what), cstring(name)),
  sync: message(CLIENT.Sync),
  flush: message(CLIENT.Flush),
  terminate: message(CLIENT.Terminate),
  copyData: (text: string): Buffer => message(CLIENT.CopyData, Buffer.from(text)),
  copyDone: message(CLIENT.CopyDone),
  copyFail: (reason: string): Buffer => message(CLIENT.CopyFail, cstring(reason)),
};
