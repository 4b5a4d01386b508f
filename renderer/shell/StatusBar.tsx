// The bar that is always true: who, where, under which policy, with which doors, and whether the ledger is sound.

import { EnvDot } from '../controls/EnvDot.tsx';
import { Icon } from '../controls/Icon.tsx';
import { plural } from '../controls/words.ts';
import { connectionNamed, session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import { tabs } from '../state/tabs.ts';
import { go } from '../state/ui.ts';
import { togglePauseAll } from './commands.ts';
import { Doors } from './Doors.tsx';

export function StatusBar() {
  const hello = useStore(session, (state) => state.hello);
  const agents = useStore(session, (state) => state.agents);
  const name = useStore(tabs, (state) => state.tabs.find((tab) => tab.id === state.active)?.connection);
  useStore(session, (state) => state.connections);
  const connection = connectionNamed(name);
  if (!hello) return <footer className="status" />;
  const connected = agents.reduce((sum, agent) => sum + agent.sessions, 0);
  return (
    <footer className={`status ${connection?.environment ?? ''}`} aria-label="Status">
      <span className="status-item">
        <Icon name="person" size={14} />
        {hello.person}
      </span>
      {connection && (
        <span className="status-item status-connection">
          <EnvDot environment={connection.environment} />
          <span className="ellipsis">{connection.name}</span>
          <span className="status-dim">{connection.environment}</span>
        </span>
      )}
      <button type="button" className="status-item" onClick={() => go('policies')}>
        <Icon name="policies" size={14} />
        {hello.policy.managed ? `Managed by ${hello.policy.id}` : 'Unmanaged'}
        <span className="status-dim num">#{hello.policy.sequence}</span>
      </button>
      <Doors doors={hello.doors} />
      <button type="button" className={`status-item ${hello.ledger.state === 'failed' ? 'bad' : ''}`} onClick={() => go('audit')}>
        <Icon name={hello.ledger.state === 'ok' ? 'link' : 'alert'} size={14} />
        {hello.ledger.state === 'ok' ? 'Ledger recording' : `Ledger failed: ${hello.ledger.reason ?? 'statements are refused'}`}
      </button>
      <span className="status-gap" />
      <button type="button" className="status-item" onClick={() => go('agents')}>
        <Icon name="agents" size={14} />
        {connected > 0 ? `${plural(connected, 'agent session')}` : 'No agent connected'}
      </button>
      <button
        type="button"
        className={`status-item ${hello.agentsPaused ? 'held' : ''}`}
        aria-pressed={hello.agentsPaused}
        onClick={togglePauseAll}
      >
        <Icon name={hello.agentsPaused ? 'play' : 'pause'} size={14} />
        {hello.agentsPaused ? 'All agents paused: resume' : 'Pause all agents'}
      </button>
    </footer>
  );
}
