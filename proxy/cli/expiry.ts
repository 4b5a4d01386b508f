// `--expires`: a length of time (`30d`, `12h`, `90m`) from now, or a date (`2026-12-31`, end of that day, UTC).
import { UsageError } from './command.ts';

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const LONGEST_MS = 3_660 * 86_400_000;

/** Milliseconds since the epoch, after `now`. */
export function parseExpiry(text: string, now: number): number {
  const [, count, unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  const length = Number(count) * (UNITS[unit] ?? Number.NaN);
  const at = count === undefined ? endOfDay(text) : now + length;
  if (Number.isNaN(at)) throw new UsageError('--expires takes a length of time such as 30d, 12h or 90m, or a date such as 2026-12-31');
  if (at <= now) throw new UsageError('--expires is in the past');
  if (at - now > LONGEST_MS) throw new UsageError('--expires is more than ten years away');
  return at;
}

function endOfDay(text: string): number {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return Number.NaN;
  const day = new Date(`${text}T00:00:00Z`);
  // 2026-02-31 would silently become March.
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text) ? day.getTime() + 86_400_000 - 1 : Number.NaN;
}
