// Finds records in the ledger, newest or oldest first, while the proxy may be writing. Source: design, "Audit: the ledger".
// Indexed columns narrow the search; relation and text are then looked up in each record that is left.
import type { AuditCode, AuditOutcome, AuditRecord } from '../../contracts/audit.ts';
import { GatehouseError } from '../errors.ts';
import { type Database, type SqlValue, sqliteCode } from '../store/sqlite.ts';
import { openLedgerForReading } from './ledger-file.ts';

export interface LedgerFilter {
  /** A person's or an agent's name; an agent's records are found by its owner's name too. */
  readonly principal?: string;
  readonly connection?: string;
  /** A relation: `customers`, or with its schema `shop.customers`. */
  readonly relation?: string;
  readonly verdict?: 'allow' | 'hold' | 'deny';
  /** Event code (`GH-S-DENY`) or refusal code (`MASKED_COLUMN`). */
  readonly code?: string;
  readonly session?: string;
  /** Part of the statement's text, whatever its case. */
  readonly text?: string;
  /** ISO 8601, inclusive. */
  readonly since?: string;
  /** ISO 8601, exclusive. */
  readonly until?: string;
  readonly beforeSeq?: number;
  readonly afterSeq?: number;
  /** Leave out these events. */
  readonly without?: readonly AuditCode[];
}

export type SearchOrder = 'newest-first' | 'oldest-first';

interface Row {
  readonly body: string;
  readonly hash: Uint8Array;
}

/** A read-only view of a ledger. Statements are short, so a reader never holds back the writer's log for long. */
export class LedgerReader implements Disposable {
  readonly #database: Database;

  /** Throws `LEDGER_MISSING` when the profile has none yet, `AUDIT_UNAVAILABLE` when it cannot be read. */
  constructor(folder: string) {
    this.#database = openLedgerForReading(folder);
    if (this.#readable(() => this.#database.pragma('user_version')) === 0) {
      this.#database.close();
      throw new GatehouseError('LEDGER_MISSING', 'there is no ledger in this profile yet');
    }
  }

  /** Streams matching records; end the iteration early when enough were seen. */
  *search(filter: LedgerFilter, order: SearchOrder): Generator<AuditRecord> {
    const { where, values } = condition(filter);
    const sql = `select body, hash from record ${where} order by seq ${order === 'newest-first' ? 'desc' : 'asc'}`;
    const matches = inRecord(filter);
    const rows = this.#readable(() => this.#database.prepare<Row>(sql).iterate(...values));
    try {
      for (let row = this.#readable(() => rows.next()); row.done !== true; row = this.#readable(() => rows.next())) {
        const record = { ...(JSON.parse(row.value.body) as AuditRecord), hash: Buffer.from(row.value.hash).toString('hex') };
        if (matches(record)) yield record;
      }
    } catch (error) {
      throw error instanceof SyntaxError
        ? new GatehouseError('AUDIT_UNAVAILABLE', 'the ledger holds a text that is not a record: run `audit verify`')
        : error;
    } finally {
      rows.return?.();
    }
  }

  /** The first `limit` matches in that order. */
  find(filter: LedgerFilter, limit: number, order: SearchOrder = 'newest-first'): AuditRecord[] {
    const found: AuditRecord[] = [];
    if (limit <= 0) return found;
    for (const record of this.search(filter, order)) {
      found.push(record);
      if (found.length >= limit) break;
    }
    return found;
  }

  /** How the statement with this intent ended, when that is known. */
  outcomeOf(intent: string): AuditOutcome | undefined {
    const row = this.#readable(() => this.#database.prepare<Row>('select body, hash from record where intent = ? limit 1').get(intent));
    return row === undefined ? undefined : (JSON.parse(row.body) as AuditRecord).outcome;
  }

  lastSeq(): number {
    return this.#readable(() => this.#database.prepare<{ seq: number | null }>('select max(seq) as seq from record').get()?.seq ?? 0);
  }

  /** A number that changes whenever another connection has committed. */
  dataVersion(): unknown {
    return this.#readable(() => this.#database.pragma('data_version'));
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #readable<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const code = sqliteCode(error);
      throw code === undefined ? error : new GatehouseError('AUDIT_UNAVAILABLE', `the ledger cannot be read: ${code}`, { cause: error });
    }
  }
}

function condition(filter: LedgerFilter): { readonly where: string; readonly values: readonly SqlValue[] } {
  const terms: string[] = [];
  const values: SqlValue[] = [];
  const add = (term: string, ...more: readonly (SqlValue | undefined)[]): void => {
    if (more[0] === undefined) return;
    terms.push(term);
    for (const value of more) values.push(value ?? null);
  };
  add('(principal = ? or owner = ?)', filter.principal, filter.principal);
  add('connection = ?', filter.connection);
  add('session = ?', filter.session);
  add('verdict = ?', filter.verdict);
  if (filter.code !== undefined && filter.code.startsWith('GH-')) add('code = ?', filter.code);
  add('time >= ?', filter.since);
  add('time < ?', filter.until);
  add('seq < ?', filter.beforeSeq);
  add('seq > ?', filter.afterSeq);
  for (const code of filter.without ?? []) add('code <> ?', code);
  return { where: terms.length === 0 ? '' : `where ${terms.join(' and ')}`, values };
}

/** The conditions that no column answers. */
function inRecord(filter: LedgerFilter): (record: AuditRecord) => boolean {
  const relation = filter.relation?.toLowerCase();
  const text = filter.text?.toLowerCase();
  const refusal = filter.code !== undefined && !filter.code.startsWith('GH-') ? filter.code : undefined;
  return ({ judgement }) => {
    if (refusal !== undefined && judgement?.decision.code !== refusal) return false;
    if (text !== undefined && !(judgement?.statement.text.toLowerCase().includes(text) ?? false)) return false;
    if (relation === undefined) return true;
    return judgement?.relations.some((name) => name.toLowerCase() === relation || name.toLowerCase().endsWith(`.${relation}`)) ?? false;
  };
}
