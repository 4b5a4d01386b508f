// Start of the window: styles, theme, socket, keys, then the first paint.

import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './theme/tokens.css';
import './theme/base.css';
import './controls/controls.css';
import { App } from './shell/App.tsx';
import { listenToKeys } from './shell/commands.ts';
import { followExports } from './state/exports.ts';
import { followFeed } from './state/feed.ts';
import { followRuns } from './state/runs.ts';
import { followProxy } from './state/session.ts';
import { watchTheme } from './state/settings.ts';
import { openWorkspace } from './state/workspace.ts';
import { start } from './transport/socket.ts';

watchTheme((dark) => {
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
});
followRuns();
followExports();
followFeed();
followProxy(openWorkspace);
listenToKeys();
start();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
