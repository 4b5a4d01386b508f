// Why a cell is masked: which tag, which policy, and how to get to see it. Shown for the cell under the pointer, or with the focus.

import { Popover } from '@base-ui/react/popover';
import { useEffect, useState } from 'react';
import type { ResultColumnInfo } from '../../contracts/ui.ts';
import { Icon } from '../controls/Icon.tsx';

const AFTER_MS = 500;

interface At {
  readonly row: number;
  readonly column: number;
}

interface MaskNoteProps {
  readonly gridId: string;
  readonly columns: readonly ResultColumnInfo[];
  readonly over: At | undefined;
  /** The only selected cell: beside a range nothing pops up. */
  readonly focus: At | undefined;
}

export function MaskNote({ gridId, columns, over, focus }: MaskNoteProps) {
  const at = over ?? (focus && columns[focus.column]?.mask ? focus : undefined);
  const byPointer = over !== undefined;
  const key = at ? `${at.row}-${at.column}` : '';
  const [shown, setShown] = useState('');
  useEffect(() => {
    setShown('');
    if (key === '') return;
    const timer = setTimeout(() => {
      const grid = document.getElementById(`${gridId}-${key}`)?.closest('[role=grid]');
      // With the focus elsewhere, only the pointer asks.
      if (byPointer || grid?.contains(document.activeElement)) setShown(key);
    }, AFTER_MS);
    return () => clearTimeout(timer);
  }, [key, gridId, byPointer]);

  const column = at ? columns[at.column] : undefined;
  const mask = column?.mask;
  const anchor = shown === '' ? null : document.getElementById(`${gridId}-${shown}`);
  return (
    <Popover.Root
      open={shown === key && key !== '' && anchor !== null && mask !== undefined}
      onOpenChange={(open) => !open && setShown('')}
      modal={false}
    >
      <Popover.Portal>
        <Popover.Positioner anchor={anchor} side="bottom" align="start" sideOffset={4} style={{ zIndex: 40, pointerEvents: 'none' }}>
          <Popover.Popup className="popup mask-note" role="tooltip" initialFocus={false} finalFocus={false}>
            <strong>
              <Icon name="lock" size={14} />
              {column?.name} is masked for you
            </strong>
            {mask?.reason && <p>{mask.reason}</p>}
            <p className="mask-facts">
              {mask?.tags.map((tag) => (
                <span key={tag} className="chip mask">
                  {tag}
                </span>
              ))}
              {mask?.policy && <span className="mono">{mask.policy}</span>}
            </p>
            <p className="note">
              “See values” above the result asks for your reason where one is enough; else an administrator grants access to this tag.
              Copies and exports are masked alike.
            </p>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
