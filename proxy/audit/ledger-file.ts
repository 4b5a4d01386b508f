// The ledger's file: records and checkpoints in one SQLite database. Only the writer thread opens it for writing; readers
// open it read-only at any time (WAL). Source: design, "Durability".
import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditRecord } from '../../contracts/audit.ts';
import { GatehouseError } from '../errors.ts';
import { type Database, openDatabase, sqliteCode } from '../store/sqlite.ts';

export const LEDGER_FILE = 'ledger.db';
const LOCK_FILE = 'ledger.lock';
const SCHEMA_VERSION = 1;

// `body` is what is hashed. The other columns repeat parts of it for searching; verifying compares them with it.
const SCHEMA = `
  create table record (
    seq integer primary key, id text not null unique, time text not null, code text not null,
    principal text, owner text, connection text, session text, verdict text, intent text,
    body text not null, hash blob not null
  ) strict;
  create index record_time on record (time);
  create index record_principal on record (principal) where principal is not null;
  create index record_owner on record (owner) where owner is not null;
  create index record_session on record (session) where session is not null;
  create index record_refused on record (verdict) where verdict in ('hold', 'deny');
  create index record_intent on record (intent) where intent is not null;
  create table checkpoint (size integer primary key, note text not null) strict;
  pragma user_version = ${SCHEMA_VERSION};
`;

/** Columns that repeat what the body says, in this order. */
export const INDEX_COLUMNS = ['id', 'time', 'code', 'principal', 'owner', 'connection', 'session', 'verdict', 'intent'] as const;
export type IndexValues = Readonly<Record<(typeof INDEX_COLUMNS)[number], string | null>>;

/** Tolerates bodies that are not what they should be: verifying reads damaged ones. */
export function indexValues(record: Partial<AuditRecord>): IndexValues {
  const { session, judgement } = record;
  return {
    id: record.id ?? null,
    time: record.time ?? null,
    code: record.code ?? null,
    principal: session?.principal?.name ?? null,
    owner: session?.principal?.owner ?? null,
    connection: session?.connection ?? null,
    session: session?.session ?? null,
    verdict: judgement?.decision?.verdict ?? null,
    intent: record.intent ?? null,
  };
}

/**
 * Takes the profile's ledger for this process. SQLite's lock on the side file is the kernel's, so it ends with the process
 * however that ends, while readers of the ledger itself are never kept out.
 */
export function lockLedger(folder: string): Database {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = privateFile(folder, LOCK_FILE);
  const lock = openDatabase(file, { busyTimeoutMs: 0 });
  try {
    lock.exec('begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    if (sqliteCode(error)?.startsWith('SQLITE_BUSY') ?? false) {
      throw new GatehouseError('LEDGER_LOCKED', 'another gatehouse process uses this profile', { cause: error });
    }
    throw error;
  }
}

export function openLedgerForWriting(folder: string): Database {
  const database = openDatabase(privateFile(folder, LEDGER_FILE));
  try {
    if (database.pragma('journal_mode = wal') !== 'wal')
      throw new GatehouseError('AUDIT_UNAVAILABLE', 'the ledger cannot use write-ahead logging here');
    database.pragma('synchronous = full');
    // Without it macOS acknowledges writes that are only in the drive's cache.
    database.pragma('fullfsync = on');
    // The writer copies the log back when it is idle; only a load without a pause comes this far (32 MB).
    database.pragma('wal_autocheckpoint = 8000');
    database.pragma(`journal_size_limit = ${32 * 1024 * 1024}`);
    const version = database.pragma('user_version');
    if (version === 0) {
      database.transaction(() => {
        database.exec(SCHEMA);
      });
    } else if (version !== SCHEMA_VERSION) {
      throw new GatehouseError('LEDGER_VERSION', 'the ledger was written by a newer gatehouse', { data: { version: Number(version) } });
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

export function openLedgerForReading(folder: string): Database {
  const file = join(folder, LEDGER_FILE);
  if (!existsSync(file)) throw new GatehouseError('LEDGER_MISSING', 'there is no ledger in this profile yet');
  return openDatabase(file, { readonly: true });
}

/** Made readable by its owner only before SQLite opens it; its WAL then has the same mode. */
function privateFile(folder: string, name: string): string {
  const file = join(folder, name);
  if (!existsSync(file)) {
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
  }
  return file;
}
