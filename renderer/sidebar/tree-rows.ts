// The schema tree as the flat list of rows that a virtual list shows.

import type { ColumnInfo, SchemaTree } from '../../contracts/ui.ts';
import { columnsKey, type Loaded } from '../state/schema.ts';

export type Row =
  | {
      readonly kind: 'schema';
      readonly key: string;
      readonly level: 1;
      readonly schema: string;
      readonly open: boolean;
      readonly count: number;
    }
  | {
      readonly kind: 'relation';
      readonly key: string;
      readonly level: 2;
      readonly schema: string;
      readonly relation: SchemaTree['schemas'][number]['relations'][number];
      readonly open: boolean;
    }
  | {
      readonly kind: 'column';
      readonly key: string;
      readonly level: 3;
      readonly schema: string;
      readonly relation: string;
      readonly column: ColumnInfo;
    }
  | { readonly kind: 'note'; readonly key: string; readonly level: 3; readonly text: string };

interface TreeView {
  readonly connection: string;
  readonly tree: SchemaTree;
  readonly columns: Readonly<Record<string, Loaded<readonly ColumnInfo[]>>>;
  readonly opened: ReadonlySet<string>;
  readonly filter: string;
}

/** All schemas are open by default unless there are many; a filter opens what fits. */
export function treeRows({ connection, tree, columns, opened, filter }: TreeView): Row[] {
  const rows: Row[] = [];
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  for (const schema of tree.schemas) {
    const fitting = words.length === 0 ? schema.relations : schema.relations.filter(({ name }) => fits(`${schema.name}.${name}`, words));
    if (fitting.length === 0 && words.length > 0) continue;
    const key = `s:${schema.name}`;
    const open = words.length > 0 || opened.has(key);
    rows.push({ kind: 'schema', key, level: 1, schema: schema.name, open, count: fitting.length });
    if (!open) continue;
    for (const relation of fitting) {
      const relationKey = `r:${schema.name}.${relation.name}`;
      const relationOpen = opened.has(relationKey);
      rows.push({ kind: 'relation', key: relationKey, level: 2, schema: schema.name, relation, open: relationOpen });
      if (relationOpen) rows.push(...columnRows(columns[columnsKey(connection, schema.name, relation.name)], schema.name, relation.name));
    }
  }
  return rows;
}

function columnRows(loaded: Loaded<readonly ColumnInfo[]> | undefined, schema: string, relation: string): Row[] {
  const key = `c:${schema}.${relation}`;
  if (loaded === undefined || loaded.state === 'loading') return [{ kind: 'note', key, level: 3, text: 'Reading columns' }];
  if (loaded.state === 'failed') return [{ kind: 'note', key, level: 3, text: loaded.message }];
  return loaded.value.map((column) => ({ kind: 'column', key: `${key}.${column.name}`, level: 3, schema, relation, column }));
}

function fits(name: string, words: readonly string[]): boolean {
  const lower = name.toLowerCase();
  return words.every((word) => lower.includes(word));
}
