// The tree of one connection: schemas, relations, columns when opened. Virtual, with a search over all relations.

import { useVirtualizer } from '@tanstack/react-virtual';
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { Icon } from '../controls/Icon.tsx';
import { IconButton } from '../controls/IconButton.tsx';
import { insertText, name, openTable } from '../editor/actions.ts';
import { loadColumns, loadTree, schemas } from '../state/schema.ts';
import { useStore } from '../state/store.ts';
import { TreeRow } from './TreeRow.tsx';
import { treeRows, type Row } from './tree-rows.ts';

const ROW_HEIGHT = 24;
const OPEN_AT_FIRST = 12;

export function SchemaTree({ connection }: { readonly connection: string }) {
  const loaded = useStore(schemas, (state) => state.trees[connection]);
  const columns = useStore(schemas, (state) => state.columns);
  const [filter, setFilter] = useState('');
  const [openedBy, setOpenedBy] = useState<Readonly<Record<string, ReadonlySet<string>>>>({});
  const [at, setAt] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const words = useDeferredValue(filter);
  const tree = loaded?.state === 'ready' ? loaded.value : undefined;

  const opened = useMemo(
    () =>
      openedBy[connection] ??
      new Set((tree?.schemas.length ?? 0) <= OPEN_AT_FIRST ? tree?.schemas.map((schema) => `s:${schema.name}`) : []),
    [openedBy, connection, tree],
  );
  const rows = useMemo(
    () => (tree ? treeRows({ connection, tree, columns, opened, filter: words }) : []),
    [connection, tree, columns, opened, words],
  );
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });

  useEffect(() => setAt(0), [connection, words]);

  const toggle = (row: Row, open?: boolean) => {
    if (row.kind !== 'schema' && row.kind !== 'relation') return;
    const next = new Set(opened);
    const opens = open ?? !next.has(row.key);
    if (opens) next.add(row.key);
    else next.delete(row.key);
    if (opens && row.kind === 'relation') loadColumns(connection, row.schema, row.relation.name);
    setOpenedBy((before) => ({ ...before, [connection]: next }));
  };
  const use = (row: Row | undefined) => {
    if (row?.kind === 'schema') toggle(row);
    if (row?.kind === 'relation') openTable(connection, row.schema, row.relation.name);
    if (row?.kind === 'column') insertText(name(row.column.name));
  };
  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setAt(next);
    list.scrollToIndex(next);
  };

  const onKeyDown = (event: React.KeyboardEvent) => {
    const row = rows[at];
    const handlers: Readonly<Record<string, () => void>> = {
      ArrowDown: () => move(at + 1),
      ArrowUp: () => move(at - 1),
      Home: () => move(0),
      End: () => move(rows.length - 1),
      PageDown: () => move(at + 15),
      PageUp: () => move(at - 15),
      Enter: () => use(row),
      ' ': () => row && toggle(row),
      ArrowRight: () => {
        if (row && 'open' in row && !row.open) toggle(row, true);
        else move(at + 1);
      },
      ArrowLeft: () => {
        if (row && 'open' in row && row.open && filter === '') toggle(row, false);
        else move(rows.findLastIndex((one, index) => index < at && one.level < (row?.level ?? 1)));
      },
    };
    const handler = handlers[event.key];
    if (!handler || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    handler();
  };

  return (
    <>
      <div className="tree-search">
        <label className="search">
          <Icon name="search" size={14} />
          <input
            className="input"
            type="search"
            aria-label="Search tables"
            placeholder="Search tables"
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
        </label>
        <IconButton icon="refresh" label="Refresh the schema" disabled={connection === ''} onClick={() => loadTree(connection, true)} />
      </div>
      {loaded?.state === 'failed' && (
        <div className="sidebar-note">
          The schema could not be read: {loaded.message}
          <button type="button" className="button" onClick={() => loadTree(connection, true)}>
            Read again
          </button>
        </div>
      )}
      {loaded?.state === 'loading' && <p className="sidebar-note">Reading the schema</p>}
      {connection === '' && <p className="sidebar-note">Choose a connection for this tab.</p>}
      {tree && rows.length === 0 && (
        <p className="sidebar-note">{filter === '' ? 'No tables that you may see.' : 'No table has that name.'}</p>
      )}
      <div
        className="tree"
        ref={scroller}
        role="tree"
        aria-label={`Tables of ${connection}`}
        tabIndex={0}
        data-stop="sidebar"
        aria-activedescendant={rows[at] ? `tree-${at}` : undefined}
        onKeyDown={onKeyDown}
      >
        <div style={{ height: list.getTotalSize(), position: 'relative' }}>
          {list.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return (
              row && (
                <TreeRow
                  key={row.key}
                  row={row}
                  index={item.index}
                  top={item.start}
                  current={item.index === at}
                  onToggle={() => toggle(row)}
                  onUse={() => use(row)}
                  onPoint={() => setAt(item.index)}
                />
              )
            );
          })}
        </div>
      </div>
    </>
  );
}
