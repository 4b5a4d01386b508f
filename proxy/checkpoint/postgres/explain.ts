// What would happen to a statement, and why, without running it: for `check`, `policy test` and the app's "try a statement".
import type { Door } from '../../../contracts/audit.ts';
import type { Principal, Remedy } from '../../policy/engine.ts';
import type { JudgeServices, Ruling } from './context.ts';
import { judgeText } from './judge.ts';
import { openState } from './session-names.ts';

export interface Explanation {
  readonly verdict: 'allow' | 'hold' | 'deny';
  readonly code?: string;
  readonly reason?: string;
  readonly hint?: string;
  /** Byte offset in the text. */
  readonly position?: number;
  readonly remedies: readonly Remedy['kind'][];
  /** `schema.relation.column` of the masked columns that it reads. */
  readonly masked: readonly string[];
  readonly policies: readonly string[];
  readonly effects: readonly string[];
  readonly relations: readonly string[];
  /** What would really go to the database, when it differs. */
  readonly rewritten?: string;
}

/** The ruling for a fresh session. `justification`: as if it had been given in the session. */
export async function ruleFresh(
  services: JudgeServices,
  principal: Principal,
  sql: string,
  time: number,
  justification?: string,
  door: Door = 'postgres',
): Promise<Ruling> {
  await services.service.catalog();
  return judgeText({
    services,
    asker: { principal, door, client: undefined, tainted: false, limits: services.policy.limitsOf(principal) },
    state: { ...openState(services.service.initialPath), justification },
    bytes: Buffer.from(sql, 'utf8'),
    form: 'simple',
    time,
    masks: (_catalog, _reason, make) => make(),
  });
}

export async function explain(
  services: JudgeServices,
  principal: Principal,
  sql: string,
  time: number,
  justification?: string,
  door: Door = 'postgres',
): Promise<Explanation> {
  const ruling = await ruleFresh(services, principal, sql, time, justification, door);
  const audits = ruling.kind === 'refuse' ? [ruling.audit] : ruling.plans.map((plan) => plan.audit);
  const all = (pick: (audit: (typeof audits)[number]) => readonly string[]): string[] => [...new Set(audits.flatMap(pick))];
  const rewritten = audits.find((audit) => audit.statement.rewritten !== undefined)?.statement.rewritten;
  const common = {
    masked: all((audit) => audit.columnsMasked),
    policies: all((audit) => audit.decision.policies),
    effects: all((audit) => audit.effects),
    relations: all((audit) => audit.relations),
    ...(rewritten === undefined ? {} : { rewritten }),
  };
  if (ruling.kind === 'forward') return { verdict: 'allow', remedies: [], ...common };
  const { refusal, audit } = ruling;
  return {
    verdict: audit.decision.verdict,
    code: refusal.code,
    reason: refusal.message,
    ...(refusal.hint === undefined ? {} : { hint: refusal.hint }),
    ...(refusal.position === undefined ? {} : { position: refusal.position }),
    remedies: (ruling.remedies ?? []).map(({ kind }) => kind),
    ...common,
  };
}
