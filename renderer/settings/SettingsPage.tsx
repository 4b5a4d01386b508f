// The window's own settings, connections, and the list of keys.

import { Choice } from '../controls/Choice.tsx';
import { keyLabel } from '../controls/platform.ts';
import { COMMANDS } from '../shell/commands.ts';
import { session } from '../state/session.ts';
import { settings, type Settings } from '../state/settings.ts';
import { useStore } from '../state/store.ts';
import { Connections } from './Connections.tsx';
import './settings.css';

const THEMES = [
  { value: 'system', label: 'As the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];
const SIZES = [11, 12, 13, 14, 15, 16, 18, 20].map((size) => ({ value: String(size), label: `${size} px` }));

export function SettingsPage() {
  const { theme, fontSize, completion } = useStore(settings, (state) => state);
  const version = useStore(session, (state) => state.hello?.version);
  const listed = COMMANDS.filter((command) => command.keys.length > 0 && !/^tab[2-9]$/.test(command.id));
  return (
    <div className="page settings">
      <header className="page-head">
        <h1>Settings</h1>
        <span className="note num">Gatehouse {version}</span>
      </header>
      <section>
        <h2>Look</h2>
        <div className="setting">
          <span>Theme</span>
          <Choice label="Theme" value={theme} options={THEMES} onChange={(value) => settings.set({ theme: value as Settings['theme'] })} />
        </div>
        <div className="setting">
          <span>Size of the SQL text</span>
          <Choice
            label="Size of the SQL text"
            value={String(fontSize)}
            options={SIZES}
            onChange={(value) => settings.set({ fontSize: Number(value) })}
          />
        </div>
        <label className="setting">
          <span>
            Completion while typing
            <span className="note">Ctrl+Space asks for it in any case.</span>
          </span>
          <input type="checkbox" checked={completion} onChange={(event) => settings.set({ completion: event.target.checked })} />
        </label>
      </section>
      <Connections />
      <section>
        <h2>Keys</h2>
        <dl className="keys">
          {listed.map((command) => (
            <div key={command.id}>
              <dt>{command.id === 'tab1' ? 'Go to tab 1 to 9' : command.title}</dt>
              <dd>
                {command.keys.map((keys) => (
                  <kbd key={keys}>{command.id === 'tab1' ? keyLabel('Alt+1…9') : keyLabel(keys)}</kbd>
                ))}
              </dd>
            </div>
          ))}
        </dl>
      </section>
    </div>
  );
}
