// Schema changes: by head, with their effects. Expressions and queries in them are walked like any other; what would store
// masked values, or take a governed column out of its classification, is recorded for masking to refuse.
import type { Action } from '../../analysis.ts';
import type { CatalogColumn, CatalogRelation, RelationKind } from '../catalog/catalog.ts';
import { type Node, type NodeOf, as, names } from '../parse/parsed.ts';
import type { Binder } from './binder.ts';
import { columnsOf } from './from.ts';
import { union } from './lineage.ts';
import { Scope, type ScopeColumn } from './scope.ts';
import { checkOperator, checkType } from './types.ts';

/** A relation that does not exist yet. */
function newRelation(
  binder: Binder,
  range: NodeOf<'RangeVar'> | undefined,
  kind: RelationKind,
  columns: readonly CatalogColumn[],
): CatalogRelation {
  if (range !== undefined) binder.seen.add(range);
  const temporary = range?.relpersistence === 't' || range?.schemaname === 'pg_temp';
  const name = range?.relname ?? '';
  const schema = temporary
    ? 'pg_temp'
    : (range?.schemaname ?? binder.session.searchPath.find((path) => binder.catalog.hasSchema(path)) ?? 'public');
  // A temporary object of the same name could be taken for the permanent one.
  if (temporary && binder.catalog.hasRelationNamed(name)) {
    binder.gap(`a temporary object may not have the name of an existing relation ("${name}"); choose another name`, range?.location);
  }
  return { oid: 0, schema, name, kind, columns, primaryKey: [], parents: [], children: [], runsCode: false };
}

function created(binder: Binder, relation: CatalogRelation): void {
  binder.effect('create', relation);
  binder.facts.changes.push(relation.schema === 'pg_temp' ? { kind: 'createTemporary', relation } : { kind: 'catalogChanged' });
}

/** The name of something new that holds no rows. */
export function newObject(binder: Binder, range: NodeOf<'RangeVar'> | undefined): void {
  if (range !== undefined) binder.seen.add(range);
}

const unknownColumn = (name: string, i: number): CatalogColumn => ({
  name,
  attribute: i + 1,
  typeOid: 0,
  typeText: 'text',
  notNull: false,
});

function constraints(binder: Binder, nodes: readonly Node[] | undefined, scope: Scope): void {
  for (const entry of nodes ?? []) {
    const constraint = as(entry, 'Constraint');
    if (constraint === undefined) continue;
    binder.expression(constraint.raw_expr, scope, 'condition');
    binder.expression(constraint.where_clause, scope, 'condition');
    // EXCLUDE: pairs of an index element and the operator that compares it.
    for (const pair of constraint.exclusions ?? []) {
      const [element, operator] = as(pair, 'List')?.items ?? [];
      binder.expression(as(element, 'IndexElem')?.expr, scope, 'condition');
      checkOperator(binder, as(operator, 'List')?.items, constraint.location);
    }
    if (constraint.pktable !== undefined) altered(binder, constraint.pktable, undefined);
  }
}

/** Bounds are computed when the partition is made: whatever they read would be shown by the catalog. */
function partitionBound(binder: Binder, bound: NodeOf<'PartitionBoundSpec'> | undefined): void {
  const scope = new Scope(undefined);
  for (const value of [...(bound?.listdatums ?? []), ...(bound?.lowerdatums ?? []), ...(bound?.upperdatums ?? [])]) {
    const words = as(value, 'ColumnRef')?.fields;
    if (words?.length === 1 && ['minvalue', 'maxvalue'].includes(names(words)[0] ?? '')) continue;
    binder.use(binder.expression(value, scope, 'assign'), 'assign');
  }
}

export function createTable(binder: Binder, node: NodeOf<'CreateStmt'>): void {
  const definitions = (node.tableElts ?? []).flatMap((element) => as(element, 'ColumnDef') ?? []);
  const relation = newRelation(
    binder,
    node.relation,
    'table',
    definitions.map((column, i) => unknownColumn(column.colname ?? '', i)),
  );
  const scope = new Scope(undefined);
  scope.items.push({
    columns: columnsOf(relation, undefined),
    relations: [{ alias: relation.name, columns: columnsOf(relation, undefined) }],
  });
  for (const element of node.tableElts ?? []) {
    const column = as(element, 'ColumnDef');
    const like = as(element, 'TableLikeClause');
    if (column !== undefined) {
      if (column.typeName !== undefined) checkType(binder, column.typeName);
      constraints(binder, column.constraints, scope);
    } else if (like?.relation !== undefined) {
      binder.relation(like.relation);
      if (relation.schema === 'pg_temp') binder.gap('LIKE in a temporary table can not be followed; list the columns');
    } else if (as(element, 'Constraint') !== undefined) constraints(binder, [element], scope);
    else binder.gap('this part of CREATE TABLE can not be checked');
  }
  for (const element of node.partspec?.partParams ?? []) binder.expression(as(element, 'PartitionElem')?.expr, scope, 'condition');
  partitionBound(binder, node.partbound);
  // A child or partition takes part in its parent's rows.
  for (const parent of node.inhRelations ?? []) {
    const range = as(parent, 'RangeVar');
    if (range !== undefined) altered(binder, range, undefined);
  }
  if (relation.schema === 'pg_temp' && (node.inhRelations ?? []).length > 0) binder.gap('a temporary table may not inherit');
  created(binder, relation);
}

/** CREATE TABLE AS and SELECT INTO. */
export function createTableAs(binder: Binder, query: Node, into: NodeOf<'IntoClause'> | undefined, kind: 'table' | 'materialized'): void {
  const result = binder.query(query, undefined);
  const aliases = names(into?.colNames);
  const relation = newRelation(
    binder,
    into?.rel,
    kind,
    result.columns.map((column, i) => unknownColumn(aliases[i] ?? column.name, i)),
  );
  if (!result.exact && relation.schema === 'pg_temp') binder.gap('the columns of this temporary table are not known; list them');
  if (relation.schema !== 'pg_temp') binder.use(union(result.columns.map((column) => column.lineage)), 'assign');
  created(binder, relation);
}

export function createView(binder: Binder, node: NodeOf<'ViewStmt'>): void {
  if (node.query === undefined) return;
  const result: readonly ScopeColumn[] = binder.query(node.query, undefined).columns;
  // A view would show its columns without our rewriting, so nothing masked may be in it.
  binder.use(union(result.map((column) => column.lineage)), 'assign');
  for (const reference of binder.facts.references) if (reference.used) binder.facts.altered.push(reference.relation);
  const relation = newRelation(
    binder,
    node.view,
    'view',
    result.map((column, i) => unknownColumn(column.name, i)),
  );
  if (relation.schema === 'pg_temp') binder.gap('temporary views can not be followed; use a common table expression');
  created(binder, relation);
}

/** A change to an existing relation's definition. */
export function altered(binder: Binder, range: NodeOf<'RangeVar'>, action: Action | undefined): CatalogRelation | undefined {
  const relation = binder.relation(range);
  if (relation === undefined) return undefined;
  binder.facts.altered.push(relation);
  if (action !== undefined) {
    binder.effect(action, relation);
    binder.facts.changes.push({ kind: 'catalogChanged' });
    if (relation.schema === 'pg_temp' && action === 'alter')
      binder.gap('a temporary table may not be altered; create it anew', range.location);
  }
  return relation;
}

export function alterTable(binder: Binder, node: NodeOf<'AlterTableStmt'>): void {
  if (node.relation === undefined) return;
  const relation = altered(binder, node.relation, 'alter');
  const scope = new Scope(undefined);
  if (relation !== undefined)
    scope.items.push({
      columns: columnsOf(relation, undefined),
      relations: [{ alias: relation.name, columns: columnsOf(relation, undefined) }],
    });
  for (const entry of node.cmds ?? []) {
    const command = as(entry, 'AlterTableCmd');
    const column = as(command?.def, 'ColumnDef');
    if (column?.typeName !== undefined) checkType(binder, column.typeName);
    binder.expression(column?.raw_default, scope, 'assign');
    constraints(binder, column?.constraints, scope);
    if (as(command?.def, 'Constraint') !== undefined) constraints(binder, command?.def === undefined ? [] : [command.def], scope);
    else if (command?.subtype === 'AT_ColumnDefault' || command?.subtype === 'AT_SetExpression')
      binder.expression(command.def, scope, 'assign');
    const partition = as(command?.def, 'PartitionCmd');
    if (partition?.name !== undefined) altered(binder, partition.name, undefined);
    partitionBound(binder, partition?.bound);
    const parent = as(command?.def, 'RangeVar');
    if (parent !== undefined) altered(binder, parent, undefined);
  }
}

export function createIndex(binder: Binder, node: NodeOf<'IndexStmt'>): void {
  if (node.relation === undefined) return;
  const relation = altered(binder, node.relation, undefined);
  if (relation === undefined) return;
  binder.effect('create', relation);
  binder.facts.changes.push({ kind: 'catalogChanged' });
  const scope = new Scope(undefined);
  scope.items.push({ columns: columnsOf(relation, undefined), relations: [] });
  for (const entry of [...(node.indexParams ?? []), ...(node.indexIncludingParams ?? [])])
    binder.expression(as(entry, 'IndexElem')?.expr, scope, 'condition');
  binder.expression(node.whereClause, scope, 'condition');
}

const DROPPED_RELATIONS = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_SEQUENCE',
  'OBJECT_FOREIGN_TABLE',
  'OBJECT_INDEX',
]);

export function drop(binder: Binder, node: NodeOf<'DropStmt'>): void {
  for (const object of node.objects ?? []) {
    const parts = names(as(object, 'List')?.items ?? []);
    const simple = as(object, 'String')?.sval;
    const name = parts.at(-1) ?? simple ?? '';
    const schema = parts.length > 1 ? parts.at(-2) : undefined;
    const relation = DROPPED_RELATIONS.has(node.removeType ?? '') ? binder.findRelation(schema, name) : undefined;
    if (relation?.schema === 'pg_temp') binder.facts.changes.push({ kind: 'dropTemporary', name });
    if (relation !== undefined) binder.effect('drop', relation);
    else binder.effect('drop', undefined);
  }
  binder.facts.changes.push({ kind: 'catalogChanged' });
}

export function truncate(binder: Binder, node: NodeOf<'TruncateStmt'>): void {
  for (const entry of node.relations ?? []) {
    const range = as(entry, 'RangeVar');
    const relation = range === undefined ? undefined : binder.relation(range);
    if (relation !== undefined) binder.effect('truncate', relation);
  }
}

/** Things that run code: what is known of them hangs on their names. */
const CODE = new Set([
  'OBJECT_FUNCTION',
  'OBJECT_PROCEDURE',
  'OBJECT_ROUTINE',
  'OBJECT_AGGREGATE',
  'OBJECT_OPERATOR',
  'OBJECT_OPCLASS',
  'OBJECT_OPFAMILY',
  'OBJECT_EXTENSION',
]);

/**
 * A new name or another schema for something. Classification and reviews of functions go by names, so whatever is known under the
 * old one must not be moved out of it: all relations of a renamed schema count as altered, code counts as not reviewed.
 */
export function renamed(
  binder: Binder,
  type: string | undefined,
  node: { readonly relation?: NodeOf<'RangeVar'>; readonly subname?: string; readonly object?: Node },
): void {
  simpleChange('alter')(binder, node);
  if (type === 'OBJECT_SCHEMA') {
    for (const relation of binder.catalog.parts.relations) if (relation.schema === node.subname) binder.facts.altered.push(relation);
  } else if (CODE.has(type ?? '')) {
    const parts = names(as(node.object, 'ObjectWithArgs')?.objname);
    binder.facts.opaque.push({ schema: parts.length > 1 ? (parts[0] ?? '') : 'public', name: parts.at(-1) ?? 'code', position: undefined });
  }
}

/** Statements whose effect on one relation (if they name one) is all that is judged. */
export function simpleChange(action: Action) {
  return (binder: Binder, node: { readonly relation?: NodeOf<'RangeVar'> }): void => {
    if (node.relation === undefined) {
      binder.effect(action);
      binder.facts.changes.push({ kind: 'catalogChanged' });
    } else altered(binder, node.relation, action);
  };
}

export function comment(binder: Binder, node: NodeOf<'CommentStmt'>): void {
  const parts = names(as(node.object, 'List')?.items ?? []);
  const relation =
    node.objtype === 'OBJECT_COLUMN'
      ? binder.findRelation(parts.length > 2 ? parts.at(-3) : undefined, parts.at(-2) ?? '')
      : binder.findRelation(parts.length > 1 ? parts.at(-2) : undefined, parts.at(-1) ?? '');
  binder.effect('comment', relation);
}

export function grant(binder: Binder, node: NodeOf<'GrantStmt'>): void {
  let known = false;
  for (const object of node.objects ?? []) {
    const range = as(object, 'RangeVar');
    const relation = range === undefined ? undefined : binder.relation(range);
    if (relation !== undefined) {
      known = true;
      binder.effect('grant', relation);
    }
  }
  if (!known) binder.effect('grant');
}
