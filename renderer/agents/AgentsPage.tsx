// Who else works here: the agents, what they did today, and what they do right now.

import { useState } from 'react';
import type { AgentAccess } from '../../contracts/ui.ts';
import { Confirm, type Question } from '../controls/Confirm.tsx';
import { Icon } from '../controls/Icon.tsx';
import { togglePauseAll } from '../shell/commands.ts';
import { loadAgents, session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import { orComplain } from '../state/toasts.ts';
import { call } from '../transport/socket.ts';
import { AccessDialog } from './AccessDialog.tsx';
import { AddAgent } from './AddAgent.tsx';
import { AgentCard } from './AgentCard.tsx';
import { Feed } from './Feed.tsx';
import './agents.css';

export function AgentsPage() {
  const agents = useStore(session, (state) => state.agents);
  const paused = useStore(session, (state) => state.hello?.agentsPaused ?? false);
  const [adding, setAdding] = useState(false);
  const [access, setAccess] = useState<AgentAccess>();
  const [question, setQuestion] = useState<Question>();
  const act = (promise: Promise<unknown>, title: string) => orComplain(promise.then(loadAgents), title);
  const order = { active: 0, paused: 1, expired: 2, revoked: 3 } as const;

  return (
    <div className="agents">
      <div className="page agents-main">
        <header className="page-head">
          <div>
            <h1>Agents</h1>
            <p>Programs that reach databases through this checkpoint, each under a name of its own.</p>
          </div>
          <button
            type="button"
            className="button"
            onClick={() =>
              paused
                ? togglePauseAll()
                : setQuestion({
                    title: 'Pause all agents?',
                    text: 'Their statements are refused from now on, also in open sessions, until you resume them.',
                    action: 'Pause all',
                    danger: false,
                    run: togglePauseAll,
                  })
            }
          >
            <Icon name={paused ? 'play' : 'pause'} size={14} />
            {paused ? 'Resume all' : 'Pause all'}
          </button>
          <button type="button" className="button primary" onClick={() => setAdding(true)}>
            <Icon name="plus" size={14} />
            Add agent
          </button>
        </header>
        {paused && (
          <p className="message agents-paused" role="status">
            <Icon name="pause" size={16} />
            All agents are paused. Their statements are refused until you resume them.
          </p>
        )}
        {agents.length === 0 ? (
          <div className="agents-none">
            <Icon name="agents" size={28} />
            <strong>No agents yet</strong>
            <p className="note">
              An agent gets a token for the connections you choose. It never sees a database password, and you see each of its statements
              here.
            </p>
            <button type="button" className="button primary" onClick={() => setAdding(true)}>
              Add the first agent
            </button>
          </div>
        ) : (
          <ul className="cards">
            {agents
              .toSorted((a, b) => order[a.status] - order[b.status] || b.sessions - a.sessions || a.name.localeCompare(b.name))
              .map((agent) => (
                <AgentCard
                  key={agent.name}
                  agent={agent}
                  onPause={() => act(call('agents.pause', { name: agent.name }), `${agent.name} was not paused`)}
                  onResume={() => act(call('agents.resume', { name: agent.name }), `${agent.name} was not resumed`)}
                  onRevoke={() =>
                    setQuestion({
                      title: `Revoke ${agent.name}?`,
                      text: 'Its token stops working at once and for good. Its records stay in the ledger.',
                      action: 'Revoke',
                      danger: true,
                      run: () => act(call('agents.revoke', { name: agent.name }), `${agent.name} was not revoked`),
                    })
                  }
                />
              ))}
          </ul>
        )}
      </div>
      <Feed />
      <AddAgent open={adding} onOpenChange={setAdding} onAdded={setAccess} />
      <AccessDialog access={access} onClose={() => setAccess(undefined)} />
      <Confirm question={question} onClose={() => setQuestion(undefined)} />
    </div>
  );
}
