// One row of cells. NULL, empty and masked never look alike; every value is a text node.

import { memo } from 'react';
import type { ResultColumnInfo } from '../../contracts/ui.ts';
import { Icon } from '../controls/Icon.tsx';
import { ROW_HEIGHT } from './geometry.ts';
import type { Values } from './pages.ts';
import { isNumeric } from './widths.ts';

const LONGEST_SHOWN = 400;

interface GridRowProps {
  readonly id: string;
  readonly index: number;
  readonly base: number;
  readonly values: Values | undefined;
  readonly columns: readonly ResultColumnInfo[];
  readonly lefts: readonly number[];
  readonly first: number;
  readonly last: number;
}

export const GridRow = memo(function GridRow({ id, index, base, values, columns, lefts, first, last }: GridRowProps) {
  const cells = [];
  for (let at = first; at <= last; at++) {
    const column = columns[at];
    if (!column) continue;
    const left = lefts[at] ?? 0;
    cells.push(
      <div
        key={at}
        id={`${id}-${index}-${at}`}
        role="gridcell"
        aria-colindex={at + 2}
        className={`cell${column.mask ? ' masked' : ''}${isNumeric(column.type) ? ' number' : ''}`}
        style={{ left, width: (lefts[at + 1] ?? left) - left }}
      >
        <Cell value={values?.[at]} masked={column.mask !== undefined} />
      </div>,
    );
  }
  return (
    <div role="row" aria-rowindex={index + 2} className={`grid-row${index % 2 ? ' odd' : ''}`} style={{ top: (index - base) * ROW_HEIGHT }}>
      {cells}
    </div>
  );
});

function Cell({ value, masked }: { readonly value: string | null | undefined; readonly masked: boolean }) {
  if (value === undefined) return <span className="cell-loading" aria-label="loading" />;
  if (masked) {
    return (
      <>
        <Icon name="lock" size={11} />
        {value === null ? <span className="cell-null">NULL</span> : <span className="cell-text">{value}</span>}
      </>
    );
  }
  if (value === null) return <span className="cell-null">NULL</span>;
  if (value === '') return <span className="cell-empty">empty</span>;
  const short = value.length > LONGEST_SHOWN ? `${value.slice(0, LONGEST_SHOWN)}…` : value;
  return <span className="cell-text">{short.replace(/\r?\n/g, ' ⏎ ')}</span>;
}
