// What there is to work with: connections, tables, saved queries, history.

import { Tabs } from '@base-ui/react/tabs';
import { useEffect, useState } from 'react';
import { EnvDot } from '../controls/EnvDot.tsx';
import { IconButton } from '../controls/IconButton.tsx';
import { session } from '../state/session.ts';
import { loadTree } from '../state/schema.ts';
import { useStore } from '../state/store.ts';
import { setConnection, tabs } from '../state/tabs.ts';
import { ui } from '../state/ui.ts';
import { HistoryList } from './HistoryList.tsx';
import { SavedList } from './SavedList.tsx';
import { SchemaTree } from './SchemaTree.tsx';
import './sidebar.css';

export function Sidebar() {
  const connections = useStore(session, (state) => state.connections);
  const tab = useStore(tabs, (state) => state.tabs.find((one) => one.id === state.active));
  const status = useStore(session, (state) => state.status);
  const [place, setPlace] = useState('tables');
  const connection = tab?.connection ?? '';
  useEffect(() => {
    if (status === 'open') loadTree(connection);
  }, [connection, status]);

  return (
    <aside className="sidebar" aria-label="Database">
      <div className="sidebar-head">
        <h3>Connections</h3>
        <IconButton icon="plus" label="Add a connection" onClick={() => ui.set({ view: 'settings', addingConnection: true })} />
      </div>
      <ul className="connections">
        {connections.map((one) => (
          <li key={one.name}>
            <button
              type="button"
              className={`connection ${one.environment}`}
              aria-current={one.name === connection}
              onClick={() => tab && setConnection(tab.id, one.name)}
            >
              <EnvDot environment={one.environment} />
              <span className="ellipsis">{one.name}</span>
              <span className="connection-env">{one.environment}</span>
            </button>
          </li>
        ))}
        {connections.length === 0 && <li className="sidebar-note">No connection yet. The plus above adds one.</li>}
      </ul>
      <Tabs.Root className="sidebar-tabs" value={place} onValueChange={(next) => setPlace(String(next))}>
        <Tabs.List className="segments" aria-label="Sidebar">
          <Tabs.Tab className="segment" value="tables">
            Tables
          </Tabs.Tab>
          <Tabs.Tab className="segment" value="saved">
            Saved
          </Tabs.Tab>
          <Tabs.Tab className="segment" value="history">
            History
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel className="sidebar-panel" value="tables" tabIndex={-1}>
          <SchemaTree connection={connection} />
        </Tabs.Panel>
        <Tabs.Panel className="sidebar-panel" value="saved" tabIndex={-1}>
          <SavedList />
        </Tabs.Panel>
        <Tabs.Panel className="sidebar-panel" value="history" tabIndex={-1}>
          <HistoryList />
        </Tabs.Panel>
      </Tabs.Root>
    </aside>
  );
}
