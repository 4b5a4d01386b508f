// What the palette offers, and how a typed text ranks it.

import type { IconName } from '../controls/Icon.tsx';
import { keyLabel } from '../controls/platform.ts';
import { oneLine } from '../controls/words.ts';
import { openTable } from '../editor/actions.ts';
import { schemas } from '../state/schema.ts';
import { activate, activeTab, newTab, tabs } from '../state/tabs.ts';
import { go } from '../state/ui.ts';
import { call } from '../transport/socket.ts';
import { COMMANDS } from './commands.ts';

export interface Entry {
  readonly id: string;
  readonly title: string;
  readonly detail?: string;
  readonly keys?: string;
  readonly icon: IconName;
  readonly run: () => void;
}

const GROUP_ICONS: Readonly<Record<string, IconName>> = {
  Run: 'play',
  Edit: 'editor',
  Tabs: 'table',
  Go: 'search',
  View: 'panel',
  Govern: 'policies',
};

export function commandEntries(): Entry[] {
  return COMMANDS.filter((command) => !/^tab\d$/.test(command.id) && (!command.local || command.id === 'cancel')).map((command) => ({
    id: command.id,
    title: command.title,
    icon: GROUP_ICONS[command.group] ?? 'play',
    run: () => {
      if (!command.everywhere) go('editor');
      command.run();
    },
    ...(command.keys[0] === undefined ? {} : { keys: keyLabel(command.keys[0]) }),
  }));
}

/** Gives what is known at once, then again with what the proxy knows. */
export async function findEntries(found: (entries: readonly Entry[]) => void): Promise<void> {
  const known = [...tabEntries(), ...tableEntries()];
  found(known);
  const [queries, history] = await Promise.all([
    call('queries.list', {}).catch(() => []),
    call('history.list', { limit: 100 }).catch(() => []),
  ]);
  found([
    ...known,
    ...queries.map(
      (query): Entry => ({
        id: `q:${query.name}`,
        title: query.name,
        detail: 'saved query',
        icon: 'star',
        run: () => open(query.sql, query.name),
      }),
    ),
    ...history
      .filter((one, index) => history.findIndex((other) => other.sql === one.sql) === index)
      .map(
        (one, index): Entry => ({
          id: `h:${index}`,
          title: oneLine(one.sql),
          detail: one.connection,
          icon: 'clock',
          run: () => open(one.sql),
        }),
      ),
  ]);
}

/** Words may come in any order; a match at the start of a name goes first. */
export function rank(entries: readonly Entry[], text: string): readonly Entry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return entries;
  const scored: { readonly entry: Entry; readonly score: number }[] = [];
  for (const entry of entries) {
    const title = entry.title.toLowerCase();
    let score = title.length / 1_000;
    const fits = words.every((word) => {
      const index = title.indexOf(word);
      if (index < 0) return entry.detail?.toLowerCase().includes(word) ?? false;
      score += index === 0 ? 0 : /[\s._]/.test(title[index - 1] ?? '') ? 1 : 2;
      return true;
    });
    if (fits) scored.push({ entry, score });
  }
  return scored.sort((a, b) => a.score - b.score).map(({ entry }) => entry);
}

function tabEntries(): Entry[] {
  return tabs.get().tabs.map((tab) => ({
    id: `t:${tab.id}`,
    title: tab.title,
    detail: `tab · ${tab.connection}`,
    icon: 'editor',
    run: () => (go('editor'), activate(tab.id)),
  }));
}

function tableEntries(): Entry[] {
  const connection = activeTab()?.connection ?? '';
  const tree = schemas.get().trees[connection];
  if (tree?.state !== 'ready') return [];
  return tree.value.schemas.flatMap((schema) =>
    schema.relations.map(
      (relation): Entry => ({
        id: `r:${schema.name}.${relation.name}`,
        title: `${schema.name}.${relation.name}`,
        detail: relation.masked > 0 ? `${relation.kind} · ${relation.masked} masked` : relation.kind,
        icon: relation.kind === 'table' || relation.kind === 'partitioned' ? 'table' : relation.kind === 'sequence' ? 'sequence' : 'view',
        run: () => openTable(connection, schema.name, relation.name),
      }),
    ),
  );
}

function open(sql: string, name?: string): void {
  go('editor');
  newTab(name === undefined ? { text: sql } : { text: sql, title: name, query: name });
}
