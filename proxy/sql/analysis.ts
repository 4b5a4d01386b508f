// What a statement does, in words that no dialect owns: the actions and effects that policy, masking and audit read. What a
// dialect finds beyond that stays in its folder. Source: design, "Analysis: what a statement does".

/** The policy's actions, grouped as the Cedar schema groups them. */
export const ACTION_GROUPS = {
  read: ['select', 'explain', 'copyOut', 'describe'],
  write: ['insert', 'update', 'delete', 'merge', 'copyIn'],
  schemaChange: ['create', 'alter', 'drop', 'truncate', 'grant', 'comment'],
  session: ['set', 'lock', 'transaction', 'listen', 'maintenance'],
  call: ['call'],
  export: ['export'],
  reveal: ['reveal'],
} as const;

export type ActionGroup = keyof typeof ACTION_GROUPS;
export type Action = (typeof ACTION_GROUPS)[ActionGroup][number];

/** A relation by its catalog name, never as it was spelt in the statement. `temporary` objects belong to the session. */
export interface RelationName {
  readonly schema: string;
  readonly name: string;
  readonly temporary?: boolean;
}

/** A column by its catalog name. */
export interface ColumnName {
  readonly relation: RelationName;
  readonly column: string;
}

export interface Effect {
  readonly action: Action;
  /** Absent for effects on no relation (`select 1`, `begin`, `set`). */
  readonly relation?: RelationName;
  /** Columns written (insert, update) or read (select) of that relation; absent when all or not known. */
  readonly columns?: readonly string[];
  /** For `call`: the function's resolved name. */
  readonly routine?: { readonly schema: string; readonly name: string };
  /** For changes: does a condition narrow the rows? `all` without WHERE. */
  readonly rows?: 'all' | 'some' | 'unknown';
}

/** Where a column's value is used. Everything but `output` lets an observer infer the value. */
export type ColumnUse =
  | 'systemColumn'
  | 'output'
  | 'condition'
  | 'join'
  | 'group'
  | 'order'
  | 'aggregate'
  | 'nullTest'
  | 'assign'
  | 'argument'
  | 'returning'
  | 'conflict';
