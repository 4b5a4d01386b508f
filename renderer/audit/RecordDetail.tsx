// One statement's records: who, what was sent, what ran, what was masked and why, and the raw text that the chain covers.

import { useEffect, useState } from 'react';
import type { Results } from '../../contracts/ui.ts';
import { prettyJson } from '../results/pretty-json.ts';
import { call } from '../transport/socket.ts';
import { count, duration, moment } from '../controls/words.ts';
import { facts } from './record-facts.ts';
import { VerdictChip } from './VerdictChip.tsx';

export function RecordDetail({ seq }: { readonly seq: number | undefined }) {
  const [found, setFound] = useState<Results['audit.record']>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    setFound(undefined);
    setProblem('');
    if (seq === undefined) return;
    let gone = false;
    call('audit.record', { seq }).then(
      (record) => !gone && setFound(record),
      (error: unknown) => !gone && setProblem(error instanceof Error ? error.message : String(error)),
    );
    return () => {
      gone = true;
    };
  }, [seq]);

  if (seq === undefined) {
    return (
      <aside className="record" aria-label="Record">
        <div className="empty">
          <strong>No record chosen</strong>
          <p>A record shows what was sent, what ran, what was masked and by which policy.</p>
        </div>
      </aside>
    );
  }
  if (problem !== '')
    return (
      <aside className="record">
        <p className="message deny">{problem}</p>
      </aside>
    );
  if (!found) return <aside className="record" aria-busy="true" />;
  const { entry, records } = found;
  const { sent, ran, masked, policies, justification } = facts(records);
  return (
    <aside className="record" aria-label={`Record ${entry.seq}`} tabIndex={0}>
      <header className="record-head">
        <h2>Record {count(entry.seq)}</h2>
        <VerdictChip entry={entry} />
      </header>
      <dl className="record-facts">
        <Fact name="Who" value={entry.kind === 'agent' ? `${entry.principal ?? ''}, agent of ${entry.owner ?? ''}` : entry.principal} />
        <Fact name="When" value={moment(entry.time)} />
        <Fact name="Where" value={[entry.connection, entry.door && `${entry.door} door`].filter(Boolean).join(', ')} />
        <Fact
          name="Outcome"
          value={[
            entry.status,
            entry.rows === undefined ? undefined : `${count(entry.rows)} rows`,
            entry.durationMs === undefined ? undefined : duration(entry.durationMs),
          ]
            .filter(Boolean)
            .join(', ')}
        />
        <Fact name="Refusal" value={entry.refusal} />
        <Fact name="Reason given" value={justification} />
        <Fact name="Policies" value={policies.join(', ')} />
        <Fact name="Masked" value={masked.join(', ')} />
        {entry.statement === undefined && <Fact name="What" value={entry.summary} />}
      </dl>
      {(sent ?? entry.statement) !== undefined && (
        <section>
          <h3>What was sent</h3>
          <pre className="code-block">{sent ?? entry.statement}</pre>
        </section>
      )}
      {ran !== undefined && ran !== (sent ?? entry.statement) && (
        <section>
          <h3>What ran</h3>
          <pre className="code-block">{ran}</pre>
        </section>
      )}
      <section>
        <h3>As stored</h3>
        {records.map((record) => (
          <pre key={record} className="code-block">
            {prettyJson(record) ?? record}
          </pre>
        ))}
      </section>
    </aside>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string | undefined }) {
  if (!value) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
