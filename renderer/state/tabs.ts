// The editor's tabs. Texts are kept beside the store: they change with every key and only the editor shows them.

import { call } from '../transport/socket.ts';
import { session } from './session.ts';
import { createStore } from './store.ts';
import { orComplain } from './toasts.ts';

export interface Tab {
  readonly id: string;
  readonly title: string;
  /** Renamed by hand, so the title no longer follows. */
  readonly named: boolean;
  readonly connection: string;
  /** The saved query that this tab holds. */
  readonly query?: string | undefined;
  readonly dirty: boolean;
}

interface Tabs {
  readonly tabs: readonly Tab[];
  readonly active: string;
  readonly closed: readonly { readonly tab: Tab; readonly text: string }[];
}

export const tabs = createStore<Tabs>({ tabs: [], active: '', closed: [] });

const texts = new Map<string, string>();
const savedTexts = new Map<string, string>();

export const activeTab = (): Tab | undefined => tabs.get().tabs.find((tab) => tab.id === tabs.get().active);
export const textOf = (tab: string): string => texts.get(tab) ?? '';

export function typed(tab: string, text: string): void {
  texts.set(tab, text);
  const saved = savedTexts.get(tab);
  const dirty = saved !== undefined && saved !== text;
  const before = tabs.get().tabs.find((one) => one.id === tab);
  if (before && before.dirty !== dirty) change(tab, { dirty });
}

export function newTab(options: { text?: string; title?: string; connection?: string | undefined; query?: string } = {}): string {
  const id = crypto.randomUUID();
  const connection = options.connection ?? activeTab()?.connection ?? session.get().connections[0]?.name ?? '';
  texts.set(id, options.text ?? '');
  if (options.query !== undefined) savedTexts.set(id, options.text ?? '');
  const tab: Tab = {
    id,
    title: options.title ?? nextTitle(),
    named: options.title !== undefined,
    connection,
    query: options.query,
    dirty: false,
  };
  tabs.set(({ tabs: all }) => ({ tabs: [...all, tab], active: id }));
  return id;
}

/** Puts back what the workspace held. */
export function restore(
  all: readonly { readonly tab: Tab; readonly text: string; readonly saved?: string | undefined }[],
  active: string,
): void {
  for (const { tab, text, saved } of all) {
    texts.set(tab.id, text);
    if (saved !== undefined) savedTexts.set(tab.id, saved);
  }
  const first = all[0]?.tab.id ?? '';
  tabs.set({ tabs: all.map(({ tab }) => tab), active: all.some(({ tab }) => tab.id === active) ? active : first });
}

export function contents(): { tab: Tab; text: string; saved: string | undefined }[] {
  return tabs.get().tabs.map((tab) => ({ tab, text: textOf(tab.id), saved: savedTexts.get(tab.id) }));
}

export function closeTab(id: string): void {
  const { tabs: all, active, closed } = tabs.get();
  const index = all.findIndex((tab) => tab.id === id);
  const tab = all[index];
  if (!tab) return;
  const left = all.filter((one) => one.id !== id);
  const text = textOf(id);
  texts.delete(id);
  tabs.set({
    tabs: left,
    active: active === id ? (left[Math.min(index, left.length - 1)]?.id ?? '') : active,
    closed: text.trim() === '' ? closed : [{ tab, text }, ...closed].slice(0, 20),
  });
  if (session.get().status === 'open') orComplain(call('tab.close', { tab: id }), 'The tab was not closed in the proxy');
  if (left.length === 0) newTab({ connection: tab.connection });
}

export function reopenTab(): void {
  const [last, ...closed] = tabs.get().closed;
  if (!last) return;
  tabs.set({ closed });
  // A new id: the proxy has forgotten the session of the old one.
  const id = newTab({ text: last.text, title: last.tab.title, connection: last.tab.connection });
  change(id, { named: last.tab.named, query: last.tab.query });
}

export function renameTab(id: string, title: string): void {
  if (title.trim() !== '') change(id, { title: title.trim().slice(0, 80), named: true });
}

export function markSaved(id: string, query: string): void {
  savedTexts.set(id, textOf(id));
  change(id, { query, title: query, named: true, dirty: false });
}

export function setConnection(id: string, connection: string): void {
  change(id, { connection });
}

export function activate(id: string): void {
  tabs.set({ active: id });
}

export function activateNth(n: number): void {
  const tab = tabs.get().tabs[n];
  if (tab) activate(tab.id);
}

function change(id: string, changes: Partial<Tab>): void {
  tabs.set(({ tabs: all }) => ({ tabs: all.map((tab) => (tab.id === id ? { ...tab, ...changes } : tab)) }));
}

function nextTitle(): string {
  const taken = new Set(tabs.get().tabs.map((tab) => tab.title));
  for (let n = 1; ; n++) if (!taken.has(`Query ${n}`)) return `Query ${n}`;
}
