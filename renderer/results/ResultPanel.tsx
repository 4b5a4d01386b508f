// The lower half: the results of the active tab, one tab each, and the messages.

import { useCallback, useEffect, useState } from 'react';
import { keysOf } from '../shell/commands.ts';
import { Icon } from '../controls/Icon.tsx';
import { IconButton } from '../controls/IconButton.tsx';
import { toClipboard } from '../controls/clipboard.ts';
import { count, plural } from '../controls/words.ts';
import { lastRun, pin, forget, type Run, runs, show } from '../state/runs.ts';
import { settings } from '../state/settings.ts';
import { useStore } from '../state/store.ts';
import { complain, tell } from '../state/toasts.ts';
import { startExport } from '../state/exports.ts';
import { call } from '../transport/socket.ts';
import { CellViewer } from './CellViewer.tsx';
import { type CopyFormat, CopyMenu, ExportMenu } from './CopyMenu.tsx';
import { ExportProgress } from './ExportProgress.tsx';
import { Grid } from './Grid.tsx';
import { MaskSummary } from './MaskSummary.tsx';
import { Messages } from './Messages.tsx';
import { RunState } from './RunState.tsx';
import { FIRST_CELL, rectangle, type Selection } from './selection.ts';
import './results.css';

export function ResultPanel({ tab }: { readonly tab: string }) {
  const all = useStore(runs, (state) => state.runs);
  const key = useStore(runs, (state) => state.shown[tab]);
  const latest = useStore(runs, (state) => lastRun(state, tab));
  const mine = all.filter((run) => run.tab === tab);
  const [runId, part] = key?.split(':') ?? [];
  const run = mine.find((one) => one.id === runId) ?? latest;
  const result = run?.results.find((one) => String(one.index) === part);
  const viewerOpen = useStore(settings, (state) => state.viewerOpen);
  const [selections, setSelections] = useState<Readonly<Record<string, Selection>>>({});
  const [value, setValue] = useState<string | null | undefined>();
  const place = `${run?.id}:${part}`;
  const selection = selections[place] ?? FIRST_CELL;
  const onValue = useCallback((next: string | null | undefined) => setValue(next), []);
  useEffect(() => setValue(undefined), [place]);

  if (!run) {
    return (
      <section className="results" aria-label="Results">
        <div className="empty" data-stop="results" tabIndex={-1}>
          <strong>No result yet</strong>
          <p>
            <kbd>{keysOf('run')}</kbd> runs the statement under the cursor, <kbd>{keysOf('runAll')}</kbd> all of them.
          </p>
        </div>
      </section>
    );
  }

  const copy = async (format: CopyFormat, headers: boolean) => {
    if (!result) return;
    const box = rectangle(selection, result.rows, result.columns.length);
    const wanted = box.bottom - box.top + 1;
    const columns = Array.from({ length: box.right - box.left + 1 }, (_, n) => box.left + n);
    try {
      const { text, truncated } = await call('run.copy', {
        run: run.id,
        result: result.index,
        from: box.top,
        count: Math.min(100_000, wanted),
        columns,
        format,
        headers,
      });
      if (!(await toClipboard(text))) return;
      const cut = truncated || wanted > 100_000;
      if (cut) tell('Copied in part', 'The selection is too large for the clipboard. An export takes all of it.');
      else if (wanted > 1 || columns.length > 1) tell('Copied', `${plural(wanted, 'row')}, ${plural(columns.length, 'column')}`);
    } catch (error) {
      complain('Nothing was copied', error);
    }
  };

  return (
    <section className="results" aria-label="Results">
      <header className="results-head">
        <div className="results-tabs" role="tablist" aria-label="Results of this tab">
          {mine.map((one, index) => (
            <RunTabs key={one.id} run={one} tab={tab} shown={run.id === one.id ? part : undefined} earlier={index < mine.length - 1} />
          ))}
        </div>
        <ExportProgress />
        {result && (
          <>
            <MaskSummary run={run} columns={result.columns.filter((column) => column.mask)} />
            <CopyMenu onCopy={(format, headers) => void copy(format, headers)} />
            <ExportMenu onExport={(format) => void startExport(run.id, result.index, format)} />
          </>
        )}
        <IconButton
          icon="pin"
          label={run.pinned ? 'Unpin: the next run replaces it' : 'Pin: keep beside later runs'}
          pressed={run.pinned}
          onClick={() => pin(run.id, !run.pinned)}
        />
        <IconButton
          icon="panel"
          label="Cell viewer"
          keys={keysOf('viewer')}
          pressed={viewerOpen}
          onClick={() => settings.set({ viewerOpen: !viewerOpen })}
        />
      </header>
      <div
        className="results-body"
        style={{ gridTemplateColumns: viewerOpen && result ? 'minmax(0, 1fr) minmax(220px, 32%)' : 'minmax(0, 1fr)' }}
      >
        {result ? (
          result.rows === 0 && result.done ? (
            <div className="empty" data-stop="results" tabIndex={-1}>
              <strong>0 rows</strong>
              <p>
                The statement ran. No row fits it:{' '}
                {result.columns
                  .map((column) => column.name)
                  .slice(0, 6)
                  .join(', ')}
                {result.columns.length > 6 ? ' …' : ''}
              </p>
            </div>
          ) : (
            <Grid
              key={place}
              run={run.id}
              result={result}
              selection={selection}
              onSelect={(next) => setSelections((before) => ({ ...before, [place]: next }))}
              onCopy={() => void copy('tsv', false)}
              onOpen={() => settings.set({ viewerOpen: true })}
              onValue={onValue}
            />
          )
        ) : (
          <Messages run={run} />
        )}
        {viewerOpen && result && <CellViewer column={result.columns[selection.focus.column]} row={selection.focus.row} value={value} />}
      </div>
      <RunState run={run} result={result} selection={selection} />
    </section>
  );
}

interface RunTabsProps {
  readonly run: Run;
  readonly tab: string;
  readonly shown: string | undefined;
  readonly earlier: boolean;
}

function RunTabs({ run, tab, shown, earlier }: RunTabsProps) {
  return (
    <>
      {run.results.map((result) => (
        <button
          key={result.index}
          type="button"
          role="tab"
          className="result-tab"
          aria-selected={shown === String(result.index)}
          onClick={() => show(tab, `${run.id}:${result.index}`)}
        >
          {earlier && <Icon name="pin" size={12} />}
          {run.results.length > 1 ? `Result ${result.index + 1}` : 'Result'}
          <span className="note num">{count(result.rows)}</span>
        </button>
      ))}
      <button
        type="button"
        role="tab"
        className="result-tab"
        aria-selected={shown === 'messages'}
        onClick={() => show(tab, `${run.id}:messages`)}
      >
        {run.error ? (
          <Icon
            className={run.error.code === 'JUSTIFICATION_REQUIRED' ? 'hold-ink' : 'deny-ink'}
            name={run.error.code === 'JUSTIFICATION_REQUIRED' ? 'hand' : 'alert'}
            size={13}
          />
        ) : null}
        Messages
      </button>
      {earlier && <IconButton icon="close" label="Let go of this earlier run" onClick={() => forget(run.id)} />}
    </>
  );
}
