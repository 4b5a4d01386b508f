// Tabs, texts and settings survive a crash: what changed is saved within a second, and found again at the next start.

import { call } from '../transport/socket.ts';
import { connectionNamed, session } from './session.ts';
import { settings, type Settings } from './settings.ts';
import { contents, newTab, restore, tabs, type Tab } from './tabs.ts';
import { complain } from './toasts.ts';

const SAVE_AFTER_MS = 500;
const FIRST_QUERY = `-- Ctrl+Enter runs the statement under the cursor.
-- What you may not see arrives masked: focus a masked cell to learn why.
select id, full_name, email, phone, city, country
from shop.customers
order by id
limit 200;

-- A change of every row asks for a reason first.
update shop.products set price = round(price * 1.02, 2);
`;

interface Saved {
  readonly version: 1;
  readonly settings: Partial<Settings>;
  readonly tabs: readonly { readonly tab: Tab; readonly text: string; readonly saved?: string | undefined }[];
  readonly active: string;
}

let loaded = false;
let lastSaved = '';
let timer: number | undefined;

/** Once, after the first `hello`; later ones change nothing that the person sees. */
export async function openWorkspace(): Promise<void> {
  if (loaded) {
    touched();
    return;
  }
  const { content } = await call('workspace.load', {});
  const saved = content === null ? undefined : read(content);
  if (saved) {
    settings.set(saved.settings);
    restore(saved.tabs, saved.active);
  }
  if (tabs.get().tabs.length === 0) {
    const sample = session.get().connections.find((connection) => connection.sample);
    newTab(sample ? { connection: sample.name, text: FIRST_QUERY, title: 'Welcome' } : {});
  }
  loaded = true;
  lastSaved = content ?? '';
  tabs.subscribe(touched);
  settings.subscribe(touched);
  addEventListener('pagehide', save);
}

/** Something changed that should be found again. */
export function touched(): void {
  if (!loaded) return;
  timer ??= window.setTimeout(save, SAVE_AFTER_MS);
}

function save(): void {
  clearTimeout(timer);
  timer = undefined;
  const value: Saved = { version: 1, settings: settings.get(), tabs: contents(), active: tabs.get().active };
  const content = JSON.stringify(value);
  // While the proxy is away nothing is lost: the next `hello` saves.
  if (content === lastSaved || session.get().status !== 'open') return;
  lastSaved = content;
  call('workspace.save', { content }).catch((error: unknown) => {
    lastSaved = '';
    complain('The workspace was not saved', error);
  });
}

function read(content: string): Saved | undefined {
  try {
    const value = JSON.parse(content) as Saved;
    if (value.version !== 1) return undefined;
    // A connection that is gone leaves the text; the tab asks for another one.
    return {
      ...value,
      tabs: value.tabs.map((one) => (connectionNamed(one.tab.connection) ? one : { ...one, tab: { ...one.tab, connection: '' } })),
    };
  } catch {
    return undefined;
  }
}
