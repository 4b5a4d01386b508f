// decide(): one question in, one answer out. Cedar gives the decision and the determining policies; the annotations of those
// policies turn a denial into a hold. Everything unclear is a deny. Source: design, "Policies" (remedies, traps), "Verdict".
import { meetsJustify } from './annotations.ts';
import { type CedarOutcome, evaluate } from './cedar.ts';
import type { Answer, DeterminingPolicy, Question, QuestionContext, Remedy } from './engine.ts';
import { Memo } from './memo.ts';
import { contextOf, isAskable, requestOf, wholeRows } from './model.ts';
import type { Policy, PolicySet } from './policy-set.ts';
import { sliceOf } from './slice.ts';

type Justify = Extract<Remedy, { kind: 'justify' }>;
type Approval = QuestionContext['approval'];

/** What policies get to see of a justification when none reads its text: that there is one. */
const GIVEN = 'given';
const ANSWERS = 4096;

const PLAIN_FACTS = [
  'door',
  'statementKind',
  'hasWhere',
  'estimatedRows',
  'tags',
  'predicateTags',
  'tainted',
  'client',
  'hour',
  'weekday',
] as const;
/** Entities that a name in the database becomes, and the attributes that hold it (model.ts); that a table is temporary always counts. */
const NAMED_TYPES = ['Schema', 'Table', 'Column', 'Function'] as const;
const NAME_ATTRIBUTES = ['name', 'schema'] as const;

type PlainFact = (typeof PLAIN_FACTS)[number];

/** Memoised by everything that an answer can depend on. */
export class Decisions {
  readonly #set: PolicySet;
  readonly #memo = new Memo<Answer>(ANSWERS);
  /** The facts that some policy reads, apart from justification and approval, which always matter. */
  readonly #read: readonly PlainFact[];
  /** Does the answer depend on what a relation, column or function is called? Not when no policy names one or reads its name. */
  readonly #readsNames: boolean;
  readonly #order: ReadonlyMap<string, number>;
  /** The distinct demands on justifications in this set: which of them a text meets is all that the memo must know of it. */
  readonly #demands: readonly Justify[];
  #lastJustification: { readonly text: string; readonly key: string } | undefined;

  constructor(set: PolicySet) {
    this.#set = set;
    this.#read = PLAIN_FACTS.filter((fact) => set.facts.wholeContext || set.facts.tested.has(fact));
    this.#readsNames =
      NAMED_TYPES.some((type) => set.facts.entities.has(type)) || NAME_ATTRIBUTES.some((attribute) => set.facts.attributes.has(attribute));
    this.#order = new Map([...set.policies.keys()].map((id, index) => [id, index]));
    const demands = [...set.policies.values()].flatMap(({ remedy }) => (remedy?.kind === 'justify' ? [remedy] : []));
    this.#demands = [...new Map(demands.map((demand) => [JSON.stringify([demand.minimumLength, demand.pattern]), demand])).values()];
  }

  decide(question: Question): Answer {
    if (!isAskable(question)) return POLICY_ERROR;
    const key = this.#key(question);
    const known = this.#memo.get(key);
    if (known !== undefined) return known;
    const answer = this.#judge(question);
    // A fault may lie in a fact that is not in the key: it is found out again each time.
    if (answer.kind !== 'deny' || answer.code !== 'policy_error') this.#memo.set(key, answer);
    return answer;
  }

  #judge(question: Question): Answer {
    // The owner's groups are part of the slice as soon as a policy looks at the owner.
    const { principal, context } = question;
    if (principal.owner !== undefined && principal.ownerGroups === undefined && this.#set.facts.attributes.has('owner'))
      return POLICY_ERROR;
    const request = requestOf(question);
    const action = request.action;
    // The action's groups come from the schema, everything else from the slice.
    const slice = sliceOf(request.graph, [request.principal, request.resource]);
    if ('unknown' in slice) return POLICY_ERROR;
    const ask = (justification: string | undefined, approval: Approval): CedarOutcome =>
      evaluate(this.#set.compiled, {
        principal: request.principal,
        action,
        resource: request.resource,
        context: contextOf(context, justification, approval),
        entities: slice.ok,
      });

    const { justification, approval } = context;
    const seen = justification === undefined ? undefined : this.#readsJustification ? justification : GIVEN;
    const first = this.#sort(ask(seen, approval));
    if (first === undefined) return POLICY_ERROR;
    const forbids = new Set(first.forbids);

    // A remedy lifts a policy only if it is what the policy asked for: see which forbids it lifted, and check.
    if (justification !== undefined || approval !== undefined) {
      const without = this.#sort(ask(undefined, undefined));
      if (without === undefined) return POLICY_ERROR;
      for (const policy of without.forbids) if (policy.remedy !== undefined && !meets(policy.remedy, context)) forbids.add(policy);
    }
    if (forbids.size === 0) return first.decision === 'allow' ? { kind: 'allow', policies: first.permits.map(determining) } : NO_PERMIT;
    const remedies = unionOf([...forbids]);
    if (remedies === undefined) return denied([...forbids]);

    // A hold promises a way forward. If nothing would permit it even then, say so now.
    if (!this.#readsRemedyValues) {
      const lifted = this.#sort(
        ask(seen ?? (remedies.some(({ kind }) => kind === 'justify') ? GIVEN : undefined), imagined(remedies, approval)),
      );
      if (lifted === undefined) return POLICY_ERROR;
      if (lifted.forbids.length === 0 && lifted.decision === 'deny') return NO_PERMIT;
      const further = unionOf(lifted.forbids);
      if (further === undefined) return denied(lifted.forbids);
      return held([...forbids, ...lifted.forbids]);
    }
    return held([...forbids]);
  }

  get #readsJustification(): boolean {
    return this.#set.facts.wholeContext || this.#set.facts.values.has('justification');
  }

  /** Then what lifts a forbid can't be imagined. (`approval.by` and a remedy's own demands are the only free values.) */
  get #readsRemedyValues(): boolean {
    return this.#readsJustification || this.#set.facts.attributes.has('by');
  }

  /** Undefined when Cedar failed or named a policy that is not ours. */
  #sort(
    outcome: CedarOutcome,
  ): { readonly decision: 'allow' | 'deny'; readonly permits: readonly Policy[]; readonly forbids: readonly Policy[] } | undefined {
    if (outcome.kind === 'failed') return undefined;
    // Cedar names them in no order; people read them in the bundle's.
    const ids = outcome.determining.toSorted((a, b) => (this.#order.get(a) ?? 0) - (this.#order.get(b) ?? 0));
    const policies = ids.map((id) => this.#set.policies.get(id));
    const known = policies.filter((policy) => policy !== undefined);
    if (known.length !== policies.length) return undefined;
    return {
      decision: outcome.decision,
      permits: known.filter(({ effect }) => effect === 'permit'),
      forbids: known.filter(({ effect }) => effect === 'forbid'),
    };
  }

  /** Invariant: two questions with one key have one answer under this policy set. Facts that no policy reads stay out. */
  #key({ principal, connection, action, resource, context }: Question): string {
    const parts: unknown[] = [principal.kind, principal.name, principal.groups, principal.owner ?? 0, principal.ownerGroups ?? 0];
    parts.push(connection.name, connection.environment, connection.database, action, resource.kind);
    if (!this.#readsNames) {
      if (resource.kind === 'table') parts.push(resource.relation.temporary === true);
      else if (resource.kind === 'column') parts.push(resource.column.relation.temporary === true, resource.tags);
    } else if (resource.kind === 'function') parts.push(resource.schema, resource.name);
    else if (resource.kind !== 'connection') {
      const relation = resource.kind === 'table' ? resource.relation : resource.column.relation;
      parts.push(relation.schema, relation.name, relation.temporary === true);
      if (resource.kind === 'column') parts.push(resource.column.column, resource.tags);
    }
    // Numbers and texts are told apart by JSON: 0 is "absent", "0" a text.
    for (const fact of this.#read) parts.push(fact === 'estimatedRows' ? rowsKey(context.estimatedRows) : (context[fact] ?? 0));
    const { approval, justification } = context;
    parts.push(
      approval === undefined ? 0 : [approval.by, approval.groups, approval.count],
      justification === undefined ? 0 : this.#justificationKey(justification),
    );
    return JSON.stringify(parts);
  }

  #justificationKey(text: string): string {
    if (this.#lastJustification?.text === text) return this.#lastJustification.key;
    const met = this.#demands.map((demand) => (meetsJustify(demand, text) ? '1' : '0')).join('');
    const key = this.#readsJustification ? `${met}:${text}` : met;
    this.#lastJustification = { text, key };
    return key;
  }
}

const POLICY_ERROR: Answer = { kind: 'deny', code: 'policy_error', policies: [] };
const NO_PERMIT: Answer = { kind: 'deny', code: 'no_permit', policies: [] };

function meets(remedy: Remedy, context: QuestionContext): boolean {
  if (remedy.kind === 'justify') return context.justification !== undefined && meetsJustify(remedy, context.justification);
  return context.approval !== undefined && context.approval.groups.includes(remedy.approvers) && context.approval.count >= remedy.count;
}

function rowsKey(rows: number | undefined): number {
  return rows === undefined ? -1 : wholeRows(rows);
}

/** Undefined as soon as one of them has no remedy. */
function unionOf(forbids: readonly Policy[]): readonly Remedy[] | undefined {
  const union = new Map<string, Remedy>();
  for (const { remedy } of forbids) {
    if (remedy === undefined) return undefined;
    union.set(JSON.stringify(remedy), remedy);
  }
  return [...union.values()];
}

function held(forbids: readonly Policy[]): Answer {
  const distinct = [...new Set(forbids)];
  return { kind: 'hold', remedies: unionOf(distinct) ?? [], policies: distinct.map(determining) };
}

/** The policies that no remedy lifts come first: they are the reason. */
function denied(forbids: readonly Policy[]): Answer {
  const final = forbids.toSorted((a, b) => Number(a.remedy !== undefined) - Number(b.remedy !== undefined));
  return { kind: 'deny', code: 'forbidden', policies: final.map(determining) };
}

/** The approval that all of these remedies together ask for. */
function imagined(remedies: readonly Remedy[], have: Approval): Approval {
  const asked = remedies.filter((remedy) => remedy.kind === 'approve');
  if (asked.length === 0) return have;
  return {
    by: have?.by ?? '',
    groups: [...new Set([...(have?.groups ?? []), ...asked.map(({ approvers }) => approvers)])],
    count: Math.max(have?.count ?? 0, ...asked.map(({ count }) => count)),
  };
}

function determining({ id, effect, reason, file, line }: Policy): DeterminingPolicy {
  return { id, effect, file, line, ...(reason === undefined ? {} : { reason }) };
}
