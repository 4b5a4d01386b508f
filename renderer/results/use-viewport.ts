// Which rows and columns of a grid are on screen, and how the scrollbar relates to rows when there are too many for a real one.

import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { columnAt, HEADER_HEIGHT, offsetAt, ROW_HEIGHT, scrollFor, trackOf } from './geometry.ts';

const SPARE_ROWS = 6;
/** Rows are placed relative to a base that changes rarely, so that scrolling moves one element and not each row. */
const BASE_STEP = 4_096;

export interface Viewport {
  readonly first: number;
  readonly last: number;
  readonly firstColumn: number;
  readonly lastColumn: number;
  readonly base: number;
  readonly width: number;
  readonly height: number;
}

interface Moving {
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** Moves with the rows, in both directions. */
  readonly body: RefObject<HTMLDivElement | null>;
  /** Moves with the columns only. */
  readonly header: RefObject<HTMLDivElement | null>;
  /** Moves with the rows only. */
  readonly gutter: RefObject<HTMLDivElement | null>;
}

export function useViewport({ scroller, body, header, gutter }: Moving, rows: number, lefts: readonly number[], gutterWidth: number) {
  const [view, setView] = useState<Viewport>({ first: 0, last: 0, firstColumn: 0, lastColumn: 0, base: 0, width: 0, height: 0 });
  const current = useRef(view);
  const offset = useRef(0);
  /** What we set the scrollbar to: its event must not move the rows again. */
  const expected = useRef(-1);

  const place = useCallback(
    (immediately: boolean) => {
      const element = scroller.current;
      if (!element) return;
      const height = Math.max(0, element.clientHeight - HEADER_HEIGHT);
      const width = Math.max(0, element.clientWidth - gutterWidth);
      const limit = Math.max(0, rows * ROW_HEIGHT - height);
      offset.current = Math.max(0, Math.min(limit, offset.current));
      const first = Math.max(0, Math.floor(offset.current / ROW_HEIGHT) - SPARE_ROWS);
      const last = Math.min(rows - 1, Math.ceil((offset.current + height) / ROW_HEIGHT) + SPARE_ROWS);
      const base = Math.floor(first / BASE_STEP) * BASE_STEP;
      const left = element.scrollLeft;
      const next: Viewport = {
        first,
        last,
        base,
        width,
        height,
        firstColumn: Math.max(0, columnAt(lefts, left) - 1),
        lastColumn: Math.min(lefts.length - 2, columnAt(lefts, left + width) + 1),
      };
      const before = current.current;
      if ((Object.keys(next) as (keyof Viewport)[]).some((key) => next[key] !== before[key])) {
        current.current = next;
        if (immediately) flushSync(() => setView(next));
        else setView(next);
      }
      const y = base * ROW_HEIGHT - offset.current;
      if (body.current) body.current.style.transform = `translate3d(${-left}px, ${y}px, 0)`;
      if (gutter.current) gutter.current.style.transform = `translate3d(0, ${y}px, 0)`;
      if (header.current) header.current.style.transform = `translate3d(${-left}px, 0, 0)`;
    },
    [scroller, body, header, gutter, rows, lefts, gutterWidth],
  );

  const scrollTo = useCallback(
    (next: number) => {
      const element = scroller.current;
      if (!element) return;
      const track = trackOf(rows);
      const height = element.clientHeight - HEADER_HEIGHT;
      offset.current = Math.max(0, Math.min(Math.max(0, track.full - height), next));
      element.scrollTop = scrollFor(offset.current, track, height);
      expected.current = element.scrollTop;
      place(true);
    },
    [scroller, rows, place],
  );

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const onScroll = () => {
      if (Math.abs(element.scrollTop - expected.current) >= 1)
        offset.current = offsetAt(element.scrollTop, trackOf(rows), element.clientHeight - HEADER_HEIGHT);
      expected.current = -1;
      place(true);
    };
    const onWheel = (event: WheelEvent) => {
      const { full, track } = trackOf(rows);
      // On a shortened track a notch of the wheel must still move by rows, not by thousands of them.
      if (full <= track || event.ctrlKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
      event.preventDefault();
      const unit = event.deltaMode === 1 ? ROW_HEIGHT : event.deltaMode === 2 ? element.clientHeight : 1;
      scrollTo(offset.current + event.deltaY * unit);
    };
    const resize = new ResizeObserver(() => place(false));
    resize.observe(element);
    element.addEventListener('scroll', onScroll, { passive: true });
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      resize.disconnect();
      element.removeEventListener('scroll', onScroll);
      element.removeEventListener('wheel', onWheel);
    };
  }, [scroller, rows, place, scrollTo]);

  useLayoutEffect(() => place(false), [place]);

  /** Scrolls as little as needed for a cell to be seen. */
  const reveal = useCallback(
    (row: number, column: number) => {
      const element = scroller.current;
      if (!element) return;
      const { height, width } = current.current;
      const top = row * ROW_HEIGHT;
      const left = lefts[column] ?? 0;
      const right = lefts[column + 1] ?? left;
      if (left < element.scrollLeft || right - left > width) element.scrollLeft = left;
      else if (right > element.scrollLeft + width) element.scrollLeft = right - width;
      if (top < offset.current) scrollTo(top);
      else if (top + ROW_HEIGHT > offset.current + height) scrollTo(top + ROW_HEIGHT - height);
      else place(true);
    },
    [scroller, lefts, scrollTo, place],
  );

  return { view, reveal, trackHeight: trackOf(rows).track };
}
