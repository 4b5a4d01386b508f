// The ledger: search on the left, one record on the right, and whether the chain holds.

import { useCallback, useEffect, useRef, useState } from 'react';
import type { AuditEntry } from '../../contracts/ui.ts';
import { feed } from '../state/feed.ts';
import { useStore } from '../state/store.ts';
import { ui } from '../state/ui.ts';
import { call } from '../transport/socket.ts';
import { AuditFilters, type Filters, NO_FILTERS } from './AuditFilters.tsx';
import { AuditList } from './AuditList.tsx';
import { ChainState } from './ChainState.tsx';
import { RecordDetail } from './RecordDetail.tsx';
import './audit.css';

const PAGE = 200;

export function AuditPage() {
  const [filters, setFilters] = useState<Filters>(NO_FILTERS);
  const [entries, setEntries] = useState<readonly AuditEntry[]>();
  const [more, setMore] = useState(false);
  const [problem, setProblem] = useState('');
  const [chosen, setChosen] = useState<number | undefined>(() => ui.get().record);
  const news = useStore(feed, (state) => state.count);
  const loading = useRef(false);
  const turn = useRef(0);

  const search = useCallback(
    async (before?: number) => {
      const mine = ++turn.current;
      loading.current = true;
      try {
        const found = await call('audit.search', { ...asked(filters), limit: PAGE, ...(before === undefined ? {} : { before }) });
        if (mine !== turn.current) return;
        setEntries((known) => (before === undefined ? found.entries : [...(known ?? []), ...found.entries]));
        setMore(found.more);
        setProblem('');
      } catch (error) {
        if (mine === turn.current) setProblem(error instanceof Error ? error.message : String(error));
      } finally {
        if (mine === turn.current) loading.current = false;
      }
    },
    [filters],
  );

  useEffect(() => {
    const timer = setTimeout(() => void search(), 160);
    return () => clearTimeout(timer);
  }, [search, news]);
  useEffect(() => () => ui.set({ record: undefined }), []);

  const last = entries?.at(-1)?.seq;
  return (
    <div className="audit">
      <header className="page-head audit-head">
        <h1>Audit</h1>
        <ChainState />
      </header>
      <AuditFilters filters={filters} onChange={setFilters} />
      <div className="audit-body">
        {problem === '' ? (
          <AuditList
            entries={entries}
            chosen={chosen}
            filtered={filters !== NO_FILTERS}
            onChoose={setChosen}
            onEnd={() => {
              if (more && !loading.current && last !== undefined) void search(last);
            }}
          />
        ) : (
          <p className="message deny">The ledger could not be searched: {problem}</p>
        )}
        <RecordDetail seq={chosen} />
      </div>
    </div>
  );
}

const SPANS: Readonly<Record<string, number>> = { hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000 };

function asked({ principal, relation, verdict, text, span }: Filters) {
  const length = SPANS[span];
  return {
    ...(principal.trim() === '' ? {} : { principal: principal.trim() }),
    ...(relation.trim() === '' ? {} : { relation: relation.trim() }),
    ...(text.trim() === '' ? {} : { text: text.trim() }),
    ...(verdict === '' ? {} : { verdict }),
    ...(length === undefined ? {} : { since: new Date(Date.now() - length).toISOString() }),
  };
}
