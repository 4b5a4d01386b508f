// What names mean at a place in a query: the relations of FROM, their columns, common table expressions, the outer query.
// Follows PostgreSQL's parse_relation.c: the innermost level that knows a name wins.
import type { CatalogRelation } from '../catalog/catalog.ts';
import { type Lineage, type SourceColumn, union } from './lineage.ts';

/** A column as a query sees it. */
export interface ScopeColumn {
  readonly name: string;
  readonly lineage: Lineage;
  /** Set when the value is exactly one base column's, unchanged. */
  readonly direct?: SourceColumn;
  /** The reference in the text that it comes from: reading it makes that reference need its columns. */
  readonly reference?: Reference;
}

/** A relation's name in FROM (or TABLE, COPY): what rewriting replaces. Offsets are bytes of the judged text. */
export interface Reference {
  readonly relation: CatalogRelation;
  readonly only: boolean;
  /** From ONLY or the name to behind the name (and `*`). */
  readonly start: number;
  readonly end: number;
  readonly alias: string;
  readonly hasAlias: boolean;
  /** `TABLE name`: where that keyword stands. */
  readonly tableCommand?: { readonly start: number; readonly end: number };
  /** The TABLESAMPLE clause. */
  readonly sample?: { readonly start: number; readonly end: number };
  /** Becomes true when any of its columns is read. */
  used: boolean;
}

export interface ScopeRelation {
  readonly alias: string;
  /** The schema, where `schema.relation.column` may name it (no alias given). */
  readonly schema?: string;
  readonly columns: readonly ScopeColumn[];
  /** A relation whose columns are not all known (a function's result): any other name has this lineage. */
  readonly open?: Lineage;
  readonly reference?: Reference;
  /** System columns (ctid, xmin, …) exist. */
  readonly base?: CatalogRelation;
}

export interface CommonTable {
  readonly columns: readonly ScopeColumn[];
  readonly open?: Lineage;
}

/** A FROM item: what `*` and bare names see, and the relations that qualified names see. */
export interface FromItem {
  readonly columns: readonly ScopeColumn[];
  readonly relations: readonly ScopeRelation[];
  readonly open?: Lineage;
}

export class Scope {
  readonly parent: Scope | undefined;
  readonly #common = new Map<string, CommonTable>();
  readonly items: FromItem[] = [];

  constructor(parent: Scope | undefined) {
    this.parent = parent;
  }

  define(name: string, table: CommonTable): void {
    this.#common.set(name, table);
  }

  /** Takes over the common tables of another scope at the same level. */
  inherit(scope: Scope): void {
    for (const [name, table] of scope.#common) this.#common.set(name, table);
  }

  common(name: string): CommonTable | undefined {
    return this.#common.get(name) ?? this.parent?.common(name);
  }

  /**
   * A bare name. As the server does it: a column of the nearest level that has one, however far out, and only then a whole row:
   * in `(select x from t x)` the name means a column `x` of the outer query, if that has one.
   */
  column(name: string): { columns: readonly ScopeColumn[] } | { row: ScopeRelation } | undefined {
    const { columns, certain } = this.#columns(name);
    if (certain) return { columns };
    const row = this.#row(name);
    if (columns.length === 0) return row === undefined ? undefined : { row };
    return { columns: row === undefined ? columns : [...columns, wholeRow(row)] };
  }

  /** `certain` is false while only open relations, which may or may not have the column, were met. */
  #columns(name: string): { columns: ScopeColumn[]; certain: boolean } {
    const columns: ScopeColumn[] = [];
    for (const item of this.items) for (const column of item.columns) if (column.name === name) columns.push(column);
    if (columns.length > 0) return { columns, certain: true };
    for (const { open } of this.items) if (open !== undefined) columns.push({ name, lineage: open });
    const outer = this.parent === undefined ? undefined : this.parent.#columns(name);
    return outer === undefined ? { columns, certain: false } : { columns: [...columns, ...outer.columns], certain: outer.certain };
  }

  #row(name: string): ScopeRelation | undefined {
    for (const item of this.items) for (const relation of item.relations) if (relation.alias === name) return relation;
    return this.parent === undefined ? undefined : this.parent.#row(name);
  }

  relation(alias: string, schema?: string): ScopeRelation | undefined {
    for (const item of this.items) {
      for (const relation of item.relations) {
        if (relation.alias === alias && (schema === undefined || relation.schema === schema)) return relation;
      }
    }
    return this.parent?.relation(alias, schema);
  }
}

/** A relation's row as one value. */
export function wholeRow(relation: ScopeRelation): ScopeColumn {
  const lineages = relation.columns.map((column) => column.lineage);
  if (relation.open !== undefined) lineages.push(relation.open);
  return { name: relation.alias, lineage: union(lineages), ...(relation.reference === undefined ? {} : { reference: relation.reference }) };
}
