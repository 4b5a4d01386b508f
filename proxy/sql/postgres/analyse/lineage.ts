// Lineage: the base columns that a value depends on. Columns are compared by identity, so each is made once per snapshot.
import type { CatalogColumn, CatalogRelation } from '../catalog/catalog.ts';
import { isOwnRowColumn } from '../catalog/system-relations.ts';

export interface SourceColumn {
  readonly relation: CatalogRelation;
  readonly column: CatalogColumn;
}

export type Lineage = ReadonlySet<SourceColumn>;

/** Does the column show other people's statements unless rewriting limits it to the session's own row? */
export const isOthersColumn = ({ relation, column }: SourceColumn): boolean =>
  relation.schema === 'pg_catalog' && isOwnRowColumn(relation.name, column.name);

export const CLEAR: Lineage = new Set();

const interned = new WeakMap<CatalogColumn, SourceColumn>();

export function sourceOf(relation: CatalogRelation, column: CatalogColumn): SourceColumn {
  const known = interned.get(column);
  if (known !== undefined) return known;
  const made: SourceColumn = { relation, column };
  interned.set(column, made);
  return made;
}

export function union(lineages: Iterable<Lineage>): Lineage {
  let result: Lineage = CLEAR;
  let own: Set<SourceColumn> | undefined;
  for (const lineage of lineages) {
    if (lineage.size === 0 || lineage === result) continue;
    if (result.size === 0) {
      result = lineage;
      continue;
    }
    own ??= new Set(result);
    for (const source of lineage) own.add(source);
    result = own;
  }
  return result;
}
