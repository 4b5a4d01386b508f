// Numbers, times and lists as people read them.

const whole = new Intl.NumberFormat('en');

export const count = (n: number): string => whole.format(n);
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `${Math.floor(ms / 60_000)} min ${String(Math.floor((ms % 60_000) / 1_000)).padStart(2, '0')} s`;
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

export function time(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : clock.format(date);
}

export function date(iso: string): string {
  const value = new Date(iso);
  return Number.isNaN(value.getTime()) ? iso : day.format(value);
}

/** The time, with the day where it is not today. */
export function moment(iso: string): string {
  return date(iso) === date(new Date().toISOString()) ? time(iso) : `${date(iso)} ${time(iso)}`;
}

export function list(words: readonly string[], most = 3): string {
  const shown = words.slice(0, most).join(', ');
  return words.length > most ? `${shown} and ${words.length - most} more` : shown;
}

/** A statement on one line, short enough for a list. */
export const oneLine = (sql: string): string => sql.replace(/\s+/g, ' ').trim().slice(0, 400);
