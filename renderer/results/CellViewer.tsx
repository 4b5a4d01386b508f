// The value of one cell in full: JSON indented, long text wrapped, exact as it came.

import { useMemo } from 'react';
import type { ResultColumnInfo } from '../../contracts/ui.ts';
import { toClipboard } from '../controls/clipboard.ts';
import { IconButton } from '../controls/IconButton.tsx';
import { count, plural } from '../controls/words.ts';
import { settings } from '../state/settings.ts';
import { keysOf } from '../shell/commands.ts';
import { prettyJson } from './pretty-json.ts';

interface CellViewerProps {
  readonly column: ResultColumnInfo | undefined;
  readonly row: number;
  readonly value: string | null | undefined;
}

const LONGEST_SHOWN = 1_000_000;

export function CellViewer({ column, row, value }: CellViewerProps) {
  const text = useMemo(
    () => (value != null && /json/.test(column?.type ?? '') ? (prettyJson(value) ?? value) : value),
    [value, column?.type],
  );
  return (
    <section className="viewer" aria-label="Cell viewer">
      <header className="viewer-head">
        <span className="viewer-title">
          <strong className="ellipsis">{column?.name ?? 'No cell'}</strong>
          <span className="note">{column && `${column.type} · row ${count(row + 1)}`}</span>
        </span>
        <IconButton icon="copy" label="Copy the value" disabled={value == null} onClick={() => value != null && void toClipboard(value)} />
        <IconButton
          icon="close"
          label="Close the cell viewer"
          keys={keysOf('viewer')}
          onClick={() => settings.set({ viewerOpen: false })}
        />
      </header>
      {column?.mask && (
        <div className="viewer-mask">
          <strong>Masked for you</strong>
          {column.mask.reason && <p>{column.mask.reason}</p>}
          <p className="mask-facts">
            {column.mask.tags.map((tag) => (
              <span key={tag} className="chip mask">
                {tag}
              </span>
            ))}
            {column.mask.policy && <span className="mono">{column.mask.policy}</span>}
          </p>
        </div>
      )}
      {value === undefined && <p className="note viewer-none">Choose a cell to see it in full.</p>}
      {value === null && <p className="cell-null viewer-none">NULL</p>}
      {value === '' && <p className="cell-empty viewer-none">empty text</p>}
      {text != null && text !== '' && (
        <pre className="viewer-text" tabIndex={0}>
          {text.slice(0, LONGEST_SHOWN)}
        </pre>
      )}
      {value != null && <footer className="note viewer-foot num">{plural(value.length, 'character')}</footer>}
    </section>
  );
}
