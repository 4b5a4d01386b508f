// Before the first answer: usually a blink. Without a token it says how to come in.

import { Icon } from '../controls/Icon.tsx';
import { session } from '../state/session.ts';
import { useStore } from '../state/store.ts';

export function Waiting() {
  const status = useStore(session, (state) => state.status);
  return (
    <main className="waiting">
      <Icon name="gate" size={40} />
      {status === 'refused' || status === 'lost' ? (
        <>
          <h1>{status === 'refused' ? 'This window has no key' : 'The proxy does not answer'}</h1>
          <p>
            {status === 'refused'
              ? 'Open the address that gatehouse printed when it started. Each address opens one window.'
              : 'It may be starting, or this address was used before. The window keeps trying; if it stays like this, open the address that gatehouse printed.'}
          </p>
        </>
      ) : (
        <p role="status">Opening</p>
      )}
    </main>
  );
}
