// A record's search columns, read off its text. They are what `indexValues` says of the parsed body (a property test holds it to that),
// without parsing each body anew: what a session and a judgement say repeats from record to record.
import type { AuditRecord } from '../../contracts/audit.ts';
import { type IndexValues, indexValues } from './ledger-file.ts';
import { type RecordText, recordBody } from './record-text.ts';

/**
 * The beginning of a record without facts. Anchored, and without a backslash in any string that is stepped over: what it finds are the
 * record's own members and nothing inside a string. Anything else is parsed.
 */
const BEGINNING =
  /^\{"boot":"[^"\\]*","code":"([A-Z-]+)","device":"[^"\\]*","id":"([0-9a-f-]{36})"(?:,"intent":"([0-9a-f-]{36})")?,"(judgement|mono)":/;
/** In canonical text no string holds a quote behind a comma, for it would be escaped: this is the member's name. */
const AFTER_JUDGEMENT = ',"mono":"';
const END = /^,"time":"([0-9TZ:.-]{24})","v":1\}$/;
/** Length of what END matches. */
const END_LENGTH = ',"time":"2026-11-22T10:00:00.000Z","v":1}'.length;
const MAX_KNOWN = 2_000;
/** Characters: with the number above, what is remembered stays below a few megabytes. */
const LONGEST_KNOWN = 4_000;

type SessionValues = Pick<IndexValues, 'principal' | 'owner' | 'connection' | 'session'>;

export function recordIndexer(): (text: RecordText) => IndexValues {
  const sessions = new Map<string, SessionValues>();
  const verdicts = new Map<string, string | null>();

  const sessionValues = (text: string): SessionValues => known(sessions, text, () => indexValues(part(`{${text.slice(1)}}`)));
  const verdictOf = (text: string): string | null => known(verdicts, text, () => indexValues(part(`{"judgement":${text}}`)).verdict);

  return (text) => {
    const beginning = BEGINNING.exec(text.head);
    const end = END.exec(text.tail.slice(-END_LENGTH));
    if (beginning === null || end === null) return indexValues(JSON.parse(recordBody(text, '', 0)) as AuditRecord);
    const [matched, code, id, intent, next] = beginning;
    const { principal, owner, connection, session } = sessionValues(text.tail.slice(0, -END_LENGTH));
    const verdict = next === 'mono' ? null : verdictOf(text.head.slice(matched.length, text.head.indexOf(AFTER_JUDGEMENT, matched.length)));
    return {
      id: id ?? null,
      time: end[1] ?? null,
      code: code ?? null,
      principal,
      owner,
      connection,
      session,
      verdict,
      intent: intent ?? null,
    };
  };
}

function part(json: string): Partial<AuditRecord> {
  return JSON.parse(json) as Partial<AuditRecord>;
}

function known<T>(values: Map<string, T>, text: string, read: () => T): T {
  const found = values.get(text);
  if (found !== undefined) return found;
  const value = read();
  if (text.length > LONGEST_KNOWN) return value;
  if (values.size >= MAX_KNOWN) values.clear();
  values.set(text, value);
  return value;
}
