// The schema tree, the columns of a relation, and all tagged columns: the catalog's snapshot as the person sees it.
import type { ColumnInfo, SchemaTree, TaggedColumn } from '../../../contracts/ui.ts';
import type { Visibility } from '../../checkpoint/postgres/visibility.ts';
import { type Catalog, type CatalogRelation, isSystemSchema, type RelationKind } from '../../sql/postgres/catalog/catalog.ts';

type Kind = SchemaTree['schemas'][number]['relations'][number]['kind'];

const KINDS: Readonly<Partial<Record<RelationKind, Kind>>> = {
  table: 'table',
  partitioned: 'partitioned',
  view: 'view',
  materialized: 'materialized',
  foreign: 'foreign',
  sequence: 'sequence',
};

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

const trees = new WeakMap<Visibility, SchemaTree>();

export function schemaTree(visibility: Visibility): SchemaTree {
  const known = trees.get(visibility);
  if (known !== undefined) return known;
  const { catalog } = visibility;
  const schemas = new Map<string, SchemaTree['schemas'][number]['relations'][number][]>();
  for (const schema of catalog.parts.schemas) if (!isSystemSchema(schema)) schemas.set(schema, []);
  for (const relation of catalog.parts.relations) {
    const kind = KINDS[relation.kind];
    if (kind === undefined) continue;
    schemas.get(relation.schema)?.push({ name: relation.name, kind, masked: visibility.maskedCount(relation) });
  }
  const tree = { schemas: [...schemas].map(([name, relations]) => ({ name, relations: relations.sort(byName) })).sort(byName) };
  trees.set(visibility, tree);
  return tree;
}

export function columnsOf(visibility: Visibility, relation: CatalogRelation): ColumnInfo[] {
  return visibility.columns(relation).map(({ column, tags, masked }) => ({
    name: column.name,
    type: column.typeText,
    notNull: column.notNull,
    primaryKey: relation.primaryKey.includes(column.attribute),
    tags,
    masked,
  }));
}

export function taggedColumns(visibility: Visibility): TaggedColumn[] {
  const found: TaggedColumn[] = [];
  for (const relation of visibility.catalog.parts.relations) {
    if (isSystemSchema(relation.schema) || KINDS[relation.kind] === undefined) continue;
    for (const { column, tags, masked } of visibility.columns(relation)) {
      if (tags.length > 0) found.push({ schema: relation.schema, relation: relation.name, column: column.name, tags, masked });
    }
  }
  const place = (one: TaggedColumn): string => `${one.schema}\u0000${one.relation}`;
  return found.sort((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0));
}

/** Short name of a type: `int4`, `text[]`. */
export function typeNameOf(catalog: Catalog | undefined, oid: number): string {
  const name = catalog?.typeByOid(oid)?.name ?? 'unknown';
  return name.startsWith('_') ? `${name.slice(1)}[]` : name;
}
