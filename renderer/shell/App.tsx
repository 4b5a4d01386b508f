// The whole window: rail, page, status bar, and what lies above.

import { Tooltip } from '@base-ui/react/tooltip';
import { AgentsPage } from '../agents/AgentsPage.tsx';
import { AuditPage } from '../audit/AuditPage.tsx';
import { EditorPage } from '../editor/EditorPage.tsx';
import { PoliciesPage } from '../policies/PoliciesPage.tsx';
import { SettingsPage } from '../settings/SettingsPage.tsx';
import { session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import { ui } from '../state/ui.ts';
import { Banner } from './Banner.tsx';
import { Palette } from './Palette.tsx';
import { Rail } from './Rail.tsx';
import { StatusBar } from './StatusBar.tsx';
import { Toaster } from './Toaster.tsx';
import { Waiting } from './Waiting.tsx';
import './shell.css';

export function App() {
  const ready = useStore(session, (state) => state.ready);
  const view = useStore(ui, (state) => state.view);
  return (
    <Tooltip.Provider delay={350} closeDelay={0}>
      {ready ? (
        <div className="shell">
          <Banner />
          <Rail />
          <main className="shell-main">
            {/* The editor stays: its models, selection and results are where they were when one comes back. */}
            <div className="shell-page" hidden={view !== 'editor'}>
              <EditorPage />
            </div>
            {view === 'agents' && <AgentsPage />}
            {view === 'audit' && <AuditPage />}
            {view === 'policies' && <PoliciesPage />}
            {view === 'settings' && <SettingsPage />}
          </main>
          <StatusBar />
          <Palette />
        </div>
      ) : (
        <Waiting />
      )}
      <Toaster />
    </Tooltip.Provider>
  );
}
