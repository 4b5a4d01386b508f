// Several statements as one segment of the extended protocol: Parse, Bind, Describe, Execute for each, then one Sync. For node-postgres,
// which offers no such thing itself.
import type pg from 'pg';

/** The part of node-postgres' connection that writes messages. */
interface Writer {
  parse(message: { readonly text: string; readonly name: string; readonly types: readonly number[] }): void;
  bind(message: { readonly portal: string; readonly statement: string; readonly values: readonly unknown[] }): void;
  describe(message: { readonly type: 'P'; readonly name: string }): void;
  execute(message: { readonly portal: string; readonly rows: number }): void;
  sync(): void;
  on(event: 'readyForQuery', listener: () => void): void;
}

/** In place of a text: a Sync. node-postgres loses track behind it, so only the last step of a session may have one. */
export const SYNC = '~sync';

/** What node-postgres calls while this is its active query. */
export class PipelineQuery {
  readonly done: Promise<pg.DatabaseError | undefined>;
  readonly rows: (readonly unknown[])[] = [];
  readonly #texts: readonly string[];
  #error: pg.DatabaseError | undefined;
  #end: (error: pg.DatabaseError | undefined) => void = () => undefined;

  constructor(texts: readonly string[]) {
    this.#texts = texts;
    this.done = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  submit(connection: Writer): void {
    let pending = 1 + this.#texts.filter((text) => text === SYNC).length;
    connection.on('readyForQuery', () => {
      pending -= 1;
      if (pending === 0) this.#end(this.#error);
    });
    for (const text of this.#texts) {
      if (text === SYNC) {
        connection.sync();
        continue;
      }
      connection.parse({ text, name: '', types: [] });
      connection.bind({ portal: '', statement: '', values: [] });
      connection.describe({ type: 'P', name: '' });
      connection.execute({ portal: '', rows: 0 });
    }
    connection.sync();
  }

  handleRowDescription(): void {}
  handleDataRow(message: { readonly fields: readonly unknown[] }): void {
    this.rows.push(message.fields);
  }
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}
  handleError(error: pg.DatabaseError): void {
    this.#error = error;
  }
  handleReadyForQuery(): void {}
}
