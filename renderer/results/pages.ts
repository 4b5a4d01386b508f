// The rows near the viewport: pages fetched when needed, dropped when far. The proxy keeps the rest.

import { call } from '../transport/socket.ts';

export const PAGE_ROWS = 200;
const PAGES_KEPT = 48;
const AT_ONCE = 3;

export type Values = readonly (string | null)[];

export interface Pages {
  /** A row, if it is here. */
  readonly row: (index: number) => Values | undefined;
  /** Says what is on screen; missing pages are fetched, newest wish first. */
  readonly want: (from: number, to: number) => void;
  /** So many rows exist now: a page that was short is fetched again when wanted. */
  readonly grown: (rows: number) => void;
  readonly dispose: () => void;
}

export function createPages(run: string, result: number, changed: () => void, failed: (error: unknown) => void): Pages {
  const pages = new Map<number, readonly Values[]>();
  const asked = new Set<number>();
  let wished: number[] = [];
  let total = 0;
  let disposed = false;

  const full = (page: number) => {
    const have = pages.get(page)?.length;
    return have !== undefined && have >= Math.min(PAGE_ROWS, total - page * PAGE_ROWS);
  };

  const pump = () => {
    while (!disposed && asked.size < AT_ONCE) {
      const page = wished.find((one) => !asked.has(one) && !full(one));
      if (page === undefined) return;
      asked.add(page);
      fetchPage(page).then(pump, (error: unknown) => {
        // No second try by itself: the next scroll asks again.
        wished = [];
        if (!disposed) failed(error);
      });
    }
  };

  const fetchPage = async (page: number) => {
    try {
      const { rows } = await call('run.rows', { run, result, from: page * PAGE_ROWS, count: PAGE_ROWS });
      if (disposed) return;
      pages.delete(page);
      pages.set(page, rows);
      for (const oldest of pages.keys()) {
        if (pages.size <= PAGES_KEPT) break;
        if (!wished.includes(oldest)) pages.delete(oldest);
      }
      changed();
    } finally {
      asked.delete(page);
    }
  };

  return {
    row: (index) => pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS],
    want: (from, to) => {
      const first = Math.floor(from / PAGE_ROWS);
      const last = Math.floor(Math.max(from, to) / PAGE_ROWS);
      const near: number[] = [];
      for (let page = first; page <= last; page++) near.push(page);
      near.push(last + 1, first - 1);
      wished = near.filter((page) => page >= 0 && page * PAGE_ROWS < total);
      pump();
    },
    grown: (rows) => {
      total = rows;
      pump();
    },
    dispose: () => {
      disposed = true;
      pages.clear();
    },
  };
}
