// What is known of each connection's schema: the tree once, columns when a relation is opened.

import type { ColumnInfo, SchemaTree } from '../../contracts/ui.ts';
import { call } from '../transport/socket.ts';
import { createStore } from './store.ts';

export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly message: string }
  | { readonly state: 'ready'; readonly value: T };

interface Schemas {
  readonly trees: Readonly<Record<string, Loaded<SchemaTree>>>;
  readonly columns: Readonly<Record<string, Loaded<readonly ColumnInfo[]>>>;
}

export const schemas = createStore<Schemas>({ trees: {}, columns: {} });

export const columnsKey = (connection: string, schema: string, relation: string): string => JSON.stringify([connection, schema, relation]);

export function loadTree(connection: string, again = false): void {
  if (connection === '' || (!again && schemas.get().trees[connection] && schemas.get().trees[connection]?.state !== 'failed')) return;
  const put = (loaded: Loaded<SchemaTree>) => schemas.set(({ trees }) => ({ trees: { ...trees, [connection]: loaded } }));
  put({ state: 'loading' });
  const asked = again
    ? call('schema.refresh', { connection }).then(() => call('schema.tree', { connection }))
    : call('schema.tree', { connection });
  asked.then(
    (value) => {
      put({ state: 'ready', value });
      if (again) schemas.set({ columns: {} });
    },
    (error: unknown) => put({ state: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
}

export function loadColumns(connection: string, schema: string, relation: string): void {
  const key = columnsKey(connection, schema, relation);
  if (schemas.get().columns[key]?.state === 'ready') return;
  const put = (loaded: Loaded<readonly ColumnInfo[]>) => schemas.set(({ columns }) => ({ columns: { ...columns, [key]: loaded } }));
  put({ state: 'loading' });
  call('schema.columns', { connection, schema, relation }).then(
    (value) => put({ state: 'ready', value }),
    (error: unknown) => put({ state: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
}
