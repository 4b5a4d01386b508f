// Records, newest first; a virtual list that asks for older ones near its end.

import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { AuditEntry } from '../../contracts/ui.ts';
import { count, duration, moment, oneLine } from '../controls/words.ts';
import { VerdictChip } from './VerdictChip.tsx';

interface AuditListProps {
  readonly entries: readonly AuditEntry[] | undefined;
  readonly chosen: number | undefined;
  readonly filtered: boolean;
  readonly onChoose: (seq: number) => void;
  readonly onEnd: () => void;
}

const ROW = 30;
const NONE: readonly AuditEntry[] = [];

export function AuditList({ entries: found, chosen, filtered, onChoose, onEnd }: AuditListProps) {
  const entries = found ?? NONE;
  const scroller = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({ count: entries.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 15 });
  const items = list.getVirtualItems();
  const end = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (entries.length > 0 && end >= entries.length - 20) onEnd();
  }, [end, entries.length, onEnd]);

  const at = entries.findIndex((entry) => entry.seq === chosen);
  const move = (to: number) => {
    const next = entries[Math.max(0, Math.min(entries.length - 1, to))];
    if (!next) return;
    onChoose(next.seq);
    list.scrollToIndex(entries.indexOf(next));
  };
  const empty = found?.length === 0;

  return (
    <div
      className="audit-list"
      ref={scroller}
      role="grid"
      aria-label="Records"
      aria-rowcount={entries.length}
      aria-activedescendant={at >= 0 ? `record-${chosen}` : undefined}
      tabIndex={0}
      onKeyDown={(event) => {
        const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 15, PageUp: at - 15, Home: 0, End: entries.length - 1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        move(to);
      }}
    >
      {empty && (
        <div className="empty" role="row">
          <div role="gridcell">
            <strong>{filtered ? 'No record fits these filters' : 'No records yet'}</strong>
            <p>{filtered ? 'Other words, or Clear, show more.' : 'Each statement, allowed or not, leaves one here.'}</p>
          </div>
        </div>
      )}
      <div style={{ height: list.getTotalSize(), position: 'relative' }} role="rowgroup">
        {items.map((item) => {
          const entry = entries[item.index];
          return (
            entry && (
              <div
                key={entry.seq}
                id={`record-${entry.seq}`}
                role="row"
                aria-rowindex={item.index + 1}
                aria-selected={entry.seq === chosen}
                className="audit-row"
                style={{ transform: `translateY(${item.start}px)` }}
                onClick={() => onChoose(entry.seq)}
              >
                <span role="gridcell" className="audit-seq num">
                  {count(entry.seq)}
                </span>
                <span role="gridcell" className="audit-time num">
                  {moment(entry.time)}
                </span>
                <span role="gridcell" className="audit-verdict">
                  {entry.verdict && <VerdictChip entry={entry} />}
                </span>
                <span role="gridcell" className="audit-who ellipsis">
                  {entry.principal ?? ''}
                  {entry.kind === 'agent' && <span className="note"> for {entry.owner}</span>}
                </span>
                <span role="gridcell" className={`audit-sql ellipsis ${entry.statement === undefined ? 'note' : 'mono'}`}>
                  {entry.statement === undefined ? entry.summary : oneLine(entry.statement)}
                </span>
                <span role="gridcell" className="audit-rows num">
                  {entry.rows === undefined ? '' : count(entry.rows)}
                </span>
                <span role="gridcell" className="audit-ms num">
                  {entry.durationMs === undefined ? '' : duration(entry.durationMs)}
                </span>
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}
