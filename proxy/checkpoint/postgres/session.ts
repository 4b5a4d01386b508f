// One PostgreSQL session under one principal: implements the port that the door speaks to (gate.ts). Keeps what the client's
// statements have done to the session, and records every statement in the ledger.
import type { AuditSession } from '../../../contracts/audit.ts';
import type { AuditEvent, LedgerPort } from '../../audit/ledger-port.ts';
import { sourceOf } from '../../sql/postgres/analyse/lineage.ts';
import { isSystemSchema } from '../../sql/postgres/catalog/catalog.ts';
import { looksMasked } from '../../sql/postgres/rewrite/mask-expression.ts';
import type { Execution, ExecutionEnd, GateSession, Judgement, Refusal, ResultColumn, StatementPlan, TransactionStatus } from '../gate.ts';
import { notUnderstood, refusal } from '../refusals.ts';
import { type Circumstances, CircumstancesOf } from './circumstances.ts';
import type { Asker, JudgeServices, Plan, Ruling } from './context.ts';
import type { JudgementCache } from './judgement-cache.ts';
import { judgeText } from './judge.ts';
import { applyChange, openState, settle, type SessionState } from './session-names.ts';
import { type ExecutionParts, StatementExecution } from './statement-execution.ts';

export interface SessionParts {
  readonly id: string;
  readonly services: () => JudgeServices;
  readonly asker: Omit<Asker, 'tainted'>;
  readonly ledger: LedgerPort;
  readonly audit: AuditSession;
  readonly cache: JudgementCache;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly ended: AbortSignal;
  readonly onClose: () => void;
  /** Statements that the client's startup parameters stand for. */
  readonly startup: readonly string[];
}

interface Allowed {
  readonly kind: 'forward';
  readonly text: Uint8Array;
  readonly statements: readonly Plan[];
}

export class PostgresSession implements GateSession {
  readonly id: string;
  readonly ended: AbortSignal;
  readonly #parts: SessionParts;
  #state: SessionState = openState([]);
  #failed = false;
  #tainted = false;
  readonly #circumstances: CircumstancesOf;
  readonly #execution: ExecutionParts;
  #closed = false;

  constructor(parts: SessionParts) {
    this.id = parts.id;
    this.ended = parts.ended;
    this.#parts = parts;
    this.#circumstances = new CircumstancesOf(parts.cache, parts.id, parts.asker);
    const { ledger, audit, asker } = parts;
    this.#execution = { ledger, audit, limits: asker.limits, ended: (plan, end) => this.#finished(plan, end) };
  }

  async initialise(run: (sql: string) => Promise<readonly (readonly (string | null)[])[]>): Promise<void> {
    const { service } = this.#parts.services();
    await service.catalog();
    this.#state = openState(service.initialPath);
    const settings = await run(
      "select pg_catalog.current_setting('standard_conforming_strings'), pg_catalog.current_setting('client_encoding'), pg_catalog.current_setting('search_path')",
    );
    const [strings, encoding, path] = settings[0] ?? [];
    if (strings !== 'on' || encoding !== 'UTF8' || !/(?:^|[ ,"])pg_temp"?$/u.test(path ?? '')) {
      throw new Error('the database does not agree on the settings that checking relies on');
    }
    for (const statement of this.#parts.startup) {
      const judgement = await this.judge(Buffer.from(statement, 'utf8'), 'simple');
      if (judgement.kind === 'refuse') throw new StartupRefused(judgement.refusal);
      const executions = judgement.statements.map((plan) => this.execute(plan));
      await run(Buffer.from(judgement.text).toString('utf8'));
      for (const execution of executions) execution.finish({ status: 'ok', rows: 0, bytes: 0 });
    }
    this.ready('I');
  }

  judge(text: Uint8Array, form: 'simple' | 'parse'): Judgement | Promise<Judgement> {
    const blocked = this.#blocked();
    if (blocked !== undefined) return { kind: 'refuse', refusal: blocked };
    const services = this.#parts.services();
    const catalog = services.service.current;
    if (catalog === undefined) return this.#judgeOnceCurrent(services, text, form);
    return this.#known(services, catalog.version, text, form) ?? this.#judgeCold(services, text, form);
  }

  /** The judgement from the cache, where one may be used. */
  #known(services: JudgeServices, catalogVersion: number, text: Uint8Array, form: 'simple' | 'parse'): Judgement | undefined {
    if (this.#state.justification !== undefined || this.#parts.ledger.state.kind !== 'ok') return undefined;
    return this.#now(services, catalogVersion).texts.get(text, form);
  }

  /** The snapshot has to be compared with the server first; mostly it is still the same, and so are the judgements. */
  async #judgeOnceCurrent(services: JudgeServices, text: Uint8Array, form: 'simple' | 'parse'): Promise<Judgement> {
    const bytes = Uint8Array.from(text);
    try {
      const catalog = await services.service.catalog();
      const known = this.#known(services, catalog.version, bytes, form);
      if (known !== undefined) return known;
    } catch (error) {
      return { kind: 'refuse', refusal: this.#incident(error) };
    }
    return this.#judgeCold(services, bytes, form);
  }

  async #judgeCold(services: JudgeServices, text: Uint8Array, form: 'simple' | 'parse'): Promise<Judgement> {
    let ruling: Ruling;
    // The door may reuse its buffer while this waits.
    const bytes = Uint8Array.from(text);
    const version = services.service.current?.version;
    const before = version === undefined ? undefined : this.#now(services, version);
    const asked = { services, state: this.#state, tainted: this.#tainted, time: this.#parts.now() };
    try {
      ruling = await judgeText({
        services,
        asker: { ...this.#parts.asker, tainted: asked.tainted },
        state: asked.state,
        bytes,
        form,
        time: asked.time,
        masks: (catalog, reason, make) => {
          const { maskKey } = this.#circumstances.at({ ...asked, catalogVersion: catalog.version });
          return this.#parts.cache.masks(`${maskKey}|${reason ?? ''}`, make);
        },
      });
    } catch (error) {
      return { kind: 'refuse', refusal: this.#incident(error) };
    }
    if (ruling.kind === 'refuse') {
      const code = ruling.audit.decision.verdict === 'hold' ? 'GH-S-HOLD' : 'GH-S-DENY';
      this.#parts.ledger.append({ code, session: this.#parts.audit, judgement: ruling.audit });
      return { kind: 'refuse', refusal: ruling.refusal };
    }
    const allowed: Allowed = { kind: 'forward', text: ruling.text, statements: ruling.plans };
    const catalog = services.service.current;
    // What changed while it was judged (the catalog, an earlier statement that has tainted the session) may not be what it was judged by.
    if (ruling.cacheable && catalog !== undefined && this.#now(services, catalog.version) === before)
      before.texts.put(bytes, form, allowed);
    if (ruling.plans.length === 0) return allowed;
    const strict = this.#ledgerProblem(ruling.plans.every((plan) => plan.reads));
    return strict === undefined ? allowed : { kind: 'refuse', refusal: strict };
  }

  #now(services: JudgeServices, catalogVersion: number): Circumstances {
    return this.#circumstances.at({ services, catalogVersion, state: this.#state, tainted: this.#tainted, time: this.#parts.now() });
  }

  recheck(original: Uint8Array, judgement: Judgement): Judgement | Promise<Judgement> {
    if (judgement.kind === 'refuse') return judgement;
    const services = this.#parts.services();
    const plans = judgement.statements as readonly Plan[];
    const [plan] = plans;
    if (plan === undefined) return judgement;
    const { current } = services.service;
    const epoch = `${this.#circumstances.epochOf(this.#state)}\u0002${current?.version ?? ''}\u0002${services.policy.bundle.version}`;
    const blocked = this.#blocked() ?? this.#ledgerProblem(plan.reads);
    if (blocked !== undefined) return { kind: 'refuse', refusal: blocked };
    const reasonHolds = plan.reason === undefined || plan.reason === this.#state.justification;
    if (current !== undefined && plan.epoch === epoch && reasonHolds && !plan.durable && plan.reads) return judgement;
    return this.judge(original, 'parse');
  }

  checkResult(plan: StatementPlan, columns: readonly ResultColumn[]): Refusal | undefined {
    const { isMasked, facts } = plan as Plan;
    const { service } = this.#parts.services();
    const catalog = service.current ?? service.latest;
    for (const [i, column] of columns.entries()) {
      if (column.tableOid === 0) continue;
      const relation = catalog?.relationByOid(column.tableOid);
      const found = relation?.columns.find((each) => each.attribute === column.attribute);
      if (relation !== undefined && isSystemSchema(relation.schema)) continue;
      if (relation === undefined || found === undefined) {
        // Temporary tables are not in the snapshot; they hold masks only.
        if (column.attribute <= 0 && relation !== undefined) continue;
        if (relation === undefined && facts.references.some((reference) => reference.relation.schema === 'pg_temp')) continue;
        service.invalidate();
        return this.#leak(`result column ${i + 1} comes from a table that changed since it was read`, plan as Plan);
      }
      if (isMasked(sourceOf(relation, found))) return this.#leak(`result column ${i + 1} would show a masked column`, plan as Plan);
    }
    if (facts.outputsExact && facts.outputs !== undefined && facts.outputs.length !== columns.length && columns.length > 0) {
      service.invalidate();
      return this.#leak('the number of result columns is not the planned one', plan as Plan);
    }
    return undefined;
  }

  #leak(what: string, plan: Plan): Refusal {
    this.#parts.ledger.append({ code: 'GH-X-INCIDENT', session: this.#parts.audit, judgement: plan.audit, facts: { what } });
    return refusal('INTERNAL', `the result does not match what was checked (${what}); the statement was stopped and the session ends`, {
      fatal: true,
      hint: 'connect again and run it again; the incident is in the ledger',
    });
  }

  execute(statement: StatementPlan, parameters?: () => readonly string[]): Execution {
    const plan = statement as Plan;
    const { ledger, audit } = this.#parts;
    const { auditParameters } = this.#parts.services().policy.settings;
    const values =
      parameters === undefined || (auditParameters !== 'values' && plan.assignedParameters.size === 0) ? undefined : parameters();
    const judgement = plan.audit;
    const event: AuditEvent =
      auditParameters === 'values' && values !== undefined
        ? { code: 'GH-S-ALLOW', session: audit, judgement, parameters: values }
        : { code: 'GH-S-ALLOW', session: audit, judgement };
    const started = performance.now();
    const masked = this.#maskedParameter(plan, values);
    if (masked !== undefined) {
      return new StatementExecution(
        this.#execution,
        plan,
        ledger.append({ ...event, code: 'GH-S-DENY' }),
        Promise.resolve(masked),
        started,
      );
    }
    if (!plan.durable && !ledger.busy) return new StatementExecution(this.#execution, plan, ledger.append(event), undefined, started);
    const pending = ledger.appendDurable(event);
    const durable = pending.durable.then(
      () => undefined,
      () => refusal('AUDIT_UNAVAILABLE', 'the audit ledger can not be written, so nothing may be changed'),
    );
    return new StatementExecution(this.#execution, plan, pending.id, durable, started);
  }

  #maskedParameter(plan: Plan, values: readonly string[] | undefined): Refusal | undefined {
    for (const [number, column] of plan.assignedParameters) {
      const value = values?.[number - 1];
      if (value !== undefined && looksMasked(value)) {
        return refusal('MASKED_COLUMN', `the value for "${column}" is a mask, not the real value; writing it would destroy data`);
      }
    }
    return undefined;
  }

  #finished(plan: Plan, end: ExecutionEnd): void {
    if (end.status !== 'ok') return;
    if (plan.taints && this.#parts.asker.principal.kind === 'agent') this.#tainted = true;
    for (const change of plan.facts.changes) {
      // COMMIT of a failed transaction rolls back, and says so.
      const meant = change.kind === 'commit' && end.tag?.startsWith('ROLLBACK') === true ? ({ kind: 'rollback' } as const) : change;
      this.#state = applyChange(this.#state, meant, { facts: plan.facts, epoch: plan.epoch, masked: plan.masked });
      if (meant.kind === 'catalogChanged') this.#parts.services().service.invalidate();
    }
  }

  /** A statement that ends badly for the client (a row limit) need not have failed in the database: only its own word counts. */
  failed(): void {
    this.#failed = true;
  }

  ready(status: TransactionStatus): void {
    if (status === 'I') this.#state = settle(this.#state, this.#failed);
    this.#failed = false;
  }

  parameterStatus(name: string, value: string): Refusal | undefined {
    const pinned: Readonly<Record<string, string>> = { client_encoding: 'UTF8', standard_conforming_strings: 'on' };
    const expected = pinned[name];
    if (expected === undefined || expected === value) return undefined;
    return refusal(
      'INTERNAL',
      `the session's setting "${name}" changed to something that statements can't be checked under; the session ends`,
      { fatal: true },
    );
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts.onClose();
  }

  #blocked(): Refusal | undefined {
    if (!this.ended.aborted) return undefined;
    return (this.ended.reason as Refusal | undefined) ?? refusal('PAUSED', 'the session has ended', { fatal: true });
  }

  /** Strict mode refuses everything while the ledger can't be written; `reads` lets reads go on. */
  #ledgerProblem(onlyReads: boolean): Refusal | undefined {
    const { ledger } = this.#parts;
    if (ledger.state.kind === 'ok') return undefined;
    if (this.#parts.services().policy.settings.auditMode === 'reads' && onlyReads) return undefined;
    return refusal('AUDIT_UNAVAILABLE', 'the audit ledger can not be written, so statements are refused', {
      facts: { ledger: ledger.state.reason },
    });
  }

  #incident(error: unknown): Refusal {
    const upstream = error instanceof Error && 'code' in error && error.code === 'UPSTREAM';
    const what = upstream ? 'the database can not be reached to check the statement' : 'judging failed';
    this.#parts.ledger.append({
      code: 'GH-X-INCIDENT',
      session: this.#parts.audit,
      facts: { what, fault: error instanceof Error ? error.name : 'unknown' },
    });
    return upstream
      ? refusal('UPSTREAM', what)
      : { ...notUnderstood('an internal fault; the statement was not run'), code: 'INTERNAL', detail: 'code=INTERNAL' };
  }
}

/** A startup parameter asked for something that may not be set. */
export class StartupRefused extends Error {
  readonly refusal: Refusal;
  constructor(found: Refusal) {
    super(found.message);
    this.refusal = found;
  }
}
