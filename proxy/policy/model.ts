// From a question to Cedar's entities and context: the model of schema.cedarschema, in one place.
// Source: design, "Policies", The model.
import type { Context } from '@cedar-policy/cedar-wasm/nodejs';
import type { Question, QuestionContext } from './engine.ts';
import { type Entity, type EntityGraph, graphOf, type Uid } from './slice.ts';

export interface Request {
  readonly principal: Uid;
  readonly action: Uid;
  readonly resource: Uid;
  readonly graph: EntityGraph;
}

/** Bounds of what a question may carry; beyond them it is refused, never cut. */
export const MAX_SET = 200;
const MAX_TEXT = 4096;

/**
 * A part of an entity id. Ids join parts with `/` and `.`, so a name that could be taken for two is quoted, as in SQL:
 * the table `a.b` of schema `c` is `c."a.b"`, never the same as `b` in `c.a`.
 */
function part(name: string): string {
  return /^[A-Za-z0-9_$-]+$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

export function requestOf(question: Question): Request {
  const { principal, connection, resource } = question;
  const entities: Entity[] = [];
  const add = (
    type: string,
    id: string,
    parents: readonly Uid[] = [],
    attributes: Entity['attributes'] = {},
    refers: readonly Uid[] = [],
  ): Uid => {
    const uid = { type, id };
    entities.push({ uid, parents, attributes, refers });
    return uid;
  };

  const groups = principal.groups.map((group) => add('Group', group));
  let who: Uid;
  if (principal.kind === 'person') who = add('Person', principal.name, groups);
  else if (principal.owner === undefined) who = add('Agent', principal.name, groups);
  else {
    const owner = add(
      'Person',
      principal.owner,
      (principal.ownerGroups ?? []).map((group) => add('Group', group)),
    );
    who = add('Agent', principal.name, groups, { owner: { __entity: { ...owner } } }, [owner]);
  }

  const root = part(connection.name);
  const place = add('Connection', connection.name, [add('Environment', connection.environment)], { database: connection.database });
  const tableOf = (relation: { readonly schema: string; readonly name: string; readonly temporary?: boolean }): Uid => {
    // A temporary schema's number differs in each session and means nothing to a policy.
    const schema = relation.temporary === true ? 'pg_temp' : relation.schema;
    const parent = add('Schema', `${root}/${part(schema)}`, [place]);
    return add('Table', `${root}/${part(schema)}.${part(relation.name)}`, [parent], {
      schema,
      name: relation.name,
      temporary: relation.temporary === true,
    });
  };
  const what = ((): Uid => {
    switch (resource.kind) {
      case 'connection':
        return place;
      case 'table':
        return tableOf(resource.relation);
      case 'column': {
        const table = tableOf(resource.column.relation);
        const tags = resource.tags.map((tag) => add('Tag', tag));
        return add('Column', `${table.id}.${part(resource.column.column)}`, [table, ...tags], { name: resource.column.column });
      }
      case 'function':
        return add('Function', `${root}/${part(resource.schema)}.${part(resource.name)}`, [place], {
          schema: resource.schema,
          name: resource.name,
        });
    }
  })();
  return { principal: who, action: { type: 'Action', id: question.action }, resource: what, graph: graphOf(entities) };
}

/** Absent facts stay absent. `justification` is what policies may read of it (see decision.ts). */
export function contextOf(context: QuestionContext, justification: string | undefined, approval: QuestionContext['approval']): Context {
  const { estimatedRows, client } = context;
  return {
    door: context.door,
    statementKind: context.statementKind,
    hasWhere: context.hasWhere,
    tainted: context.tainted,
    tags: [...context.tags],
    predicateTags: [...context.predicateTags],
    hour: context.hour,
    weekday: context.weekday,
    ...(estimatedRows === undefined ? {} : { estimatedRows: wholeRows(estimatedRows) }),
    ...(client === undefined ? {} : { client }),
    ...(justification === undefined ? {} : { justification }),
    ...(approval === undefined ? {} : { approval: { by: approval.by, groups: [...approval.groups], count: approval.count } }),
  };
}

/** A planner's estimate may be fractional or beyond what a Long holds: rounded up, and at most the largest exact number. */
export function wholeRows(estimate: number): number {
  return Math.min(Math.ceil(estimate), Number.MAX_SAFE_INTEGER);
}

/** May this question be asked? Runs before every look into the memo, so it allocates nothing. */
export function isAskable({ context, principal, resource }: Question): boolean {
  const { estimatedRows: rows, approval } = context;
  return (
    (rows === undefined || rows >= 0) &&
    Number.isSafeInteger(context.hour) &&
    Number.isSafeInteger(context.weekday) &&
    (approval === undefined || (Number.isSafeInteger(approval.count) && fits(approval.by) && fitAll(approval.groups))) &&
    fits(context.client) &&
    fits(context.justification) &&
    fits(context.statementKind) &&
    fits(principal.name) &&
    fits(principal.owner) &&
    fitAll(principal.groups) &&
    fitAll(principal.ownerGroups) &&
    fitAll(context.tags) &&
    fitAll(context.predicateTags) &&
    (resource.kind !== 'column' || fitAll(resource.tags))
  );
}

function fits(text: string | undefined): boolean {
  return text === undefined || text.length <= MAX_TEXT;
}

function fitAll(set: readonly string[] | undefined): boolean {
  if (set === undefined) return true;
  if (set.length > MAX_SET) return false;
  for (const text of set) if (!fits(text)) return false;
  return true;
}
