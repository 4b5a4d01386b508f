// The palette: all commands, or everything that has a name. Typing filters, arrows move, Enter goes.

import { Dialog } from '@base-ui/react/dialog';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Icon } from '../controls/Icon.tsx';
import { useStore } from '../state/store.ts';
import { ui } from '../state/ui.ts';
import { commandEntries, findEntries, rank, type Entry } from './palette-entries.ts';

const MOST_SHOWN = 60;

export function Palette() {
  const mode = useStore(ui, (state) => state.palette);
  return (
    <Dialog.Root open={mode !== undefined} onOpenChange={(open) => !open && ui.set({ palette: undefined })}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop palette-backdrop" />
        <Dialog.Popup className="popup palette" aria-label={mode === 'find' ? 'Find' : 'Commands'}>
          {mode && <Finder key={mode} mode={mode} />}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Finder({ mode }: { readonly mode: 'commands' | 'find' }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const [entries, setEntries] = useState<readonly Entry[]>(() => (mode === 'commands' ? commandEntries() : []));
  const list = useRef<HTMLUListElement>(null);

  useEffect(() => {
    if (mode !== 'find') return;
    let gone = false;
    void findEntries((found) => !gone && setEntries(found));
    return () => {
      gone = true;
    };
  }, [mode]);

  const shown = useMemo(() => rank(entries, text).slice(0, MOST_SHOWN), [entries, text]);
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [at, shown]);

  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    ui.set({ palette: undefined });
    // After the dialog has given the focus back, so that the command can move it.
    setTimeout(entry.run, 30);
  };

  return (
    <>
      <label className="search palette-search">
        <Icon name="search" />
        <input
          className="input"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={shown[at] ? `palette-${at}` : undefined}
          aria-label={mode === 'find' ? 'Find a table, tab, saved query or earlier statement' : 'Find a command'}
          placeholder={mode === 'find' ? 'Table, tab, saved query or earlier statement' : 'Command'}
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            const move = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
            if (move !== undefined) {
              event.preventDefault();
              setAt(Math.max(0, Math.min(shown.length - 1, at + move)));
            } else if (event.key === 'Enter') {
              event.preventDefault();
              choose(shown[at]);
            }
          }}
        />
      </label>
      <ul id="palette-list" role="listbox" aria-label="Matches" className="palette-list" ref={list}>
        {shown.map((entry, index) => (
          <li
            key={entry.id}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === at}
            className="palette-item"
            onPointerMove={() => setAt(index)}
            onClick={() => choose(entry)}
          >
            <Icon name={entry.icon} />
            <span className="ellipsis">{entry.title}</span>
            {entry.detail && <span className="palette-detail ellipsis">{entry.detail}</span>}
            {entry.keys && <span className="kbd">{entry.keys}</span>}
          </li>
        ))}
        {shown.length === 0 && <li className="palette-none">Nothing has that name</li>}
      </ul>
    </>
  );
}
