// The policy questions of one statement: each effect on each relation, and `reveal` for each tagged column. The strictest
// answer wins. Source: design, "The model".
import type { Answer, DeterminingPolicy, Question, QuestionContext, Remedy, Resource } from '../../policy/engine.ts';
import type { Effect } from '../../sql/analysis.ts';
import type { StatementFacts } from '../../sql/postgres/analyse/facts.ts';
import type { Asker, JudgeServices } from './context.ts';
import type { MaskResolver } from './masks.ts';

export interface Circumstances {
  readonly estimatedRows: number | undefined;
  readonly justification: string | undefined;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

const PREDICATES = new Set(['condition', 'join', 'group', 'order', 'aggregate', 'nullTest']);

export function contextOf(
  facts: StatementFacts,
  masks: MaskResolver | undefined,
  asker: Asker,
  circumstances: Circumstances,
): QuestionContext {
  const tags = new Set<string>();
  const predicateTags = new Set<string>();
  for (const usage of facts.usages) {
    for (const tag of masks?.tagsOf(usage.source) ?? []) {
      tags.add(tag);
      if (PREDICATES.has(usage.use)) predicateTags.add(tag);
    }
  }
  const at = new Date(circumstances.time);
  return {
    door: asker.door,
    statementKind: facts.kind,
    hasWhere: facts.effects.every((effect) => effect.rows !== 'all'),
    ...(circumstances.estimatedRows === undefined ? {} : { estimatedRows: circumstances.estimatedRows }),
    tags: [...tags],
    predicateTags: [...predicateTags],
    tainted: asker.tainted,
    ...(asker.client === undefined ? {} : { client: asker.client }),
    ...(circumstances.justification === undefined ? {} : { justification: circumstances.justification }),
    hour: at.getUTCHours(),
    weekday: at.getUTCDay() === 0 ? 7 : at.getUTCDay(),
  };
}

/** The context of a `reveal` question: about one column, whatever the statement around it. */
export function revealContext(asker: Asker, tags: readonly string[], justification: string | undefined, time: number): QuestionContext {
  const at = new Date(time);
  return {
    door: asker.door,
    statementKind: 'REVEAL',
    hasWhere: true,
    tags,
    predicateTags: [],
    tainted: asker.tainted,
    ...(asker.client === undefined ? {} : { client: asker.client }),
    ...(justification === undefined ? {} : { justification }),
    hour: at.getUTCHours(),
    weekday: at.getUTCDay() === 0 ? 7 : at.getUTCDay(),
  };
}

function resourceOf(effect: Effect): Resource {
  if (effect.routine !== undefined) return { kind: 'function', schema: effect.routine.schema, name: effect.routine.name };
  if (effect.relation !== undefined) return { kind: 'table', relation: effect.relation };
  return { kind: 'connection' };
}

export interface Decision {
  readonly answer: Answer;
  /** The effect that decided, in words: `update on shop.orders`. */
  readonly what: string;
}

const describe = (effect: Effect): string => {
  const object = effect.routine ?? effect.relation;
  return object === undefined ? `"${effect.action}"` : `"${effect.action}" on ${object.schema}.${object.name}`;
};

const RANK = { allow: 0, hold: 1, deny: 2 } as const;

/** Asks about every effect; holds are joined. */
export function decideEffects(facts: StatementFacts, context: QuestionContext, services: JudgeServices, asker: Asker): Decision {
  let worst: Decision = { answer: { kind: 'allow', policies: [] }, what: 'the statement' };
  const remedies: Remedy[] = [];
  const policies = new Map<string, DeterminingPolicy>();
  for (const effect of facts.effects) {
    const question: Question = {
      principal: asker.principal,
      connection: services.connection,
      action: effect.action,
      resource: resourceOf(effect),
      context,
    };
    const answer = services.policy.decide(question);
    if (answer.kind === 'hold') remedies.push(...answer.remedies);
    if (answer.kind === worst.answer.kind) for (const policy of answer.policies) policies.set(policy.id, policy);
    if (RANK[answer.kind] > RANK[worst.answer.kind]) {
      policies.clear();
      for (const policy of answer.policies) policies.set(policy.id, policy);
      worst = { answer, what: describe(effect) };
    }
  }
  const { answer } = worst;
  if (answer.kind === 'hold') return { ...worst, answer: { kind: 'hold', remedies: distinct(remedies), policies: [...policies.values()] } };
  return { ...worst, answer: { ...answer, policies: [...policies.values()] } };
}

function distinct(remedies: readonly Remedy[]): Remedy[] {
  const known = new Map(remedies.map((remedy) => [JSON.stringify(remedy), remedy] as const));
  return [...known.values()];
}
