// Every command of the app with its keys: the palette lists them, the key listener runs them, the settings page shows them.

import { isKey, keyLabel } from '../controls/platform.ts';
import * as editor from '../editor/actions.ts';
import { call } from '../transport/socket.ts';
import { cancelRun, lastRun, runs } from '../state/runs.ts';
import { session } from '../state/session.ts';
import { settings } from '../state/settings.ts';
import { activateNth, activeTab, newTab, reopenTab, tabs } from '../state/tabs.ts';
import { orComplain } from '../state/toasts.ts';
import { go, ui } from '../state/ui.ts';
import { loadTree } from '../state/schema.ts';

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly group: 'Run' | 'Edit' | 'Tabs' | 'Go' | 'View' | 'Govern';
  /** The first is shown; the others work too (a browser keeps some for itself). */
  readonly keys: readonly string[];
  readonly run: () => void;
  /** Left out where the command belongs to the editor page only. */
  readonly everywhere?: boolean;
  /** The key is handled where it is pressed; it is listed here to be known. */
  readonly local?: boolean;
}

const nothing = (): void => {};

export const COMMANDS: readonly Command[] = [
  { id: 'run', title: 'Run selection or current statement', group: 'Run', keys: ['Mod+Enter'], run: () => void editor.runCurrent() },
  { id: 'runAll', title: 'Run all statements', group: 'Run', keys: ['Mod+Shift+Enter', 'F5'], run: () => void editor.runAll() },
  { id: 'explain', title: 'Explain current statement', group: 'Run', keys: ['Mod+Shift+E'], run: () => void editor.explainCurrent() },
  { id: 'cancel', title: 'Cancel what runs', group: 'Run', keys: ['Escape'], run: cancelActive, local: true },
  { id: 'format', title: 'Format SQL', group: 'Edit', keys: ['Shift+Alt+F'], run: editor.formatText },
  { id: 'comment', title: 'Toggle line comment', group: 'Edit', keys: ['Mod+/'], run: editor.toggleComment, local: true },
  { id: 'save', title: 'Save query', group: 'Edit', keys: ['Mod+S'], run: editor.askForName },
  { id: 'newTab', title: 'New tab', group: 'Tabs', keys: ['Mod+T', 'Alt+T'], run: () => openTab() },
  { id: 'closeTab', title: 'Close tab', group: 'Tabs', keys: ['Mod+W', 'Alt+W'], run: () => editor.closeActive() },
  { id: 'reopenTab', title: 'Reopen closed tab', group: 'Tabs', keys: ['Mod+Shift+T', 'Alt+Shift+T'], run: reopenTab },
  { id: 'renameTab', title: 'Rename tab', group: 'Tabs', keys: ['F2'], run: editor.renameActive },
  { id: 'nextTab', title: 'Next tab', group: 'Tabs', keys: ['Mod+PageDown', 'Alt+PageDown'], run: () => step(1) },
  { id: 'previousTab', title: 'Previous tab', group: 'Tabs', keys: ['Mod+PageUp', 'Alt+PageUp'], run: () => step(-1) },
  ...Array.from(
    { length: 9 },
    (_, n): Command => ({
      id: `tab${n + 1}`,
      title: `Go to tab ${n + 1}`,
      group: 'Tabs',
      keys: [`Alt+${n + 1}`],
      run: () => activateNth(n),
    }),
  ),
  {
    id: 'palette',
    title: 'All commands',
    group: 'Go',
    keys: ['Mod+Shift+P', 'F1'],
    run: () => ui.set({ palette: 'commands' }),
    everywhere: true,
  },
  {
    id: 'find',
    title: 'Find table, tab, query or history',
    group: 'Go',
    keys: ['Mod+P'],
    run: () => ui.set({ palette: 'find' }),
    everywhere: true,
  },
  { id: 'cycle', title: 'Move between editor, results and sidebar', group: 'Go', keys: ['F6'], run: editor.cycleFocus },
  { id: 'goEditor', title: 'Go to editor', group: 'Go', keys: ['Alt+Shift+E'], run: () => go('editor'), everywhere: true },
  { id: 'goAgents', title: 'Go to agents', group: 'Go', keys: ['Alt+Shift+A'], run: () => go('agents'), everywhere: true },
  { id: 'goAudit', title: 'Go to audit', group: 'Go', keys: ['Alt+Shift+L'], run: () => go('audit'), everywhere: true },
  { id: 'goPolicies', title: 'Go to policies', group: 'Go', keys: ['Alt+Shift+P'], run: () => go('policies'), everywhere: true },
  { id: 'goSettings', title: 'Go to settings', group: 'Go', keys: ['Mod+,'], run: () => go('settings'), everywhere: true },
  {
    id: 'sidebar',
    title: 'Show or hide the sidebar',
    group: 'View',
    keys: ['Mod+B'],
    run: () => settings.set(({ sidebarOpen }) => ({ sidebarOpen: !sidebarOpen })),
  },
  {
    id: 'viewer',
    title: 'Show or hide the cell viewer',
    group: 'View',
    keys: ['Alt+V'],
    run: () => settings.set(({ viewerOpen }) => ({ viewerOpen: !viewerOpen })),
  },
  { id: 'refresh', title: 'Refresh the schema', group: 'View', keys: [], run: () => loadTree(activeTab()?.connection ?? '', true) },
  { id: 'light', title: 'Theme: light', group: 'View', keys: [], run: () => settings.set({ theme: 'light' }), everywhere: true },
  { id: 'dark', title: 'Theme: dark', group: 'View', keys: [], run: () => settings.set({ theme: 'dark' }), everywhere: true },
  { id: 'system', title: 'Theme: as the system', group: 'View', keys: [], run: () => settings.set({ theme: 'system' }), everywhere: true },
  {
    id: 'connect',
    title: 'Add a connection',
    group: 'Govern',
    keys: [],
    run: () => ui.set({ view: 'settings', addingConnection: true }),
    everywhere: true,
  },
  { id: 'pauseAll', title: 'Pause or resume all agents', group: 'Govern', keys: [], run: togglePauseAll, everywhere: true },
  { id: 'gridCopy', title: 'Results: copy selection', group: 'Edit', keys: ['Mod+C'], run: nothing, local: true },
  { id: 'gridColumn', title: 'Results: select column', group: 'Edit', keys: ['Ctrl+Space'], run: nothing, local: true },
  { id: 'gridRow', title: 'Results: select row', group: 'Edit', keys: ['Shift+Space'], run: nothing, local: true },
  { id: 'gridViewer', title: 'Results: open cell viewer', group: 'Edit', keys: ['Enter'], run: nothing, local: true },
];

export const keysOf = (id: string): string | undefined => {
  const keys = COMMANDS.find((command) => command.id === id)?.keys[0];
  return keys === undefined ? undefined : keyLabel(keys);
};

/** One listener for all keys, before the editor sees them. */
export function listenToKeys(): void {
  addEventListener(
    'keydown',
    (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey && !/^F\d/.test(event.key)) return;
      const found = COMMANDS.find((command) => !command.local && command.keys.some((keys) => isKey(event, keys)));
      if (!found || session.get().hello === undefined) return;
      if (!found.everywhere && (ui.get().view !== 'editor' || overlay())) return;
      event.preventDefault();
      event.stopPropagation();
      found.run();
    },
    { capture: true },
  );
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.defaultPrevented && ui.get().view === 'editor' && !overlay()) cancelActive();
  });
}

export function togglePauseAll(): void {
  const paused = session.get().hello?.agentsPaused ?? false;
  orComplain(
    call('agents.pauseAll', { paused: !paused }).then(() =>
      session.set(({ hello }) => ({ hello: hello && { ...hello, agentsPaused: !paused } })),
    ),
    'The agents were not paused or resumed',
  );
}

function overlay(): boolean {
  return document.querySelector('[role=dialog]:not(.toast), [role=alertdialog]:not(.toast), [role=menu]') !== null;
}

function cancelActive(): void {
  const tab = activeTab();
  if (tab && lastRun(runs.get(), tab.id)?.status === 'running') cancelRun(tab.id);
}

function openTab(): void {
  newTab();
  editor.focusEditor();
}

function step(by: number): void {
  const { tabs: all, active } = tabs.get();
  const index = all.findIndex((tab) => tab.id === active);
  activateNth((index + by + all.length) % all.length);
}
