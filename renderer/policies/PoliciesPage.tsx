// What governs me: policies in words and in Cedar, tags of columns, and what would happen to a statement of someone.

import { Tabs } from '@base-ui/react/tabs';
import { useEffect, useState } from 'react';
import type { PolicyInfo } from '../../contracts/ui.ts';
import { Choice } from '../controls/Choice.tsx';
import { EnvDot } from '../controls/EnvDot.tsx';
import { plural } from '../controls/words.ts';
import { session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import { activeTab } from '../state/tabs.ts';
import { call } from '../transport/socket.ts';
import { PolicyList } from './PolicyList.tsx';
import { TagTable } from './TagTable.tsx';
import { TryStatement } from './TryStatement.tsx';
import './policies.css';

export function PoliciesPage() {
  const connections = useStore(session, (state) => state.connections);
  const [connection, setConnection] = useState(() => activeTab()?.connection || (connections[0]?.name ?? ''));
  const [info, setInfo] = useState<PolicyInfo>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    call('policy.info', {}).then(setInfo, (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
  }, []);
  return (
    <div className="page policies">
      <header className="page-head">
        <div>
          <h1>Policies</h1>
          <p>
            {info
              ? `${info.managed ? `Managed by ${info.id}` : `Unmanaged: bundle ${info.id} from ${info.folder}`}, sequence ${info.sequence}, ${plural(info.policies.length, 'policy', 'policies')}`
              : 'What governs you'}
          </p>
        </div>
        <Choice
          label="Connection"
          value={connection}
          options={connections.map(({ name, environment }) => ({ value: name, label: name, mark: <EnvDot environment={environment} /> }))}
          onChange={setConnection}
        />
      </header>
      {problem !== '' && <p className="message deny">The policies could not be read: {problem}</p>}
      <Tabs.Root defaultValue="rules">
        <Tabs.List className="segments policies-tabs" aria-label="Policies">
          <Tabs.Tab className="segment" value="rules">
            What governs me
          </Tabs.Tab>
          <Tabs.Tab className="segment" value="tags">
            Tags and masks
          </Tabs.Tab>
          <Tabs.Tab className="segment" value="try">
            Try a statement
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="rules">{info && <PolicyList info={info} />}</Tabs.Panel>
        <Tabs.Panel value="tags">
          <TagTable key={connection} connection={connection} />
        </Tabs.Panel>
        <Tabs.Panel value="try">
          <TryStatement connection={connection} />
        </Tabs.Panel>
      </Tabs.Root>
    </div>
  );
}
