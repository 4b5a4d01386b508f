// One statement: which walker reads it. Statement types that are in neither table below are refused by their
// head; grammar.ts lists them, and a test compares all lists with the grammar.
import { type Node, type NodeOf, type NodeType, as, unwrap } from '../parse/parsed.ts';
import type { Binder, QueryColumns } from './binder.ts';
import { insert, merge, remove, update } from './change.ts';
import { copy } from './copy.ts';
import {
  alterTable,
  comment,
  createIndex,
  createTable,
  createTableAs,
  createView,
  drop,
  grant,
  newObject,
  renamed,
  simpleChange,
  truncate,
} from './definition.ts';
import type { Scope, ScopeColumn } from './scope.ts';
import { selectQuery } from './select.ts';
import {
  closeCursor,
  deallocate,
  declareCursor,
  discard,
  execute,
  fetchCursor,
  lockTables,
  prepare,
  setVariable,
  transaction,
} from './session-statement.ts';

interface Range {
  readonly start: number;
  readonly end: number;
}

type Walk<T extends NodeType> = (binder: Binder, node: NodeOf<T>, range: Range, parent: Scope | undefined) => void;

function outputs(binder: Binder, result: QueryColumns | undefined): void {
  if (result === undefined) return;
  binder.facts.outputs = result.columns.map(({ name, lineage, direct }) => ({
    name,
    lineage,
    ...(direct === undefined ? {} : { direct }),
  }));
  binder.facts.outputsExact = result.exact;
}

const changed =
  <N>(kind: string, walk: (binder: Binder, node: N, parent: Scope | undefined) => readonly ScopeColumn[] | undefined) =>
  (binder: Binder, node: N, _range: Range, parent: Scope | undefined): void => {
    binder.facts.kind = kind;
    binder.facts.estimate = true;
    const columns = walk(binder, node, parent);
    outputs(binder, columns === undefined ? undefined : { columns, exact: true });
  };

const defined =
  <N>(kind: string, walk: (binder: Binder, node: N) => void) =>
  (binder: Binder, node: N): void => {
    binder.facts.kind = kind;
    walk(binder, node);
  };

function select(binder: Binder, node: NodeOf<'SelectStmt'>, _range: Range, parent: Scope | undefined): void {
  if (node.intoClause !== undefined) {
    const { intoClause, ...query } = node;
    binder.facts.kind = 'SELECT';
    binder.effect('select');
    createTableAs(binder, { SelectStmt: query } as Node, intoClause, 'table');
    return;
  }
  outputs(binder, selectQuery(binder, node, parent));
  if (binder.facts.effects.length === 0) binder.effect('select');
}

/** What EXPLAIN without ANALYZE plans but does not do. */
const UNDONE: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge', 'lock']);

function explain(binder: Binder, node: NodeOf<'ExplainStmt'>, range: Range): void {
  let analyze = false;
  for (const entry of node.options ?? []) {
    const option = as(entry, 'DefElem');
    const value = as(option?.arg, 'String')?.sval ?? as(option?.arg, 'Integer')?.ival;
    if (option?.defname === 'analyze') analyze = !(value === 'off' || value === 'false' || value === 0 || value === '0');
  }
  if (node.query === undefined) return;
  const { type } = unwrap(node.query);
  if (type === 'ExecuteStmt') binder.gap('EXPLAIN EXECUTE can not be checked; explain the statement itself');
  walkStatement(binder, node.query, undefined, range);
  // Without ANALYZE nothing is done: only reading and explaining remain of its effects.
  if (!analyze)
    binder.facts.effects = binder.facts.effects.map((effect) => (UNDONE.has(effect.action) ? { ...effect, action: 'select' } : effect));
  binder.effect('explain');
  binder.facts.kind = 'EXPLAIN';
  binder.facts.analyze = analyze;
  binder.facts.estimate = false;
  binder.facts.outputs = undefined;
  binder.facts.changes = [];
}

function call(binder: Binder, node: NodeOf<'CallStmt'>): void {
  binder.facts.kind = 'CALL';
  const name = (node.funccall?.funcname ?? []).flatMap((part) => as(part, 'String')?.sval ?? []);
  binder.facts.opaque.push({
    schema: name.length > 1 ? (name[0] ?? '') : 'public',
    name: name.at(-1) ?? '',
    position: node.funccall?.location,
  });
  if (node.funccall !== undefined)
    binder.query(
      { SelectStmt: { targetList: [{ ResTarget: { val: { FuncCall: node.funccall } } }], op: 'SETOP_NONE' } } as Node,
      undefined,
    );
}

/** What it finds wrong (a value that breaks an index) it may quote, so the relation counts as one that is changed. */
function maintenance(binder: Binder, range: NodeOf<'RangeVar'> | undefined): void {
  // The name of REINDEX may be an index's, which is in no snapshot.
  if (range !== undefined) binder.seen.add(range);
  const relation = range === undefined ? undefined : binder.findRelation(range.schemaname, range.relname ?? '');
  if (relation !== undefined) binder.facts.targets.push({ relation, start: range?.location ?? 0 });
  else binder.facts.quotesAnything = true;
  binder.effect('maintenance', relation);
}

/** As the server's command tags say it. */
const TRANSACTION_KINDS: Readonly<Record<string, string>> = {
  TRANS_STMT_BEGIN: 'BEGIN',
  TRANS_STMT_START: 'START TRANSACTION',
  TRANS_STMT_COMMIT: 'COMMIT',
  TRANS_STMT_ROLLBACK: 'ROLLBACK',
  TRANS_STMT_SAVEPOINT: 'SAVEPOINT',
  TRANS_STMT_RELEASE: 'RELEASE',
  TRANS_STMT_ROLLBACK_TO: 'ROLLBACK',
};

export const STATEMENTS: { readonly [T in NodeType]?: Walk<T> } = {
  SelectStmt: select,
  InsertStmt: changed('INSERT', insert),
  UpdateStmt: changed('UPDATE', update),
  DeleteStmt: changed('DELETE', remove),
  MergeStmt: changed('MERGE', merge),
  CopyStmt: copy,
  ExplainStmt: explain,
  CallStmt: call,
  VariableSetStmt: (binder, node, range) => {
    binder.facts.kind = node.kind === 'VAR_RESET' || node.kind === 'VAR_RESET_ALL' ? 'RESET' : 'SET';
    setVariable(binder, node, range);
  },
  VariableShowStmt: (binder, node) => {
    binder.facts.kind = 'SHOW';
    binder.effect('select');
    if (/^gatehouse\./iu.test(node.name ?? '')) binder.gap('settings of Gatehouse are not shown');
  },
  TransactionStmt: (binder, node) => {
    binder.facts.kind = TRANSACTION_KINDS[node.kind ?? ''] ?? 'TRANSACTION';
    transaction(binder, node);
  },
  PrepareStmt: (binder, node, range) => {
    prepare(binder, node, range);
    binder.facts.kind = 'PREPARE';
  },
  ExecuteStmt: defined('EXECUTE', execute),
  DeallocateStmt: defined('DEALLOCATE', deallocate),
  DeclareCursorStmt: defined('DECLARE CURSOR', declareCursor),
  FetchStmt: fetchCursor,
  ClosePortalStmt: defined('CLOSE CURSOR', closeCursor),
  DiscardStmt: defined('DISCARD', discard),
  ListenStmt: defined('LISTEN', (binder) => binder.effect('listen')),
  UnlistenStmt: defined('UNLISTEN', (binder) => binder.effect('set')),
  NotifyStmt: defined('NOTIFY', (binder) => binder.effect('listen')),
  LockStmt: defined('LOCK TABLE', lockTables),
  ConstraintsSetStmt: defined('SET CONSTRAINTS', (binder) => binder.effect('set')),
  CheckPointStmt: defined('CHECKPOINT', (binder) => binder.effect('maintenance')),
  VacuumStmt: defined('VACUUM', (binder, node: NodeOf<'VacuumStmt'>) => {
    for (const entry of node.rels ?? []) {
      const range = as(entry, 'VacuumRelation')?.relation;
      if (range !== undefined) binder.relation(range);
      maintenance(binder, range);
    }
    if ((node.rels ?? []).length === 0) maintenance(binder, undefined);
  }),
  CreateStmt: defined('CREATE TABLE', createTable),
  CreateTableAsStmt: (binder, node) => {
    binder.facts.kind = 'SELECT';
    if (node.query === undefined) return;
    if (unwrap(node.query).type !== 'SelectStmt') binder.gap('CREATE TABLE AS EXECUTE can not be checked');
    else createTableAs(binder, node.query, node.into, node.objtype === 'OBJECT_MATVIEW' ? 'materialized' : 'table');
  },
  ViewStmt: defined('CREATE VIEW', createView),
  AlterTableStmt: defined('ALTER TABLE', alterTable),
  IndexStmt: defined('CREATE INDEX', createIndex),
  DropStmt: defined('DROP', drop),
  TruncateStmt: defined('TRUNCATE TABLE', truncate),
  CommentStmt: defined('COMMENT', comment),
  GrantStmt: defined('GRANT', grant),
  GrantRoleStmt: defined('GRANT ROLE', (binder) => binder.effect('grant')),
  RenameStmt: defined('ALTER TABLE', (binder, node: NodeOf<'RenameStmt'>) => renamed(binder, node.renameType, node)),
  AlterObjectSchemaStmt: defined('ALTER TABLE', (binder, node: NodeOf<'AlterObjectSchemaStmt'>) => renamed(binder, node.objectType, node)),
  AlterOwnerStmt: defined('ALTER TABLE', simpleChange('alter')),
  RefreshMatViewStmt: defined('REFRESH MATERIALIZED VIEW', (binder, node: NodeOf<'RefreshMatViewStmt'>) => {
    if (node.relation !== undefined) binder.relation(node.relation);
    maintenance(binder, node.relation);
  }),
  ReindexStmt: defined('REINDEX', (binder, node: NodeOf<'ReindexStmt'>) => maintenance(binder, node.relation)),
  ClusterStmt: defined('CLUSTER', (binder, node: NodeOf<'ClusterStmt'>) => maintenance(binder, node.relation)),
  CreateSchemaStmt: defined('CREATE SCHEMA', (binder, node: NodeOf<'CreateSchemaStmt'>) => {
    if ((node.schemaElts ?? []).length > 0) binder.gap('create the objects of a schema by statements of their own');
    simpleChange('create')(binder, {});
  }),
  CreateSeqStmt: defined('CREATE SEQUENCE', (binder, node: NodeOf<'CreateSeqStmt'>) => {
    newObject(binder, node.sequence);
    simpleChange('create')(binder, {});
  }),
  AlterSeqStmt: defined('ALTER SEQUENCE', (binder, node: NodeOf<'AlterSeqStmt'>) =>
    simpleChange('alter')(binder, node.sequence === undefined ? {} : { relation: node.sequence }),
  ),
  CreateEnumStmt: defined('CREATE TYPE', (binder) => simpleChange('create')(binder, {})),
  AlterEnumStmt: defined('ALTER TYPE', (binder) => simpleChange('alter')(binder, {})),
  CompositeTypeStmt: defined('CREATE TYPE', (binder, node: NodeOf<'CompositeTypeStmt'>) => {
    newObject(binder, node.typevar);
    simpleChange('create')(binder, {});
  }),
};

/** Statement types that are understood and refused on purpose, with what the client is told. */
export const REFUSED_STATEMENTS: Readonly<Record<string, string>> = {
  DoStmt: 'DO runs code that can not be checked',
  LoadStmt: 'LOAD runs code that can not be checked',
  CreateFunctionStmt: 'functions and procedures are created outside Gatehouse',
  CreateTrigStmt: 'triggers are created outside Gatehouse',
  RuleStmt: 'rules are created outside Gatehouse',
};

export function walkStatement(binder: Binder, node: Node, parent: Scope | undefined, range: Range): void {
  const { type, fields } = unwrap(node);
  const walk = STATEMENTS[type] as Walk<NodeType> | undefined;
  if (walk === undefined) {
    binder.gap(REFUSED_STATEMENTS[type] ?? `${type.replace(/Stmt$/u, '')} statements are not allowed through Gatehouse`, range.start);
    return;
  }
  walk(binder, fields as NodeOf<NodeType>, range, parent);
}

/** Any query, for subqueries and common tables: SELECT or a change with RETURNING. */
export function walkQuery(binder: Binder, node: Node, parent: Scope | undefined): QueryColumns {
  const { type, fields } = unwrap(node);
  const columns = (found: readonly ScopeColumn[] | undefined): QueryColumns => ({ columns: found ?? [], exact: true });
  switch (type) {
    case 'SelectStmt':
      return selectQuery(binder, fields as NodeOf<'SelectStmt'>, parent);
    case 'InsertStmt':
      return columns(insert(binder, fields as NodeOf<'InsertStmt'>, parent));
    case 'UpdateStmt':
      return columns(update(binder, fields as NodeOf<'UpdateStmt'>, parent));
    case 'DeleteStmt':
      return columns(remove(binder, fields as NodeOf<'DeleteStmt'>, parent));
    case 'MergeStmt':
      return columns(merge(binder, fields as NodeOf<'MergeStmt'>, parent));
    default:
      binder.gap(`${type} can not be used as a query`);
      return { columns: [], exact: false };
  }
}
