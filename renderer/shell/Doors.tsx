// How other tools come in: the address of each door, as the lines one would type.

import { Popover } from '@base-ui/react/popover';
import type { Hello } from '../../contracts/ui.ts';
import { Copyable } from '../controls/Copyable.tsx';
import { Icon } from '../controls/Icon.tsx';
import { go } from '../state/ui.ts';

export function Doors({ doors }: { readonly doors: Hello['doors'] }) {
  const { postgres } = doors;
  return (
    <Popover.Root>
      <Popover.Trigger className="status-item">
        <Icon name="plug" size={14} />
        {postgres ? <span className="num">PostgreSQL door :{postgres.port}</span> : 'No door listens'}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="top" align="start" sideOffset={8} style={{ zIndex: 50 }}>
          <Popover.Popup className="popup doors">
            <Popover.Title render={<h2 />}>Connect another tool</Popover.Title>
            {postgres ? (
              <>
                <Popover.Description className="note">
                  psql, BI tools and drivers connect here with a token of their own. The same policies, masks and records hold as in this
                  window.
                </Popover.Description>
                <Copyable label="psql, as yourself" text="npm run --silent gatehouse -- me --json" />
                <Copyable
                  label="psql, as an agent"
                  text={`psql "host=${postgres.host} port=${postgres.port} user=AGENT password=TOKEN dbname=CONNECTION"`}
                />
                <div className="dialog-actions">
                  <Popover.Close className="button primary" onClick={() => go('agents')}>
                    Add an agent
                  </Popover.Close>
                </div>
              </>
            ) : (
              <Popover.Description className="note">The proxy runs without a PostgreSQL door.</Popover.Description>
            )}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
