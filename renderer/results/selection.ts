// The selected cells: an anchor and a focus span a rectangle; whole rows or columns span all of the other direction.

export interface Selection {
  readonly mode: 'cells' | 'rows' | 'columns' | 'all';
  readonly anchor: { readonly row: number; readonly column: number };
  readonly focus: { readonly row: number; readonly column: number };
}

export interface Rectangle {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

export const FIRST_CELL: Selection = { mode: 'cells', anchor: { row: 0, column: 0 }, focus: { row: 0, column: 0 } };

/** Inclusive edges. */
export function rectangle({ mode, anchor, focus }: Selection, rows: number, columns: number): Rectangle {
  const wide = mode === 'rows' || mode === 'all';
  const tall = mode === 'columns' || mode === 'all';
  return {
    top: tall ? 0 : Math.min(anchor.row, focus.row),
    bottom: tall ? Math.max(0, rows - 1) : Math.max(anchor.row, focus.row),
    left: wide ? 0 : Math.min(anchor.column, focus.column),
    right: wide ? Math.max(0, columns - 1) : Math.max(anchor.column, focus.column),
  };
}

/** The selection after a move of the focus; with `extend` the anchor stays. */
export function moved(before: Selection, row: number, column: number, extend: boolean, mode: Selection['mode'] = 'cells'): Selection {
  const focus = { row, column };
  if (!extend) return { mode, anchor: focus, focus };
  return {
    mode: before.mode === 'all' ? 'cells' : mode === 'cells' && before.mode !== 'cells' ? before.mode : mode,
    anchor: before.anchor,
    focus,
  };
}

/** What a key does to the selection; undefined if it does nothing. */
export function byKey(
  event: {
    readonly key: string;
    readonly ctrlKey: boolean;
    readonly metaKey: boolean;
    readonly shiftKey: boolean;
    readonly altKey: boolean;
  },
  before: Selection,
  rows: number,
  columns: number,
  page: number,
): Selection | undefined {
  const { row, column } = before.focus;
  const far = event.ctrlKey || event.metaKey;
  if (event.altKey) return undefined;
  const to = (r: number, c: number) =>
    moved(before, Math.max(0, Math.min(rows - 1, r)), Math.max(0, Math.min(columns - 1, c)), event.shiftKey);
  switch (event.key) {
    case 'ArrowDown':
      return to(far ? rows - 1 : row + 1, column);
    case 'ArrowUp':
      return to(far ? 0 : row - 1, column);
    case 'ArrowRight':
      return to(row, far ? columns - 1 : column + 1);
    case 'ArrowLeft':
      return to(row, far ? 0 : column - 1);
    case 'PageDown':
      return far ? undefined : to(row + page, column);
    case 'PageUp':
      return far ? undefined : to(row - page, column);
    case 'Home':
      return to(far ? 0 : row, 0);
    case 'End':
      return to(far ? rows - 1 : row, columns - 1);
    case ' ':
      if (event.ctrlKey) return { mode: 'columns', anchor: before.anchor, focus: before.focus };
      if (event.shiftKey) return { mode: 'rows', anchor: before.anchor, focus: before.focus };
      return undefined;
    case 'a':
    case 'A':
      return far ? { mode: 'all', anchor: before.focus, focus: before.focus } : undefined;
    default:
      return undefined;
  }
}
