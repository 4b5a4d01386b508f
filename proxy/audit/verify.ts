// Verifies a ledger on disk: the whole of it for `audit verify`, its tail at every start. Reads in one snapshot, row by
// row, so it may run while the proxy writes. Source: design, "Tamper evidence".
import { GatehouseError } from '../errors.ts';
import { type Database, sqliteCode } from '../store/sqlite.ts';
import { ChainVerifier, type Finding, type StoredRecord, type Warning } from './chain-verifier.ts';
import { readVerifierKeys } from './verifier-keys.ts';
import { INDEX_COLUMNS, type IndexValues, openLedgerForReading } from './ledger-file.ts';
import type { VerifierKey } from './signed-note.ts';

export type Verification =
  | {
      readonly kind: 'clean';
      readonly records: number;
      readonly checkpoints: number;
      readonly head: string;
      readonly warnings: readonly Warning[];
    }
  | {
      readonly kind: 'broken';
      readonly records: number;
      readonly checkpoints: number;
      readonly head: string;
      /** The first ones; `total` counts all. */
      readonly findings: readonly Finding[];
      readonly total: number;
      readonly warnings: readonly Warning[];
    };

interface Row extends IndexValues {
  readonly seq: number;
  readonly body: Uint8Array;
  readonly hash: Uint8Array;
  readonly note: string | null;
}

const ROWS = `select r.seq as seq, cast(r.body as blob) as body, r.hash as hash, c.note as note, ${INDEX_COLUMNS.map((column) => `r.${column} as ${column}`).join(', ')}
  from record r left join checkpoint c on c.size = r.seq`;
const ORPHANS = 'select size, note from checkpoint c where not exists (select 1 from record r where r.seq = c.size) order by size';

/** `keys`: signatures of these count; by default those in the public key file beside the ledger. */
export function verifyLedger(folder: string, keys: readonly VerifierKey[] = readVerifierKeys(folder)): Verification {
  using database = openLedgerForReading(folder);
  const verifier = new ChainVerifier(keys);
  reading(verifier, () => {
    // One snapshot for the records and for the checkpoints that belong to them.
    database.exec('begin');
    readRows(verifier, database, `${ROWS} order by r.seq`);
    for (const orphan of database.prepare<{ size: number; note: string }>(ORPHANS).iterate()) verifier.addOrphan(orphan.size, orphan.note);
    database.exec('commit');
    // Searching goes by SQLite's indexes: one that leaves a record out would hide it from search, not from the chain.
    const whole = String(database.pragma('integrity_check(1)'));
    if (whole !== 'ok') verifier.damaged(`SQLite's integrity check says: ${whole.split('\n', 1)[0] ?? ''}`);
  });
  verifier.end();
  const { records, checkpoints, head, warnings, findings, totalFindings: total } = verifier;
  return total === 0
    ? { kind: 'clean', records, checkpoints, head, warnings }
    : { kind: 'broken', records, checkpoints, head, findings, total, warnings };
}

/** The last `limit` records and the last checkpoint; one sentence about the first thing wrong, or undefined. */
export function verifyTail(database: Database, folder: string, limit: number): string | undefined {
  const last = database.prepare<{ seq: number | null }>('select max(seq) as seq from record').get()?.seq ?? 0;
  const from = Math.max(1, last - limit + 1);
  const verifier = new ChainVerifier(readVerifierKeys(folder), from);
  reading(verifier, () => {
    readRows(verifier, database, `${ROWS} where r.seq >= ${from} order by r.seq`);
    const beyond = database
      .prepare<{ size: number; note: string }>('select size, note from checkpoint where size > ? order by size desc limit 1')
      .get(last);
    if (beyond !== undefined) verifier.addOrphan(beyond.size, beyond.note);
  });
  const [first] = verifier.findings;
  return first === undefined ? undefined : describeFinding(first);
}

function readRows(verifier: ChainVerifier, database: Database, sql: string): void {
  for (const row of database.prepare<Row>(sql).iterate()) {
    const stored: StoredRecord = {
      seq: row.seq,
      body: bytesOf(row.body),
      hash: Buffer.from(bytesOf(row.hash)).toString('hex'),
      index: row,
    };
    verifier.add(stored, row.note ?? undefined);
  }
}

/** A damaged file is a finding, not a fault. */
function reading(verifier: ChainVerifier, work: () => void): void {
  try {
    work();
  } catch (error) {
    const code = sqliteCode(error);
    if (code === undefined) throw error;
    if (!/^SQLITE_(?:CORRUPT|NOTADB|ERROR)/.test(code))
      throw new GatehouseError('AUDIT_UNAVAILABLE', `the ledger cannot be read: ${code}`, { cause: error });
    verifier.damaged(`SQLite reports ${code}`);
  }
}

/** An altered table may hold anything in any column. */
function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : Buffer.from(String(value), 'utf8');
}

export function describeFinding(finding: Finding): string {
  switch (finding.kind) {
    case 'changed':
      return `record ${finding.seq} was changed: ${finding.what}`;
    case 'missing':
      return finding.seq === finding.last ? `record ${finding.seq} is missing` : `records ${finding.seq} to ${finding.last} are missing`;
    case 'reordered':
      return `records were reordered: in the place of record ${finding.seq} stands record ${finding.found}`;
    case 'duplicate':
      return `record ${finding.seq} is there more than once`;
    case 'forked':
      return `the chain forks at record ${finding.seq}: ${finding.what}`;
    case 'truncated':
      return `the tail was cut off: the ledger ends at record ${finding.seq}, but a checkpoint was signed over ${finding.size} records`;
    case 'bad-signature':
      return `the checkpoint over ${finding.size} records does not count: ${finding.what}`;
    case 'damaged':
      return `the file is damaged after record ${finding.seq}: ${finding.what}`;
  }
}

export function describeWarning(warning: Warning): string {
  switch (warning.kind) {
    case 'clock-backwards':
      return `the clock ran backwards at record ${warning.seq}: from ${warning.from} to ${warning.to}`;
    case 'gap':
      return `record ${warning.seq} says that ${warning.lost} records before it were lost`;
    case 'unsigned-tail':
      return `the last ${warning.records} records, from ${warning.seq}, are not covered by a signed checkpoint yet`;
  }
}
