// Statements about the session: settings, transactions, prepared statements, cursors, LISTEN, LOCK, DISCARD.
import { type NodeOf, as } from '../parse/parsed.ts';
import { type Binder, constantText } from './binder.ts';
import { Scope } from './scope.ts';
import { resetAllowed, settingAllowed } from './settings.ts';
import { checkType } from './types.ts';

/** Settings of Gatehouse itself: answered here, never sent on with their values. */
const OWN = /^gatehouse\./u;

export function setVariable(binder: Binder, node: NodeOf<'VariableSetStmt'>, range: { start: number; end: number }): void {
  const { facts } = binder;
  const name = (node.name ?? '').toLowerCase();
  const position = range.start;
  binder.effect('set');
  if (OWN.test(name)) return setOwn(binder, node, name, range);
  switch (node.kind) {
    case 'VAR_SET_VALUE': {
      const values = (node.args ?? []).map((argument) => constantText(argument));
      if (name === 'search_path') return setSearchPath(binder, values, node.is_local === true, range);
      if (!settingAllowed(name, values)) binder.gap(`setting "${name}" may not be changed here`, position);
      return;
    }
    case 'VAR_SET_DEFAULT':
    case 'VAR_RESET':
      if (name === 'search_path') return setSearchPath(binder, 'default', node.is_local === true, range);
      if (!resetAllowed(name)) binder.gap(`setting "${name}" may not be changed here`, position);
      return;
    case 'VAR_SET_MULTI':
      // SET TRANSACTION, SET SESSION CHARACTERISTICS; a snapshot's name comes from another session.
      if (name === 'transaction snapshot') binder.gap('SET TRANSACTION SNAPSHOT can not be checked', position);
      return;
    case 'VAR_RESET_ALL':
      // What the analysis relies on was given at connection start, so a reset gives it back.
      facts.changes.push({ kind: 'searchPath', path: 'default', local: false });
      return;
    default:
      binder.gap('this form of SET can not be checked', position);
  }
}

/** pg_temp stays last whatever the client asks for, so that temporary objects never hide others. */
function setSearchPath(
  binder: Binder,
  path: readonly (string | undefined)[] | 'default',
  local: boolean,
  range: { start: number; end: number },
): void {
  if (path !== 'default') {
    // `"$user"` means the schema of the role's name, if there is one.
    const { role } = binder.catalog.parts;
    const meant = path.flatMap((schema) =>
      schema !== '$user' ? [schema] : role !== undefined && binder.catalog.hasSchema(role) ? [role] : [],
    );
    const schemas = meant.filter((schema) => schema !== undefined && schema !== '');
    if (
      schemas.length !== meant.filter((schema) => schema !== '').length ||
      schemas.some((schema) => schema === undefined || schema === 'pg_temp' || schema.startsWith('pg_temp_') || schema === 'pg_catalog')
    ) {
      binder.gap('search_path may name ordinary schemas only', range.start);
      return;
    }
    const listed = schemas.filter((schema): schema is string => schema !== undefined);
    const quoted = [...listed, 'pg_temp'].map((schema) => `"${schema.replaceAll('"', '""')}"`).join(', ');
    binder.facts.edits.push({ start: range.start, end: range.end, text: `SET ${local ? 'LOCAL ' : ''}search_path TO ${quoted}` });
    binder.facts.changes.push({ kind: 'searchPath', path: listed, local });
    return;
  }
  binder.facts.changes.push({ kind: 'searchPath', path: 'default', local });
}

function setOwn(binder: Binder, node: NodeOf<'VariableSetStmt'>, name: string, range: { start: number; end: number }): void {
  const reset = node.kind === 'VAR_RESET' || node.kind === 'VAR_SET_DEFAULT';
  const value = reset ? undefined : constantText(node.args?.[0]);
  if (!reset && (node.kind !== 'VAR_SET_VALUE' || value === undefined || (node.args ?? []).length !== 1)) {
    binder.gap(`"${name}" takes one text`, range.start);
    return;
  }
  if (node.is_local === true) {
    binder.gap(`"${name}" is set for the session, not with SET LOCAL`, range.start);
    return;
  }
  // A setting of our own prefix with no content keeps the server's answer and the transaction's state as for any SET.
  binder.facts.edits.push({ start: range.start, end: range.end, text: reset ? 'RESET gatehouse.door' : "SET gatehouse.door = ''" });
  if (name === 'gatehouse.justification') binder.facts.changes.push({ kind: 'justification', value: value === '' ? undefined : value });
  else if (name === 'gatehouse.hold' && (value === undefined || value === 'fail' || value === 'wait'))
    binder.facts.changes.push({ kind: 'hold', value });
  else binder.gap(`there is no setting "${name}"; known are gatehouse.justification and gatehouse.hold ('wait' or 'fail')`, range.start);
}

export function transaction(binder: Binder, node: NodeOf<'TransactionStmt'>): void {
  const { facts } = binder;
  binder.effect('transaction');
  switch (node.kind) {
    case 'TRANS_STMT_BEGIN':
    case 'TRANS_STMT_START':
      facts.changes.push({ kind: 'begin' });
      return;
    case 'TRANS_STMT_COMMIT':
    case 'TRANS_STMT_ROLLBACK':
      facts.changes.push({ kind: node.kind === 'TRANS_STMT_COMMIT' ? 'commit' : 'rollback' });
      if (node.chain === true) facts.changes.push({ kind: 'begin' });
      return;
    case 'TRANS_STMT_SAVEPOINT':
      facts.changes.push({ kind: 'savepoint', name: node.savepoint_name ?? '' });
      return;
    case 'TRANS_STMT_RELEASE':
      facts.changes.push({ kind: 'release', name: node.savepoint_name ?? '' });
      return;
    case 'TRANS_STMT_ROLLBACK_TO':
      facts.changes.push({ kind: 'rollbackTo', name: node.savepoint_name ?? '' });
      return;
    default:
      binder.gap('two-phase commit can not be checked', node.location);
  }
}

export function prepare(binder: Binder, node: NodeOf<'PrepareStmt'>, range: { start: number; end: number }): void {
  for (const type of node.argtypes ?? []) {
    const name = as(type, 'TypeName');
    if (name !== undefined) checkType(binder, name);
  }
  if (node.query === undefined) return;
  binder.walkers.statement(binder, node.query, undefined);
  binder.facts.changes.push({ kind: 'prepare', name: node.name ?? '', ...range });
}

export function execute(binder: Binder, node: NodeOf<'ExecuteStmt'>): void {
  const name = node.name ?? '';
  const scope = new Scope(undefined);
  for (const parameter of node.params ?? []) binder.expression(parameter, scope, 'assign');
  if (!binder.session.prepared.has(name)) binder.gap(`prepared statement "${name}" does not exist`, undefined, { sqlstate: '26000' });
  binder.facts.executes = { kind: 'prepared', name };
}

export function deallocate(binder: Binder, node: NodeOf<'DeallocateStmt'>): void {
  binder.effect('set');
  binder.facts.changes.push({ kind: 'deallocate', name: node.isall === true || node.name === undefined ? undefined : node.name });
}

/** DECLARE CURSOR options: bit 5 (0x0020) is WITH HOLD in PostgreSQL 14 and later grammars. */
const CURSOR_OPT_HOLD = 0x0020;

export function declareCursor(binder: Binder, node: NodeOf<'DeclareCursorStmt'>): void {
  if (node.query === undefined) return;
  const result = binder.query(node.query, undefined);
  binder.facts.outputs = result.columns.map((column) => ({ name: column.name, lineage: column.lineage }));
  binder.facts.outputsExact = false;
  binder.facts.changes.push({ kind: 'declare', name: node.portalname ?? '', hold: ((node.options ?? 0) & CURSOR_OPT_HOLD) !== 0 });
}

export function fetchCursor(binder: Binder, node: NodeOf<'FetchStmt'>): void {
  const name = node.portalname ?? '';
  if (!binder.session.cursors.has(name)) binder.gap(`cursor "${name}" does not exist`, undefined, { sqlstate: '34000' });
  binder.facts.kind = node.ismove === true ? 'MOVE' : 'FETCH';
  binder.facts.executes = { kind: 'cursor', name };
}

export function closeCursor(binder: Binder, node: NodeOf<'ClosePortalStmt'>): void {
  binder.effect('set');
  binder.facts.changes.push({ kind: 'closeCursor', name: node.portalname });
}

export function discard(binder: Binder, node: NodeOf<'DiscardStmt'>): void {
  binder.effect('set');
  switch (node.target) {
    case 'DISCARD_TEMP':
      binder.facts.changes.push({ kind: 'discard', what: 'temp' });
      return;
    case 'DISCARD_PLANS':
    case 'DISCARD_SEQUENCES':
      return;
    default:
      binder.facts.changes.push({ kind: 'discard', what: 'all' });
  }
}

export function lockTables(binder: Binder, node: NodeOf<'LockStmt'>): void {
  for (const entry of node.relations ?? []) {
    const range = as(entry, 'RangeVar');
    const relation = range === undefined ? undefined : binder.relation(range);
    if (relation !== undefined) binder.effect('lock', relation);
  }
}
