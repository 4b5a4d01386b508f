// Follows a ledger: yields records as they are committed. Source: design, "Audit: the ledger". It looks at SQLite's data
// version, which costs nothing while nothing is written, and reads only what is new.
import { setTimeout as pause } from 'node:timers/promises';
import type { AuditRecord } from '../../contracts/audit.ts';
import type { LedgerFilter, LedgerReader } from './search.ts';

export interface FollowOptions {
  /** Yields records after this one. */
  readonly afterSeq: number;
  readonly filter?: LedgerFilter;
  readonly signal?: AbortSignal;
  readonly pollMs?: number;
}

/** Ends, without an error, when the signal is aborted. */
export async function* follow(reader: LedgerReader, options: FollowOptions): AsyncGenerator<AuditRecord> {
  let seen = options.afterSeq;
  let version: unknown;
  while (options.signal?.aborted !== true) {
    const now = reader.dataVersion();
    if (now !== version) {
      version = now;
      const last = reader.lastSeq();
      if (last > seen) {
        const fresh = reader.find({ ...options.filter, afterSeq: seen, beforeSeq: last + 1 }, Number.POSITIVE_INFINITY, 'oldest-first');
        seen = last;
        yield* fresh;
      }
    }
    try {
      await pause(options.pollMs ?? 200, undefined, options.signal === undefined ? {} : { signal: options.signal });
    } catch {
      return;
    }
  }
}
