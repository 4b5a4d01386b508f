// Rewrites a statement so that it can only see masks: each reference to a governed relation becomes a subselect over the
// same reference with mask expressions in place. Source: design, "Masking", how (PostgreSQL).
import type { ReturningItem, StatementFacts } from '../analyse/facts.ts';
import type { Reference } from '../analyse/scope.ts';
import type { SourceColumn } from '../analyse/lineage.ts';
import { sourceOf } from '../analyse/lineage.ts';
import type { Edit } from './edits.ts';
import { isOwnRowColumn } from '../catalog/system-relations.ts';
import { type MaskedColumn, quoteIdentifier } from './mask-expression.ts';

/** The mask of a column for this principal, or undefined when it is clear. */
export type MaskOf = (source: SourceColumn) => MaskedColumn | undefined;

/** An edit that shows a governed relation under masks; what stands inside it is trusted by verification. */
export interface MaskEdit extends Edit {
  readonly trusted: boolean;
}

/** Must this reference be replaced? */
export function isGoverned(reference: Pick<Reference, 'relation'>, maskOf: MaskOf): boolean {
  const { relation } = reference;
  return relation.columns.some((column) => maskOf(sourceOf(relation, column)) !== undefined || isOwnRowColumn(relation.name, column.name));
}

function columnList(reference: Reference, maskOf: MaskOf): string {
  const { relation } = reference;
  return relation.columns
    .map((column) => {
      const name = quoteIdentifier(column.name);
      if (relation.schema === 'pg_catalog' && isOwnRowColumn(relation.name, column.name)) {
        return `case when pid operator(pg_catalog.=) pg_catalog.pg_backend_pid() then ${name} end as ${name}`;
      }
      const mask = maskOf(sourceOf(relation, column));
      return mask === undefined ? name : `${mask.sql} as ${name}`;
    })
    .join(', ');
}

function subselect(reference: Reference, maskOf: MaskOf, original: Buffer): string {
  const { relation, sample } = reference;
  const name = `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)}`;
  const sampled = sample === undefined ? '' : ` ${original.toString('utf8', sample.start, sample.end)}`;
  return `(select ${columnList(reference, maskOf)} from ${reference.only ? 'only ' : ''}${name}${sampled})`;
}

function returningEdit(item: ReturningItem, maskOf: MaskOf): MaskEdit | undefined {
  if (!item.columns.some(({ source }) => maskOf(source) !== undefined)) return undefined;
  const qualifier = quoteIdentifier(item.qualifier);
  const text = item.columns
    .map(({ name, source }) => {
      const quoted = quoteIdentifier(name);
      const mask = maskOf(source);
      const label = item.name === undefined ? ` as ${quoted}` : '';
      return mask === undefined ? `${qualifier}.${quoted}` : `${mask.sql}${label}`;
    })
    .join(', ');
  return { start: item.start, end: item.end, text, trusted: true };
}

/** The edits for one statement. Pure; the caller splices and verifies. */
export function maskEdits(facts: StatementFacts, maskOf: MaskOf, original: Buffer): MaskEdit[] {
  const edits: MaskEdit[] = facts.edits.map((edit) => ({ ...edit, trusted: false }));
  const replaced = new Set<Reference>();
  for (const reference of facts.references) {
    // Also where no column seems to be read: masking must not hang on what a name was taken to mean.
    if (!isGoverned(reference, maskOf)) continue;
    replaced.add(reference);
    const alias = reference.hasAlias ? '' : ` ${quoteIdentifier(reference.alias)}`;
    edits.push({ start: reference.start, end: reference.end, text: `${subselect(reference, maskOf, original)}${alias}`, trusted: true });
    if (reference.sample !== undefined) edits.push({ ...reference.sample, text: '', trusted: false });
    if (reference.tableCommand !== undefined) edits.push({ ...reference.tableCommand, text: 'select * from', trusted: false });
  }
  const dropped = new Set<number>();
  for (const column of facts.qualifiedColumns) {
    if (!replaced.has(column.reference) || dropped.has(column.start)) continue;
    dropped.add(column.start);
    edits.push({ start: column.start, end: column.end, text: '', trusted: false });
  }
  for (const grouping of facts.keyGroupings) {
    if (!replaced.has(grouping.reference)) continue;
    const alias = quoteIdentifier(grouping.reference.alias);
    const text = [...grouping.columns].map((column) => `${alias}.${quoteIdentifier(column)}, `).join('');
    edits.push({ start: grouping.insertAt, end: grouping.insertAt, text, trusted: false });
  }
  for (const item of facts.returning) {
    const edit = returningEdit(item, maskOf);
    if (edit !== undefined) edits.push(edit);
  }
  const { copied } = facts;
  if (copied !== undefined && isGoverned(copied.reference, maskOf)) {
    const listed = copied.columns.map(quoteIdentifier).join(', ');
    const text = `(select ${listed} from ${subselect(copied.reference, maskOf, original)} ${quoteIdentifier(copied.reference.alias)})`;
    edits.push({ start: copied.reference.start, end: copied.end, text, trusted: true });
  }
  return edits;
}
