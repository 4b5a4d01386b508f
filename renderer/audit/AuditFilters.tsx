// What to look for in the ledger.

import { Choice } from '../controls/Choice.tsx';
import { Icon } from '../controls/Icon.tsx';

export interface Filters {
  readonly text: string;
  readonly principal: string;
  readonly relation: string;
  readonly verdict: '' | 'allow' | 'hold' | 'deny';
  readonly span: string;
}

export const NO_FILTERS: Filters = { text: '', principal: '', relation: '', verdict: '', span: '' };

const VERDICTS = [
  { value: '', label: 'Any verdict' },
  { value: 'allow', label: 'Allowed' },
  { value: 'hold', label: 'Held' },
  { value: 'deny', label: 'Denied' },
];
const SPANS = [
  { value: '', label: 'Any time' },
  { value: 'hour', label: 'Last hour' },
  { value: 'day', label: 'Last 24 hours' },
  { value: 'week', label: 'Last 7 days' },
];

export function AuditFilters({ filters, onChange }: { readonly filters: Filters; readonly onChange: (filters: Filters) => void }) {
  const put = (changes: Partial<Filters>) => {
    const next = { ...filters, ...changes };
    onChange(Object.values(next).every((value) => value === '') ? NO_FILTERS : next);
  };
  return (
    <search className="audit-filters">
      <label className="search audit-text">
        <Icon name="search" size={14} />
        <input
          className="input"
          type="search"
          aria-label="Text in the statement"
          placeholder="Text in the statement"
          value={filters.text}
          onChange={(event) => put({ text: event.target.value })}
        />
      </label>
      <input
        className="input"
        aria-label="Principal"
        placeholder="Principal"
        value={filters.principal}
        onChange={(event) => put({ principal: event.target.value })}
      />
      <input
        className="input"
        aria-label="Table"
        placeholder="Table"
        value={filters.relation}
        onChange={(event) => put({ relation: event.target.value })}
      />
      <Choice
        label="Verdict"
        value={filters.verdict}
        options={VERDICTS}
        onChange={(value) => put({ verdict: value as Filters['verdict'] })}
      />
      <Choice label="Time" value={filters.span} options={SPANS} onChange={(span) => put({ span })} />
      {filters !== NO_FILTERS && (
        <button type="button" className="button quiet" onClick={() => onChange(NO_FILTERS)}>
          Clear
        </button>
      )}
    </search>
  );
}
