// The rules for one analysed statement: what can't be masked is refused, then policy decides, then remedies are looked at.
import type { Answer, Remedy } from '../../policy/engine.ts';
import type { StatementFacts } from '../../sql/postgres/analyse/facts.ts';
import { type SourceColumn, sourceOf } from '../../sql/postgres/analyse/lineage.ts';
import type { Catalog } from '../../sql/postgres/catalog/catalog.ts';
import { looksMasked } from '../../sql/postgres/rewrite/mask-expression.ts';
import type { Refusal } from '../gate.ts';
import { approvalRequired, denied, justificationRequired, maskedColumn, refusal } from '../refusals.ts';
import type { JudgeInput } from './context.ts';
import { justificationProblem } from './justification.ts';
import { MaskResolver } from './masks.ts';
import { type Circumstances, contextOf, decideEffects, revealContext } from './questions.ts';

interface RuleInput {
  readonly input: JudgeInput;
  readonly catalog: Catalog;
  readonly facts: StatementFacts;
  readonly text: string;
  /** The statement's own text, for the estimate. */
  readonly statement: string;
  readonly reason: string | undefined;
  readonly path: readonly string[];
}

export type Ruled =
  | { readonly kind: 'refuse'; readonly refusal: Refusal; readonly masks: MaskResolver | undefined; readonly remedies: readonly Remedy[] }
  | {
      readonly kind: 'allow';
      readonly masks: MaskResolver;
      readonly answer: Answer;
      readonly justification: string | undefined;
      readonly cacheable: boolean;
    };

const WRITING = new Set(['insert', 'update', 'delete', 'merge', 'copyIn']);

/** What uses of a masked column are refused whatever the policy. */
function maskProblem(facts: StatementFacts, masks: MaskResolver): Refusal | undefined {
  for (const usage of facts.usages) {
    if (usage.use === 'output') continue;
    const mask = masks.maskOf(usage.source);
    if (mask === undefined || (usage.use === 'nullTest' && mask.keepsNull)) continue;
    const { relation, column } = usage.source;
    return maskedColumn(`${relation.schema}.${relation.name}.${column.name}`, usage.use, usage.position);
  }
  for (const relation of facts.altered) {
    const column = relation.columns.find((each) => masks.maskOf(sourceOf(relation, each)) !== undefined);
    if (column !== undefined) {
      return refusal(
        'MASKED_COLUMN',
        `the definition of "${relation.schema}.${relation.name}" can't be changed or reused by you: its column "${column.name}" is masked for you`,
        {
          facts: { column: `${relation.schema}.${relation.name}.${column.name}` },
        },
      );
    }
  }
  for (const { source, value, position } of facts.assigned) {
    if (value !== undefined && looksMasked(value) && masks.maskOf(source) !== undefined) {
      return refusal(
        'MASKED_COLUMN',
        `the value for "${source.column.name}" is a mask, not the real value; writing it would destroy data`,
        { position },
      );
    }
  }
  const loaded = facts.effects.some((effect) => effect.action === 'copyIn') ? facts.targets[0]?.relation : undefined;
  const written = facts.effects.find((effect) => effect.action === 'copyIn')?.columns;
  const column = loaded?.columns.find(
    (each) => (written?.includes(each.name) ?? true) && masks.maskOf(sourceOf(loaded, each)) !== undefined,
  );
  if (loaded !== undefined && column !== undefined) {
    // The rows come as data and can't be told from masks that were read before.
    return refusal('MASKED_COLUMN', `COPY can't load column "${column.name}" of "${loaded.schema}.${loaded.name}": it is masked for you`, {
      facts: { column: `${loaded.schema}.${loaded.name}.${column.name}` },
      hint: 'list the columns to load without it, or use INSERT',
    });
  }
  if (facts.analyze && facts.references.some(({ relation }) => masks.isGoverned(relation))) {
    return refusal('MASKED_COLUMN', 'EXPLAIN ANALYZE is not available on tables with columns that are masked for you', {
      hint: 'use EXPLAIN without ANALYZE',
    });
  }
  return undefined;
}

/** Notifications carry what other sessions put into them, row values too. */
function listenProblem(facts: StatementFacts, masks: MaskResolver): Refusal | undefined {
  if (!facts.effects.some((effect) => effect.action === 'listen') || !masks.masksAnything) return undefined;
  return refusal('DENIED', 'LISTEN and NOTIFY are not available where columns are masked for you: their payloads can hold clear values');
}

/** User code that was not analysed may read anything: it needs `call`, and a review once anything is masked. */
function opaqueProblem(rule: RuleInput, masks: MaskResolver): Refusal | undefined {
  const { services } = rule.input;
  for (const routine of rule.facts.opaque) {
    rule.facts.effects.push({ action: 'call', routine: { schema: routine.schema, name: routine.name } });
    if (!services.policy.isCleanFunction(services.connection, routine) && masks.masksAnything) {
      return refusal('DENIED', `function "${routine.schema}.${routine.name}" can read masked data and was not reviewed`, {
        position: routine.position,
        facts: { function: `${routine.schema}.${routine.name}` },
        hint: 'an administrator can mark a reviewed function as clean in the classification',
      });
    }
  }
  return undefined;
}

async function resolveMasks(rule: RuleInput): Promise<MaskResolver> {
  const { services, asker, time } = rule.input;
  const { reason } = rule;
  const reveal = (source: SourceColumn, tags: readonly string[]): Answer => {
    const column = { relation: { schema: source.relation.schema, name: source.relation.name }, column: source.column.name };
    const ask = (justification: string | undefined): Answer =>
      services.policy.decide({
        principal: asker.principal,
        connection: services.connection,
        action: 'reveal',
        resource: { kind: 'column', column, tags },
        context: revealContext(asker, tags, justification, time),
      });
    const answer = ask(undefined);
    const justified =
      answer.kind === 'hold' && reason !== undefined && justificationProblem(reason, answer.remedies, rule.statement) === undefined;
    return justified ? ask(reason) : answer;
  };
  const masks = rule.input.masks(
    rule.catalog,
    reason,
    () =>
      new MaskResolver({
        catalog: rule.catalog,
        definitions: services.service.definitions,
        policy: services.policy,
        connection: services.connection,
        reveal,
      }),
  );
  // Tags of views come from their definitions, which have to be parsed first.
  for (let round = 0; round < 30; round += 1) {
    for (const { relation } of [...rule.facts.references, ...rule.facts.targets]) masks.mayQuote(relation);
    for (const relation of rule.facts.altered) masks.isGoverned(relation);
    for (const { source } of rule.facts.usages) masks.maskOf(source);
    const runsCode = rule.facts.opaque.length > 0 || rule.facts.targets.some(({ relation }) => relation.runsCode);
    if (runsCode || rule.facts.effects.some((effect) => effect.action === 'listen')) void masks.masksAnything;
    if (masks.needs.size === 0) break;
    await services.service.define(masks.needs);
    masks.retry();
  }
  return masks;
}

export async function ruleStatement(rule: RuleInput): Promise<Ruled> {
  const { facts, input, reason } = rule;
  const { services, asker, time } = input;
  const writes = facts.effects.some((effect) => WRITING.has(effect.action));
  // A reason that is given counts when it is one: at least a few words that do not repeat the statement.
  const given = reason !== undefined && justificationProblem(reason, [], rule.statement) === undefined ? reason : undefined;
  const circumstances: Circumstances = { estimatedRows: writes ? await rowsOf(rule) : undefined, justification: given, time };
  const masks = await resolveMasks(rule);
  const refuse = (found: Refusal, remedies: readonly Remedy[] = []): Ruled => ({ kind: 'refuse', refusal: found, masks, remedies });
  const problem = maskProblem(facts, masks) ?? listenProblem(facts, masks) ?? opaqueProblem(rule, masks);
  if (problem !== undefined) return refuse(problem);

  const without = { ...circumstances, justification: undefined };
  let decision = decideEffects(facts, contextOf(facts, masks, asker, without), services, asker);
  let justification: string | undefined;
  let reasonProblem: string | undefined;
  if (decision.answer.kind === 'hold' && reason !== undefined) {
    reasonProblem = justificationProblem(reason, decision.answer.remedies, rule.statement);
    if (reasonProblem === undefined) {
      justification = reason;
      decision = decideEffects(facts, contextOf(facts, masks, asker, circumstances), services, asker);
    }
  }
  const { answer } = decision;
  const details: Record<string, string | number> = {
    environment: services.connection.environment,
    ...(circumstances.estimatedRows === undefined
      ? writes
        ? { estimatedRows: 'unknown' }
        : {}
      : { estimatedRows: Math.round(circumstances.estimatedRows) }),
  };
  if (answer.kind === 'deny') return refuse(denied(answer.code, answer.policies, decision.what, details));
  if (answer.kind === 'hold') {
    if (answer.remedies.some((remedy) => remedy.kind === 'approve'))
      return refuse(approvalRequired(answer.policies, answer.remedies, details), answer.remedies);
    return refuse(justificationRequired(answer.policies, details, reasonProblem), answer.remedies);
  }
  return {
    kind: 'allow',
    masks,
    answer,
    justification: justification ?? given,
    // What depends on a reason, on row counts or on the hour is asked anew each time.
    cacheable: !writes && reason === undefined,
  };
}

async function rowsOf(rule: RuleInput): Promise<number | undefined> {
  const { facts, input } = rule;
  const plainInsert = facts.kind === 'INSERT' && facts.effects.every((effect) => effect.rows === undefined || effect.rows === 'some');
  if (plainInsert && facts.references.length === 0) return Math.max(1, facts.insertedRows);
  // Planning computes calls with constant arguments: code that nobody knows must not run before policy has decided.
  if (!facts.estimate || facts.changes.length > 0 || facts.opaque.length > 0) return undefined;
  return input.services.service.estimate(rule.statement, facts.parameters, rule.path);
}
