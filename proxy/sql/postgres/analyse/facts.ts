// What the analysis of one statement finds: the neutral facts of sql/analysis.ts with PostgreSQL's own objects, and what
// rewriting needs. Pure data.
import type { ColumnUse, Effect } from '../../analysis.ts';
import type { CatalogRelation } from '../catalog/catalog.ts';
import type { Lineage, SourceColumn } from './lineage.ts';
import type { Reference } from './scope.ts';

export interface Usage {
  readonly source: SourceColumn;
  readonly use: ColumnUse;
  readonly position: number | undefined;
}

/** Why something can't be checked. `sqlstate` is set where the server itself would report that condition. */
export interface AnalysisGap {
  readonly what: string;
  readonly position: number | undefined;
  readonly sqlstate?: string;
  /** A fresh catalog might know the name. */
  readonly stale?: boolean;
}

export interface Output {
  readonly name: string;
  readonly lineage: Lineage;
  readonly direct?: SourceColumn;
}

/** `schema.relation.column` of a governed relation: the qualifier has to go once the relation is a subselect. */
export interface QualifiedColumn {
  readonly reference: Reference;
  readonly start: number;
  readonly end: number;
}

/** A GROUP BY over a whole primary key: the functional dependency is lost in a subselect, so columns are added. */
export interface KeyGrouping {
  readonly reference: Reference;
  /** Where `alias.column, ` may be inserted. */
  readonly insertAt: number;
  readonly columns: Set<string>;
}

/** The table of a change. It can't be rewritten, so its masked columns may not be read. */
export interface Target {
  readonly relation: CatalogRelation;
  readonly start: number;
}

/** An item of RETURNING that is a plain column or `*` of the target: masked in place. */
export interface ReturningItem {
  readonly columns: readonly { readonly name: string; readonly source: SourceColumn }[];
  readonly qualifier: string;
  readonly start: number;
  readonly end: number;
  readonly name: string | undefined;
}

/** `COPY relation (columns) TO`: becomes COPY (query) TO when the relation is governed. */
export interface CopiedTable {
  readonly reference: Reference;
  readonly columns: readonly string[];
  /** From the name to behind the column list. */
  readonly end: number;
}

/** A constant assigned to a column: it must not be that column's mask. */
export interface AssignedConstant {
  readonly source: SourceColumn;
  readonly value: string | undefined;
  readonly parameter: number | undefined;
  readonly position: number | undefined;
}

/** What a statement does to the session once it has completed. */
export type SessionChange =
  | { readonly kind: 'begin' | 'commit' | 'rollback' }
  | { readonly kind: 'savepoint' | 'release' | 'rollbackTo'; readonly name: string }
  | { readonly kind: 'searchPath'; readonly path: readonly string[] | 'default'; readonly local: boolean }
  | { readonly kind: 'justification' | 'hold'; readonly value: string | undefined }
  | { readonly kind: 'prepare'; readonly name: string; readonly start: number; readonly end: number }
  | { readonly kind: 'deallocate'; readonly name: string | undefined }
  | { readonly kind: 'declare'; readonly name: string; readonly hold: boolean }
  | { readonly kind: 'closeCursor'; readonly name: string | undefined }
  | { readonly kind: 'createTemporary'; readonly relation: CatalogRelation }
  | { readonly kind: 'dropTemporary'; readonly name: string }
  | { readonly kind: 'discard'; readonly what: 'all' | 'temp' | 'plans' | 'sequences' }
  | { readonly kind: 'catalogChanged' };

/** A byte range of the statement to be replaced whatever the policy says. */
export interface FixedEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface StatementFacts {
  /** Head of the server's command tag. */
  kind: string;
  effects: Effect[];
  references: Reference[];
  targets: Target[];
  usages: Usage[];
  outputs: Output[] | undefined;
  /** True when `outputs` lists every column in order. */
  outputsExact: boolean;
  gaps: AnalysisGap[];
  qualifiedColumns: QualifiedColumn[];
  keyGroupings: KeyGrouping[];
  returning: ReturningItem[];
  copied: CopiedTable | undefined;
  assigned: AssignedConstant[];
  changes: SessionChange[];
  edits: FixedEdit[];
  hasWhere: boolean;
  /** Relations of a schema change by oid: refused while the principal is masked on them. */
  altered: CatalogRelation[];
  /** EXPLAIN of a change or ANALYZE; COPY directions and the like that policy or guard must know. */
  analyze: boolean;
  /** Its errors and notices may quote values of relations that are not named in it. */
  quotesAnything: boolean;
  /** Names a prepared statement or cursor whose own judgement rules. */
  executes: { readonly kind: 'prepared' | 'cursor'; readonly name: string } | undefined;
  /** User functions whose code was not analysed. */
  opaque: { readonly schema: string; readonly name: string; readonly position: number | undefined }[];
  /** The statement the row estimate is asked for (its byte range), for changes. */
  estimate: boolean;
  /** Rows of VALUES lists inserted; 0 otherwise. */
  insertedRows: number;
  /** The highest parameter number. */
  parameters: number;
}

export function emptyFacts(kind: string): StatementFacts {
  return {
    kind,
    effects: [],
    references: [],
    targets: [],
    usages: [],
    outputs: undefined,
    outputsExact: false,
    gaps: [],
    qualifiedColumns: [],
    keyGroupings: [],
    returning: [],
    copied: undefined,
    assigned: [],
    changes: [],
    edits: [],
    hasWhere: false,
    altered: [],
    analyze: false,
    quotesAnything: false,
    executes: undefined,
    opaque: [],
    estimate: false,
    insertedRows: 0,
    parameters: 0,
  };
}
