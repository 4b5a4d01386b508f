// The grid: an ARIA grid over any number of rows. Draws what is on screen, keeps near pages, asks the proxy for the rest.

import { useEffect, useId, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'react';
import { complain } from '../state/toasts.ts';
import type { Result } from '../state/runs.ts';
import { columnAt, edges, HEADER_HEIGHT, ROW_HEIGHT } from './geometry.ts';
import { GridHeader } from './GridHeader.tsx';
import { GridRow } from './GridRow.tsx';
import { MaskNote } from './MaskNote.tsx';
import { createPages, type Values } from './pages.ts';
import { byKey, FIRST_CELL, moved, rectangle, type Selection } from './selection.ts';
import { SelectionFrame } from './SelectionFrame.tsx';
import { useViewport } from './use-viewport.ts';
import { measure } from './widths.ts';
import './grid.css';

interface GridProps {
  readonly run: string;
  readonly result: Result;
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
  readonly onCopy: () => void;
  readonly onOpen: () => void;
  /** The value under the focus, for the cell viewer. */
  readonly onValue: (value: string | null | undefined) => void;
}

export function Grid({ run, result, selection, onSelect, onCopy, onOpen, onValue }: GridProps) {
  const { columns, rows } = result;
  const id = useId();
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const [sized, setSized] = useState<Readonly<Record<number, number | undefined>>>({});
  const [fitted, setFitted] = useState<readonly number[]>();
  const [over, setOver] = useState<{ readonly row: number; readonly column: number }>();
  const scroller = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const header = useRef<HTMLDivElement>(null);
  const gutter = useRef<HTMLDivElement>(null);
  const dragging = useRef(false);

  const [pages, setPages] = useState<ReturnType<typeof createPages>>();
  useEffect(() => {
    const next = createPages(run, result.index, redraw, (error) => complain('Rows could not be read', error));
    setPages(next);
    return () => next.dispose();
  }, [run, result.index]);
  const row = (index: number): Values | undefined => pages?.row(index);

  const first = row(0);
  useLayoutEffect(() => {
    if (first && pages) setFitted((before) => before ?? measure(columns, pages.row));
  }, [first, columns, pages]);
  const lefts = useMemo(() => {
    const base = fitted ?? measure(columns, () => undefined);
    return edges(base.map((width, index) => sized[index] ?? width));
  }, [fitted, sized, columns]);
  const total = lefts.at(-1) ?? 0;
  const gutterWidth = Math.max(38, String(rows).length * 7.5 + 18);

  const { view, reveal, trackHeight } = useViewport({ scroller, body, header, gutter }, rows, lefts, gutterWidth);
  useEffect(() => {
    pages?.grown(rows);
    pages?.want(view.first, view.last);
  }, [pages, rows, view.first, view.last]);

  const focused = row(selection.focus.row);
  useEffect(() => onValue(focused?.[selection.focus.column]), [focused, selection.focus.column, onValue]);

  const select = (next: Selection) => {
    onSelect(next);
    reveal(next.focus.row, next.focus.column);
  };
  const cellAt = (event: React.PointerEvent) => {
    const box = scroller.current?.getBoundingClientRect();
    const bodyBox = body.current?.getBoundingClientRect();
    if (!box || !bodyBox || event.clientY < box.top + HEADER_HEIGHT) return undefined;
    const index = view.base + Math.floor((event.clientY - bodyBox.top) / ROW_HEIGHT);
    if (index < 0 || index >= rows) return undefined;
    const inGutter = event.clientX < box.left + gutterWidth;
    return { row: index, column: inGutter ? -1 : columnAt(lefts, event.clientX - bodyBox.left) };
  };

  const shown: number[] = [];
  for (let index = view.first; index <= view.last; index++) shown.push(index);
  const box = rectangle(selection, rows, columns.length);

  return (
    <div
      className="grid"
      role="grid"
      aria-label="Result"
      aria-rowcount={result.done ? rows + 1 : -1}
      aria-colcount={columns.length + 1}
      aria-multiselectable="true"
      aria-activedescendant={rows > 0 ? `${id}-${selection.focus.row}-${selection.focus.column}` : undefined}
      tabIndex={0}
      data-stop="results"
      onKeyDown={(event) => {
        setOver(undefined);
        const next = byKey(event, selection, rows, columns.length, Math.max(1, Math.floor(view.height / ROW_HEIGHT) - 1));
        if (next) select(next);
        else if (event.key === 'Enter') onOpen();
        else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'c') onCopy();
        else return;
        event.preventDefault();
      }}
    >
      <div
        className="grid-scroll"
        ref={scroller}
        tabIndex={-1}
        onPointerDown={(event) => {
          const cell = event.button === 0 ? cellAt(event) : undefined;
          if (!cell) return;
          // The scrollbars are not part of the rows.
          if (event.nativeEvent.offsetX > (scroller.current?.clientWidth ?? 0) && event.target === scroller.current) return;
          event.currentTarget.closest<HTMLElement>('[role=grid]')?.focus({ preventScroll: true });
          event.preventDefault();
          dragging.current = cell.column >= 0;
          onSelect(moved(selection, cell.row, Math.max(0, cell.column), event.shiftKey, cell.column < 0 ? 'rows' : 'cells'));
        }}
        onPointerMove={(event) => {
          const cell = cellAt(event);
          if (dragging.current && cell && event.buttons === 1) {
            if (cell.row !== selection.focus.row || cell.column !== selection.focus.column)
              select(moved(selection, cell.row, Math.max(0, cell.column), true));
          }
          const masked = cell && cell.column >= 0 && columns[cell.column]?.mask ? cell : undefined;
          setOver((before) => (before?.row === masked?.row && before?.column === masked?.column ? before : masked));
        }}
        onPointerLeave={() => setOver(undefined)}
        onPointerUp={() => {
          dragging.current = false;
        }}
        onDoubleClick={onOpen}
      >
        <div className="grid-track" style={{ width: total + gutterWidth, height: trackHeight + HEADER_HEIGHT }}>
          <div className="grid-window" style={{ width: view.width + gutterWidth, height: view.height + HEADER_HEIGHT }} role="rowgroup">
            <div className="grid-body" style={{ left: gutterWidth, top: HEADER_HEIGHT }} role="presentation">
              <div className="grid-move" ref={body} role="presentation" style={{ width: total }}>
                {shown.map((index) => (
                  <GridRow
                    key={index}
                    id={id}
                    index={index}
                    base={view.base}
                    values={row(index)}
                    columns={columns}
                    lefts={lefts}
                    first={view.firstColumn}
                    last={view.lastColumn}
                  />
                ))}
                {rows > 0 && <SelectionFrame box={box} focus={selection.focus} lefts={lefts} view={view} />}
              </div>
            </div>
            <div className="grid-gutter" style={{ width: gutterWidth, top: HEADER_HEIGHT }} aria-hidden="true">
              <div className="grid-move" ref={gutter}>
                {shown.map((index) => (
                  <div
                    key={index}
                    className="gutter-cell num"
                    data-selected={index >= box.top && index <= box.bottom}
                    style={{ top: (index - view.base) * ROW_HEIGHT }}
                  >
                    {index + 1}
                  </div>
                ))}
              </div>
            </div>
            <div className="grid-head" style={{ height: HEADER_HEIGHT }} role="row" aria-rowindex={1}>
              <div className="grid-move" ref={header} style={{ left: gutterWidth }} role="presentation">
                <GridHeader
                  columns={columns}
                  lefts={lefts}
                  first={view.firstColumn}
                  last={view.lastColumn}
                  onResize={(column, width) => setSized((before) => ({ ...before, [column]: width }))}
                  onSelect={(column, extend) => onSelect(moved(selection, 0, column, extend, 'columns'))}
                />
              </div>
              <button
                type="button"
                className="grid-corner"
                style={{ width: gutterWidth }}
                aria-label="Select all rows"
                tabIndex={-1}
                onClick={() => onSelect({ ...FIRST_CELL, mode: 'all' })}
              />
            </div>
          </div>
        </div>
      </div>
      <MaskNote
        gridId={id}
        columns={columns}
        over={over}
        focus={rows > 0 && box.top === box.bottom && box.left === box.right ? selection.focus : undefined}
      />
    </div>
  );
}
