// A session of the checkpoint on a real database, driven as a door drives it, without a door.
import { randomUUID } from 'node:crypto';
import type { AuditEvent, LedgerPort } from '../../../audit/ledger-port.ts';
import { engineOf } from '../../../../test/support/bundle.ts';
import type { BundleFiles } from '../../../policy/bundle-files.ts';
import type { ConnectionFacts, PolicyEngine, Principal } from '../../../policy/engine.ts';
import { ParserPool } from '../../../sql/postgres/parse/parser-pool.ts';
import { PostgresService } from '../../../sql/postgres/service.ts';
import { connectUpstream } from '../../../wire/postgres/upstream.ts';
import type { UpstreamTarget } from '../../gate.ts';
import type { JudgeServices } from '../context.ts';
import { JudgementCache } from '../judgement-cache.ts';
import { PostgresSession } from '../session.ts';

/** Keeps events in memory; the ledger itself has tests of its own. */
export class ListLedger implements LedgerPort {
  readonly events: AuditEvent[] = [];
  readonly state = { kind: 'ok' } as const;
  readonly busy = false;

  append(event: AuditEvent): string {
    this.events.push(event);
    return String(this.events.length);
  }

  appendDurable(event: AuditEvent): { id: string; durable: Promise<void> } {
    return { id: this.append(event), durable: Promise.resolve() };
  }
}

export interface RigOptions {
  readonly database: Omit<UpstreamTarget, 'tls'>;
  readonly bundle: BundleFiles;
  readonly environment?: ConnectionFacts['environment'];
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

export class Rig implements AsyncDisposable {
  readonly parser = new ParserPool(1);
  readonly service: PostgresService;
  readonly policy: PolicyEngine;
  readonly ledger = new ListLedger();
  readonly connection: ConnectionFacts;
  connects = 0;
  readonly #cache = new JudgementCache();

  constructor({ database, bundle, environment = 'production', now = () => 0 }: RigOptions) {
    this.policy = engineOf(bundle);
    this.connection = { name: 'sample', environment, database: database.database };
    this.service = new PostgresService({
      connect: () => {
        this.connects += 1;
        return connectUpstream({ ...database, tls: 'disable' }, 5_000);
      },
      parser: this.parser,
      now,
      verifyAfterMs: 1_000_000,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.service.close();
    await this.parser.close();
  }

  get services(): JudgeServices {
    const { parser, service, policy, connection } = this;
    return { parser, service, policy, connection };
  }

  session(principal: Principal): PostgresSession {
    const id = randomUUID();
    return new PostgresSession({
      id,
      services: () => this.services,
      asker: { principal, door: 'postgres', client: undefined, limits: this.policy.limitsOf(principal) },
      ledger: this.ledger,
      audit: {
        session: id,
        principal,
        client: { address: '' },
        door: 'postgres',
        connection: 'sample',
        database: 'x',
        environment: this.connection.environment,
      },
      cache: this.#cache,
      now: () => Date.UTC(2026, 0, 7, 12),
      ended: new AbortController().signal,
      startup: [],
      onClose: () => undefined,
    });
  }
}
