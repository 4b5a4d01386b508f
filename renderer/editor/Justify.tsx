// Why it is asked, the facts, and one field. Enter goes on with the reason on record; Esc returns to the text as it was.

import { useState } from 'react';
import type { Environment } from '../../contracts/ui.ts';
import { Icon } from '../controls/Icon.tsx';
import { ask, startRun, type Asking } from '../state/runs.ts';
import { rememberReason, settings } from '../state/settings.ts';
import { useStore } from '../state/store.ts';
import { orComplain } from '../state/toasts.ts';
import { focusEditor } from './actions.ts';

interface JustifyProps {
  readonly tab: string;
  readonly asking: Asking;
  readonly environment: Environment | undefined;
}

export function Justify({ tab, asking, environment }: JustifyProps) {
  const [reason, setReason] = useState('');
  const reasons = useStore(settings, (state) => state.reasons);
  const back = () => {
    ask(tab, undefined);
    focusEditor();
  };
  const go = () => {
    const text = reason.trim();
    if (text === '') return;
    rememberReason(text);
    orComplain(startRun(tab, asking.connection, asking.sql, asking.offset, text), 'The statement was not started');
    focusEditor();
  };
  return (
    <form
      className="justify"
      onSubmit={(event) => {
        event.preventDefault();
        go();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        back();
      }}
    >
      <Icon name="hand" />
      <div className="justify-body">
        <p className="justify-why" id={`why-${tab}`}>
          {asking.reason}
        </p>
        <p className="justify-facts">
          {[`${asking.connection}${environment ? ` (${environment})` : ''}`, ...asking.facts].map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
          {asking.policies.length > 0 && <span className="mono">{asking.policies.join(', ')}</span>}
        </p>
        <div className="justify-answer">
          <input
            className="input"
            aria-label="Your reason"
            aria-describedby={`why-${tab}`}
            placeholder="Your reason; it goes into the record"
            list="recent-reasons"
            maxLength={2_000}
            // oxlint-disable-next-line jsx-a11y/no-autofocus
            autoFocus
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          <datalist id="recent-reasons">
            {reasons.map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
          <button type="submit" className="button primary" disabled={reason.trim() === ''}>
            Run with this reason
            <span className="kbd">Enter</span>
          </button>
          <button type="button" className="button quiet" onClick={back}>
            Back to the text
            <span className="kbd">Esc</span>
          </button>
        </div>
        {reasons.length > 0 && (
          <p className="justify-recent">
            {reasons.slice(0, 3).map((one) => (
              <button key={one} type="button" className="chip" onClick={() => setReason(one)}>
                <span className="ellipsis">{one}</span>
              </button>
            ))}
          </p>
        )}
      </div>
    </form>
  );
}
