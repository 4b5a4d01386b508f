// Writes records into the chain: gives each its seq and prevHash, hashes it, commits groups of them. Synchronous; the
// worker thread runs it. Source: design, "Tamper evidence" and "Durability".
import { GatehouseError } from '../errors.ts';
import type { Database, Statement } from '../store/sqlite.ts';
import { chainHash, GENESIS_HASH } from './hash.ts';
import { INDEX_COLUMNS, lockLedger, openLedgerForWriting } from './ledger-file.ts';
import { recordIndexer } from './record-index.ts';
import { type RecordText, recordBody } from './record-text.ts';

export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** How the ledger was left: `unclean` without a GH-L-STOP as its last record (crash, power loss). */
export type PreviousEnd = 'new' | 'clean' | 'unclean';

interface Statements {
  readonly insert: Statement<unknown>;
  readonly known: Statement<{ seq: number }>;
  readonly head: Statement<{ seq: number; hash: Uint8Array; code: string }>;
  readonly checkpoint: Statement<unknown>;
}

export class LedgerWriter implements Disposable {
  readonly #folder: string;
  readonly #lock: Database;
  #database: Database;
  #statements: Statements;
  #head: ChainHead;
  readonly #index = recordIndexer();
  readonly previousEnd: PreviousEnd;

  /** Throws `LEDGER_LOCKED`, `LEDGER_VERSION`, or SQLite's own error when the file cannot be opened. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#lock = lockLedger(folder);
    try {
      this.#database = openLedgerForWriting(folder);
    } catch (error) {
      this.#lock.close();
      throw error;
    }
    this.#statements = prepare(this.#database);
    const last = this.#statements.head.get();
    this.#head = headOf(last);
    this.previousEnd = last === undefined ? 'new' : last.code === 'GH-L-STOP' ? 'clean' : 'unclean';
  }

  get head(): ChainHead {
    return this.#head;
  }

  get database(): Database {
    return this.#database;
  }

  /**
   * Commits the records, all or none; they are on disk when it returns. `resent`: some may have been committed by a try
   * whose answer was lost, so those whose id is there are left out.
   */
  append(records: readonly RecordText[], resent: boolean): void {
    let head = this.#head;
    this.#database.transaction(() => {
      for (const text of records) {
        const seq = head.seq + 1;
        const body = recordBody(text, head.hash, seq);
        const values = this.#index(text);
        if (resent && this.#statements.known.get(values.id) !== undefined) continue;
        const hash = chainHash(head.hash, body);
        const { id, time, code, principal, owner, connection, session, verdict, intent } = values;
        this.#statements.insert.run(
          seq,
          id,
          time,
          code,
          principal,
          owner,
          connection,
          session,
          verdict,
          intent,
          body,
          Buffer.from(hash, 'hex'),
        );
        head = { seq, hash };
      }
    });
    this.#head = head;
  }

  /** Copies the write-ahead log into the file, as far as readers allow. Takes milliseconds: for when nobody waits. */
  tidy(): void {
    this.#database.pragma('wal_checkpoint(passive)');
  }

  storeCheckpoint(size: number, note: string): void {
    this.#statements.checkpoint.run(size, note);
  }

  /**
   * After a failed commit: opens the file anew and finds where the chain ends. A commit that reported an error may have
   * reached the disk all the same. Throws when the store still fails.
   */
  reopen(): void {
    const before = this.#head;
    try {
      this.#database.close();
    } catch {
      // A connection after an I/O error may fail to close; the new one is what counts.
    }
    this.#database = openLedgerForWriting(this.#folder);
    // The log that failed to sync is copied and synced whole: its pages may be in memory only.
    this.#database.pragma('wal_checkpoint(truncate)');
    this.#statements = prepare(this.#database);
    const head = headOf(this.#statements.head.get());
    if (head.seq < before.seq || (head.seq === before.seq && head.hash !== before.hash)) {
      throw new GatehouseError('AUDIT_UNAVAILABLE', 'the ledger was changed by someone else while it was open');
    }
    this.#head = head;
  }

  close(): void {
    try {
      this.#database.close();
    } finally {
      this.#lock.close();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function prepare(database: Database): Statements {
  return {
    insert: database.prepare(
      `insert into record (seq, ${INDEX_COLUMNS.join(', ')}, body, hash) values (?, ${INDEX_COLUMNS.map(() => '?').join(', ')}, ?, ?)`,
    ),
    known: database.prepare('select seq from record where id = ?'),
    head: database.prepare('select seq, hash, code from record order by seq desc limit 1'),
    checkpoint: database.prepare('insert or ignore into checkpoint (size, note) values (?, ?)'),
  };
}

function headOf(row: { seq: number; hash: Uint8Array } | undefined): ChainHead {
  return row === undefined ? { seq: 0, hash: GENESIS_HASH } : { seq: row.seq, hash: Buffer.from(row.hash).toString('hex') };
}
