// One small door to SQLite (better-sqlite3): what the ledger and the other stores use of it, and nothing more.
// Synchronous on purpose: who must not block runs it in a worker thread.
import BetterSqlite from 'better-sqlite3';

export type SqlValue = string | number | bigint | Uint8Array | null;

export interface Statement<Row> {
  /** Runs it; returns how many rows changed. */
  run(...values: readonly SqlValue[]): number;
  get(...values: readonly SqlValue[]): Row | undefined;
  all(...values: readonly SqlValue[]): Row[];
  /** Streams rows. The read transaction lasts until the iterator ends: end it (`break` does). */
  iterate(...values: readonly SqlValue[]): IterableIterator<Row>;
}

export interface Database extends Disposable {
  exec(sql: string): void;
  prepare<Row = unknown>(sql: string): Statement<Row>;
  /** The first column of a pragma's first row (`pragma('data_version')`, `pragma('journal_mode = WAL')`). */
  pragma(text: string): unknown;
  /** Runs `work` between BEGIN IMMEDIATE and COMMIT; rolls back when it throws. */
  transaction<T>(work: () => T): T;
  close(): void;
}

export interface OpenOptions {
  readonly readonly?: boolean;
  /** How long to wait for another connection's lock, in milliseconds. */
  readonly busyTimeoutMs?: number;
}

/** Throws SQLite's own error; `sqliteCode` names it. */
export function openDatabase(file: string, options: OpenOptions = {}): Database {
  const readonly = options.readonly ?? false;
  const database = new BetterSqlite(file, { readonly, fileMustExist: readonly, timeout: options.busyTimeoutMs ?? 5000 });
  return {
    exec: (sql) => {
      database.exec(sql);
    },
    prepare: <Row>(sql: string): Statement<Row> => {
      const statement = database.prepare<SqlValue[], Row>(sql);
      return {
        run: (...values) => statement.run(...values).changes,
        get: (...values) => statement.get(...values),
        all: (...values) => statement.all(...values),
        iterate: (...values) => statement.iterate(...values),
      };
    },
    pragma: (text) => database.pragma(text, { simple: true }),
    transaction: (work) => database.transaction(work).immediate(),
    close: () => {
      database.close();
    },
    [Symbol.dispose]: () => {
      database.close();
    },
  };
}

/** SQLite's extended result code (`SQLITE_FULL`, `SQLITE_IOERR_WRITE`, …) of a thrown error, if it is one of SQLite's. */
export function sqliteCode(error: unknown): string | undefined {
  return error instanceof BetterSqlite.SqliteError ? error.code : undefined;
}
