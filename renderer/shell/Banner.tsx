// The socket is gone: said quietly, above everything, while the editor goes on.

import { Icon } from '../controls/Icon.tsx';
import { session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import { retryNow } from '../transport/socket.ts';

export function Banner() {
  const status = useStore(session, (state) => state.status);
  const ready = useStore(session, (state) => state.ready);
  if (status !== 'lost' || !ready) return null;
  return (
    <div className="banner" role="status">
      <span className="spinner" aria-hidden="true" />
      The proxy is not reachable. Text stays here and is saved as soon as it is back.
      <button type="button" className="button quiet" onClick={retryNow}>
        <Icon name="refresh" size={14} />
        Try now
      </button>
    </div>
  );
}
