// The way between pages, along the left edge.

import { Hint } from '../controls/Hint.tsx';
import { Icon, type IconName } from '../controls/Icon.tsx';
import { session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import { go, ui, type View } from '../state/ui.ts';
import { keysOf } from './commands.ts';

const PLACES: readonly { readonly view: View; readonly label: string; readonly icon: IconName; readonly command: string }[] = [
  { view: 'editor', label: 'Editor', icon: 'editor', command: 'goEditor' },
  { view: 'agents', label: 'Agents', icon: 'agents', command: 'goAgents' },
  { view: 'audit', label: 'Audit', icon: 'audit', command: 'goAudit' },
  { view: 'policies', label: 'Policies', icon: 'policies', command: 'goPolicies' },
  { view: 'settings', label: 'Settings', icon: 'settings', command: 'goSettings' },
];

export function Rail() {
  const view = useStore(ui, (state) => state.view);
  const busy = useStore(session, (state) => state.agents.filter((agent) => agent.sessions > 0).length);
  return (
    <nav className="rail" aria-label="Pages">
      <span className="rail-mark" aria-hidden="true">
        <Icon name="gate" size={20} />
      </span>
      {PLACES.map((place) => (
        <Hint key={place.view} label={place.label} keys={keysOf(place.command)} side="right">
          <button
            type="button"
            className={`rail-item ${place.view === 'settings' ? 'last' : ''}`}
            aria-label={place.view === 'agents' && busy > 0 ? `Agents, ${busy} connected` : place.label}
            aria-current={view === place.view ? 'page' : undefined}
            onClick={() => go(place.view)}
          >
            <Icon name={place.icon} size={20} />
            {place.view === 'agents' && busy > 0 && <span className="rail-badge num">{busy}</span>}
          </button>
        </Hint>
      ))}
    </nav>
  );
}
