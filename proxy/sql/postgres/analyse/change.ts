// INSERT, UPDATE, DELETE, MERGE: effects on the target, what is assigned from where, what of the target is read. A target
// can't be rewritten, so whatever reads its masked columns is recorded as a use that masking refuses.
import type { Action } from '../../analysis.ts';
import type { CatalogRelation } from '../catalog/catalog.ts';
import { isSystemSchema } from '../catalog/catalog.ts';
import { type Node, type NodeOf, as, unwrap } from '../parse/parsed.ts';
import { type Binder, constantText } from './binder.ts';
import { columnsOf, fromClause, fromItem } from './from.ts';
import { impliedName } from './implied-name.ts';
import { CLEAR, sourceOf, union } from './lineage.ts';
import type { ReturningItem } from './facts.ts';
import { Scope, type ScopeColumn, type ScopeRelation } from './scope.ts';
import { withClause } from './select.ts';

interface Opened {
  readonly scope: Scope;
  readonly relation: CatalogRelation | undefined;
  readonly target: ScopeRelation;
}

function openTarget(
  binder: Binder,
  range: NodeOf<'RangeVar'> | undefined,
  parent: Scope | undefined,
  clause: NodeOf<'WithClause'> | undefined,
): Opened {
  const scope = new Scope(parent);
  withClause(binder, clause, scope);
  const relation = range === undefined ? undefined : binder.relation(range);
  const alias = range?.alias?.aliasname ?? range?.relname ?? '';
  if (relation === undefined) return { scope, relation, target: { alias, columns: [], open: CLEAR } };
  if (isSystemSchema(relation.schema)) binder.gap(`"${relation.schema}.${relation.name}" may not be changed`, range?.location);
  binder.facts.targets.push({ relation, start: range?.location ?? 0 });
  const target: ScopeRelation = {
    alias,
    ...(range?.alias === undefined ? { schema: relation.schema } : {}),
    columns: columnsOf(relation, undefined),
    base: relation,
  };
  return { scope, relation, target };
}

/** The value given to a column: taint is refused, a constant that is the column's own mask too. */
function assign(binder: Binder, relation: CatalogRelation | undefined, target: NodeOf<'ResTarget'>, scope: Scope): void {
  const lineage = binder.expression(target.val, scope, 'assign');
  binder.use(lineage, 'assign', target.location);
  for (const step of target.indirection ?? []) binder.expression(as(step, 'A_Indices') === undefined ? undefined : step, scope, 'assign');
  constant(binder, relation, target.name ?? '', target.val);
}

function constant(binder: Binder, relation: CatalogRelation | undefined, name: string, node: Node | undefined): void {
  const column = relation?.columns.find((each) => each.name === name);
  const value = constantText(node);
  const cast = as(node, 'TypeCast');
  const parameter = (as(node, 'ParamRef') ?? as(cast?.arg, 'ParamRef'))?.number;
  if (relation === undefined || column === undefined || (value === undefined && parameter === undefined)) return;
  binder.facts.assigned.push({ source: sourceOf(relation, column), value, parameter, position: undefined });
}

/** Plain columns and `*` of the target can be masked in place; anything else that reads masked columns is refused. */
function returning(
  binder: Binder,
  clause: NodeOf<'ReturningClause'> | undefined,
  scope: Scope,
  target: ScopeRelation,
): readonly ScopeColumn[] | undefined {
  if (clause === undefined) return undefined;
  if (clause.options !== undefined && clause.options.length > 0) binder.gap('RETURNING WITH can not be checked');
  const outputs: ScopeColumn[] = [];
  for (const entry of clause.exprs ?? []) {
    const item = as(entry, 'ResTarget');
    const reference = as(item?.val, 'ColumnRef');
    const place = reference === undefined ? undefined : plainReturning(binder, reference, target, scope, item?.name);
    if (place !== undefined) {
      binder.facts.returning.push(place);
      outputs.push(...place.columns.map(({ name, source }) => ({ name: item?.name ?? name, lineage: new Set([source]) })));
      continue;
    }
    if (reference !== undefined && as(reference.fields?.at(-1), 'A_Star') !== undefined && reference.fields?.length === 1) {
      for (const from of scope.items) {
        binder.use(union([...from.columns.map((column) => column.lineage), from.open ?? CLEAR]), 'returning', reference.location);
        outputs.push(...from.columns);
      }
      continue;
    }
    outputs.push({ name: item?.name ?? impliedName(item?.val), lineage: binder.expression(item?.val, scope, 'returning') });
  }
  return outputs;
}

function plainReturning(
  binder: Binder,
  reference: NodeOf<'ColumnRef'>,
  target: ScopeRelation,
  scope: Scope,
  name: string | undefined,
): ReturningItem | undefined {
  const fields = reference.fields ?? [];
  const parts = fields.flatMap((field) => as(field, 'String')?.sval ?? []);
  const star = as(fields.at(-1), 'A_Star') !== undefined;
  const first = binder.tokens.at(reference.location ?? 0);
  if (first < 0 || target.base === undefined || parts.length + (star ? 1 : 0) > 2) return undefined;
  if (star ? parts.length === 0 && scope.items.length > 1 : parts.length === 1 && scope.items.length > 1) return undefined;
  if ((star ? parts.length === 1 : parts.length === 2) && parts[0] !== target.alias) return undefined;
  const columns = star ? target.columns : target.columns.filter((column) => column.name === parts.at(-1));
  if (columns.length === 0) return undefined;
  const last = first + (fields.length - 1) * 2;
  return {
    columns: columns.flatMap((column) => (column.direct === undefined ? [] : [{ name: column.name, source: column.direct }])),
    qualifier: target.alias,
    start: binder.tokens.start(first),
    end: binder.tokens.end(last),
    name,
  };
}

function effect(
  binder: Binder,
  action: Action,
  relation: CatalogRelation | undefined,
  rows: 'all' | 'some' | 'unknown',
  columns?: readonly string[],
): void {
  binder.effect(action, relation, { rows, ...(columns === undefined ? {} : { columns }) });
}

const named = (nodes: readonly Node[] | undefined): string[] => (nodes ?? []).flatMap((node) => as(node, 'ResTarget')?.name ?? []);

export function insert(binder: Binder, node: NodeOf<'InsertStmt'>, parent: Scope | undefined): readonly ScopeColumn[] | undefined {
  const { scope, relation, target } = openTarget(binder, node.relation, parent, node.withClause);
  const listed = named(node.cols);
  const columns = listed.length > 0 ? listed : (relation?.columns.map((column) => column.name) ?? []);
  const select = as(node.selectStmt, 'SelectStmt');
  const rows = select?.valuesLists !== undefined || node.selectStmt === undefined ? 'some' : 'unknown';
  effect(binder, 'insert', relation, rows, columns);
  // `insert into t (a[i])`: the subscript is an expression.
  for (const entry of node.cols ?? []) {
    for (const step of as(entry, 'ResTarget')?.indirection ?? []) {
      if (as(step, 'A_Indices') !== undefined) binder.use(binder.expression(step, scope, 'assign'), 'assign');
    }
  }
  if (node.selectStmt !== undefined) {
    const source = binder.query(node.selectStmt, scope);
    binder.use(union(source.columns.map((column) => column.lineage)), 'assign');
    binder.facts.insertedRows += select?.valuesLists?.length ?? 0;
    for (const row of select?.valuesLists ?? []) {
      (as(row, 'List')?.items ?? []).forEach((value, i) => constant(binder, relation, columns[i] ?? '', value));
    }
  }
  const conflict = node.onConflictClause;
  scope.items.push({ columns: target.columns, relations: [target], ...(target.open === undefined ? {} : { open: target.open }) });
  if (conflict !== undefined) {
    const proposed = { alias: 'excluded', columns: target.columns.map(({ name }) => ({ name, lineage: CLEAR })) };
    const both = new Scope(scope);
    both.items.push(...scope.items, { columns: [], relations: [proposed] });
    for (const element of conflict.infer?.indexElems ?? []) {
      const index = as(element, 'IndexElem');
      if (index?.expr !== undefined) binder.expression(index.expr, scope, 'conflict');
      // Whether the row exists already tells whether the value does.
      const column = target.columns.find((each) => each.name === index?.name);
      if (column !== undefined) binder.use(column.lineage, 'conflict', conflict.infer?.location);
    }
    binder.expression(conflict.infer?.whereClause, scope, 'condition');
    if (conflict.action === 'ONCONFLICT_UPDATE') {
      effect(binder, 'update', relation, 'some', named(conflict.targetList));
      for (const entry of conflict.targetList ?? []) {
        const assigned = as(entry, 'ResTarget');
        if (assigned !== undefined) assign(binder, relation, assigned, both);
      }
      binder.expression(conflict.whereClause, both, 'condition');
    }
  }
  return returning(binder, node.returningClause, scope, target);
}

export function update(binder: Binder, node: NodeOf<'UpdateStmt'>, parent: Scope | undefined): readonly ScopeColumn[] | undefined {
  const { scope, relation, target } = openTarget(binder, node.relation, parent, node.withClause);
  scope.items.push({ columns: target.columns, relations: [target], ...(target.open === undefined ? {} : { open: target.open }) });
  fromClause(binder, node.fromClause, scope);
  effect(binder, 'update', relation, node.whereClause === undefined ? 'all' : 'some', named(node.targetList));
  for (const entry of node.targetList ?? []) {
    const assigned = as(entry, 'ResTarget');
    if (assigned !== undefined) assign(binder, relation, assigned, scope);
  }
  condition(binder, node.whereClause, scope);
  return returning(binder, node.returningClause, scope, target);
}

export function remove(binder: Binder, node: NodeOf<'DeleteStmt'>, parent: Scope | undefined): readonly ScopeColumn[] | undefined {
  const { scope, relation, target } = openTarget(binder, node.relation, parent, node.withClause);
  scope.items.push({ columns: target.columns, relations: [target], ...(target.open === undefined ? {} : { open: target.open }) });
  fromClause(binder, node.usingClause, scope);
  effect(binder, 'delete', relation, node.whereClause === undefined ? 'all' : 'some');
  condition(binder, node.whereClause, scope);
  return returning(binder, node.returningClause, scope, target);
}

function condition(binder: Binder, where: Node | undefined, scope: Scope): void {
  if (where === undefined) return;
  if (unwrap(where).type === 'CurrentOfExpr') {
    binder.gap('WHERE CURRENT OF can not be checked');
    return;
  }
  binder.expression(where, scope, 'condition');
}

export function merge(binder: Binder, node: NodeOf<'MergeStmt'>, parent: Scope | undefined): readonly ScopeColumn[] | undefined {
  const { scope, relation, target } = openTarget(binder, node.relation, parent, node.withClause);
  scope.items.push({ columns: target.columns, relations: [target], ...(target.open === undefined ? {} : { open: target.open }) });
  if (node.sourceRelation !== undefined) scope.items.push(fromItem(binder, node.sourceRelation, scope));
  binder.expression(node.joinCondition, scope, 'join');
  effect(binder, 'merge', relation, 'unknown');
  for (const entry of node.mergeWhenClauses ?? []) {
    const when = as(entry, 'MergeWhenClause');
    if (when === undefined) continue;
    binder.expression(when.condition, scope, 'condition');
    if (when.commandType === 'CMD_INSERT') effect(binder, 'insert', relation, 'unknown', named(when.targetList));
    if (when.commandType === 'CMD_UPDATE') effect(binder, 'update', relation, 'unknown', named(when.targetList));
    if (when.commandType === 'CMD_DELETE') effect(binder, 'delete', relation, 'unknown');
    for (const item of when.targetList ?? []) {
      const assigned = as(item, 'ResTarget');
      if (assigned !== undefined) assign(binder, relation, assigned, scope);
    }
    for (const value of when.values ?? []) binder.use(binder.expression(value, scope, 'assign'), 'assign');
  }
  return returning(binder, node.returningClause, scope, target);
}
