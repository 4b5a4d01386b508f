// Identity events on their way to the ledger. The running proxy holds the ledger; a change made by the command line in another
// process leaves its event here, in the same transaction as the change, and the proxy carries it over. Source: agents.md, audit.md.
import type { AuditCode } from '../../contracts/audit.ts';
import type { Database } from '../store/sqlite.ts';

export interface IdentityEvent {
  readonly code: AuditCode;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

interface Row {
  id: number;
  at: number;
  code: AuditCode;
  facts: string;
}

export class Outbox {
  readonly #database: Database;
  #draining: Promise<number> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Call it inside the transaction of the change. `at`: milliseconds since the epoch. */
  put(event: IdentityEvent, at: number): void {
    this.#database.prepare('INSERT INTO outbox (at, code, facts) VALUES (?, ?, ?)').run(at, event.code, JSON.stringify(event.facts));
  }

  /**
   * Hands each event to `append`, in order, and forgets it once `append` resolved (= it is durable in the ledger). A crash in
   * between hands it over once more: the fact `outbox` is then the same. Returns how many were handed over; rejects when
   * `append` does, and keeps the rest. Concurrent calls share one run.
   */
  drain(append: (event: IdentityEvent) => Promise<void>): Promise<number> {
    this.#draining ??= this.#drain(append).finally(() => {
      this.#draining = undefined;
    });
    return this.#draining;
  }

  async #drain(append: (event: IdentityEvent) => Promise<void>): Promise<number> {
    const next = this.#database.prepare<Row>('SELECT id, at, code, facts FROM outbox ORDER BY id LIMIT 1');
    const forget = this.#database.prepare('DELETE FROM outbox WHERE id = ?');
    for (let count = 0; ; count++) {
      const row = next.get();
      if (row === undefined) return count;
      const facts = JSON.parse(row.facts) as IdentityEvent['facts'];
      await append({ code: row.code, facts: { ...facts, at: new Date(row.at).toISOString(), outbox: row.id } });
      forget.run(row.id);
    }
  }
}
