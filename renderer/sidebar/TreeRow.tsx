// One row of the tree.

import { Icon, type IconName } from '../controls/Icon.tsx';
import type { Row } from './tree-rows.ts';

interface TreeRowProps {
  readonly row: Row;
  readonly index: number;
  readonly top: number;
  readonly current: boolean;
  readonly onToggle: () => void;
  readonly onUse: () => void;
  readonly onPoint: () => void;
}

const KIND_ICONS: Readonly<Record<string, IconName>> = {
  table: 'table',
  partitioned: 'table',
  foreign: 'table',
  view: 'view',
  materialized: 'view',
  sequence: 'sequence',
};

export function TreeRow({ row, index, top, current, onToggle, onUse, onPoint }: TreeRowProps) {
  const open = 'open' in row ? row.open : undefined;
  return (
    <div
      id={`tree-${index}`}
      role="treeitem"
      aria-level={row.level}
      aria-expanded={open}
      aria-selected={current}
      className={`tree-row ${row.kind}`}
      data-current={current}
      style={{ transform: `translateY(${top}px)`, paddingLeft: 6 + (row.level - 1) * 14 }}
      onClick={() => {
        onPoint();
        if (row.kind === 'schema' || row.kind === 'relation') onToggle();
      }}
      onDoubleClick={onUse}
    >
      {open === undefined ? <span className="tree-twist" /> : <Icon className="tree-twist" name={open ? 'down' : 'chevron'} size={12} />}
      <Content row={row} />
    </div>
  );
}

function Content({ row }: { readonly row: Row }) {
  switch (row.kind) {
    case 'schema':
      return (
        <>
          <Icon name="schema" size={14} />
          <span className="ellipsis">{row.schema}</span>
          <span className="tree-side num">{row.count}</span>
        </>
      );
    case 'relation':
      return (
        <>
          <Icon name={KIND_ICONS[row.relation.kind] ?? 'table'} size={14} />
          <span className="ellipsis" title="Double-click or Enter shows the first rows">
            {row.relation.name}
          </span>
          {row.relation.masked > 0 && (
            <span className="tree-side tree-masked num" title={`${row.relation.masked} masked columns`}>
              <Icon name="lock" size={11} />
              {row.relation.masked}
              <span className="visually-hidden"> masked columns</span>
            </span>
          )}
        </>
      );
    case 'column':
      return (
        <>
          {row.column.masked ? (
            <Icon className="tree-masked" name="lock" size={12} />
          ) : (
            <Icon name={row.column.primaryKey ? 'key' : 'column'} size={12} />
          )}
          <span className="ellipsis">{row.column.name}</span>
          <span className="tree-side ellipsis" title={row.column.tags.length > 0 ? `tags: ${row.column.tags.join(', ')}` : undefined}>
            {row.column.masked && <span className="visually-hidden">masked, </span>}
            {row.column.type}
            {row.column.notNull ? '' : '?'}
          </span>
        </>
      );
    case 'note':
      return <span className="tree-note">{row.text}</span>;
  }
}
