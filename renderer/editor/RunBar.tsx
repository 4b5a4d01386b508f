// The gate between text and result: run, connection, and what will happen. It grows when a reason is asked.

import { Choice } from '../controls/Choice.tsx';
import { EnvDot } from '../controls/EnvDot.tsx';
import { Hint } from '../controls/Hint.tsx';
import { Icon } from '../controls/Icon.tsx';
import { keysOf } from '../shell/commands.ts';
import { cancelRun, lastRun, runs } from '../state/runs.ts';
import { connectionNamed, session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import { setConnection, tabs } from '../state/tabs.ts';
import { runCurrent } from './actions.ts';
import { Justify } from './Justify.tsx';
import { PreflightLine } from './PreflightLine.tsx';

export function RunBar() {
  const tab = useStore(tabs, (state) => state.tabs.find((one) => one.id === state.active));
  const connections = useStore(session, (state) => state.connections);
  const run = useStore(runs, (state) => (tab ? lastRun(state, tab.id) : undefined));
  const asking = useStore(runs, (state) => (tab ? state.asking[tab.id] : undefined));
  if (!tab) return null;
  const environment = connectionNamed(tab.connection)?.environment;
  const running = run?.status === 'running';
  return (
    <section className={`runbar ${environment ?? ''}`} aria-label="Run">
      <div className="runbar-row">
        {running ? (
          <button type="button" className="button run-button stop" onClick={() => cancelRun(tab.id)}>
            <Icon name="stop" size={14} />
            Cancel
            <span className="kbd">Esc</span>
          </button>
        ) : (
          <Hint label="Run selection or current statement" keys={keysOf('run')}>
            <button type="button" className="button primary run-button" onClick={() => void runCurrent()}>
              <Icon name="play" size={14} />
              {environment === 'production' ? 'Run on production' : 'Run'}
            </button>
          </Hint>
        )}
        <Choice
          label="Connection of this tab"
          className="runbar-connection"
          value={tab.connection}
          placeholder="Choose a connection"
          options={connections.map(({ name, environment: env }) => ({ value: name, label: name, mark: <EnvDot environment={env} /> }))}
          onChange={(next) => setConnection(tab.id, next)}
        />
        {run && run.transaction !== 'none' && !running && (
          <span className={`chip ${run.transaction === 'failed' ? 'deny' : 'hold'}`}>
            {run.transaction === 'open' ? 'Transaction open' : 'Transaction failed: rollback ends it'}
          </span>
        )}
        <PreflightLine tab={tab.id} />
      </div>
      {asking && <Justify key={asking.sql} tab={tab.id} asking={asking} environment={environment} />}
    </section>
  );
}
