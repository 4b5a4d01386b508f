// The client's end of a session inside this process: one Query at a time, answers handed on as they come, rows as raw
// messages. Source: PostgreSQL, "Simple Query", "COPY Operations", "Message Formats".
import type { Duplex } from 'node:stream';
import type { ResultColumn } from '../../checkpoint/gate.ts';
import { FrameReader, HEADER, STEP } from '../../wire/postgres/frames.ts';
import { copyFail, query, SERVER, TERMINATE } from '../../wire/postgres/messages.ts';
import { readRowDescription } from '../../wire/postgres/row-description.ts';

export type MessageFields = ReadonlyMap<string, string>;
export type Transaction = 'none' | 'open' | 'failed';

export interface QuerySink {
  columns(columns: readonly ResultColumn[]): void;
  /** COPY … TO STDOUT begins: each value that follows is a line. */
  copyOut(): void;
  copied(line: Buffer): void;
  rows(buffer: Buffer, at: number, length: number, count: number): void;
  rowPart(part: Buffer, last: boolean): void;
  complete(tag: string): void;
  error(fields: MessageFields): void;
  notice(fields: MessageFields): void;
  /** Asked after each chunk: the stream is not read before it resolves. */
  pressure(): Promise<void> | undefined;
}

/** The session ended before ReadyForQuery. */
export class SessionGone extends Error {}

/** Rows above this are handed on in parts. */
const LARGE_ROW = 65_536;
const TRANSACTIONS: Readonly<Record<string, Transaction>> = { I: 'none', T: 'open', E: 'failed' };

export class ProtocolClient {
  readonly #stream: Duplex;
  readonly #reader = new FrameReader((type, total) => (type === SERVER.DataRow && total > LARGE_ROW ? HEADER : total));
  #sink: QuerySink | undefined;
  #done: PromiseWithResolvers<Transaction> = Promise.withResolvers();
  #gone = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    for (const event of ['end', 'close', 'error'] as const) stream.on(event, () => this.#lost());
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Resolves at ReadyForQuery. Rejects with SessionGone, or with what `pressure` rejects with (the session is over then). */
  run(text: string, sink: QuerySink): Promise<Transaction> {
    if (this.#gone) return Promise.reject(new SessionGone());
    this.#done = Promise.withResolvers();
    this.#sink = sink;
    this.#stream.write(query(Buffer.from(text, 'utf8')));
    return this.#done.promise;
  }

  close(): void {
    if (this.#gone) return;
    this.#stream.end(TERMINATE);
    this.#stream.resume();
    this.#lost();
  }

  #lost(error: Error = new SessionGone()): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#done.promise.catch(() => undefined);
    this.#done.reject(error);
  }

  #receive(chunk: Buffer): void {
    if (this.#gone) return;
    this.#walk(chunk);
    const pressure = this.#sink?.pressure();
    if (pressure === undefined) return;
    this.#stream.pause();
    pressure.then(
      () => this.#stream.resume(),
      (error: unknown) => {
        this.#lost(error instanceof Error ? error : new SessionGone());
        this.#stream.destroy();
      },
    );
  }

  #walk(chunk: Buffer): void {
    const reader = this.#reader;
    reader.feed(chunk);
    for (;;) {
      const count = reader.run(SERVER.DataRow, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
      if (count > 0) {
        this.#sink?.rows(reader.buffer, reader.at, reader.present, count);
        continue;
      }
      const step = reader.next();
      if (step === STEP.more) return;
      if (step === STEP.malformed) return void this.#stream.destroy();
      const { buffer, at, present, total, type } = reader;
      if (step === STEP.rest || present < total) {
        reader.consume();
        this.#sink?.rowPart(buffer.subarray(at, at + present), !reader.insideRest);
      } else {
        this.#message(type, buffer, at, total);
        reader.consume();
      }
    }
  }

  #message(type: number, buffer: Buffer, at: number, total: number): void {
    const sink = this.#sink;
    const from = at + HEADER;
    const end = at + total;
    switch (type) {
      case SERVER.DataRow:
        return sink?.rows(buffer, at, total, 1);
      case SERVER.RowDescription:
        return sink?.columns(readRowDescription(buffer, at, total) ?? []);
      case SERVER.CopyOutResponse:
        return sink?.copyOut();
      case SERVER.CopyData:
        return sink?.copied(buffer.subarray(from, end));
      case SERVER.CopyInResponse:
        this.#stream.write(copyFail('COPY FROM STDIN is not available in the editor'));
        return;
      case SERVER.CommandComplete:
        return sink?.complete(buffer.toString('utf8', from, end - 1));
      case SERVER.EmptyQueryResponse:
        return sink?.complete('');
      case SERVER.ErrorResponse:
        return sink?.error(fieldsOf(buffer, from, end));
      case SERVER.NoticeResponse:
        return sink?.notice(fieldsOf(buffer, from, end));
      case SERVER.ReadyForQuery:
        this.#sink = undefined;
        this.#done.resolve(TRANSACTIONS[String.fromCharCode(buffer[from] ?? 0)] ?? 'none');
        return;
      default:
    }
  }
}

/** By their letter. */
function fieldsOf(buffer: Buffer, from: number, end: number): MessageFields {
  const fields = new Map<string, string>();
  for (let at = from; at < end && buffer[at] !== 0; ) {
    const stop = buffer.indexOf(0, at + 1);
    if (stop < 0 || stop >= end) break;
    fields.set(String.fromCharCode(buffer[at] ?? 0), buffer.toString('utf8', at + 1, stop));
    at = stop + 1;
  }
  return fields;
}
