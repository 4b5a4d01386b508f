// The arguments of `gatehouse audit …`, checked. Source: design, "Command line".
import { parseArgs } from 'node:util';
import type { LedgerFilter } from '../audit/search.ts';
import { parseVerifierKey, type VerifierKey } from '../audit/signed-note.ts';

export const AUDIT_USAGE = `usage: gatehouse audit tail   [-n N] [--follow] [filters] [--json]
       gatehouse audit search [filters] [--limit N] [--before SEQ] [--json]
       gatehouse audit verify [--key VERIFIER_KEY]... [--json]
       gatehouse audit export --format ndjson|csv [filters] [--out FILE]
filters: --principal NAME  --connection NAME  --table [SCHEMA.]NAME  --verdict allow|hold|deny  --code CODE
         --text PART  --session ID  --since TIME  --until TIME  (TIME: 2026-11-22, 2026-11-22T10:00:00Z, 30m, 12h, 7d)
`;

const FILTERS = {
  principal: { type: 'string' },
  connection: { type: 'string' },
  table: { type: 'string' },
  verdict: { type: 'string' },
  code: { type: 'string' },
  text: { type: 'string' },
  session: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
} as const;

export type AuditArguments =
  | { readonly command: 'tail'; readonly lines: number; readonly follow: boolean; readonly filter: LedgerFilter; readonly json: boolean }
  | { readonly command: 'search'; readonly limit: number; readonly filter: LedgerFilter; readonly json: boolean }
  | { readonly command: 'verify'; readonly keys: readonly VerifierKey[]; readonly json: boolean }
  | { readonly command: 'export'; readonly format: 'ndjson' | 'csv'; readonly out: string | undefined; readonly filter: LedgerFilter }
  | { readonly command: 'wrong'; readonly message: string };

class Wrong extends Error {}

/** `now`: milliseconds since 1970, for times that count back from it. */
export function auditArguments(args: readonly string[], now: number): AuditArguments {
  const [command, ...rest] = args;
  try {
    switch (command) {
      case 'tail': {
        const { values } = parseArgs({
          args: rest,
          options: {
            ...FILTERS,
            lines: { type: 'string', short: 'n' },
            follow: { type: 'boolean', short: 'f' },
            json: { type: 'boolean' },
          },
        });
        return {
          command,
          lines: count(values.lines, '-n', 20),
          follow: values.follow ?? false,
          filter: filterOf(values, now),
          json: values.json ?? false,
        };
      }
      case 'search': {
        const { values } = parseArgs({
          args: rest,
          options: { ...FILTERS, limit: { type: 'string' }, before: { type: 'string' }, json: { type: 'boolean' } },
        });
        const before = values.before === undefined ? {} : { beforeSeq: count(values.before, '--before', 0) };
        return {
          command,
          limit: count(values.limit, '--limit', 100),
          filter: { ...filterOf(values, now), ...before },
          json: values.json ?? false,
        };
      }
      case 'verify': {
        const { values } = parseArgs({ args: rest, options: { key: { type: 'string', multiple: true }, json: { type: 'boolean' } } });
        return { command, keys: (values.key ?? []).map(verifierKey), json: values.json ?? false };
      }
      case 'export': {
        const { values } = parseArgs({ args: rest, options: { ...FILTERS, format: { type: 'string' }, out: { type: 'string' } } });
        if (values.format !== 'ndjson' && values.format !== 'csv') throw new Wrong('--format must be ndjson or csv');
        return { command, format: values.format, out: values.out, filter: filterOf(values, now) };
      }
      case undefined:
        return { command: 'wrong', message: 'which audit command?' };
      default:
        return { command: 'wrong', message: `unknown audit command \`${command}\`` };
    }
  } catch (error) {
    // parseArgs explains unknown and incomplete options in its own words.
    return { command: 'wrong', message: error instanceof Error ? error.message : 'these arguments are not understood' };
  }
}

function filterOf(values: { readonly [Name in keyof typeof FILTERS]?: string | undefined }, now: number): LedgerFilter {
  const { principal, connection, table, verdict, code, text, session, since, until } = values;
  if (verdict !== undefined && verdict !== 'allow' && verdict !== 'hold' && verdict !== 'deny')
    throw new Wrong('--verdict must be allow, hold or deny');
  return {
    ...(principal === undefined ? {} : { principal }),
    ...(connection === undefined ? {} : { connection }),
    ...(table === undefined ? {} : { relation: table }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(code === undefined ? {} : { code: code.toUpperCase() }),
    ...(text === undefined ? {} : { text }),
    ...(session === undefined ? {} : { session }),
    ...(since === undefined ? {} : { since: time(since, '--since', now) }),
    ...(until === undefined ? {} : { until: time(until, '--until', now) }),
  };
}

function count(text: string | undefined, option: string, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^\d{1,12}$/.test(text)) throw new Wrong(`${option} takes a number, not \`${text}\``);
  return Number(text);
}

function verifierKey(text: string): VerifierKey {
  const key = parseVerifierKey(text);
  if (key === undefined) throw new Wrong('--key is not a verifier key (NAME+ID+BASE64)');
  return key;
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function time(text: string, option: string, now: number): string {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) return new Date(now - Number(amount) * (UNIT_MS[unit] ?? 0)).toISOString();
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new Wrong(`${option} is not a time: \`${text}\``);
  return new Date(at).toISOString();
}
