// Does a bundle's schema describe the questions that this version asks? Found out by asking: the actions must be ours, and
// entities and contexts with everything and with nothing optional must conform. A schema that would fail on a real question
// denies everything, so it is refused when the bundle is loaded. Source: design, "Policies", The model.
import { checkParseContext, checkParseEntities, type SchemaJson } from '@cedar-policy/cedar-wasm/nodejs';
import { ACTION_GROUPS, type Action } from '../sql/analysis.ts';
import type { Principal, QuestionContext, Resource } from './engine.ts';
import { contextOf, requestOf } from './model.ts';
import { sliceOf } from './slice.ts';

const BARE: QuestionContext = { door: 'postgres', statementKind: 'SELECT', hasWhere: false, tags: [], predicateTags: [], tainted: false, hour: 0, weekday: 1 };
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
const RESOURCES: readonly Resource[] = [
  { kind: 'connection' },
  { kind: 'table', relation: RELATION },
  { kind: 'table', relation: { ...RELATION, temporary: true } },
  { kind: 'column', column: { relation: RELATION, column: 'c' }, tags: ['t'] },
  { kind: 'function', schema: 's', name: 'f' },
];

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
    else if ((given.memberOf ?? []).map(({ id }) => id).join() !== parents.join()) flaws.push(`the action \`${action}\` must be in ${parents.length === 0 ? 'no group' : `\`${parents.join()}\``}`);
  }
  for (const action of Object.keys(actions)) if (!expected.has(action)) flaws.push(`unknown action \`${action}\``);
  if (flaws.length > 0) return flaws;

  for (const principal of PRINCIPALS)
    for (const resource of RESOURCES) {
      const question = { principal, resource, action: 'select' as const, context: BARE, connection: { name: 'c', environment: 'production' as const, database: 'd' } };
      const request = requestOf(question);
      const slice = sliceOf(request.graph, [request.principal, request.resource]);
      if ('unknown' in slice) return [`\`${slice.unknown.type}\` has no place in the model`];
      const checked = checkParseEntities({ entities: slice.ok, schema });
      if (checked.type === 'failure') flaws.push(...checked.errors.map((error) => `the model does not fit: ${error.message}`));
    }
  for (const action of Object.values(ACTION_GROUPS).flat() as readonly Action[])
    for (const context of [BARE, FULL]) {
      const checked = checkParseContext({ context: contextOf(context, context.justification, context.approval), schema, action: { type: 'Action', id: action } });
      if (checked.type === 'failure') flaws.push(...checked.errors.map((error) => `the context of \`${action}\` does not fit: ${error.message}`));
    }
  return [...new Set(flaws)].slice(0, 10);
}
