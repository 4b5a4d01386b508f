// The selected rectangle and the cell with the focus, drawn above the rows; the rows need not draw again for it.

import { ROW_HEIGHT } from './geometry.ts';
import type { Rectangle } from './selection.ts';
import type { Viewport } from './use-viewport.ts';

interface SelectionFrameProps {
  readonly box: Rectangle;
  readonly focus: { readonly row: number; readonly column: number };
  readonly lefts: readonly number[];
  readonly view: Viewport;
}

export function SelectionFrame({ box, focus, lefts, view }: SelectionFrameProps) {
  // Clamped to what is near: an element of a million rows would be too tall.
  const top = Math.max(box.top, view.first - 2);
  const bottom = Math.min(box.bottom, view.last + 2);
  const left = lefts[box.left] ?? 0;
  const right = lefts[box.right + 1] ?? left;
  const single = box.top === box.bottom && box.left === box.right;
  const focusLeft = lefts[focus.column] ?? 0;
  return (
    <>
      {!single && bottom >= top && (
        <div
          className="selection"
          style={{ left, width: right - left, top: (top - view.base) * ROW_HEIGHT, height: (bottom - top + 1) * ROW_HEIGHT }}
        />
      )}
      {focus.row >= view.first - 2 && focus.row <= view.last + 2 && (
        <div
          className="focus-cell"
          style={{
            left: focusLeft,
            width: (lefts[focus.column + 1] ?? focusLeft) - focusLeft,
            top: (focus.row - view.base) * ROW_HEIGHT,
            height: ROW_HEIGHT,
          }}
        />
      )}
    </>
  );
}
