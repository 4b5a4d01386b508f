// Expressions: what a value depends on, and in which way each column is used. One handler for each node type that may
// stand in an expression; any other type is a gap.
import type { ColumnUse } from '../../analysis.ts';
import { type Node, type NodeOf, type NodeType, as, names, unwrap } from '../parse/parsed.ts';
import type { Binder } from './binder.ts';
import { columnReference, fieldOf } from './column-reference.ts';
import { functionCall, windowDefinition } from './function-call.ts';
import { CLEAR, type Lineage, union } from './lineage.ts';
import type { Scope } from './scope.ts';
import { checkOperator, checkType } from './types.ts';

type Handler<T extends NodeType> = (binder: Binder, node: NodeOf<T>, scope: Scope, use: ColumnUse) => Lineage;

/** Operators that compute a new value; every other one compares, and comparing lets an observer infer the value. */
const VALUE_OPERATORS = new Set(['||', '+', '-', '*', '/', '%', '^', '->', '->>', '#>', '#>>', '#-']);

const all = (binder: Binder, nodes: readonly (Node | undefined)[] | undefined, scope: Scope, use: ColumnUse): Lineage =>
  union((nodes ?? []).map((node) => binder.expression(node, scope, use)));

const comparing = (use: ColumnUse): ColumnUse => (use === 'output' || use === 'returning' ? 'condition' : use);

function operatorUse(node: NodeOf<'A_Expr'>, use: ColumnUse): ColumnUse {
  const name = names(node.name).at(-1) ?? '';
  return node.kind === 'AEXPR_OP' && VALUE_OPERATORS.has(name) ? use : comparing(use);
}

function subLink(binder: Binder, node: NodeOf<'SubLink'>, scope: Scope, use: ColumnUse): Lineage {
  checkOperator(binder, node.operName, node.location);
  if (node.subselect === undefined) return CLEAR;
  const result = binder.query(node.subselect, scope);
  const outputs = union(result.columns.map((column) => column.lineage));
  switch (node.subLinkType) {
    case 'EXISTS_SUBLINK':
      return CLEAR;
    case 'EXPR_SUBLINK':
    case 'ARRAY_SUBLINK':
      if (use !== 'output') binder.use(outputs, use, node.location);
      return outputs;
    case 'ANY_SUBLINK':
    case 'ALL_SUBLINK':
      binder.use(outputs, comparing(use), node.location);
      return union([outputs, binder.expression(node.testexpr, scope, comparing(use))]);
    default:
      binder.gap('this kind of subquery can not be checked', node.location);
      return outputs;
  }
}

function jsonValue(binder: Binder, node: NodeOf<'JsonValueExpr'> | undefined, scope: Scope, use: ColumnUse): Lineage {
  return node === undefined
    ? CLEAR
    : union([binder.expression(node.raw_expr, scope, use), binder.expression(node.formatted_expr, scope, use)]);
}

function jsonOutput(binder: Binder, output: NodeOf<'JsonOutput'> | undefined): void {
  if (output?.typeName !== undefined) checkType(binder, output.typeName);
}

const jsonConstructor = (
  binder: Binder,
  constructor: NodeOf<'JsonAggConstructor'> | undefined,
  scope: Scope,
  values: readonly Lineage[],
): Lineage => {
  jsonOutput(binder, constructor?.output);
  binder.expression(constructor?.agg_filter, scope, 'condition');
  for (const order of constructor?.agg_order ?? []) binder.expression(order, scope, 'order');
  if (constructor?.over !== undefined) windowDefinition(binder, constructor.over, scope);
  return union(values);
};

function isPlainColumn(node: Node | undefined): boolean {
  return as(node, 'ColumnRef') !== undefined;
}

export const EXPRESSIONS: { readonly [T in NodeType]?: Handler<T> } = {
  A_Const: () => CLEAR,
  Integer: () => CLEAR,
  Float: () => CLEAR,
  Boolean: () => CLEAR,
  String: () => CLEAR,
  BitString: () => CLEAR,
  ParamRef: (binder, node) => {
    binder.facts.parameters = Math.max(binder.facts.parameters, node.number ?? 0);
    return CLEAR;
  },
  SetToDefault: () => CLEAR,
  SQLValueFunction: () => CLEAR,
  MergeSupportFunc: () => CLEAR,
  ColumnRef: columnReference,
  A_Expr: (binder, node, scope, use) => {
    checkOperator(
      binder,
      node.kind === 'AEXPR_OP' || node.kind === 'AEXPR_OP_ANY' || node.kind === 'AEXPR_OP_ALL' ? node.name : undefined,
      node.location,
    );
    // Keyword forms (IN, LIKE, BETWEEN, IS DISTINCT FROM) resolve their operator by name as well.
    if (node.kind !== 'AEXPR_OP') checkOperator(binder, node.name, node.location);
    const inner = operatorUse(node, use);
    return union([binder.expression(node.lexpr, scope, inner), binder.expression(node.rexpr, scope, inner)]);
  },
  BoolExpr: (binder, node, scope, use) => all(binder, node.args, scope, comparing(use)),
  NullTest: (binder, node, scope, use) => binder.expression(node.arg, scope, isPlainColumn(node.arg) ? 'nullTest' : comparing(use)),
  BooleanTest: (binder, node, scope, use) => binder.expression(node.arg, scope, comparing(use)),
  CaseExpr: (binder, node, scope, use) => {
    const compared = node.arg === undefined ? CLEAR : binder.expression(node.arg, scope, comparing(use));
    const parts = [compared, binder.expression(node.defresult, scope, use)];
    for (const item of node.args ?? []) {
      const when = as(item, 'CaseWhen');
      if (when === undefined) binder.gap('this part of CASE can not be checked', node.location);
      else parts.push(binder.expression(when.expr, scope, comparing(use)), binder.expression(when.result, scope, use));
    }
    return union(parts);
  },
  CoalesceExpr: (binder, node, scope, use) => all(binder, node.args, scope, use),
  MinMaxExpr: (binder, node, scope, use) => all(binder, node.args, scope, comparing(use)),
  RowExpr: (binder, node, scope, use) => all(binder, node.args, scope, use),
  A_ArrayExpr: (binder, node, scope, use) => all(binder, node.elements, scope, use),
  List: (binder, node, scope, use) => all(binder, node.items, scope, use),
  TypeCast: (binder, node, scope, use) => {
    if (node.typeName !== undefined) checkType(binder, node.typeName);
    return binder.expression(node.arg, scope, use);
  },
  CollateClause: (binder, node, scope, use) => binder.expression(node.arg, scope, use),
  A_Indirection: (binder, node, scope, use) => {
    const parts: Lineage[] = [];
    for (const step of node.indirection ?? []) {
      const field = as(step, 'String')?.sval;
      if (field !== undefined) fieldOf(binder, field, undefined);
      else if (as(step, 'A_Indices') !== undefined) parts.push(binder.expression(step, scope, use));
      else if (as(step, 'A_Star') === undefined) binder.gap('this access can not be checked');
    }
    return union([binder.expression(node.arg, scope, use), ...parts]);
  },
  A_Indices: (binder, node, scope, use) => union([binder.expression(node.lidx, scope, use), binder.expression(node.uidx, scope, use)]),
  NamedArgExpr: (binder, node, scope, use) => binder.expression(node.arg, scope, use),
  MultiAssignRef: (binder, node, scope, use) => binder.expression(node.source, scope, use),
  SortBy: (binder, node, scope, use) => {
    checkOperator(binder, node.useOp, node.location);
    return binder.expression(node.node, scope, use);
  },
  GroupingFunc: (binder, node, scope) => all(binder, node.args, scope, 'group'),
  GroupingSet: (binder, node, scope, use) => all(binder, node.content, scope, use),
  FuncCall: functionCall,
  SubLink: subLink,
  XmlExpr: (binder, node, scope, use) => union([all(binder, node.named_args, scope, use), all(binder, node.args, scope, use)]),
  XmlSerialize: (binder, node, scope, use) => {
    if (node.typeName !== undefined) checkType(binder, node.typeName);
    return binder.expression(node.expr, scope, use);
  },
  ResTarget: (binder, node, scope, use) => binder.expression(node.val, scope, use),
  JsonIsPredicate: (binder, node, scope, use) => binder.expression(node.expr, scope, use),
  JsonValueExpr: jsonValue,
  JsonParseExpr: (binder, node, scope, use) => {
    jsonOutput(binder, node.output);
    return jsonValue(binder, node.expr, scope, use);
  },
  JsonScalarExpr: (binder, node, scope, use) => {
    jsonOutput(binder, node.output);
    return binder.expression(node.expr, scope, use);
  },
  JsonSerializeExpr: (binder, node, scope, use) => {
    jsonOutput(binder, node.output);
    return jsonValue(binder, node.expr, scope, use);
  },
  JsonKeyValue: (binder, node, scope, use) => union([binder.expression(node.key, scope, use), jsonValue(binder, node.value, scope, use)]),
  JsonObjectConstructor: (binder, node, scope, use) => {
    jsonOutput(binder, node.output);
    return all(binder, node.exprs, scope, use);
  },
  JsonArrayConstructor: (binder, node, scope, use) => {
    jsonOutput(binder, node.output);
    return all(binder, node.exprs, scope, use);
  },
  JsonArrayQueryConstructor: (binder, node, scope) => {
    jsonOutput(binder, node.output);
    return node.query === undefined ? CLEAR : union(binder.query(node.query, scope).columns.map((column) => column.lineage));
  },
  JsonObjectAgg: (binder, node, scope, use) =>
    jsonConstructor(binder, node.constructor as NodeOf<'JsonAggConstructor'> | undefined, scope, [
      binder.expression(node.arg?.key, scope, use),
      jsonValue(binder, node.arg?.value, scope, use),
    ]),
  JsonArrayAgg: (binder, node, scope, use) =>
    jsonConstructor(binder, node.constructor as NodeOf<'JsonAggConstructor'> | undefined, scope, [jsonValue(binder, node.arg, scope, use)]),
  JsonFuncExpr: (binder, node, scope, use) => {
    jsonOutput(binder, node.output);
    const passing = (node.passing ?? []).map((item) => jsonValue(binder, as(item, 'JsonArgument')?.val, scope, use));
    return union([
      jsonValue(binder, node.context_item, scope, use),
      binder.expression(node.pathspec, scope, use),
      binder.expression(node.on_empty?.expr, scope, use),
      binder.expression(node.on_error?.expr, scope, use),
      ...passing,
    ]);
  },
};

/**
 * Syntax that an older server does not know: there it is the call of a function of that name, which a user may have made. Source:
 * the release notes of PostgreSQL 16 and 17.
 */
const NEWER_SYNTAX: { readonly [T in NodeType]?: { readonly since: number; readonly names: readonly string[] } } = {
  JsonObjectConstructor: { since: 160000, names: ['json_object'] },
  JsonArrayConstructor: { since: 160000, names: ['json_array'] },
  JsonArrayQueryConstructor: { since: 160000, names: ['json_array'] },
  JsonObjectAgg: { since: 160000, names: ['json_objectagg'] },
  JsonArrayAgg: { since: 160000, names: ['json_arrayagg'] },
  JsonParseExpr: { since: 170000, names: ['json'] },
  JsonScalarExpr: { since: 170000, names: ['json_scalar'] },
  JsonSerializeExpr: { since: 170000, names: ['json_serialize'] },
  JsonFuncExpr: { since: 170000, names: ['json_exists', 'json_query', 'json_value'] },
  MergeSupportFunc: { since: 170000, names: ['merge_action'] },
};

/** The lineage of an expression. Records every column read in it. */
export function walkExpression(binder: Binder, node: Node | undefined, scope: Scope, use: ColumnUse): Lineage {
  if (node === undefined) return CLEAR;
  const { type, fields } = unwrap(node);
  binder.seen.add(fields);
  const newer = NEWER_SYNTAX[type];
  if (
    newer !== undefined &&
    binder.catalog.parts.serverVersion < newer.since &&
    newer.names.some((name) => binder.catalog.hasRoutineNamed(name))
  )
    binder.gap('the server takes this for the call of a user function', (fields as { location?: number }).location);
  const handler = EXPRESSIONS[type] as Handler<NodeType> | undefined;
  if (handler === undefined) {
    binder.gap(`${type} can not be checked here`, (fields as { location?: number }).location);
    return CLEAR;
  }
  return handler(binder, fields as NodeOf<NodeType>, scope, use);
}
