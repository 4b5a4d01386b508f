// `principals.db` in the profile: people, agents, their tokens' verifiers, and the outbox of identity events. Several processes
// open it at once: the proxy and each run of the command line.
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { GatehouseError } from '../errors.ts';
import { type Database, openDatabase } from '../store/sqlite.ts';

const SCHEMA_VERSION = 1;

const SCHEMA = `
CREATE TABLE principals (
  name TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('person', 'agent')),
  owner TEXT REFERENCES principals(name),
  connections TEXT NOT NULL DEFAULT '[]',
  executable TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  paused_at INTEGER,
  CHECK ((kind = 'agent') = (owner IS NOT NULL))
) STRICT;
-- Names that differ in case only would be taken for each other by people.
CREATE UNIQUE INDEX principals_folded ON principals (lower(name));
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  principal TEXT NOT NULL REFERENCES principals(name),
  label TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER,
  hash BLOB NOT NULL UNIQUE,
  iterations INTEGER NOT NULL,
  salt BLOB NOT NULL,
  stored_key BLOB NOT NULL,
  server_key BLOB NOT NULL
) STRICT;
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, code TEXT NOT NULL, facts TEXT NOT NULL) STRICT;
`;

/** Creates file (0600) and schema when missing. Throws `PRINCIPALS_VERSION` for a file of a newer Gatehouse. */
export function openPrincipalsDatabase(home: string): Database {
  const file = join(home, 'principals.db');
  // SQLite gives its -wal and -shm files the mode of the main file, so this covers all three.
  closeSync(openSync(file, 'a', 0o600));
  const database = openDatabase(file, { busyTimeoutMs: 5_000 });
  try {
    database.pragma('journal_mode = WAL');
    // A revocation that was reported as done must survive a power cut.
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.transaction(() => {
      const version = database.pragma('user_version');
      if (version === SCHEMA_VERSION) return;
      if (version !== 0) throw new GatehouseError('PRINCIPALS_VERSION', `\`${file}\` was written by another version of Gatehouse`);
      database.exec(SCHEMA);
      // Makes salts, and the answers to unknown names; never leaves the file.
      database.prepare("INSERT INTO meta (key, value) VALUES ('profile_secret', ?)").run(randomBytes(32));
      database.pragma(`user_version = ${SCHEMA_VERSION}`);
    });
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
