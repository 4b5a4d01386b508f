// May this result leave as a file? A policy question of its own, about every relation that the statement read.
// Source: design, "Results" (export is its own policy question).
import type { AuditJudgement, Door } from '../../../contracts/audit.ts';
import type { Principal } from '../../policy/engine.ts';
import type { Effect } from '../../sql/analysis.ts';
import type { StatementPlan } from '../gate.ts';
import type { Asker, JudgeServices, Plan } from './context.ts';
import { contextOf, decideEffects } from './questions.ts';

export interface ExportAnswer {
  readonly allowed: boolean;
  readonly code: 'DENIED' | 'JUSTIFICATION_REQUIRED' | undefined;
  readonly reason: string | undefined;
  /** To be recorded as the intent. */
  readonly audit: AuditJudgement;
}

export function decideExport(parts: {
  readonly services: JudgeServices;
  readonly principal: Principal;
  readonly door: Door;
  readonly statement: StatementPlan;
  readonly justification: string | undefined;
  readonly time: number;
}): ExportAnswer {
  const { services, principal, door, justification, time } = parts;
  const plan = parts.statement as Plan;
  const relations = new Map(
    plan.facts.references.map(({ relation }) => [`${relation.schema}.${relation.name}`, { schema: relation.schema, name: relation.name }]),
  );
  const effects: Effect[] = [...relations.values()].map((relation) => ({ action: 'export', relation }));
  if (effects.length === 0) effects.push({ action: 'export' });
  const facts = { ...plan.facts, kind: 'EXPORT', effects };
  const asker: Asker = { principal, door, client: undefined, tainted: false, limits: services.policy.limitsOf(principal) };
  const { answer, what } = decideEffects(
    facts,
    contextOf(facts, undefined, asker, { estimatedRows: undefined, justification, time }),
    services,
    asker,
  );
  const { bundle } = services.policy;
  const reason = answer.policies.find((policy) => policy.reason !== undefined)?.reason;
  const allowed = answer.kind === 'allow';
  const code = allowed ? undefined : answer.kind === 'hold' ? 'JUSTIFICATION_REQUIRED' : 'DENIED';
  return {
    allowed,
    code,
    reason: allowed ? undefined : (reason ?? `no policy allows ${what}`),
    audit: {
      ...plan.audit,
      statement: { ...plan.audit.statement, kind: 'EXPORT' },
      effects: effects.map(({ relation }) => (relation === undefined ? 'export' : `export ${relation.schema}.${relation.name}`)),
      decision: {
        verdict: answer.kind,
        policies: answer.policies.map(({ id }) => id),
        bundle: { id: bundle.id, sequence: bundle.sequence },
        ...(code === undefined ? {} : { code }),
        ...(allowed || reason === undefined ? {} : { reason }),
        ...(justification === undefined ? {} : { justification }),
      },
    },
  };
}
