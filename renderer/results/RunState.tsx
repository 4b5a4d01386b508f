// The line below a result: how it stands, rows, time, what is selected. Counts live while it runs.

import { useEffect, useState } from 'react';
import { count, duration, oneLine, plural } from '../controls/words.ts';
import type { Result, Run } from '../state/runs.ts';
import { rectangle, type Selection } from './selection.ts';

interface RunStateProps {
  readonly run: Run;
  readonly result: Result | undefined;
  readonly selection: Selection;
}

const WORDS = { running: 'Running', ok: 'Done', error: 'Ended with an error', cancelled: 'Cancelled' } as const;

export function RunState({ run, result, selection }: RunStateProps) {
  const elapsed = useElapsed(run);
  const box = result && rectangle(selection, result.rows, result.columns.length);
  const rows = box ? box.bottom - box.top + 1 : 0;
  const columns = box ? box.right - box.left + 1 : 0;
  return (
    <footer className="run-state num">
      <span className={`run-word ${run.status}`} role="status">
        {run.status === 'running' && <span className="spinner" aria-hidden="true" />}
        {WORDS[run.status]}
      </span>
      {result && <span>{plural(result.rows, 'row')}</span>}
      <span>{duration(elapsed)}</span>
      <span className="run-sql mono ellipsis">{oneLine(run.sql)}</span>
      {result && rows * columns > 1 && (
        <span className="run-selected">
          {count(rows)} × {count(columns)} selected
        </span>
      )}
    </footer>
  );
}

function useElapsed(run: Run): number {
  const [now, setNow] = useState(() => performance.now());
  const running = run.status === 'running';
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(performance.now()), 100);
    return () => clearInterval(timer);
  }, [running]);
  return running ? Math.max(0, now - run.startedAt) : (run.durationMs ?? 0);
}
