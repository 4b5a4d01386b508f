// What a run said: one line a statement, notices, and the error or refusal with the way forward.

import { Icon } from '../controls/Icon.tsx';
import { duration } from '../controls/words.ts';
import type { Run } from '../state/runs.ts';
import { ErrorPanel } from './ErrorPanel.tsx';

export function Messages({ run }: { readonly run: Run }) {
  return (
    <div className="messages" tabIndex={0} data-stop="results" role="log" aria-label="Messages">
      {run.error && run.status !== 'cancelled' && <ErrorPanel error={run.error} run={run} />}
      {run.lines.map((line, index) => (
        <p key={`${index}${line.text}`} className={`message-line ${line.kind}`}>
          <Icon name={line.kind === 'statement' ? 'check' : 'alert'} size={14} />
          <span>{line.text}</span>
          {line.durationMs !== undefined && <span className="note num">{duration(line.durationMs)}</span>}
        </p>
      ))}
      {run.status === 'cancelled' && (
        <p className="message-line cancelled">
          <Icon name="stop" size={14} />
          Cancelled. Rows that came before are kept.
        </p>
      )}
      {run.status === 'running' && run.lines.length === 0 && !run.error && (
        <p className="message-line">
          <span className="spinner" aria-hidden="true" />
          Waiting for the first row
        </p>
      )}
    </div>
  );
}
