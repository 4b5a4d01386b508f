// SELECT, VALUES, set operations and WITH. Source: PostgreSQL's parse_clause.c for what ORDER BY and GROUP BY items mean.
import { type Node, type NodeOf, as, names } from '../parse/parsed.ts';
import type { Binder, QueryColumns } from './binder.ts';
import { read, resolveColumn } from './column-reference.ts';
import { fromClause, rename } from './from.ts';
import { windowDefinition } from './function-call.ts';
import { impliedName, NO_NAME } from './implied-name.ts';
import { keyGrouping } from './key-grouping.ts';
import { CLEAR, type Lineage, union } from './lineage.ts';
import { Scope, type ScopeColumn } from './scope.ts';

/** Defines the common tables of WITH in the scope. */
export function withClause(binder: Binder, clause: NodeOf<'WithClause'> | undefined, scope: Scope): void {
  for (const entry of clause?.ctes ?? []) {
    const table = as(entry, 'CommonTableExpr');
    if (table?.ctequery === undefined) continue;
    const name = table.ctename ?? '';
    if (table.search_clause !== undefined || table.cycle_clause !== undefined) {
      binder.gap('SEARCH and CYCLE can not be checked', table.location);
    }
    const aliases = names(table.aliascolnames);
    const select = as(table.ctequery, 'SelectStmt');
    const recursive = clause?.recursive === true && select?.larg !== undefined && select.rarg !== undefined;
    if (recursive && select?.larg !== undefined) recursiveTable(binder, name, aliases, select.larg, table.ctequery, scope);
    else define(name, aliases, binder.query(table.ctequery, scope), scope);
  }
}

function define(name: string, aliases: readonly string[], result: QueryColumns, scope: Scope): void {
  const open = result.exact ? undefined : union(result.columns.map((column) => column.lineage));
  scope.define(name, { columns: rename(result.columns, open, aliases), ...(open === undefined ? {} : { open }) });
}

/** Columns of a recursive table depend on themselves: repeat until nothing is added. */
function recursiveTable(
  binder: Binder,
  name: string,
  aliases: readonly string[],
  first: NodeOf<'SelectStmt'>,
  query: Node,
  scope: Scope,
): void {
  const references = binder.facts.references.length;
  define(name, aliases, binder.query({ SelectStmt: first } as Node, scope), scope);
  for (let round = 0, before = -1; round < 10; round += 1) {
    // Each round walks the same text again: its references are kept once.
    binder.facts.references.splice(references);
    const result = binder.query(query, scope);
    define(name, aliases, result, scope);
    const size = result.columns.reduce((sum, column) => sum + column.lineage.size, 0);
    if (size === before) return;
    before = size;
  }
}

function targetColumns(binder: Binder, targets: readonly Node[] | undefined, scope: Scope): QueryColumns {
  const columns: ScopeColumn[] = [];
  let exact = true;
  for (const entry of targets ?? []) {
    const target = as(entry, 'ResTarget');
    const reference = as(target?.val, 'ColumnRef');
    const star = reference !== undefined && as(reference.fields?.at(-1), 'A_Star') !== undefined;
    if (reference !== undefined && star && reference.fields?.length === 1) {
      for (const item of scope.items) {
        columns.push(...item.columns);
        if (item.open !== undefined) {
          exact = false;
          columns.push({ name: '*', lineage: item.open });
        }
      }
      read(columns);
      binder.use(union(columns.map((column) => column.lineage)), 'output', reference.location);
    } else if (reference !== undefined) {
      const found = resolveColumn(binder, reference, scope);
      read(found);
      binder.use(union(found.map((column) => column.lineage)), 'output', reference.location);
      if (star) {
        if (found.some((column) => column.name === '*')) exact = false;
        columns.push(...found);
      } else {
        const [only] = found;
        const name = target?.name ?? lastName(reference);
        columns.push(
          found.length === 1 && only !== undefined ? { ...only, name } : { name, lineage: union(found.map((column) => column.lineage)) },
        );
      }
    } else {
      // `(row).*` has an unknown number of columns.
      if (as(as(target?.val, 'A_Indirection')?.indirection?.at(-1), 'A_Star') !== undefined) exact = false;
      columns.push({ name: target?.name ?? impliedName(target?.val), lineage: binder.expression(target?.val, scope, 'output') });
    }
  }
  return { columns, exact };
}

const lastName = (reference: NodeOf<'ColumnRef'>): string => names(reference.fields).at(-1) ?? NO_NAME;

/** The output column that an ORDER BY or GROUP BY item means by number or name, if it does. */
function outputMeant(node: Node, outputs: QueryColumns, scope: Scope, preferInput: boolean): ScopeColumn | undefined {
  const number = as(node, 'A_Const')?.ival;
  if (number !== undefined) return outputs.exact ? outputs.columns[(number.ival ?? 0) - 1] : undefined;
  const fields = as(node, 'ColumnRef')?.fields;
  const name = fields?.length === 1 ? as(fields[0], 'String')?.sval : undefined;
  if (name === undefined) return undefined;
  if (preferInput && scope.column(name) !== undefined) return undefined;
  return outputs.columns.find((column) => column.name === name);
}

/**
 * Grouping by values that the result shows hides nothing: every masked group is seen to be one. Only what is grouped by
 * without being shown is a use.
 */
function hidden(lineage: Lineage, outputs: QueryColumns): Lineage {
  const shown = union(outputs.columns.map((column) => column.lineage));
  return new Set([...lineage].filter((source) => !shown.has(source)));
}

function sortedBy(binder: Binder, nodes: readonly Node[] | undefined, outputs: QueryColumns, scope: Scope): void {
  for (const node of nodes ?? []) {
    const inner = as(node, 'SortBy')?.node ?? node;
    const meant = outputMeant(inner, outputs, scope, false);
    if (meant !== undefined) {
      read([meant]);
      binder.use(meant.lineage, 'order');
    } else if (as(inner, 'A_Const')?.ival !== undefined) {
      // A number that could not be mapped may mean any output.
      binder.use(union(outputs.columns.map((column) => column.lineage)), 'order');
    } else binder.expression(node, scope, 'order');
  }
}

function groupedBy(binder: Binder, nodes: readonly Node[] | undefined, outputs: QueryColumns, scope: Scope): void {
  for (const node of nodes ?? []) {
    const set = as(node, 'GroupingSet');
    if (set !== undefined) groupedBy(binder, set.content, outputs, scope);
    else if (outputMeant(node, outputs, scope, true) === undefined) {
      // Read as an output first: what it shares with the result's columns is shown.
      const lineage =
        as(node, 'A_Const')?.ival === undefined
          ? binder.expression(node, scope, 'output')
          : union(outputs.columns.map((column) => column.lineage));
      binder.use(hidden(lineage, outputs), 'group', as(node, 'ColumnRef')?.location);
    }
  }
}

function locking(binder: Binder, select: NodeOf<'SelectStmt'>, scope: Scope): void {
  for (const entry of select.lockingClause ?? []) {
    const ranges = (as(entry, 'LockingClause')?.lockedRels ?? []).flatMap((range) => as(range, 'RangeVar') ?? []);
    for (const range of ranges) binder.seen.add(range);
    const named = ranges.map((range) => range.relname);
    for (const item of scope.items) {
      for (const relation of item.relations) {
        if (relation.base !== undefined && (named.length === 0 || named.includes(relation.alias))) binder.effect('lock', relation.base);
      }
    }
    if (!binder.facts.effects.some((effect) => effect.action === 'lock')) binder.effect('lock');
  }
}

function setOperation(binder: Binder, select: NodeOf<'SelectStmt'>, scope: Scope): QueryColumns {
  const left = selectColumns(binder, select.larg ?? {}, new Scope(scope));
  const right = selectColumns(binder, select.rarg ?? {}, new Scope(scope));
  const exact = left.exact && right.exact;
  const columns = left.columns.map((column, i): ScopeColumn => {
    const other = exact ? (right.columns[i]?.lineage ?? CLEAR) : union(right.columns.map((each) => each.lineage));
    return { name: column.name, lineage: union([column.lineage, other]) };
  });
  const result: QueryColumns = {
    columns: exact ? columns : [...columns, ...right.columns.map(({ name, lineage }) => ({ name, lineage }))],
    exact,
  };
  return result;
}

function selectColumns(binder: Binder, select: NodeOf<'SelectStmt'>, scope: Scope): QueryColumns {
  withClause(binder, select.withClause, scope);
  let outputs: QueryColumns;
  if (select.op !== undefined && select.op !== 'SETOP_NONE') outputs = setOperation(binder, select, scope);
  else if (select.valuesLists !== undefined) {
    const rows = select.valuesLists.map((row) => (as(row, 'List')?.items ?? []).map((value) => binder.expression(value, scope, 'output')));
    outputs = {
      columns: (rows[0] ?? []).map((_, i) => ({ name: `column${i + 1}`, lineage: union(rows.map((row) => row[i] ?? CLEAR)) })),
      exact: true,
    };
  } else {
    fromClause(binder, select.fromClause, scope);
    binder.expression(select.whereClause, scope, 'condition');
    outputs = targetColumns(binder, select.targetList, scope);
    groupedBy(binder, select.groupClause, outputs, scope);
    binder.expression(select.havingClause, scope, 'condition');
    for (const window of select.windowClause ?? []) {
      const definition = as(window, 'WindowDef');
      if (definition !== undefined) windowDefinition(binder, definition, scope);
    }
    keyGrouping(binder, select, outputs, scope);
    locking(binder, select, scope);
    const distinct = select.distinctClause;
    if (distinct !== undefined) {
      const expressions = distinct.filter((node) => Object.keys(node).length > 0);
      if (expressions.length > 0) groupedBy(binder, expressions, outputs, scope);
    }
  }
  const setOperationOutputs = select.op !== undefined && select.op !== 'SETOP_NONE';
  const sortScope = setOperationOutputs ? outputScope(outputs, scope) : scope;
  sortedBy(binder, select.sortClause, outputs, sortScope);
  binder.expression(select.limitCount, scope, 'condition');
  binder.expression(select.limitOffset, scope, 'condition');
  return outputs;
}

function outputScope(outputs: QueryColumns, scope: Scope): Scope {
  const only = new Scope(scope.parent);
  only.items.push({ columns: outputs.columns, relations: [] });
  return only;
}

/** Analyses a query; the result's columns with their lineage. */
export function selectQuery(binder: Binder, select: NodeOf<'SelectStmt'>, parent: Scope | undefined): QueryColumns {
  if (select.intoClause !== undefined) binder.gap('SELECT INTO is only checked as a statement of its own');
  return selectColumns(binder, select, new Scope(parent));
}
