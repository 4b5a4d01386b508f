// Judges the statements of a bundle's tests: the same judging as for sessions, on the tests' snapshot file, without a
// database. Source: policies.md, "What admins can do", policy test.
import type { Judge } from '../../policy/bundle-tests.ts';
import { readSnapshot } from '../../sql/postgres/catalog/snapshot-file.ts';
import { ParserPool } from '../../sql/postgres/parse/parser-pool.ts';
import { SnapshotService } from '../../sql/postgres/snapshot-service.ts';
import { ruleFresh } from './explain.ts';

/** A Wednesday at noon, UTC: where the hour matters, a `question` says it. */
const TEST_TIME = Date.UTC(2026, 0, 7, 12);

export class BundleJudge implements AsyncDisposable {
  #parser: ParserPool | undefined;
  #version = 0;

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parser?.close();
  }

  /** Rejects when the snapshot is missing or not understood. */
  readonly judge: Judge = async (as, connection, environment, snapshot, sql, { engine, database, justification, estimatedRows }) => {
    if (snapshot === undefined) throw new Error('`sql` needs a `snapshot` in this file');
    const read = readSnapshot(snapshot, ++this.#version);
    if ('problem' in read) throw new Error(read.problem);
    this.#parser ??= new ParserPool(1);
    const services = {
      parser: this.#parser,
      service: new SnapshotService(read.ok, this.#parser, estimatedRows),
      policy: engine,
      connection: { name: connection, environment, database },
    };
    const ruling = await ruleFresh(services, as, sql, TEST_TIME, justification);
    if (ruling.kind === 'refuse') {
      const { remedies = [], audit } = ruling;
      return { verdict: remedies.length > 0 ? 'hold' : 'deny', remedies, masked: [], policies: audit.decision.policies };
    }
    const masked = ruling.plans.flatMap(({ facts, isMasked }) =>
      (facts.outputs ?? []).filter(({ lineage }) => [...lineage].some(isMasked)).map(({ name }) => name),
    );
    const policies = ruling.plans.flatMap(({ audit }) => audit.decision.policies);
    return { verdict: 'allow', remedies: [], masked: [...new Set(masked)], policies: [...new Set(policies)] };
  };
}
