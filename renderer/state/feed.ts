// The newest records of all principals, kept for the live feed and for lists that should stay fresh.

import type { AuditEntry } from '../../contracts/ui.ts';
import { on } from '../transport/socket.ts';
import { createStore } from './store.ts';

const KEPT = 300;

export const feed = createStore<{ readonly entries: readonly AuditEntry[]; readonly count: number }>({ entries: [], count: 0 });

export function followFeed(): void {
  on('audit.appended', ({ entries }) =>
    feed.set((before) => ({
      entries: [...entries.toReversed(), ...before.entries].slice(0, KEPT),
      count: before.count + entries.length,
    })),
  );
}
