// One agent: its state, where it may go, what it did today.

import type { AgentInfo } from '../../contracts/ui.ts';
import { EnvDot } from '../controls/EnvDot.tsx';
import { IconButton } from '../controls/IconButton.tsx';
import { count, date, plural } from '../controls/words.ts';
import { connectionNamed } from '../state/session.ts';

interface AgentCardProps {
  readonly agent: AgentInfo;
  readonly onPause: () => void;
  readonly onResume: () => void;
  readonly onRevoke: () => void;
}

const STATUS = { active: 'Active', paused: 'Paused', revoked: 'Revoked', expired: 'Expired' } as const;

export function AgentCard({ agent, onPause, onResume, onRevoke }: AgentCardProps) {
  const { statements, held, denied, rows } = agent.today;
  const over = agent.status === 'revoked' || agent.status === 'expired';
  return (
    <li className="card" data-status={agent.status}>
      <header className="card-head">
        <div className="card-name">
          <h2 className="ellipsis" title={agent.name}>
            {agent.name}
          </h2>
          <p className="note ellipsis">
            for {agent.owner}
            {agent.client ? ` · ${agent.client}` : ''}
          </p>
        </div>
        {!over && (
          <>
            {agent.status === 'paused' ? (
              <IconButton icon="play" label={`Resume ${agent.name}`} onClick={onResume} />
            ) : (
              <IconButton icon="pause" label={`Pause ${agent.name}`} onClick={onPause} />
            )}
            <IconButton icon="trash" label={`Revoke ${agent.name}`} onClick={onRevoke} />
          </>
        )}
      </header>
      <p className="card-state">
        <span className={`card-dot ${agent.status} ${agent.sessions > 0 ? 'live' : ''}`} />
        {agent.status === 'active'
          ? agent.sessions > 0
            ? `Connected, ${plural(agent.sessions, 'session')}`
            : 'Not connected'
          : STATUS[agent.status]}
      </p>
      <ul className="card-connections">
        {agent.connections.map((name) => (
          <li key={name} className="chip">
            <EnvDot environment={connectionNamed(name)?.environment} />
            {name}
          </li>
        ))}
      </ul>
      <dl className="card-numbers num">
        <Figure label="statements" value={statements} />
        <Figure label="rows" value={rows} />
        <Figure label="held" value={held} tone={held > 0 ? 'hold' : ''} />
        <Figure label="denied" value={denied} tone={denied > 0 ? 'deny' : ''} />
      </dl>
      <p className="note">
        {agent.expiresAt ? `${over ? 'Expired' : 'Expires'} ${date(agent.expiresAt)}` : 'No expiry'} · added {date(agent.createdAt)}
      </p>
    </li>
  );
}

function Figure({ label, value, tone = '' }: { readonly label: string; readonly value: number; readonly tone?: string }) {
  return (
    <div className={tone}>
      <dt>{label}</dt>
      <dd>{count(value)}</dd>
    </div>
  );
}
