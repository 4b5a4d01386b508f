// COPY: to the client (a read) and from the client (a write). Files and programs of the server are refused.
import { type NodeOf, names } from '../parse/parsed.ts';
import { isSystemSchema } from '../catalog/catalog.ts';
import type { Binder } from './binder.ts';
import { columnsOf, locate } from './from.ts';
import { Scope } from './scope.ts';

export function copy(binder: Binder, node: NodeOf<'CopyStmt'>): void {
  const { facts } = binder;
  facts.kind = 'COPY';
  if (node.is_program === true || node.filename !== undefined) {
    binder.gap('COPY may only go to or come from the client (STDOUT, STDIN)');
    return;
  }
  if (node.query !== undefined) {
    binder.query(node.query, undefined);
    binder.effect('copyOut');
    return;
  }
  const relation = node.relation === undefined ? undefined : binder.relation(node.relation);
  if (relation === undefined || node.relation === undefined) return;
  const listed = names(node.attlist);
  if (node.is_from === true) {
    if (isSystemSchema(relation.schema)) binder.gap(`"${relation.schema}.${relation.name}" may not be changed`, node.relation.location);
    facts.targets.push({ relation, start: node.relation.location ?? 0 });
    binder.effect('copyIn', relation, { rows: 'unknown', ...(listed.length === 0 ? {} : { columns: listed }) });
    const scope = new Scope(undefined);
    scope.items.push({
      columns: columnsOf(relation, undefined),
      relations: [{ alias: relation.name, columns: columnsOf(relation, undefined) }],
    });
    binder.expression(node.whereClause, scope, 'condition');
    return;
  }
  binder.effect('copyOut', relation);
  binder.effect('select', relation);
  const place = locate(binder, node.relation);
  if (place === undefined) {
    binder.gap('the table of this COPY can not be placed', node.relation.location);
    return;
  }
  const reference = { relation, only: false, start: place.start, end: place.end, alias: relation.name, hasAlias: false, used: true };
  const { tokens } = binder;
  let last = tokens.endOfName(tokens.at(place.start));
  if (listed.length > 0 && tokens.text(last + 1) === '(') last = tokens.closing(last + 1);
  // COPY leaves generated columns out.
  const columns =
    listed.length > 0 ? listed : relation.columns.filter((column) => column.generated === undefined).map((column) => column.name);
  for (const name of listed) {
    if (!relation.columns.some((column) => column.name === name))
      binder.gap(`column "${name}" does not exist`, node.relation.location, { sqlstate: '42703', stale: true });
  }
  facts.copied = { reference, columns, end: tokens.end(last) };
  for (const column of columnsOf(relation, undefined)) if (columns.includes(column.name)) binder.use(column.lineage, 'output');
}
