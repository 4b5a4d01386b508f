// Statements of all principals as they come, with their verdicts; a press opens the record.

import { useEffect, useMemo, useState } from 'react';
import type { AuditEntry } from '../../contracts/ui.ts';
import { moment, oneLine, plural } from '../controls/words.ts';
import { VerdictChip } from '../audit/VerdictChip.tsx';
import { feed } from '../state/feed.ts';
import { useStore } from '../state/store.ts';
import { complain } from '../state/toasts.ts';
import { openRecord } from '../state/ui.ts';
import { call } from '../transport/socket.ts';

export function Feed() {
  const live = useStore(feed, (state) => state.entries);
  const [earlier, setEarlier] = useState<readonly AuditEntry[]>([]);
  const [agentsOnly, setAgentsOnly] = useState(true);
  useEffect(() => {
    call('audit.search', { limit: 100 }).then(
      ({ entries }) => setEarlier(entries),
      (error: unknown) => complain('Earlier statements can not be read', error),
    );
  }, []);
  const entries = useMemo(() => {
    const seen = new Map<string, AuditEntry>();
    // An outcome comes after its intent and says more: the newest record of a statement stands for it.
    for (const entry of [...live, ...earlier]) if (entry.statement !== undefined && !seen.has(entry.id)) seen.set(entry.id, entry);
    return [...seen.values()]
      .filter((entry) => (!agentsOnly || entry.kind === 'agent') && !/^set application_name\b/i.test(entry.statement ?? ''))
      .slice(0, 200);
  }, [live, earlier, agentsOnly]);

  return (
    <aside className="feed" aria-label="Live feed">
      <header className="feed-head">
        <h2>Live feed</h2>
        <label className="choice-row">
          <input type="checkbox" checked={agentsOnly} onChange={(event) => setAgentsOnly(event.target.checked)} />
          Agents only
        </label>
      </header>
      {entries.length === 0 && (
        <div className="empty">
          <strong>{agentsOnly ? 'No agent ran a statement yet' : 'No statement yet'}</strong>
          <p>Statements appear here while they run, with what the policies said.</p>
        </div>
      )}
      <ol className="feed-list" aria-live="off">
        {entries.map((entry) => (
          <li key={entry.id}>
            <button type="button" className="feed-item" onClick={() => openRecord(entry.seq)}>
              <span className="feed-line">
                <VerdictChip entry={entry} />
                <strong className="ellipsis">{entry.principal ?? 'unknown'}</strong>
                <span className="note num feed-time">{moment(entry.time)}</span>
              </span>
              <span className="feed-sql">{oneLine(entry.statement ?? '')}</span>
              <span className="note num">
                {[entry.connection, entry.door, entry.rows === undefined ? undefined : plural(entry.rows, 'row'), entry.refusal]
                  .filter(Boolean)
                  .join(' · ')}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </aside>
  );
}
