// Function calls: which function a name means, what it may do, and how its arguments are used.
import type { ColumnUse } from '../../analysis.ts';
import { classOfBuiltin } from '../catalog/builtin-functions.ts';
import type { CatalogRoutine } from '../catalog/catalog.ts';
import { type Node, type NodeOf, as, names } from '../parse/parsed.ts';
import { type Binder, constantText } from './binder.ts';
import { CLEAR, type Lineage, union } from './lineage.ts';
import { routineBody, routineDefaults } from './routine-body.ts';
import type { Scope } from './scope.ts';
import { isFreeSetting } from './settings.ts';

/** Functions that the grammar itself produces (EXTRACT, POSITION, SIMILAR TO, AT TIME ZONE …) are qualified with pg_catalog. */
const INFORMATION_SCHEMA_FUNCTIONS = /^_pg_/u;

function argumentUse(node: NodeOf<'FuncCall'>, kind: ReturnType<typeof classOfBuiltin>, use: ColumnUse): ColumnUse {
  if (kind === 'aggregate') return 'aggregate';
  if (kind === 'counting') return node.agg_distinct === true ? 'aggregate' : 'nullTest';
  if (kind === 'collecting') return node.agg_distinct === true ? 'aggregate' : use;
  return use;
}

/** Windows: partitioning groups, ordering orders. */
export function windowDefinition(binder: Binder, window: NodeOf<'WindowDef'>, scope: Scope): void {
  for (const item of window.partitionClause ?? []) binder.expression(item, scope, 'group');
  for (const item of window.orderClause ?? []) binder.expression(item, scope, 'order');
  binder.expression(window.startOffset, scope, 'condition');
  binder.expression(window.endOffset, scope, 'condition');
}

function fits(routine: CatalogRoutine, count: number): boolean {
  return routine.variadic || (count <= routine.argumentCount && count >= routine.argumentCount - routine.defaults);
}

function userRoutines(binder: Binder, schema: string | undefined, name: string, count: number): readonly CatalogRoutine[] {
  const found: CatalogRoutine[] = [];
  for (const path of schema === undefined ? ['pg_catalog', ...binder.session.searchPath] : [schema])
    found.push(...binder.catalog.routines(path, name));
  const fitting = found.filter((routine) => fits(routine, count));
  return fitting.length > 0 ? fitting : found;
}

/** Only settings that anybody may set may be set by a function, and only by constants. */
function setConfig(binder: Binder, args: readonly Node[], position: number): void {
  const [name, value] = [constantText(args[0]), constantText(args[1])];
  if (name === undefined || value === undefined || !isFreeSetting(name)) {
    binder.gap('set_config may only set a harmless setting to a constant; use SET', position);
  }
}

function builtinCall(binder: Binder, node: NodeOf<'FuncCall'>, name: string, position: number): void {
  const kind = classOfBuiltin(name);
  if (name === 'set_config') setConfig(binder, node.args ?? [], position);
  else if (name === 'nextval' || name === 'setval') {
    // Changes a sequence that only the run time knows.
    binder.effect('call', undefined, { routine: { schema: 'pg_catalog', name } });
  } else if (kind === 'lock') binder.effect('lock');
  else if (kind === 'unknown') binder.gap(`function "${name}" may read data, files or other sessions`, position);
}

/** Judges the code of user functions; what their bodies read. */
function userCall(binder: Binder, routines: readonly CatalogRoutine[], count: number, position: number): Lineage[] {
  const read: Lineage[] = [];
  for (const routine of routines) {
    if (routine.pureExtension && routine.kind === 'function') continue;
    const defaults = count < routine.argumentCount ? routineDefaults(binder, routine, position) : CLEAR;
    if (defaults === undefined) {
      binder.facts.opaque.push({ schema: routine.schema, name: routine.name, position });
      continue;
    }
    read.push(defaults);
    const plain = routine.kind === 'function' && routine.language === 'sql' && !routine.hasSettings;
    const body = plain ? routineBody(binder, routine, position) : undefined;
    if (body !== undefined) {
      read.push(body);
      continue;
    }
    binder.facts.opaque.push({ schema: routine.schema, name: routine.name, position });
  }
  return read;
}

export function functionCall(binder: Binder, node: NodeOf<'FuncCall'>, scope: Scope, use: ColumnUse): Lineage {
  const position = node.location ?? 0;
  const parts = names(node.funcname);
  const name = parts.at(-1) ?? '';
  const schema = parts.length > 1 ? parts.at(-2) : undefined;
  if (parts.length > 2) binder.gap('a name with a database in it can not be checked', position);
  const count = (node.args ?? []).length;
  let inner: ColumnUse = use;
  const lineages: Lineage[] = [];
  if (schema === 'pg_catalog') {
    builtinCall(binder, node, name, position);
    lineages.push(...userCall(binder, userRoutines(binder, schema, name, count), count, position));
    inner = argumentUse(node, classOfBuiltin(name), use);
  } else if (schema === 'information_schema') {
    lineages.push(...userCall(binder, userRoutines(binder, schema, name, count), count, position));
    if (!INFORMATION_SCHEMA_FUNCTIONS.test(name)) binder.gap(`function "${name}" is not known`, position);
  } else {
    const routines = userRoutines(binder, schema, name, count);
    const builtin = schema === undefined && binder.catalog.isBuiltinFunction(name);
    // Overloads of both may compete: what runs is decided by types, so both are judged.
    if (builtin) {
      builtinCall(binder, node, name, position);
      inner = argumentUse(node, classOfBuiltin(name), use);
    }
    if (routines.length > 0) {
      lineages.push(...userCall(binder, routines, count, position));
      if (routines.some((routine) => routine.kind === 'aggregate')) inner = 'aggregate';
    } else if (!builtin) {
      // `relation(column)`-style notation reads a field of a row.
      binder.gap(`function "${parts.join('.')}" does not exist`, position, { sqlstate: '42883', stale: true });
    }
  }
  for (const argument of node.args ?? []) lineages.push(binder.expression(argument, scope, inner));
  const order = node.agg_within_group === true && inner === 'aggregate' ? 'aggregate' : 'order';
  for (const item of node.agg_order ?? []) {
    const lineage = binder.expression(item, scope, order);
    if (node.agg_within_group === true) lineages.push(lineage);
  }
  binder.expression(node.agg_filter, scope, 'condition');
  if (node.over !== undefined) windowDefinition(binder, node.over, scope);
  return lineages.length === 0 ? CLEAR : union(lineages);
}

/** Does the call have a single value per row known by name (for FROM)? */
export const calledName = (node: Node | undefined): string | undefined => names(as(node, 'FuncCall')?.funcname).at(-1);
