// The checkpoint: who may open a session on which connection, and what a session gets. Implements the port of the doors
// (gate.ts). Holds the live sessions, so that revoking, pausing or expiry ends them.
import { randomUUID } from 'node:crypto';
import type { AuditClient, AuditSession } from '../../contracts/audit.ts';
import type { LedgerPort } from '../audit/ledger-port.ts';
import type { Principals } from '../identity/principals.ts';
import type { ScramVerifier } from '../identity/scram.ts';
import { SignInLimiter } from '../identity/sign-in-limiter.ts';
import type { ConnectionFacts, PolicyEngine, Principal } from '../policy/engine.ts';
import type { Catalog } from '../sql/postgres/catalog/catalog.ts';
import { ParserPool } from '../sql/postgres/parse/parser-pool.ts';
import { PostgresService, type ServiceClient } from '../sql/postgres/service.ts';
import type { Gate, GateSession, OpenRequest, Refusal, UpstreamTarget } from './gate.ts';
import type { JudgeServices } from './postgres/context.ts';
import { JudgementCache } from './postgres/judgement-cache.ts';
import { PostgresSession } from './postgres/session.ts';
import { startupStatements } from './postgres/startup-parameters.ts';
import { refusal } from './refusals.ts';

/** A configured database as the checkpoint sees it. */
export interface ConfiguredConnection {
  readonly facts: ConnectionFacts;
  readonly target: UpstreamTarget;
}

export interface CheckpointOptions {
  readonly principals: Principals;
  /** Groups of the profile's person. */
  readonly groups: readonly string[];
  readonly ledger: LedgerPort;
  /** The engine that rules now; a switch takes effect with the next statement. */
  readonly policy: () => PolicyEngine;
  /** A connection by name with its credentials; undefined when there is none. */
  readonly connection: (name: string) => Promise<ConfiguredConnection | undefined>;
  /** Opens a service session. */
  readonly connect: (target: UpstreamTarget) => Promise<ServiceClient>;
  readonly parsers: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds, monotonic. */
  readonly monotonic: () => number;
}

const CATALOG_VERIFY_AFTER_MS = 2_000;

interface LiveSession {
  readonly session: GateSession;
  readonly principal: string;
  readonly client: string | undefined;
  readonly end: AbortController;
}

export class Checkpoint implements Gate, Disposable {
  readonly #options: CheckpointOptions;
  readonly #parser: ParserPool;
  readonly #services = new Map<string, { readonly target: string; readonly service: PostgresService }>();
  readonly #sessions = new Map<string, LiveSession>();
  readonly #limiter = new SignInLimiter();
  readonly #cache = new JudgementCache();
  readonly #unsubscribe: () => void;

  constructor(options: CheckpointOptions) {
    this.#options = options;
    this.#parser = new ParserPool(options.parsers);
    this.#unsubscribe = options.principals.onChange((names) => this.#endUnentitled(names));
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    for (const { service } of this.#services.values()) service.close();
    void this.#parser.close();
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /** Who is in now, and with which client program. */
  liveSessions(): readonly { readonly principal: string; readonly client: string | undefined }[] {
    return [...this.#sessions.values()].map(({ principal, client }) => ({ principal, client }));
  }

  /** The last snapshot of a connection that was used, however old. */
  catalogOf(connection: string): Catalog | undefined {
    return this.#services.get(connection)?.service.latest;
  }

  /** For texts that belong to no connection. */
  get parser(): ParserPool {
    return this.#parser;
  }

  verifierFor(user: string, address: string): ScramVerifier {
    const { principals, monotonic } = this.#options;
    // A token that was made a moment ago by the command line must work at once, a revoked one must not.
    principals.poll();
    return this.#limiter.allowed(user, address, monotonic()) ? principals.verifierFor(user) : principals.mockVerifierFor(user);
  }

  signInFailed(request: OpenRequest): void {
    this.#limiter.failed(request.user, request.address, this.#options.monotonic());
    this.#refused(request, 'the password does not prove the name');
  }

  #refused(request: OpenRequest, why: string): void {
    this.#options.ledger.append({
      code: 'GH-I-REFUSED',
      facts: {
        user: request.user.slice(0, 63),
        connection: request.connection.slice(0, 63),
        door: request.door,
        address: request.address,
        why,
        ...(request.peer === undefined
          ? {}
          : { pid: request.peer.pid, ...(request.peer.executable === undefined ? {} : { executable: request.peer.executable }) }),
      },
    });
  }

  async open(
    request: OpenRequest,
  ): Promise<{ kind: 'opened'; session: GateSession; upstream: UpstreamTarget } | { kind: 'refused'; refusal: Refusal }> {
    const refuse = (found: Refusal, why: string): { kind: 'refused'; refusal: Refusal } => {
      this.#refused(request, why);
      return { kind: 'refused', refusal: { ...found, fatal: true } };
    };
    const { principals, ledger } = this.#options;
    this.#limiter.succeeded(request.user, request.address);
    const record = principals.get(request.user);
    const status = principals.statusOf(request.user);
    if (record === undefined || status === undefined)
      return refuse(refusal('DENIED', 'sign-in refused', { sqlstate: '28P01' }), 'unknown principal');
    if (status !== 'active') return refuse(notEntitled(request.user, status), status);
    const [name = '', otherDatabase] = request.connection.split('/', 2);
    if (record.kind === 'agent' && !record.connections.includes(name)) {
      return refuse(
        refusal('DENIED', `agent "${record.name}" may not use connection "${name}"`, { sqlstate: '28000' }),
        'connection not allowed',
      );
    }
    let configured: ConfiguredConnection | undefined;
    try {
      configured = await this.#options.connection(name);
    } catch {
      return refuse(refusal('UPSTREAM', `connection "${name}" can't be read`), 'connection broken');
    }
    if (configured === undefined || otherDatabase !== undefined) {
      return refuse(
        refusal('DENIED', `there is no connection "${request.connection.slice(0, 63)}"`, {
          sqlstate: '3D000',
          hint: 'the database name is the name of a Gatehouse connection',
        }),
        'unknown connection',
      );
    }
    const policy = this.#options.policy();
    const principal: Principal = {
      kind: record.kind,
      name: record.name,
      groups: record.kind === 'person' ? this.#options.groups : [],
      ...(record.owner === undefined ? {} : { owner: record.owner, ownerGroups: this.#options.groups }),
    };
    const limits = policy.limitsOf(principal);
    const live = [...this.#sessions.values()].filter((session) => session.principal === principal.name).length;
    if (live >= limits.maxSessions)
      return refuse(refusal('SESSION_LIMIT', `"${principal.name}" has ${live} sessions open, the limit`), 'session limit');
    if (ledger.state.kind === 'failed' && policy.settings.auditMode === 'strict') {
      return refuse(refusal('AUDIT_UNAVAILABLE', 'the audit ledger can not be written, so no session may start'), 'ledger failed');
    }
    const startup = startupStatements(request.parameters, request.applicationName);
    if (startup.kind === 'refused') return refuse(refusal('DENIED', startup.what, { sqlstate: '22023' }), 'startup parameters');
    const service = this.#serviceFor(name, configured);
    const id = randomUUID();
    const client: AuditClient = {
      address: request.address,
      ...(request.applicationName === undefined ? {} : { applicationName: request.applicationName.slice(0, 255) }),
      ...(request.peer === undefined ? {} : { process: request.peer }),
    };
    const audit: AuditSession = {
      session: id,
      principal,
      client,
      door: request.door,
      connection: name,
      database: configured.facts.database,
      environment: configured.facts.environment,
    };
    const end = new AbortController();
    const { facts } = configured;
    const session = new PostgresSession({
      id,
      services: this.#servicesOf(service, facts),
      asker: { principal, door: request.door, client: request.applicationName, limits },
      ledger,
      audit,
      cache: this.#cache,
      now: this.#options.now,
      ended: end.signal,
      startup: startup.statements,
      onClose: () => {
        this.#sessions.delete(id);
        ledger.append({ code: 'GH-C-CLOSE', session: audit });
      },
    });
    this.#sessions.set(id, { session, principal: principal.name, client: request.applicationName, end });
    ledger.append({ code: 'GH-C-OPEN', session: audit });
    try {
      // The role's search_path has to be known before the client's session is opened with it.
      await service.catalog();
    } catch {
      session.close();
      return refuse(refusal('UPSTREAM', `the database of connection "${name}" can not be reached`), 'database not reachable');
    }
    // A change that came while the database was asked must not be lost.
    this.#endUnentitled([principal.name]);
    if (end.signal.aborted) {
      session.close();
      return { kind: 'refused', refusal: end.signal.reason as Refusal };
    }
    return { kind: 'opened', session, upstream: { ...configured.target, options: sessionOptions(service.initialPath) } };
  }

  /** Asked for every statement: the same object until another policy rules. */
  #servicesOf(service: PostgresService, connection: ConnectionFacts): () => JudgeServices {
    let services: JudgeServices = { parser: this.#parser, service, policy: this.#options.policy(), connection };
    return () => {
      const policy = this.#options.policy();
      if (policy !== services.policy) services = { ...services, policy };
      return services;
    };
  }

  /** What judging needs outside a session (`check`, `policy test`). */
  async servicesFor(name: string): Promise<JudgeServices | undefined> {
    const configured = await this.#options.connection(name);
    if (configured === undefined) return undefined;
    return {
      parser: this.#parser,
      service: this.#serviceFor(name, configured),
      policy: this.#options.policy(),
      connection: configured.facts,
    };
  }

  #serviceFor(name: string, configured: ConfiguredConnection): PostgresService {
    // Another environment means other verdicts: what was cached for the old one must not serve.
    const target = JSON.stringify(configured);
    const known = this.#services.get(name);
    if (known?.target === target) return known.service;
    known?.service.close();
    const service = new PostgresService({
      connect: () => this.#options.connect(configured.target),
      parser: this.#parser,
      now: this.#options.monotonic,
      verifyAfterMs: CATALOG_VERIFY_AFTER_MS,
    });
    this.#services.set(name, { target, service });
    return service;
  }

  /** Ends the sessions of principals that lost their right; `names` are those that changed. */
  #endUnentitled(names: readonly string[]): void {
    for (const { principal, end } of this.#sessions.values()) {
      if (!names.includes(principal)) continue;
      const status = this.#options.principals.statusOf(principal);
      if (status !== 'active') end.abort(notEntitled(principal, status ?? 'revoked'));
    }
  }

  /** Ends every session, for shutdown. */
  endAll(): void {
    for (const { end } of this.#sessions.values()) end.abort(refusal('PAUSED', 'Gatehouse is shutting down', { fatal: true }));
  }
}

function notEntitled(name: string, status: string): Refusal {
  const words: Readonly<Record<string, string>> = {
    paused: `"${name}" is paused; a person can resume it in Gatehouse`,
    revoked: `the token of "${name}" was revoked`,
    expired: `the token of "${name}" has expired`,
  };
  return refusal('PAUSED', words[status] ?? 'the session has ended', { fatal: true });
}

/** Given at connection start, so that RESET and DISCARD give them back. */
function sessionOptions(path: readonly string[]): string {
  const schemas = [...path, 'pg_temp']
    .map((schema) => (/^[a-z_][a-z0-9_]*$/u.test(schema) ? schema : `"${schema.replaceAll('"', '""')}"`))
    .join(', ');
  const escaped = schemas.replace(/[\\\s]/gu, (character) => `\\${character}`);
  return `-c search_path=${escaped} -c standard_conforming_strings=on -c client_encoding=UTF8 -c backslash_quote=safe_encoding`;
}
