// The name that a result column gets without AS. Source: PostgreSQL, parse_target.c, FigureColname.
import { type Node, type NodeOf, type NodeType, as, names, unwrap } from '../parse/parsed.ts';

export const NO_NAME = '?column?';

/** A weak name gives way to that of a cast or CASE around it. */
interface Found {
  readonly name: string;
  readonly weak?: true;
}

/** Node types that name themselves. */
const OWN_NAMES: { readonly [T in NodeType]?: string } = {
  GroupingFunc: 'grouping',
  MergeSupportFunc: 'merge_action',
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  XmlSerialize: 'xmlserialize',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
};

const strong = (name: string | undefined): Found | undefined => (name === undefined ? undefined : { name });

/** `SVFOP_CURRENT_TIME_N` → `current_time`, `IS_XMLELEMENT` → `xmlelement`, `JSON_VALUE_OP` → `json_value`. */
const spelt = (operation: string | undefined): string | undefined => operation?.replace(/^(?:SVFOP|IS)_|_(?:N|OP)$/gu, '').toLowerCase();

function ofQuery(select: NodeOf<'SelectStmt'> | undefined): string {
  if (select?.larg !== undefined) return ofQuery(select.larg);
  if (select?.valuesLists !== undefined) return 'column1';
  const target = as(select?.targetList?.[0], 'ResTarget');
  return target?.name ?? impliedName(target?.val);
}

function ofSubLink(node: NodeOf<'SubLink'>): Found | undefined {
  if (node.subLinkType === 'EXISTS_SUBLINK') return strong('exists');
  if (node.subLinkType === 'ARRAY_SUBLINK') return strong('array');
  return node.subLinkType === 'EXPR_SUBLINK' ? strong(ofQuery(as(node.subselect, 'SelectStmt'))) : undefined;
}

function ofCast(node: NodeOf<'TypeCast'>): Found | undefined {
  const inner = find(node.arg);
  if (inner !== undefined && inner.weak !== true) return inner;
  const name = names(node.typeName?.names).at(-1);
  return name === undefined ? inner : { name, weak: true };
}

const FINDERS: { readonly [T in NodeType]?: (node: NodeOf<T>) => Found | undefined } = {
  ColumnRef: (node) => strong(names(node.fields).at(-1)),
  A_Indirection: (node) => strong(names(node.indirection).at(-1)) ?? find(node.arg),
  FuncCall: (node) => strong(names(node.funcname).at(-1)),
  A_Expr: (node) => (node.kind === 'AEXPR_NULLIF' ? strong('nullif') : undefined),
  TypeCast: ofCast,
  CollateClause: (node) => find(node.arg),
  SubLink: ofSubLink,
  CaseExpr: (node) => {
    const otherwise = find(node.defresult);
    return otherwise !== undefined && otherwise.weak !== true ? otherwise : { name: 'case', weak: true };
  },
  MinMaxExpr: (node) => strong(node.op === 'IS_LEAST' ? 'least' : 'greatest'),
  SQLValueFunction: (node) => strong(spelt(node.op)),
  XmlExpr: (node) => (node.op === 'IS_DOCUMENT' ? undefined : strong(spelt(node.op))),
  JsonFuncExpr: (node) => strong(spelt(node.op)),
};

function find(node: Node | undefined): Found | undefined {
  if (node === undefined) return undefined;
  const { type, fields } = unwrap(node);
  const finder = FINDERS[type] as ((node: NodeOf<NodeType>) => Found | undefined) | undefined;
  return finder === undefined ? strong(OWN_NAMES[type]) : finder(fields as NodeOf<NodeType>);
}

export const impliedName = (node: Node | undefined): string => find(node)?.name ?? NO_NAME;
