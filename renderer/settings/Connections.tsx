// The configured databases: add, test, remove. Passwords go to the proxy and never come back.

import { useState } from 'react';
import { Confirm, type Question } from '../controls/Confirm.tsx';
import { EnvDot } from '../controls/EnvDot.tsx';
import { Icon } from '../controls/Icon.tsx';
import { IconButton } from '../controls/IconButton.tsx';
import { loadConnections, session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import { orComplain } from '../state/toasts.ts';
import { ui } from '../state/ui.ts';
import { call } from '../transport/socket.ts';
import { AddConnection } from './AddConnection.tsx';

type Test = 'busy' | { readonly ok: boolean; readonly message: string };

export function Connections() {
  const connections = useStore(session, (state) => state.connections);
  const adding = useStore(ui, (state) => state.addingConnection);
  const [tests, setTests] = useState<Readonly<Record<string, Test>>>({});
  const [question, setQuestion] = useState<Question>();
  const put = (name: string, test: Test) => setTests((before) => ({ ...before, [name]: test }));
  const test = (name: string) => {
    put(name, 'busy');
    call('connections.test', { name }).then(
      (result) => put(name, result),
      (error: unknown) => put(name, { ok: false, message: error instanceof Error ? error.message : String(error) }),
    );
  };
  return (
    <section>
      <div className="settings-head">
        <h2>Connections</h2>
        <button type="button" className="button" onClick={() => ui.set({ addingConnection: true })}>
          <Icon name="plus" size={14} />
          Add connection
        </button>
      </div>
      <ul className="connection-list">
        {connections.map((one) => {
          const tested = tests[one.name];
          return (
            <li key={one.name}>
              <EnvDot environment={one.environment} />
              <span className="connection-name">
                <strong className="ellipsis">{one.name}</strong>
                <span className="note ellipsis">
                  {one.environment} · PostgreSQL · {one.database}
                  {one.sample ? ' · sample' : ''}
                </span>
              </span>
              {tested === 'busy' && <span className="spinner" role="status" aria-label="Testing" />}
              {tested && tested !== 'busy' && (
                <span className={`tested ${tested.ok ? 'ok' : 'bad'}`} role="status">
                  <Icon name={tested.ok ? 'check' : 'alert'} size={14} />
                  <span>{tested.message}</span>
                </span>
              )}
              <button type="button" className="button quiet" onClick={() => test(one.name)}>
                Test
              </button>
              <IconButton
                icon="trash"
                label={one.sample ? 'The sample can not be removed' : `Remove ${one.name}`}
                disabled={one.sample}
                onClick={() =>
                  setQuestion({
                    title: `Remove ${one.name}?`,
                    text: 'Tabs keep their texts. Agents can no longer use it. The database itself is not touched.',
                    action: 'Remove',
                    danger: true,
                    run: () =>
                      orComplain(call('connections.remove', { name: one.name }).then(loadConnections), 'The connection was not removed'),
                  })
                }
              />
            </li>
          );
        })}
      </ul>
      <AddConnection open={adding} onOpenChange={(open) => ui.set({ addingConnection: open })} onAdded={test} />
      <Confirm question={question} onClose={() => setQuestion(undefined)} />
    </section>
  );
}
