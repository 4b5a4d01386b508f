// What the proxy says about the statement under the cursor, before it runs.

import type { Check, StatementRange } from '../../contracts/ui.ts';
import { createStore } from './store.ts';

export interface Preflight {
  readonly tab: string;
  readonly connection: string;
  /** The statement that was judged, and where it stands in the tab's text. */
  readonly range: StatementRange;
  readonly sql: string;
  readonly check: Check | undefined;
  readonly failed: string | undefined;
}

export const preflight = createStore<{ readonly current: Preflight | undefined; readonly pending: boolean }>({
  current: undefined,
  pending: false,
});
