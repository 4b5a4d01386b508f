// Reads the handshake from a stream, byte-exact: what is not taken stays for whoever reads next (TLS, the session).
import type { Duplex } from 'node:stream';

export class StreamEnded extends Error {}

export class ByteSource {
  readonly #stream: Duplex;
  #buffer: Buffer = Buffer.alloc(0);
  #wanted = 0;
  #resolve: ((bytes: Buffer) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;
  #ended = false;
  readonly #onData = (chunk: Buffer): void => {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    // Whoever sends more than it was asked for waits; nothing is gathered without bound.
    if (this.#buffer.length > MAX_BUFFERED) this.#stream.pause();
    this.#settle();
  };
  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#settle();
  };

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', this.#onData);
    stream.on('end', this.#onEnd);
    stream.on('close', this.#onEnd);
    stream.on('error', this.#onEnd);
  }

  /** Exactly `count` bytes, not taken. Rejects with StreamEnded. */
  async peek(count: number): Promise<Buffer> {
    if (this.#buffer.length < count) {
      if (this.#ended) throw new StreamEnded();
      await new Promise<Buffer>((resolve, reject) => {
        this.#wanted = count;
        this.#resolve = resolve;
        this.#reject = reject;
        this.#stream.resume();
      });
    }
    return this.#buffer.subarray(0, count);
  }

  async take(count: number): Promise<Buffer> {
    const bytes = await this.peek(count);
    this.#buffer = this.#buffer.subarray(count);
    return bytes;
  }

  /** How many bytes have come that nobody took. */
  get left(): number {
    return this.#buffer.length;
  }

  /** Stops reading and gives what is left; the stream is paused, with an error listener so that a late reset ends nothing else. */
  detach(): Buffer {
    this.#stream.pause();
    this.#stream.off('data', this.#onData);
    this.#stream.off('end', this.#onEnd);
    this.#stream.off('close', this.#onEnd);
    const left = this.#buffer;
    this.#buffer = Buffer.alloc(0);
    return left;
  }

  #settle(): void {
    if (this.#buffer.length >= this.#wanted) {
      this.#resolve?.(this.#buffer);
    } else if (this.#ended) {
      this.#reject?.(new StreamEnded());
    } else return;
    this.#resolve = undefined;
    this.#reject = undefined;
    this.#wanted = 0;
  }
}

const MAX_BUFFERED = 65_536;
