// Where rows and columns lie. Browsers end at some millions of pixels, so tall results scroll on a shorter track.

export const ROW_HEIGHT = 25;
export const HEADER_HEIGHT = 42;
const TALLEST_TRACK = 8_000_000;

export interface Track {
  /** Height of all rows, in pixels of rows. */
  readonly full: number;
  /** Height of the element that scrolls. */
  readonly track: number;
}

export function trackOf(rows: number): Track {
  const full = rows * ROW_HEIGHT;
  return { full, track: Math.min(full, TALLEST_TRACK) };
}

/** Where the rows begin for a position of the scrollbar. */
export function offsetAt(scrollTop: number, { full, track }: Track, viewport: number): number {
  if (full <= track) return scrollTop;
  const range = track - viewport;
  return range <= 0 ? 0 : Math.min(full - viewport, (scrollTop / range) * (full - viewport));
}

/** The position of the scrollbar that shows rows from this offset. */
export function scrollFor(offset: number, { full, track }: Track, viewport: number): number {
  if (full <= track) return offset;
  return (offset / (full - viewport)) * (track - viewport);
}

/** Left edges of the columns, and the right edge of the last. */
export function edges(widths: readonly number[]): number[] {
  const out = [0];
  for (const width of widths) out.push((out.at(-1) ?? 0) + width);
  return out;
}

/** Index of the column at a distance from the left. */
export function columnAt(lefts: readonly number[], x: number): number {
  let low = 0;
  let high = lefts.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lefts[middle] ?? 0) <= x) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}
