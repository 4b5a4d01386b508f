// What the person set for this window; kept in the workspace.

import { createStore } from './store.ts';

export interface Settings {
  readonly theme: 'system' | 'light' | 'dark';
  readonly fontSize: number;
  readonly completion: boolean;
  readonly sidebarWidth: number;
  readonly sidebarOpen: boolean;
  /** Share of the height that the result panel takes. */
  readonly panelRatio: number;
  readonly viewerOpen: boolean;
  /** Reasons given lately, newest first. */
  readonly reasons: readonly string[];
}

export const settings = createStore<Settings>({
  theme: 'system',
  fontSize: 13,
  completion: true,
  sidebarWidth: 264,
  sidebarOpen: true,
  panelRatio: 0.52,
  viewerOpen: false,
  reasons: [],
});

export function rememberReason(reason: string): void {
  settings.set(({ reasons }) => ({ reasons: [reason, ...reasons.filter((one) => one !== reason)].slice(0, 8) }));
}

const dark = window.matchMedia('(prefers-color-scheme: dark)');

export function isDark(theme: Settings['theme']): boolean {
  return theme === 'dark' || (theme === 'system' && dark.matches);
}

/** Calls back at once and whenever the effective theme changes. */
export function watchTheme(listener: (dark: boolean) => void): () => void {
  const tell = () => listener(isDark(settings.get().theme));
  tell();
  dark.addEventListener('change', tell);
  const unsubscribe = settings.subscribe(tell);
  return () => {
    dark.removeEventListener('change', tell);
    unsubscribe();
  };
}
