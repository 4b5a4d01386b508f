// Column references: `c`, `r.c`, `s.r.c`, whole rows, system columns, fields of composite values.
import type { ColumnUse } from '../../analysis.ts';
import { classOfBuiltin } from '../catalog/builtin-functions.ts';
import { type NodeOf, as } from '../parse/parsed.ts';
import type { Binder } from './binder.ts';
import { CLEAR, type Lineage, union } from './lineage.ts';
import { type Scope, type ScopeColumn, type ScopeRelation, wholeRow } from './scope.ts';

const SYSTEM_COLUMNS = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

/** Marks the references that the columns come from as needing their columns. */
export function read(columns: readonly ScopeColumn[]): void {
  for (const column of columns) if (column.reference !== undefined) column.reference.used = true;
}

/**
 * A field selected by name may really call a function of that name (functional notation), so the name must not be one of
 * a function that is not harmless.
 */
export function fieldOf(binder: Binder, name: string, position: number | undefined): void {
  if (binder.catalog.hasRoutineNamed(name) || (binder.catalog.isBuiltinFunction(name) && classOfBuiltin(name) === 'unknown')) {
    binder.gap(`the field "${name}" may be a function call`, position);
  }
}

function systemColumn(binder: Binder, relations: readonly ScopeRelation[], position: number): Lineage {
  for (const relation of relations) {
    // Row versions and places of governed rows: a subselect has none, and the guard refuses them by name.
    if (relation.reference !== undefined) {
      relation.reference.used = true;
      binder.facts.usages.push(
        ...relation.columns.flatMap((column) => [...column.lineage].map((source) => ({ source, use: 'systemColumn' as const, position }))),
      );
    }
  }
  return CLEAR;
}

function relationColumn(binder: Binder, relation: ScopeRelation, name: string, position: number): readonly ScopeColumn[] | 'system' {
  const found = relation.columns.filter((column) => column.name === name);
  if (found.length > 0) return found;
  if (relation.open !== undefined) return [{ name, lineage: relation.open }];
  if (relation.base !== undefined && SYSTEM_COLUMNS.has(name)) return 'system';
  binder.gap(`column ${relation.alias}.${name} does not exist`, position, { sqlstate: '42703', stale: true });
  return [];
}

/** Finds what a reference means: columns (several when a name is merged or uncertain). */
export function resolveColumn(binder: Binder, node: NodeOf<'ColumnRef'>, scope: Scope): readonly ScopeColumn[] {
  const position = node.location ?? 0;
  const fields = node.fields ?? [];
  const star = as(fields.at(-1), 'A_Star') !== undefined;
  const parts = fields.flatMap((field) => as(field, 'String')?.sval ?? []);
  if (parts.length + (star ? 1 : 0) !== fields.length || parts.length > 3) {
    binder.gap('this column reference can not be checked', position);
    return [];
  }
  if (star) {
    const qualifier = parts.length > 1 ? parts.at(-2) : undefined;
    const relation = parts.length === 0 ? undefined : scope.relation(parts.at(-1) ?? '', qualifier);
    if (relation === undefined) {
      binder.gap(`missing FROM-clause entry for "${parts.join('.')}"`, position, { sqlstate: '42P01' });
      return [];
    }
    if (qualifier !== undefined) qualified(binder, relation, position, parts.length);
    return relation.open === undefined ? relation.columns : [...relation.columns, { name: '*', lineage: relation.open }];
  }
  if (parts.length === 1) {
    const name = parts[0] ?? '';
    const found = scope.column(name);
    if (found !== undefined) return 'columns' in found ? found.columns : [wholeRow(found.row)];
    if (SYSTEM_COLUMNS.has(name)) {
      systemColumn(binder, relationsOf(scope), position);
      return [];
    }
    binder.gap(`column "${name}" does not exist`, position, { sqlstate: '42703', stale: true });
    return [];
  }
  const [schema, alias, name] =
    parts.length === 2 ? [undefined, parts[0] ?? '', parts[1] ?? ''] : [parts[0], parts[1] ?? '', parts[2] ?? ''];
  const relation = scope.relation(alias, schema);
  if (relation === undefined) {
    binder.gap(`missing FROM-clause entry for table "${alias}"`, position, { sqlstate: '42P01' });
    return [];
  }
  if (schema !== undefined) qualified(binder, relation, position, parts.length);
  const columns = relationColumn(binder, relation, name, position);
  if (columns === 'system') {
    systemColumn(binder, [relation], position);
    return [];
  }
  return columns;
}

function relationsOf(scope: Scope | undefined): readonly ScopeRelation[] {
  return scope === undefined ? [] : [...scope.items.flatMap((item) => item.relations), ...relationsOf(scope.parent)];
}

/** Remembers the `schema.` in front of a reference: it has to go if the relation becomes a subselect. */
function qualified(binder: Binder, relation: ScopeRelation, position: number, parts: number): void {
  if (relation.reference === undefined || parts < 2) return;
  const first = binder.tokens.at(position);
  if (first < 0) {
    binder.gap('this column reference can not be placed', position);
    return;
  }
  binder.facts.qualifiedColumns.push({ reference: relation.reference, start: position, end: binder.tokens.start(first + 2) });
}

export function columnReference(binder: Binder, node: NodeOf<'ColumnRef'>, scope: Scope, use: ColumnUse): Lineage {
  const columns = resolveColumn(binder, node, scope);
  read(columns);
  const lineage = union(columns.map((column) => column.lineage));
  binder.use(lineage, use, node.location ?? 0);
  return lineage;
}
