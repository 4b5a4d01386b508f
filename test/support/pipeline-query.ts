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
}

/** What node-postgres calls while this is its active query. */
export class PipelineQuery {
  readonly done: Promise<pg.DatabaseError | undefined>;
  readonly rows: (readonly unknown[])[] = [];
  readonly #texts: readonly string[];
  #end: (error: pg.DatabaseError | undefined) => void = () => undefined;

  constructor(texts: readonly string[]) {
    this.#texts = texts;
    this.done = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  submit(connection: Writer): void {
    for (const text of this.#texts) {
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
  /** node-postgres forgets its query at an error; it waits for ReadyForQuery all the same before it sends the next. */
  handleError(error: pg.DatabaseError): void {
    this.#end(error);
  }
  handleReadyForQuery(): void {
    this.#end(undefined);
  }
}
