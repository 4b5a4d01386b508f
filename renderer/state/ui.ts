// Which page is open, and what lies above it.

import { createStore } from './store.ts';

export type View = 'editor' | 'agents' | 'audit' | 'policies' | 'settings';

interface Ui {
  readonly view: View;
  readonly palette: 'commands' | 'find' | undefined;
  /** A record that the audit page should open. */
  readonly record: number | undefined;
  readonly addingConnection: boolean;
}

export const ui = createStore<Ui>({ view: 'editor', palette: undefined, record: undefined, addingConnection: false });

export const go = (view: View): void => ui.set({ view });

export function openRecord(seq: number): void {
  ui.set({ view: 'audit', record: seq });
}
