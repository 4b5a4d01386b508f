// A gate for the door's own tests and for trying the door alone: everything is allowed but what the test says otherwise. It
// splits texts at semicolons, which is enough for tests; it is no checkpoint.
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { GatehouseError } from '../../../errors.ts';
import type {
  Execution,
  ExecutionEnd,
  Gate,
  GateSession,
  Judgement,
  OpenRequest,
  Refusal,
  ResultColumn,
  StatementPlan,
  UpstreamTarget,
} from '../../../checkpoint/gate.ts';
import type { ScramVerifier } from '../../../identity/scram.ts';

export interface OpenGateRules {
  readonly upstream: UpstreamTarget;
  readonly password: string;
  /** Texts that are refused, with what. */
  refuse?: (text: string) => Refusal | undefined;
  /** Replaces a text before it goes on. */
  rewrite?: (text: string) => string;
  /** Changes the plan of one statement. */
  plan?: (statement: string) => Partial<StatementPlan>;
  limits?: (plan: StatementPlan) => { rows?: number; bytes?: number; ms?: number };
  /** Milliseconds that each judgement takes; 0 = at once. */
  delay?: (text: string) => number;
  durable?: (plan: StatementPlan) => Promise<Refusal | undefined> | undefined;
  check?: (plan: StatementPlan, columns: readonly ResultColumn[]) => Refusal | undefined;
  recheck?: (judgement: Judgement) => Judgement;
  setting?: (name: string, value: string) => Refusal | undefined;
  openRefusal?: Refusal;
}

/** What happened, in order, for tests to look at. */
export interface OpenGate extends Gate {
  readonly events: string[];
  readonly ends: (ExecutionEnd & { readonly kind: string; readonly parameters?: readonly string[] })[];
  readonly requests: OpenRequest[];
  /** Texts of what was executed. */
  readonly statements: string[];
  /** Executions begun and not finished: must be 0 at the end. */
  running: number;
  opened: number;
  closed: number;
  endAll(reason: Refusal): void;
}

export function scramVerifier(password: string): ScramVerifier {
  const salt = Buffer.from('a salt for tests');
  const iterations = 4096;
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return {
    iterations,
    salt,
    storedKey: createHash('sha256').update(clientKey).digest(),
    serverKey: createHmac('sha256', salted).update('Server Key').digest(),
  };
}

const KINDS = /^\s*(?:\/\*.*?\*\/\s*)*([a-z]+)/is;

function statementsOf(text: string): string[] {
  return text
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

export function openGate(rules: OpenGateRules): OpenGate {
  const verifier = scramVerifier(rules.password);
  const aborts = new Set<AbortController>();
  const judgements = new Map<string, Judgement>();
  const texts = new WeakMap<StatementPlan, string>();
  const judge = (text: string): Judgement => {
    const refusal = rules.refuse?.(text);
    if (refusal !== undefined) return { kind: 'refuse', refusal };
    const known = judgements.get(text);
    if (known !== undefined) return known;
    const statements = statementsOf(text).map((statement): StatementPlan => {
      const kind = (KINDS.exec(statement)?.[1] ?? 'SELECT').toUpperCase();
      const plan = {
        kind,
        barrier: false,
        cleanErrors: false,
        guardResult: ['SELECT', 'VALUES', 'WITH', 'SHOW', 'FETCH', 'TABLE'].includes(kind),
        ...rules.plan?.(statement),
      };
      texts.set(plan, statement);
      return plan;
    });
    const judgement: Judgement = { kind: 'forward', text: Buffer.from(rules.rewrite?.(text) ?? text), statements };
    judgements.set(text, judgement);
    return judgement;
  };

  const gate: OpenGate = {
    events: [],
    ends: [],
    requests: [],
    statements: [],
    running: 0,
    opened: 0,
    closed: 0,
    endAll(reason) {
      for (const abort of aborts) abort.abort(reason);
    },
    verifierFor: () => verifier,
    signInFailed: (request) => {
      gate.events.push(`sign-in failed: ${request.user}`);
    },
    open: async (request) => {
      gate.requests.push(request);
      if (rules.openRefusal !== undefined) return { kind: 'refused', refusal: rules.openRefusal };
      gate.opened++;
      const abort = new AbortController();
      aborts.add(abort);
      return { kind: 'opened', session: session(abort), upstream: rules.upstream };
    },
  };

  function session(abort: AbortController): GateSession {
    let closed = false;
    return {
      id: `S-${gate.opened}`,
      ended: abort.signal,
      initialise: async (run) => {
        const rows = await run("set application_name = 'open gate'; select 'ready', null");
        if (rows[0]?.[0] !== 'ready' || rows[0][1] !== null) throw new GatehouseError('TEST', 'the set-up did not run');
      },
      judge: (bytes, form) => {
        const text = Buffer.from(bytes).toString('utf8');
        gate.events.push(`judge ${form}: ${text}`);
        const ms = rules.delay?.(text) ?? 0;
        return ms === 0 ? judge(text) : new Promise((resolve) => setTimeout(() => resolve(judge(text)), ms));
      },
      recheck: (original, judgement) => rules.recheck?.(judgement) ?? judge(Buffer.from(original).toString('utf8')),
      checkResult: (plan, columns) => rules.check?.(plan, columns),
      execute: (plan, parameters): Execution => {
        gate.running++;
        let finished = false;
        const given = parameters?.();
        const limits = rules.limits?.(plan) ?? {};
        gate.events.push(`execute ${plan.kind}`);
        gate.statements.push(texts.get(plan) ?? '');
        return {
          durable: rules.durable?.(plan),
          maxRows: limits.rows ?? Number.POSITIVE_INFINITY,
          maxBytes: limits.bytes ?? Number.POSITIVE_INFINITY,
          timeoutMs: limits.ms ?? 0,
          overLimit: (what) =>
            what === 'time'
              ? { code: 'TIMEOUT', sqlstate: '57014', message: 'over the time limit' }
              : { code: 'ROW_LIMIT', sqlstate: '53400', message: `over the limit of ${what}` },
          finish: (end) => {
            if (finished) throw new GatehouseError('TEST', 'finished twice');
            finished = true;
            gate.running--;
            gate.events.push(`${end.status} ${plan.kind}`);
            gate.ends.push({ ...end, kind: plan.kind, ...(given === undefined ? {} : { parameters: given }) });
          },
        };
      },
      failed: () => undefined,
      ready: (status) => {
        gate.events.push(`ready ${status}`);
      },
      parameterStatus: (name, value) => rules.setting?.(name, value),
      close: () => {
        if (closed) throw new GatehouseError('TEST', 'closed twice');
        closed = true;
        gate.closed++;
        aborts.delete(abort);
      },
    };
  }

  return gate;
}
