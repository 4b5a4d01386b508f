// Names and types of the columns; the edge between two drags, a double press fits.

import { useRef } from 'react';
import type { ResultColumnInfo } from '../../contracts/ui.ts';
import { Icon } from '../controls/Icon.tsx';

interface GridHeaderProps {
  readonly columns: readonly ResultColumnInfo[];
  readonly lefts: readonly number[];
  readonly first: number;
  readonly last: number;
  readonly onResize: (column: number, width: number | undefined) => void;
  readonly onSelect: (column: number, extend: boolean) => void;
}

export function GridHeader({ columns, lefts, first, last, onResize, onSelect }: GridHeaderProps) {
  const cells = [];
  for (let at = first; at <= last; at++) {
    const column = columns[at];
    if (!column) continue;
    const left = lefts[at] ?? 0;
    const width = (lefts[at + 1] ?? left) - left;
    cells.push(
      <div
        key={at}
        role="columnheader"
        aria-colindex={at + 2}
        className={`head-cell${column.mask ? ' masked' : ''}`}
        style={{ left, width }}
        title={`${column.name}\n${column.type}`}
        onClick={(event) => onSelect(at, event.shiftKey)}
      >
        <span className="head-name">
          {column.mask && <Icon name="lock" size={11} />}
          <span className="ellipsis">{column.name}</span>
        </span>
        <span className="head-type ellipsis">{column.mask ? `${column.type} · masked` : column.type}</span>
        <Edge width={width} onResize={(next) => onResize(at, next)} />
      </div>,
    );
  }
  return cells;
}

function Edge({ width, onResize }: { readonly width: number; readonly onResize: (width: number | undefined) => void }) {
  const start = useRef<{ readonly x: number; readonly width: number }>(undefined);
  return (
    <span
      className="head-edge"
      aria-hidden="true"
      onPointerDown={(event) => {
        event.stopPropagation();
        start.current = { x: event.clientX, width };
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (start.current) onResize(Math.max(40, start.current.width + event.clientX - start.current.x));
      }}
      onPointerUp={() => {
        start.current = undefined;
      }}
      onClick={(event) => event.stopPropagation()}
      onDoubleClick={() => onResize(undefined)}
    />
  );
}
