// What would happen if someone ran this. Nothing runs, nothing is recorded as run.

import { useState } from 'react';
import type { Results } from '../../contracts/ui.ts';
import { Choice } from '../controls/Choice.tsx';
import { Icon } from '../controls/Icon.tsx';
import { session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import { call } from '../transport/socket.ts';

const EXAMPLE = "update shop.orders set status = 'cancelled'";
const WORDS = {
  allow: 'Would be allowed',
  hold: 'Would ask for a reason',
  deny: 'Would be refused',
  empty: 'There is nothing to judge',
} as const;

export function TryStatement({ connection }: { readonly connection: string }) {
  const person = useStore(session, (state) => state.hello?.person ?? '');
  const agents = useStore(session, (state) => state.agents);
  const [as, setAs] = useState(person);
  const [sql, setSql] = useState(EXAMPLE);
  const [found, setFound] = useState<Results['policy.try']>();
  const [problem, setProblem] = useState('');
  const judge = async () => {
    setProblem('');
    try {
      setFound(await call('policy.try', { connection, as, sql }));
    } catch (error) {
      setFound(undefined);
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const people = [
    { value: person, label: `${person} (you)` },
    ...agents.filter((agent) => agent.status !== 'revoked').map(({ name }) => ({ value: name, label: name })),
  ];
  return (
    <div className="try">
      <form
        className="try-form"
        onSubmit={(event) => {
          event.preventDefault();
          void judge();
        }}
      >
        <textarea
          className="input"
          aria-label="Statement"
          rows={6}
          spellCheck={false}
          value={sql}
          onChange={(event) => setSql(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void judge();
          }}
        />
        <div className="try-actions">
          <span className="field-label">As</span>
          <Choice label="As whom" value={as} options={people} onChange={setAs} />
          <button type="submit" className="button primary" disabled={sql.trim() === '' || connection === ''}>
            Judge it
            <span className="kbd">Ctrl+Enter</span>
          </button>
          <span className="note">Nothing runs.</span>
        </div>
      </form>
      {problem !== '' && <p className="message deny">{problem}</p>}
      {found && (
        <section className={`verdict ${found.verdict}`} aria-live="polite">
          <h2>
            <Icon name={found.verdict === 'allow' ? 'check' : found.verdict === 'hold' ? 'hand' : 'deny'} size={18} />
            {WORDS[found.verdict]}
          </h2>
          {found.reason && <p>{found.reason}</p>}
          {found.hint && <p className="note">{found.hint}</p>}
          <dl className="record-facts">
            {facts(found).map(([name, value]) => (
              <Row key={name} name={name} value={value} />
            ))}
          </dl>
          {found.rewritten !== undefined && found.rewritten.trim() !== sql.trim() && (
            <>
              <h3>What would run</h3>
              <pre className="code-block">{found.rewritten}</pre>
            </>
          )}
        </section>
      )}
    </div>
  );
}

function Row({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function facts(found: Results['policy.try']): [string, string][] {
  const all: [string, readonly string[]][] = [
    ['Does', found.effects],
    ['Tables', found.relations],
    ['Masks', found.masked],
    ['Policies', found.policies],
  ];
  return all.filter(([, values]) => values.length > 0).map(([name, values]) => [name, values.join(', ')]);
}
