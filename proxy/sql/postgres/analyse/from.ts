// FROM: relations, subqueries, functions, joins. Gives the names that the rest of the query sees, and remembers where each
// relation's name stands in the text.
import type { CatalogRelation } from '../catalog/catalog.ts';
import { type Node, type NodeOf, type NodeType, as, names, unwrap } from '../parse/parsed.ts';
import type { Binder } from './binder.ts';
import { read } from './column-reference.ts';
import { calledName } from './function-call.ts';
import { CLEAR, type Lineage, sourceOf, union } from './lineage.ts';
import { type FromItem, type Reference, Scope, type ScopeColumn, type ScopeRelation } from './scope.ts';
import { checkType } from './types.ts';

const EMPTY: FromItem = { columns: [], relations: [] };

/** Built-in functions whose one result column has a name of its own, whatever the alias: `value`. */
const VALUE_COLUMN = new Set(['json_array_elements', 'json_array_elements_text', 'jsonb_array_elements', 'jsonb_array_elements_text']);
/** Built-in set-returning functions with one result column, named after the alias. */
const ONE_COLUMN = new Set([
  'generate_series',
  'generate_subscripts',
  'unnest',
  'regexp_split_to_table',
  'string_to_table',
  'jsonb_object_keys',
  'json_object_keys',
  ...VALUE_COLUMN,
]);

/** Finds the bytes of a relation's name, its ONLY, and a TABLE command in front. */
export function locate(
  binder: Binder,
  range: NodeOf<'RangeVar'>,
): { start: number; end: number; table?: { start: number; end: number } } | undefined {
  const { tokens } = binder;
  const first = tokens.at(range.location ?? 0);
  if (first < 0) return undefined;
  let last = tokens.endOfName(first);
  let start = first;
  if (range.inh !== true) {
    // ONLY name, or ONLY (name)
    const parenthesised = tokens.text(first - 1) === '(' && tokens.isKeyword(first - 2, 'only');
    if (parenthesised) {
      if (tokens.text(last + 1) !== ')') return undefined;
      start = first - 2;
      last += 1;
    } else if (tokens.isKeyword(first - 1, 'only')) start = first - 1;
    else return undefined;
  } else if (tokens.text(last + 1) === '*') last += 1;
  const before = start - 1;
  return {
    start: tokens.start(start),
    end: tokens.end(last),
    ...(tokens.isKeyword(before, 'table') ? { table: { start: tokens.start(before), end: tokens.end(before) } } : {}),
  };
}

export function columnsOf(relation: CatalogRelation, reference: Reference | undefined): ScopeColumn[] {
  return relation.columns.map((column) => {
    const source = sourceOf(relation, column);
    return { name: column.name, lineage: new Set([source]), direct: source, ...(reference === undefined ? {} : { reference }) };
  });
}

/** Renames columns by an alias list; with an open relation the positions are uncertain, so each gets all lineages. */
export function rename(columns: readonly ScopeColumn[], open: Lineage | undefined, aliases: readonly string[]): readonly ScopeColumn[] {
  if (aliases.length === 0) return columns;
  if (open !== undefined) {
    const all = union([open, ...columns.map((column) => column.lineage)]);
    return aliases.map((name) => ({ name, lineage: all }));
  }
  return columns.map((column, i) => ({ ...column, name: aliases[i] ?? column.name }));
}

const item = (relation: ScopeRelation): FromItem => ({
  columns: relation.columns,
  relations: [relation],
  ...(relation.open === undefined ? {} : { open: relation.open }),
});

function rangeVar(binder: Binder, range: NodeOf<'RangeVar'>, scope: Scope, sample?: { start: number; end: number }): FromItem {
  const name = range.relname ?? '';
  const alias = range.alias?.aliasname ?? name;
  const aliases = names(range.alias?.colnames);
  const common = range.schemaname === undefined && range.catalogname === undefined ? scope.common(name) : undefined;
  if (common !== undefined) {
    binder.seen.add(range);
    const columns = rename(common.columns, common.open, aliases);
    return item({ alias, columns, ...(common.open === undefined ? {} : { open: common.open }) });
  }
  const relation = binder.relation(range);
  if (relation === undefined) return item({ alias, columns: [], open: CLEAR });
  binder.effect('select', relation);
  const place = locate(binder, range);
  if (place === undefined) {
    binder.gap(`the reference to "${name}" can not be placed in the text`, range.location ?? 0);
    return item({ alias, columns: [], open: CLEAR });
  }
  const reference: Reference = {
    relation,
    only: range.inh !== true,
    start: place.start,
    end: place.end,
    alias,
    hasAlias: range.alias !== undefined,
    ...(place.table === undefined ? {} : { tableCommand: place.table }),
    ...(sample === undefined ? {} : { sample }),
    used: false,
  };
  binder.facts.references.push(reference);
  return item({
    alias,
    ...(range.alias === undefined ? { schema: relation.schema } : {}),
    columns: rename(columnsOf(relation, reference), undefined, aliases),
    reference,
    base: relation,
  });
}

function rangeSubselect(binder: Binder, node: NodeOf<'RangeSubselect'>, scope: Scope): FromItem {
  if (node.subquery === undefined) return EMPTY;
  const result = binder.query(node.subquery, node.lateral === true ? scope : lateralHidden(scope));
  const open = result.exact ? undefined : union(result.columns.map((column) => column.lineage));
  const columns = rename(result.columns, open, names(node.alias?.colnames));
  return item({ alias: node.alias?.aliasname ?? '', columns, ...(open === undefined ? {} : { open }) });
}

/** What a subquery without LATERAL sees: the outer query and the common tables, not its neighbours. */
function lateralHidden(scope: Scope): Scope {
  const hidden = new Scope(scope.parent);
  hidden.inherit(scope);
  return hidden;
}

/** Names of types that are no rows, by what a cast to an array of them says. */
function isScalarType(binder: Binder, type: NodeOf<'TypeName'> | undefined): boolean {
  const found = type === undefined ? undefined : binder.type(names(type.names));
  return found !== undefined && found.kind !== 'c' && found.kind !== 'd' && found.kind !== 'p';
}

/** Functions that give arrays of text. */
const TEXT_ARRAYS = new Set([
  'string_to_array',
  'regexp_split_to_array',
  'regexp_match',
  'regexp_matches',
  'tsvector_to_array',
  'parse_ident',
]);

/** Elements that are surely no rows: a row's fields would be the columns of `unnest`. */
function isScalarArray(binder: Binder, node: Node | undefined, scope: Scope): boolean {
  const cast = as(node, 'TypeCast');
  if (cast !== undefined) return (cast.typeName?.arrayBounds ?? []).length > 0 && isScalarType(binder, cast.typeName);
  const list = as(node, 'A_ArrayExpr');
  if (list !== undefined) {
    return (list.elements ?? []).every((element) => {
      const inner = as(element, 'TypeCast');
      return (
        as(element, 'A_Const') !== undefined ||
        isScalarArray(binder, element, scope) ||
        (inner !== undefined && isScalarType(binder, inner.typeName))
      );
    });
  }
  const reference = as(node, 'ColumnRef');
  if (reference !== undefined) {
    const fields = names(reference.fields);
    const named = scope.column(fields.at(-1) ?? '');
    const found =
      fields.length === 1
        ? named !== undefined && 'columns' in named
          ? named.columns
          : []
        : (scope.relation(fields.at(-2) ?? '')?.columns.filter(({ name }) => name === fields.at(-1)) ?? []);
    const type = found.length === 1 ? binder.catalog.typeByOid(found[0]?.direct?.column.typeOid ?? 0) : undefined;
    const element = type === undefined ? undefined : binder.catalog.typeByOid(type.elementOid);
    return element !== undefined && element.kind !== 'c' && element.kind !== 'd' && element.kind !== 'p';
  }
  return TEXT_ARRAYS.has(calledName(node) ?? '');
}

/** Has the function exactly one column, named after the alias? A user's function of the same name may have others. */
function hasOneColumn(binder: Binder, call: NodeOf<'FuncCall'> | undefined, scope: Scope): boolean {
  const parts = names(call?.funcname);
  const name = parts.at(-1) ?? '';
  if (
    call === undefined ||
    !ONE_COLUMN.has(name) ||
    (parts.length > 1 && parts[0] !== 'pg_catalog') ||
    binder.catalog.hasRoutineNamed(name)
  )
    return false;
  return name !== 'unnest' || (call.args?.length === 1 && isScalarArray(binder, call.args[0], scope));
}

function rangeFunction(binder: Binder, node: NodeOf<'RangeFunction'>, scope: Scope): FromItem {
  const lineages: Lineage[] = [];
  const called: (string | undefined)[] = [];
  const definitions: Node[] = [...(node.coldeflist ?? [])];
  for (const entry of node.functions ?? []) {
    const [call, list] = as(entry, 'List')?.items ?? [entry];
    lineages.push(binder.expression(call, scope, 'output'));
    called.push(calledName(call));
    definitions.push(...(as(list, 'List')?.items ?? []));
  }
  const lineage = union(lineages);
  const name = node.alias?.aliasname ?? called[0] ?? '';
  const columns: ScopeColumn[] = [];
  for (const definition of definitions) {
    const column = as(definition, 'ColumnDef');
    if (column?.typeName !== undefined) checkType(binder, column.typeName);
    columns.push({ name: column?.colname ?? '', lineage });
  }
  const aliases = names(node.alias?.colnames);
  const [first] = node.functions ?? [];
  const call = as(as(first, 'List')?.items?.[0] ?? first, 'FuncCall');
  const single = definitions.length === 0 && called.length === 1 && node.ordinality !== true && hasOneColumn(binder, call, scope);
  if (single) {
    const own = VALUE_COLUMN.has(called[0] ?? '') ? 'value' : name;
    return item({ alias: name, columns: [{ name: aliases[0] ?? own, lineage }] });
  }
  if (definitions.length > 0 && node.ordinality !== true && called.length === 1)
    return item({ alias: name, columns: rename(columns, undefined, aliases) });
  return item({ alias: name, columns: aliases.map((alias) => ({ name: alias, lineage })), open: lineage });
}

function rangeTableFunction(binder: Binder, node: NodeOf<'RangeTableFunc'>, scope: Scope): FromItem {
  const parts = [binder.expression(node.docexpr, scope, 'output'), binder.expression(node.rowexpr, scope, 'output')];
  for (const space of node.namespaces ?? []) parts.push(binder.expression(space, scope, 'output'));
  for (const entry of node.columns ?? []) {
    const column = as(entry, 'RangeTableFuncCol');
    if (column?.typeName !== undefined) checkType(binder, column.typeName);
    parts.push(binder.expression(column?.colexpr, scope, 'output'), binder.expression(column?.coldefexpr, scope, 'output'));
  }
  const lineage = union(parts);
  const columns = (node.columns ?? []).map((entry) => ({ name: as(entry, 'RangeTableFuncCol')?.colname ?? '', lineage }));
  return item({ alias: node.alias?.aliasname ?? '', columns: rename(columns, undefined, names(node.alias?.colnames)) });
}

function jsonTableColumns(binder: Binder, entries: readonly Node[] | undefined, scope: Scope, lineage: Lineage): ScopeColumn[] {
  return (entries ?? []).flatMap((entry): ScopeColumn[] => {
    const column = as(entry, 'JsonTableColumn');
    if (column === undefined) {
      binder.gap('this part of JSON_TABLE can not be checked');
      return [];
    }
    if (column.typeName !== undefined) checkType(binder, column.typeName);
    for (const behaviour of [column.on_empty, column.on_error]) binder.expression(behaviour?.expr, scope, 'output');
    const nested = jsonTableColumns(binder, column.columns, scope, lineage);
    return column.coltype === 'JTC_NESTED' ? nested : [{ name: column.name ?? '', lineage }, ...nested];
  });
}

function jsonTable(binder: Binder, node: NodeOf<'JsonTable'>, scope: Scope): FromItem {
  const parts = [binder.expression(node.context_item?.raw_expr, scope, 'output')];
  for (const entry of node.passing ?? []) parts.push(binder.expression(as(entry, 'JsonArgument')?.val?.raw_expr, scope, 'output'));
  const lineage = union(parts);
  const columns = jsonTableColumns(binder, node.columns, scope, lineage);
  binder.expression(node.on_error?.expr, scope, 'output');
  return item({ alias: node.alias?.aliasname ?? '', columns: rename(columns, undefined, names(node.alias?.colnames)) });
}

function tableSample(binder: Binder, node: NodeOf<'RangeTableSample'>, scope: Scope): FromItem {
  const range = as(node.relation, 'RangeVar');
  const { tokens } = binder;
  const first = tokens.at(node.location ?? 0);
  const word = tokens.isKeyword(first, 'tablesample') ? first : tokens.isKeyword(first - 1, 'tablesample') ? first - 1 : -1;
  const constant = [...(node.args ?? []), ...(node.repeatable === undefined ? [] : [node.repeatable])].every(
    (arg) => as(arg, 'A_Const') !== undefined || as(arg, 'ParamRef') !== undefined,
  );
  const method = names(node.method).at(-1) ?? '';
  const open = word < 0 ? -1 : tokens.endOfName(word + 1) + 1;
  let last = open < 0 ? -1 : tokens.closing(open);
  if (last >= 0 && node.repeatable !== undefined) last = tokens.closing(last + 2);
  if (range === undefined || last < 0 || !constant || !['bernoulli', 'system'].includes(method)) {
    binder.gap('this TABLESAMPLE can not be checked', node.location);
    return EMPTY;
  }
  return rangeVar(binder, range, scope, { start: tokens.start(word), end: tokens.end(last) });
}

function join(binder: Binder, node: NodeOf<'JoinExpr'>, scope: Scope): FromItem {
  const left = node.larg === undefined ? EMPTY : fromItem(binder, node.larg, scope);
  // The right side sees the left one where it is lateral.
  const beside = new Scope(scope.parent);
  beside.inherit(scope);
  beside.items.push(...scope.items, left);
  const right = node.rarg === undefined ? EMPTY : fromItem(binder, node.rarg, beside);
  const both = new Scope(scope.parent);
  both.inherit(scope);
  const open = left.open === undefined && right.open === undefined ? undefined : union([left.open ?? CLEAR, right.open ?? CLEAR]);
  both.items.push({
    columns: [...left.columns, ...right.columns],
    relations: [...left.relations, ...right.relations],
    ...(open === undefined ? {} : { open }),
  });
  binder.expression(node.quals, both, 'join');
  const shared =
    node.isNatural === true
      ? left.columns.map((column) => column.name).filter((name) => right.columns.some((column) => column.name === name))
      : names(node.usingClause);
  const merged: ScopeColumn[] = shared.map((name) => {
    const pair = [...left.columns, ...right.columns].filter((column) => column.name === name);
    read(pair);
    const lineage = union([...pair.map((column) => column.lineage), left.open ?? CLEAR, right.open ?? CLEAR]);
    binder.use(lineage, 'join');
    return { name, lineage };
  });
  const rest = [...left.columns, ...right.columns].filter((column) => !shared.includes(column.name));
  if (node.isNatural === true && open !== undefined) {
    // Any column may have one of its name in a relation whose columns are not known.
    const all = [...left.columns, ...right.columns];
    read(all);
    binder.use(union([open, ...all.map((column) => column.lineage)]), 'join');
  }
  const columns = [...merged, ...rest];
  const relations = [...left.relations, ...right.relations];
  if (node.join_using_alias !== undefined) relations.push({ alias: node.join_using_alias.aliasname ?? '', columns: merged });
  if (node.alias === undefined) return { columns, relations, ...(open === undefined ? {} : { open }) };
  return item({
    alias: node.alias.aliasname ?? '',
    columns: rename(columns, open, names(node.alias.colnames)),
    ...(open === undefined ? {} : { open }),
  });
}

/** What may stand in FROM. */
export const FROM_ITEMS: { readonly [T in NodeType]?: (binder: Binder, node: NodeOf<T>, scope: Scope) => FromItem } = {
  RangeVar: (binder, node, scope) => rangeVar(binder, node, scope),
  RangeSubselect: rangeSubselect,
  RangeFunction: rangeFunction,
  RangeTableFunc: rangeTableFunction,
  RangeTableSample: tableSample,
  JsonTable: jsonTable,
  JoinExpr: join,
};

/** Analyses one item of a FROM list. `scope` holds the items before it. */
export function fromItem(binder: Binder, node: Node, scope: Scope): FromItem {
  const { type, fields } = unwrap(node);
  const walk = FROM_ITEMS[type] as ((binder: Binder, node: NodeOf<NodeType>, scope: Scope) => FromItem) | undefined;
  if (walk !== undefined) return walk(binder, fields as NodeOf<NodeType>, scope);
  binder.gap(`${type} in FROM can not be checked`, (fields as { location?: number }).location);
  return EMPTY;
}

/** Adds a FROM list to the scope. */
export function fromClause(binder: Binder, nodes: readonly Node[] | undefined, scope: Scope): void {
  for (const node of nodes ?? []) scope.items.push(fromItem(binder, node, scope));
}
