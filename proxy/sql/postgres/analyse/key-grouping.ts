// GROUP BY over a whole primary key lets a query use the table's other columns ungrouped. A subselect has no primary key,
// so where a grouped relation is rewritten those columns are added to GROUP BY (same groups: the key determines them).
import { type Node, type NodeOf, as, unwrap } from '../parse/parsed.ts';
import type { Binder, QueryColumns } from './binder.ts';
import type { Reference, Scope, ScopeColumn, ScopeRelation } from './scope.ts';

/** Column references of the query's own level and of its subqueries, without recursion limits on width. */
function referencesIn(nodes: readonly (Node | undefined)[]): NodeOf<'ColumnRef'>[] {
  const found: NodeOf<'ColumnRef'>[] = [];
  const stack: unknown[] = [...nodes];
  while (stack.length > 0) {
    const value = stack.pop();
    if (typeof value !== 'object' || value === null) continue;
    if ('ColumnRef' in value) found.push((value as { ColumnRef: NodeOf<'ColumnRef'> }).ColumnRef);
    else stack.push(...(Object.values(value) as unknown[]));
  }
  return found;
}

function smallestLocation(node: unknown): number {
  let least = Number.POSITIVE_INFINITY;
  const stack: unknown[] = [node];
  while (stack.length > 0) {
    const value = stack.pop();
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, child] of Object.entries(value)) {
      if (key === 'location' && typeof child === 'number' && child >= 0) least = Math.min(least, child);
      else stack.push(child);
    }
  }
  return least;
}

/** Where the first GROUP BY item starts. */
function firstItem(binder: Binder, item: Node): number | undefined {
  const location = smallestLocation(item);
  if (!Number.isFinite(location)) return undefined;
  for (let i = binder.tokens.before(location + 1); i > 0; i -= 1) {
    if (binder.tokens.isKeyword(i, 'by') && binder.tokens.isKeyword(i - 1, 'group')) {
      const next = binder.tokens.isKeyword(i + 1, 'all') || binder.tokens.isKeyword(i + 1, 'distinct') ? i + 2 : i + 1;
      return binder.tokens.start(next);
    }
  }
  return undefined;
}

function find(scope: Scope, reference: NodeOf<'ColumnRef'>): ScopeColumn | ScopeRelation | undefined {
  const fields = (reference.fields ?? []).map((field) => as(field, 'String')?.sval);
  const name = fields.at(-1);
  if (fields.length === 1 && name !== undefined) {
    const found = scope.column(name);
    return found === undefined ? undefined : 'row' in found ? found.row : found.columns[0];
  }
  const relation = scope.relation(fields.at(-2) ?? '', fields.length > 2 ? fields.at(-3) : undefined);
  return name === undefined ? relation : relation?.columns.find((column) => column.name === name);
}

function grouped(nodes: readonly Node[], outputs: QueryColumns, scope: Scope): ScopeColumn[] {
  return nodes.flatMap((node): ScopeColumn[] => {
    const ordinal = as(node, 'A_Const')?.ival;
    if (ordinal !== undefined) {
      const meant = outputs.columns[(ordinal.ival ?? 0) - 1];
      return meant === undefined ? [] : [meant];
    }
    const reference = as(node, 'ColumnRef');
    if (reference === undefined) return [];
    const found = find(scope, reference);
    if (found !== undefined && 'lineage' in found) return [found];
    const name = as(reference.fields?.[0], 'String')?.sval;
    return outputs.columns.filter((column) => column.name === name);
  });
}

export function keyGrouping(binder: Binder, select: NodeOf<'SelectStmt'>, outputs: QueryColumns, scope: Scope): void {
  const group = select.groupClause ?? [];
  const [first] = group;
  if (first === undefined || group.some((node) => unwrap(node).type === 'GroupingSet')) return;
  const items = grouped(group, outputs, scope);
  for (const relation of scope.items.flatMap((item) => item.relations)) {
    const { reference, base } = relation;
    if (reference === undefined || base === undefined || base.primaryKey.length === 0) continue;
    const of = (column: ScopeColumn, target: Reference): number | undefined =>
      column.reference === target ? column.direct?.column.attribute : undefined;
    const attributes = new Set(items.map((column) => of(column, reference)));
    if (!base.primaryKey.every((attribute) => attributes.has(attribute))) continue;
    const columns = new Set<string>();
    for (const node of referencesIn([...(select.targetList ?? []), select.havingClause, ...(select.sortClause ?? [])])) {
      if (as(node.fields?.at(-1), 'A_Star') !== undefined && (node.fields?.length === 1 || find(scope, node) === relation)) {
        for (const column of relation.columns) columns.add(column.name);
        continue;
      }
      const found = find(scope, node);
      if (found === relation) for (const column of relation.columns) columns.add(column.name);
      else if (
        found !== undefined &&
        'lineage' in found &&
        found.reference === reference &&
        !base.primaryKey.includes(of(found, reference) ?? 0)
      ) {
        columns.add(found.name);
      }
    }
    for (const column of relation.columns) if (base.primaryKey.includes(column.direct?.column.attribute ?? 0)) columns.delete(column.name);
    const insertAt = firstItem(binder, first);
    if (columns.size > 0 && insertAt !== undefined) binder.facts.keyGroupings.push({ reference, insertAt, columns });
  }
}
