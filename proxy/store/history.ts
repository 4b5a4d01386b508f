// What the person has run from the app, newest first: to find and run it again. Texts come redacted; rows are never here.
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, openDatabase } from './sqlite.ts';

export interface HistoryEntry {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly connection: string;
  readonly sql: string;
  readonly verdict: string;
  readonly rows: number;
  readonly durationMs: number;
}

const KEPT = 10_000;
const LONGEST = 200_000;

export class History implements Disposable {
  readonly #database: Database;

  constructor(home: string) {
    const file = join(home, 'history.db');
    closeSync(openSync(file, 'a', 0o600));
    this.#database = openDatabase(file);
    this.#database.pragma('journal_mode = WAL');
    this.#database.pragma('synchronous = NORMAL');
    this.#database.exec(
      'CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY, time TEXT NOT NULL, connection TEXT NOT NULL, sql TEXT NOT NULL, verdict TEXT NOT NULL, rows INTEGER NOT NULL, duration REAL NOT NULL) STRICT',
    );
  }

  /** A text that is too long to be looked for is not kept. */
  add(entry: HistoryEntry): void {
    if (entry.sql.length > LONGEST) return;
    const { time, connection, sql, verdict, rows, durationMs } = entry;
    this.#database
      .prepare('INSERT INTO run (time, connection, sql, verdict, rows, duration) VALUES (?, ?, ?, ?, ?, ?)')
      .run(time, connection, sql, verdict, rows, durationMs);
    this.#database.prepare('DELETE FROM run WHERE id <= (SELECT max(id) FROM run) - ?').run(KEPT);
  }

  /** `text`: part of the SQL, whatever its case (ASCII). */
  find(text: string | undefined, limit: number): HistoryEntry[] {
    const like = `%${(text ?? '').replace(/[\\%_]/gu, (character) => `\\${character}`)}%`;
    return this.#database
      .prepare<HistoryEntry>(
        "SELECT time, connection, sql, verdict, rows, duration AS durationMs FROM run WHERE sql LIKE ? ESCAPE '\\' ORDER BY id DESC LIMIT ?",
      )
      .all(like, limit);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
