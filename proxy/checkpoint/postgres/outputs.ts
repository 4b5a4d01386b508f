// What a door may know of a statement's result columns beside their values: which are masked, by which tags and policies.
// Source: design, "Results" (a masked cell explains itself).
import type { StatementPlan } from '../gate.ts';
import type { Plan } from './context.ts';

export interface OutputMask {
  readonly tags: readonly string[];
  readonly reason?: string;
  readonly policy?: string;
}

/** By column of the result; undefined where its value is clear. Empty when the statement's columns are not known ahead. */
export function describeOutputs(statement: StatementPlan): readonly (OutputMask | undefined)[] {
  const plan = statement as Plan;
  return (plan.facts.outputs ?? []).map((output) => {
    const tags = new Set<string>();
    const policies = new Map<string, string | undefined>();
    let masked = false;
    for (const source of output.direct === undefined ? output.lineage : [output.direct, ...output.lineage]) {
      const why = plan.whyMasked(source);
      if (why === undefined) continue;
      masked = true;
      for (const tag of why.tags) tags.add(tag);
      for (const policy of why.policies) policies.set(policy.id, policy.reason);
    }
    if (!masked) return undefined;
    const [first] = policies;
    return {
      tags: [...tags],
      ...(first?.[1] === undefined ? {} : { reason: first[1] }),
      ...(first === undefined ? {} : { policy: first[0] }),
    };
  });
}

/** The relation that all rows came from; undefined when there are several, or none. */
export function onlyRelation(statement: StatementPlan): { readonly schema: string; readonly name: string } | undefined {
  const { facts } = statement as Plan;
  const relations = new Set([...facts.references, ...facts.targets].map(({ relation }) => relation));
  const [only] = relations;
  return relations.size === 1 && only !== undefined ? { schema: only.schema, name: only.name } : undefined;
}
