// The one builder of entity slices. Cedar answers from the entities it is given and does not miss one that is absent: without
// a middle ancestor `in Environment::"production"` is silently false. So a slice always goes up to the roots, and an entity
// that is referred to but not known refuses the question. Source: design, "Policies", second trap.
import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';

export interface Uid {
  readonly type: string;
  readonly id: string;
}

export interface Entity {
  readonly uid: Uid;
  readonly parents: readonly Uid[];
  readonly attributes: Readonly<Record<string, CedarValueJson>>;
  /** Entities that the attributes refer to: a policy may follow them, so they belong to the slice. */
  readonly refers: readonly Uid[];
}

export type EntityGraph = ReadonlyMap<string, Entity>;

export type Slice = { readonly ok: EntityJson[] } | { readonly unknown: Uid };

/** A type holds no quote, so the key is unambiguous. */
export function uidKey(uid: Uid): string {
  return `${uid.type}"${uid.id}`;
}

export function graphOf(entities: Iterable<Entity>): EntityGraph {
  const graph = new Map<string, Entity>();
  for (const entity of entities) graph.set(uidKey(entity.uid), entity);
  return graph;
}

/** Everything that is reachable from `roots` over parents and references, or the first entity that is not in the graph. */
export function sliceOf(graph: EntityGraph, roots: readonly Uid[]): Slice {
  const taken = new Map<string, EntityJson>();
  const pending = [...roots];
  for (let uid = pending.pop(); uid !== undefined; uid = pending.pop()) {
    const key = uidKey(uid);
    if (taken.has(key)) continue;
    const entity = graph.get(key);
    if (entity === undefined) return { unknown: uid };
    taken.set(key, { uid: { ...entity.uid }, attrs: entity.attributes, parents: entity.parents.map((parent) => ({ ...parent })) });
    pending.push(...entity.parents, ...entity.refers);
  }
  return { ok: [...taken.values()] };
}
