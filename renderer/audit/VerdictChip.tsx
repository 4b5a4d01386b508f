// The verdict of a record as a word in its colour.

import type { AuditEntry } from '../../contracts/ui.ts';

const WORDS = { allow: 'allowed', hold: 'held', deny: 'denied' } as const;

export function VerdictChip({ entry }: { readonly entry: AuditEntry }) {
  if (!entry.verdict) return <span className="chip">{entry.code}</span>;
  return <span className={`chip ${entry.verdict}`}>{WORDS[entry.verdict]}</span>;
}
