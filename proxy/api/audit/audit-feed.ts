// Follows the ledger for the window: new records as they are committed, and what each agent has done today. Reads only while
// somebody looks, in slices, so that a long ledger holds nothing up.
import type { AuditRecord } from '../../../contracts/audit.ts';
import type { AuditEntry } from '../../../contracts/ui.ts';
import { LedgerReader } from '../../audit/search.ts';
import { auditEntry } from './audit-entry.ts';

export interface Activity {
  statements: number;
  held: number;
  denied: number;
  rows: number;
}

const SLICE = 500;
/** Of one look: a flood of statements is shown by its end. */
const MAX_TOLD = 200;
/** Statements whose outcome may still come. */
const MAX_OPEN = 5_000;

export class AuditFeed implements Disposable {
  readonly #folder: string;
  readonly #now: () => number;
  #reader: LedgerReader | undefined;
  #version: unknown;
  #seen: number | undefined;
  #today = '';
  #activity = new Map<string, Activity>();
  #open = new Map<string, AuditEntry>();
  #looking: Promise<readonly AuditEntry[]> | undefined;

  constructor(folder: string, now: () => number) {
    this.#folder = folder;
    this.#now = now;
  }

  /** Of today (UTC), up to the last look. */
  activityOf(principal: string): Activity {
    return this.#activity.get(principal) ?? { statements: 0, held: 0, denied: 0, rows: 0 };
  }

  /** What is new since the last look. The first look tells nothing, it counts what today has brought. */
  look(): Promise<readonly AuditEntry[]> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  [Symbol.dispose](): void {
    this.#reader?.[Symbol.dispose]();
    this.#reader = undefined;
  }

  async #look(): Promise<readonly AuditEntry[]> {
    this.#reader ??= new LedgerReader(this.#folder);
    const reader = this.#reader;
    const day = new Date(this.#now()).toISOString().slice(0, 10);
    if (day !== this.#today) {
      this.#today = day;
      this.#activity = new Map();
    }
    const version = reader.dataVersion();
    if (version === this.#version) return [];
    this.#version = version;
    const last = reader.lastSeq();
    const first = this.#seen === undefined;
    this.#seen ??= firstOf(reader, `${day}T`, last) - 1;
    const told = new Map<number, AuditEntry>();
    while (this.#seen < last && this.#reader !== undefined) {
      const records = reader.find({ afterSeq: this.#seen, beforeSeq: Math.min(last, this.#seen + SLICE) + 1 }, SLICE, 'oldest-first');
      this.#seen = Math.min(last, this.#seen + SLICE);
      for (const record of records) this.#take(record, told);
      if (this.#seen < last) await new Promise((resolve) => setImmediate(resolve));
    }
    return first ? [] : [...told.values()].slice(-MAX_TOLD);
  }

  #take(record: AuditRecord, told: Map<number, AuditEntry>): void {
    if (record.time.startsWith(this.#today)) this.#count(record);
    if (record.code !== 'GH-S-DONE') {
      const entry = auditEntry(record);
      told.delete(entry.seq);
      told.set(entry.seq, entry);
      if (record.code === 'GH-S-ALLOW') this.#remember(record.id, entry);
      return;
    }
    // The line of the statement itself is told again, now with its end.
    const intent = this.#open.get(record.intent ?? '');
    if (intent === undefined) return;
    this.#open.delete(intent.id);
    const { rows, durationMs, status } = auditEntry(record);
    told.set(intent.seq, {
      ...intent,
      ...(rows === undefined ? {} : { rows }),
      ...(durationMs === undefined ? {} : { durationMs }),
      ...(status === undefined ? {} : { status }),
    });
  }

  #remember(id: string, entry: AuditEntry): void {
    this.#open.set(id, entry);
    if (this.#open.size <= MAX_OPEN) return;
    const [oldest] = this.#open.keys();
    if (oldest !== undefined) this.#open.delete(oldest);
  }

  #count({ session, judgement, outcome }: AuditRecord): void {
    if (session?.principal.kind !== 'agent') return;
    const { name } = session.principal;
    const activity = this.#activity.get(name) ?? { statements: 0, held: 0, denied: 0, rows: 0 };
    this.#activity.set(name, activity);
    if (judgement !== undefined) {
      activity.statements += 1;
      if (judgement.decision.verdict === 'hold') activity.held += 1;
      if (judgement.decision.verdict === 'deny') activity.denied += 1;
    }
    activity.rows += outcome?.rows ?? 0;
  }
}

function firstOf(reader: LedgerReader, since: string, last: number): number {
  return reader.find({ since }, 1, 'oldest-first')[0]?.seq ?? last + 1;
}
