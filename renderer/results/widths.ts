// First widths of columns, from their names and the rows at hand.

import type { ResultColumnInfo } from '../../contracts/ui.ts';
import type { Values } from './pages.ts';

const CHARACTER = 7.3;
const PADDING = 26;
const NARROWEST = 64;
const WIDEST = 340;
const SAMPLE = 60;

export function measure(columns: readonly ResultColumnInfo[], row: (index: number) => Values | undefined): number[] {
  return columns.map((column, index) => {
    let characters = Math.max(column.name.length + (column.mask ? 3 : 0), (column.type.length + (column.mask ? 9 : 0)) * 0.85);
    for (let n = 0; n < SAMPLE; n++) characters = Math.max(characters, row(n)?.[index]?.length ?? 0);
    return Math.round(Math.max(NARROWEST, Math.min(WIDEST, characters * CHARACTER + PADDING + (column.mask ? 18 : 0))));
  });
}

const NUMERIC = /^(int|integer|bigint|smallint|numeric|decimal|real|double|float|money|oid|serial)/i;

/** Numbers stand on the right, so that their digits line up. */
export const isNumeric = (type: string): boolean => NUMERIC.test(type) && !type.endsWith('[]');
