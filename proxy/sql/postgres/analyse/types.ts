// Types and operators named in a statement: what the server ships or what only describes data is fine; what runs a user's
// code (casts, domains with checks, operators) is opaque.
import { type Node, type NodeOf, names } from '../parse/parsed.ts';
import type { Binder } from './binder.ts';

/** Type names that the grammar allows without being in pg_type. */
const PSEUDO = new Set(['setof', 'serial', 'serial2', 'serial4', 'serial8', 'bigserial', 'smallserial']);

export function checkType(binder: Binder, type: NodeOf<'TypeName'>): void {
  const name = names(type.names);
  const last = name.at(-1) ?? '';
  if (type.pct_type === true) {
    binder.gap('a type taken from a column (%TYPE) can not be checked', type.location);
    return;
  }
  const found = binder.type(name);
  if (found === undefined) {
    if (name.length === 1 && PSEUDO.has(last)) return;
    const temporary = name.length === 1 && binder.session.temporary.has(last);
    if (!temporary) binder.gap(`type "${name.join('.')}" does not exist`, type.location, { sqlstate: '42704', stale: true });
    return;
  }
  if (found.kind === 'd' && found.hasChecks) {
    binder.facts.opaque.push({ schema: found.schema, name: found.name, position: type.location });
  }
  if (binder.catalog.castRunsUserCode(found.oid)) {
    binder.facts.opaque.push({ schema: found.schema, name: found.name, position: type.location });
  }
}

/** `operName` of the grammar: a possibly qualified operator name. */
export function checkOperator(binder: Binder, operator: readonly Node[] | undefined, position: number | undefined): void {
  if (operator === undefined || operator.length === 0) return;
  const parts = names(operator);
  const name = parts.at(-1) ?? '';
  const schema = parts.length > 1 ? parts[0] : undefined;
  if (schema === 'pg_catalog' && !binder.catalog.isUserOperator(name)) return;
  // `between` and `~~`-style keyword forms give the name of a built-in or a word; neither can be a user's operator then.
  if (schema !== undefined || binder.catalog.isUserOperator(name)) {
    binder.facts.opaque.push({ schema: schema ?? 'public', name: `operator ${name}`, position });
  }
}
