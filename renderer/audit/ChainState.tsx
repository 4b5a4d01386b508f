// Whether the chain of records is whole: checked when asked, from the first record to the last.

import { useState } from 'react';
import type { Results } from '../../contracts/ui.ts';
import { Icon } from '../controls/Icon.tsx';
import { count } from '../controls/words.ts';
import { session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import { complain } from '../state/toasts.ts';
import { call } from '../transport/socket.ts';

export function ChainState() {
  const ledger = useStore(session, (state) => state.hello?.ledger);
  const [found, setFound] = useState<Results['audit.verify']>();
  const [busy, setBusy] = useState(false);
  const verify = async () => {
    setBusy(true);
    try {
      setFound(await call('audit.verify', {}));
    } catch (error) {
      complain('The chain could not be verified', error);
    } finally {
      setBusy(false);
    }
  };
  const bad = ledger?.state === 'failed' || found?.ok === false;
  return (
    <>
      <span className={`chain ${bad ? 'bad' : found ? 'ok' : ''}`} role="status">
        <Icon name={bad ? 'alert' : found ? 'check' : 'link'} />
        {ledger?.state === 'failed'
          ? `Recording failed: ${ledger.reason ?? ''}`
          : found
            ? found.ok
              ? `Whole: ${count(found.records)} records verified`
              : found.message
            : 'Recording. Not verified in this window yet'}
      </span>
      <button type="button" className="button" disabled={busy} onClick={() => void verify()}>
        {busy && <span className="spinner" aria-hidden="true" />}
        Verify chain
      </button>
    </>
  );
}
