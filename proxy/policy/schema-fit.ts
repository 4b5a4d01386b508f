// Does a bundle's schema describe the questions that this version asks? Found out by asking: the actions must be ours, and
// each is asked of every kind of principal and resource, with everything and with nothing optional. A schema that would fail
// on a real question denies it always, so it is refused when the bundle is loaded. Source: design, "Policies", The model.
import type { SchemaJson } from '@cedar-policy/cedar-wasm/nodejs';
import { ACTION_GROUPS, type Action, type ActionGroup } from '../sql/analysis.ts';
import { type CompiledPolicies, evaluate } from './cedar.ts';
import type { Principal, QuestionContext, Resource } from './engine.ts';
import { contextOf, requestOf } from './model.ts';
import { sliceOf } from './slice.ts';

const BARE: QuestionContext = {
  door: 'postgres',
  statementKind: 'SELECT',
  hasWhere: false,
  tags: [],
  predicateTags: [],
  tainted: false,
  hour: 0,
  weekday: 1,
};
const FULL: QuestionContext = {
  ...BARE,
  tags: ['t'],
  predicateTags: ['t'],
  estimatedRows: 1,
  client: 'c',
  justification: 'j',
  approval: { by: 'a', groups: ['g'], count: 1 },
};
const PRINCIPALS: readonly Principal[] = [
  { kind: 'person', name: 'p', groups: ['g'] },
  { kind: 'agent', name: 'a', groups: [] },
  { kind: 'agent', name: 'a', groups: ['g'], owner: 'p', ownerGroups: ['g'] },
];
const RELATION = { schema: 's', name: 't' };
const CONNECTION: Resource = { kind: 'connection' };
const TABLES: readonly Resource[] = [
  { kind: 'table', relation: RELATION },
  { kind: 'table', relation: { ...RELATION, temporary: true } },
];
const FUNCTION: Resource = { kind: 'function', schema: 's', name: 'f' };
/** What the actions of a group are asked about. */
const RESOURCES: Readonly<Record<ActionGroup, readonly Resource[]>> = {
  read: [CONNECTION, ...TABLES],
  write: [CONNECTION, ...TABLES],
  schemaChange: [CONNECTION, ...TABLES, FUNCTION],
  session: [CONNECTION, ...TABLES],
  call: [CONNECTION, FUNCTION],
  export: [CONNECTION, ...TABLES],
  reveal: [{ kind: 'column', column: { relation: RELATION, column: 'c' }, tags: ['t'] }],
};

/** Parents of each action as the schema has them; a group that holds one action of its own name needs no group. */
export function actionParents(): ReadonlyMap<string, readonly string[]> {
  const parents = new Map<string, readonly string[]>();
  for (const [group, actions] of Object.entries(ACTION_GROUPS)) {
    const own = actions.some((action) => action === group);
    if (!own) parents.set(group, []);
    for (const action of actions) parents.set(action, own ? [] : [group]);
  }
  return parents;
}

export function schemaFlaws(schema: string, json: SchemaJson<string>): string[] {
  const namespaces = Object.keys(json);
  const actions = json['']?.actions;
  if (namespaces.length !== 1 || actions === undefined) return ['the schema must be one without namespaces'];
  const flaws: string[] = [];
  const expected = actionParents();
  for (const [action, parents] of expected) {
    const given = actions[action];
    if (given === undefined) flaws.push(`the action \`${action}\` is missing`);
    else if ((given.memberOf ?? []).map(({ id }) => id).join() !== parents.join())
      flaws.push(`the action \`${action}\` must be in ${parents.length === 0 ? 'no group' : `\`${parents.join()}\``}`);
  }
  for (const action of Object.keys(actions)) if (!expected.has(action)) flaws.push(`unknown action \`${action}\``);
  if (flaws.length > 0) return flaws;

  const compiled: CompiledPolicies = { schema, policies: { all: 'permit (principal, action, resource);' } };
  for (const [group, groupActions] of Object.entries(ACTION_GROUPS) as readonly [ActionGroup, readonly Action[]][])
    for (const action of groupActions)
      for (const principal of PRINCIPALS)
        for (const resource of RESOURCES[group]) flaws.push(...ask(compiled, action, principal, resource));
  return [...new Set(flaws)].slice(0, 10);
}

function ask(compiled: CompiledPolicies, action: Action, principal: Principal, resource: Resource): readonly string[] {
  // Both contexts with every action, but not with every combination: the context does not depend on the rest.
  const context = principal.kind === 'person' ? FULL : BARE;
  const request = requestOf({ principal, resource, action, context, connection: { name: 'c', environment: 'production', database: 'd' } });
  const slice = sliceOf(request.graph, [request.principal, request.resource]);
  if ('unknown' in slice) return [`\`${slice.unknown.type}\` has no place in the model`];
  const facts = contextOf(context, context.justification, context.approval);
  const { principal: who, action: what, resource: on } = request;
  const outcome = evaluate(compiled, { principal: who, action: what, resource: on, context: facts, entities: slice.ok });
  return outcome.kind === 'failed'
    ? outcome.errors.map((error) => `the action \`${action}\` on a ${resource.kind} does not fit: ${error}`)
    : [];
}
