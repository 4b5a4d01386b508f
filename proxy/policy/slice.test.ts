// The second trap of Cedar: a slice that misses an ancestor answers wrongly and says nothing.
import { type EntityJson, isAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultFiles } from '../../test/support/bundle.ts';
import { type Entity, type EntityGraph, graphOf, sliceOf, type Uid, uidKey } from './slice.ts';

// Groups within groups here, which the shipped schema does not have: longer paths to the roots.
const schema = (defaultFiles().get('schema.cedarschema') ?? '').replace('entity Group;', 'entity Group in [Group];');
const small = fc.nat({ max: 3 });
const uid = (type: string, id: string | number): Uid => ({ type, id: String(id) });

/** Groups may only be in groups with a higher number, so there is no cycle. */
const graphs = fc.record({
  groups: fc.array(fc.array(small, { maxLength: 2 }), { minLength: 4, maxLength: 4 }),
  persons: fc.array(fc.array(small, { maxLength: 3 }), { minLength: 2, maxLength: 2 }),
  agents: fc.array(fc.record({ owner: fc.nat({ max: 1 }), groups: fc.array(small, { maxLength: 2 }) }), { minLength: 2, maxLength: 2 }),
  connections: fc.array(fc.nat({ max: 2 }), { minLength: 2, maxLength: 2 }),
  schemas: fc.array(fc.nat({ max: 1 }), { minLength: 3, maxLength: 3 }),
  tables: fc.array(fc.record({ schema: fc.nat({ max: 2 }), temporary: fc.boolean() }), { minLength: 4, maxLength: 4 }),
});

const ENVIRONMENTS = ['development', 'staging', 'production'];

function build(shape: typeof graphs extends fc.Arbitrary<infer T> ? T : never): EntityGraph {
  const entity = (self: Uid, parents: Uid[], attributes: Entity['attributes'] = {}, refers: Uid[] = []): Entity => ({
    uid: self,
    parents,
    attributes,
    refers,
  });
  return graphOf([
    ...shape.groups.map((parents, i) =>
      entity(
        uid('Group', i),
        [...new Set(parents)].filter((p) => p > i).map((p) => uid('Group', p)),
      ),
    ),
    ...shape.persons.map((groups, i) =>
      entity(
        uid('Person', i),
        groups.map((g) => uid('Group', g)),
      ),
    ),
    ...shape.agents.map(({ owner, groups }, i) =>
      entity(
        uid('Agent', i),
        groups.map((g) => uid('Group', g)),
        { owner: { __entity: uid('Person', owner) } },
        [uid('Person', owner)],
      ),
    ),
    ...ENVIRONMENTS.map((name) => entity(uid('Environment', name), [])),
    ...shape.connections.map((e, i) => entity(uid('Connection', i), [uid('Environment', ENVIRONMENTS[e] ?? '')], { database: 'd' })),
    ...shape.schemas.map((c, i) => entity(uid('Schema', i), [uid('Connection', c)])),
    ...shape.tables.map((t, i) => entity(uid('Table', i), [uid('Schema', t.schema)], { schema: 's', name: 't', temporary: t.temporary })),
  ]);
}

const policies = fc.array(
  fc
    .tuple(
      fc.constantFrom('permit', 'forbid'),
      fc.constantFrom('principal', 'principal is Agent', 'principal in Group::"1"', 'principal in Group::"3"', 'principal == Person::"0"'),
      fc.constantFrom('action', 'action in Action::"read"', 'action in Action::"write"', 'action == Action::"update"'),
      fc.constantFrom(
        'resource',
        'resource in Environment::"production"',
        'resource in Connection::"0"',
        'resource in Schema::"1"',
        'resource is Table in Environment::"staging"',
      ),
      fc.constantFrom(
        '',
        'when { principal is Agent && principal has owner && principal.owner in Group::"2" }',
        'when { resource is Table && resource.temporary }',
        'unless { resource in Environment::"development" }',
      ),
    )
    .map(([effect, p, a, r, condition]) => `${effect} (${p}, ${a}, ${r}) ${condition};`),
  { minLength: 1, maxLength: 5 },
);
const requests = fc.record({
  principal: fc.tuple(fc.constantFrom('Person', 'Agent'), fc.nat({ max: 1 })).map(([type, id]) => uid(type, id)),
  action: fc.constantFrom('select', 'update', 'insert'),
  resource: fc
    .oneof(fc.tuple(fc.constant('Table'), small), fc.tuple(fc.constant('Connection'), fc.nat({ max: 1 })))
    .map(([type, id]) => uid(type, id)),
});

function all(graph: EntityGraph): EntityJson[] {
  return [...graph.values()].map((entity) => ({ uid: entity.uid, attrs: entity.attributes, parents: [...entity.parents] }));
}

function ask(text: string, principal: Uid, action: string, resource: Uid, entities: EntityJson[]): string {
  const answer = isAuthorized({
    principal,
    resource,
    entities,
    schema,
    action: uid('Action', action),
    context: { door: 'postgres', statementKind: 'S', hasWhere: true, tainted: false, tags: [], predicateTags: [], hour: 1, weekday: 1 },
    policies: { staticPolicies: text },
    validateRequest: true,
  });
  if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join());
  return JSON.stringify([
    answer.response.decision,
    answer.response.diagnostics.reason.toSorted(),
    answer.response.diagnostics.errors.length,
  ]);
}

describe('a slice', () => {
  test('decides what all entities together decide, over random graphs, policies and questions', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(graphs, policies, requests, (shape, texts, request) => {
        const graph = build(shape);
        const { principal, resource } = request;
        const slice = sliceOf(graph, [principal, resource]);
        if ('unknown' in slice) throw new Error('every entity is known');
        const text = texts.join('\n');
        const full = ask(text, principal, request.action, resource, all(graph));
        seen.add(full.slice(2, 6));
        expect(ask(text, principal, request.action, resource, slice.ok)).toBe(full);
      }),
      { numRuns: 150 },
    );
    // Both decisions occurred, or the property said nothing.
    expect(seen.size).toBe(2);
  });

  test('is refused when any entity that it needs is not known', () => {
    fc.assert(
      fc.property(graphs, requests, fc.nat(), (shape, request, pick) => {
        const graph = build(shape);
        const roots = [request.principal, request.resource];
        const slice = sliceOf(graph, roots);
        if ('unknown' in slice) throw new Error('every entity is known');
        const missing = slice.ok[pick % slice.ok.length];
        if (missing === undefined || !('type' in missing.uid)) throw new Error('a slice is never empty');
        const without = new Map(graph);
        without.delete(uidKey(missing.uid));
        expect(sliceOf(without, roots)).toEqual({ unknown: missing.uid });
      }),
    );
  });

  test('would be wrong in silence without its middle: the reason for all this', () => {
    const graph = build({
      groups: [[], [], [], []],
      persons: [[], []],
      agents: [],
      connections: [2, 2],
      schemas: [0, 0, 0],
      tables: [{ schema: 0, temporary: false }],
    });
    const text = 'permit (principal, action, resource); forbid (principal, action, resource in Environment::"production");';
    const [principal, resource] = [uid('Person', 0), uid('Table', 0)];
    const holed = all(graph).filter(({ uid: self }) => 'type' in self && self.type !== 'Schema');
    expect(ask(text, principal, 'update', resource, all(graph))).toContain('"deny"');
    expect(ask(text, principal, 'update', resource, holed)).toBe(JSON.stringify(['allow', ['policy0'], 0]));
  });
});
