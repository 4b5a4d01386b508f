// Checks a chain of records, one after the other, in constant memory, and names what is wrong. Pure: rows in, findings
// out. Source: design, "Tamper evidence". After a finding the check goes on from the next record as it stands, so one
// alteration gives one finding.
import type { AuditRecord } from '../../contracts/audit.ts';
import { chainHashOfBytes, GENESIS_HASH } from './hash.ts';
import { INDEX_COLUMNS, type IndexValues, indexValues } from './ledger-file.ts';
import { type VerifierKey, verifyCheckpoint } from './signed-note.ts';

export type Finding =
  /** The record's text, its hash or its search columns were altered. */
  | { readonly kind: 'changed'; readonly seq: number; readonly what: string }
  | { readonly kind: 'missing'; readonly seq: number; readonly last: number }
  /** In the place of `seq` stands the record that says it is number `found`. */
  | { readonly kind: 'reordered'; readonly seq: number; readonly found: number }
  | { readonly kind: 'duplicate'; readonly seq: number }
  /** Whole in itself, but it does not follow the record before it, or a checkpoint signed another history. */
  | { readonly kind: 'forked'; readonly seq: number; readonly what: string }
  /** A signed checkpoint says that there were `size` records. */
  | { readonly kind: 'truncated'; readonly seq: number; readonly size: number }
  | { readonly kind: 'bad-signature'; readonly size: number; readonly what: string }
  /** SQLite itself cannot read the file any further. */
  | { readonly kind: 'damaged'; readonly seq: number; readonly what: string };

export type Warning =
  | { readonly kind: 'clock-backwards'; readonly seq: number; readonly from: string; readonly to: string }
  /** Records were lost, and the ledger says so. */
  | { readonly kind: 'gap'; readonly seq: number; readonly lost: number }
  /** Not covered by a checkpoint: could be rewritten without trace. */
  | { readonly kind: 'unsigned-tail'; readonly seq: number; readonly records: number };

export interface StoredRecord {
  readonly seq: number;
  readonly body: Uint8Array;
  /** In hex. */
  readonly hash: string;
  readonly index: IndexValues;
}

/** What is kept of findings and warnings; the rest is counted. */
const KEEP = 100;

export class ChainVerifier {
  readonly #keys: readonly VerifierKey[];
  readonly findings: Finding[] = [];
  readonly warnings: Warning[] = [];
  totalFindings = 0;
  records = 0;
  checkpoints = 0;
  lastSeq: number;
  /** The last record's stored hash. */
  head: string;
  #expectedPrev: string | undefined;
  #coveredSeq: number;
  #time = '';
  #boot = '';
  #mono = 0n;

  /** `from`: check a tail only, trusting what comes before its first record. */
  constructor(keys: readonly VerifierKey[], from = 1) {
    this.#keys = keys;
    this.lastSeq = from - 1;
    this.#coveredSeq = from - 1;
    this.head = GENESIS_HASH;
    this.#expectedPrev = from === 1 ? GENESIS_HASH : undefined;
  }

  /** `note`: the checkpoint stored for this seq, if any. */
  add(row: StoredRecord, note: string | undefined): void {
    this.records++;
    const before = this.totalFindings;
    const record = parse(row.body);
    this.#checkPlace(row, record);
    if (this.totalFindings === before) this.#checkContent(row, record);
    if (record !== undefined && this.totalFindings === before) this.#checkClock(row.seq, record);
    // A record that is not what it was gives no ground to judge the next one's link by.
    this.#expectedPrev = this.totalFindings === before ? row.hash : undefined;
    this.lastSeq = Math.max(this.lastSeq, row.seq);
    this.head = row.hash;
    if (note !== undefined) this.#checkCheckpoint(row.seq, row.hash, note);
    if (record?.code === 'GH-L-GAP') this.#warn({ kind: 'gap', seq: row.seq, lost: Number(record.facts?.['lost'] ?? 0) });
  }

  /** A checkpoint whose record is not there. */
  addOrphan(size: number, note: string): void {
    const result = verifyCheckpoint(note, this.#keys);
    if (result.kind !== 'verified') this.#find({ kind: 'bad-signature', size, what: WHAT[result.kind] });
    else if (size > this.lastSeq || result.checkpoint.size > this.lastSeq)
      this.#find({ kind: 'truncated', seq: this.lastSeq, size: result.checkpoint.size });
  }

  damaged(what: string): void {
    this.#find({ kind: 'damaged', seq: this.lastSeq, what });
  }

  end(): void {
    const open = this.lastSeq - this.#coveredSeq;
    if (open > 0) this.#warn({ kind: 'unsigned-tail', seq: this.#coveredSeq + 1, records: open });
  }

  #checkPlace(row: StoredRecord, record: Partial<AuditRecord> | undefined): void {
    if (row.seq === this.lastSeq && this.records > 1) this.#find({ kind: 'duplicate', seq: row.seq });
    else if (row.seq <= this.lastSeq) this.#find({ kind: 'reordered', seq: this.lastSeq + 1, found: row.seq });
    else if (row.seq > this.lastSeq + 1) {
      this.#find({ kind: 'missing', seq: this.lastSeq + 1, last: row.seq - 1 });
      // The record itself may still be altered: it is judged on its own.
      this.#expectedPrev = undefined;
      this.#checkContent(row, record);
    }
  }

  #checkContent(row: StoredRecord, record: Partial<AuditRecord> | undefined): void {
    const { seq } = row;
    if (record === undefined) return this.#find({ kind: 'changed', seq, what: 'its text is not a record' });
    const own = typeof record.prevHash === 'string' && chainHashOfBytes(record.prevHash, row.body) === row.hash;
    if (!own) return this.#find({ kind: 'changed', seq, what: 'its text and its hash do not agree' });
    if (record.seq !== seq) return this.#find({ kind: 'reordered', seq, found: Number(record.seq) });
    if (this.#expectedPrev !== undefined && record.prevHash !== this.#expectedPrev) {
      return this.#find({ kind: 'forked', seq, what: `it does not follow record ${seq - 1}: one of the two was replaced` });
    }
    const values = indexValues(record);
    const differs = INDEX_COLUMNS.find((column) => values[column] !== row.index[column]);
    if (differs !== undefined) this.#find({ kind: 'changed', seq, what: `its search column \`${differs}\` does not agree with its text` });
  }

  #checkClock(seq: number, record: Partial<AuditRecord>): void {
    const time = record.time ?? '';
    const mono = /^\d+$/.test(record.mono ?? '') ? BigInt(record.mono ?? '0') : 0n;
    if (time < this.#time) this.#warn({ kind: 'clock-backwards', seq, from: this.#time, to: time });
    else if (record.boot === this.#boot && mono < this.#mono)
      this.#warn({ kind: 'clock-backwards', seq, from: `${this.#mono} ns`, to: `${mono} ns` });
    this.#time = time;
    this.#boot = record.boot ?? '';
    this.#mono = mono;
  }

  #checkCheckpoint(seq: number, hash: string, note: string): void {
    this.checkpoints++;
    const result = verifyCheckpoint(note, this.#keys);
    if (result.kind !== 'verified') return this.#find({ kind: 'bad-signature', size: seq, what: WHAT[result.kind] });
    const { checkpoint, key } = result;
    if (checkpoint.size !== seq || checkpoint.origin !== key.name)
      this.#find({ kind: 'bad-signature', size: seq, what: 'the checkpoint was signed for another place' });
    else if (checkpoint.head !== hash) this.#find({ kind: 'forked', seq, what: 'a signed checkpoint names another record here' });
    else this.#coveredSeq = seq;
  }

  #find(finding: Finding): void {
    this.totalFindings++;
    if (this.findings.length < KEEP) this.findings.push(finding);
  }

  #warn(warning: Warning): void {
    if (this.warnings.length < KEEP) this.warnings.push(warning);
  }
}

const WHAT = {
  'bad-signature': 'the signature is wrong',
  'unknown-key': 'it is signed by a key that does not belong to this ledger',
  malformed: 'it is not a checkpoint',
} as const;

function parse(body: Uint8Array): Partial<AuditRecord> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
