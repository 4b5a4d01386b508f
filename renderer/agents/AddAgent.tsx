// A name, the connections it may use, and how long.

import { Dialog } from '@base-ui/react/dialog';
import { type FormEvent, useState } from 'react';
import type { AgentAccess } from '../../contracts/ui.ts';
import { Choice } from '../controls/Choice.tsx';
import { EnvDot } from '../controls/EnvDot.tsx';
import { loadAgents, session } from '../state/session.ts';
import { useStore } from '../state/store.ts';
import { call } from '../transport/socket.ts';

interface AddAgentProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly onAdded: (access: AgentAccess) => void;
}

export function AddAgent({ open, onOpenChange, onAdded }: AddAgentProps) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="popup dialog" style={{ width: 'min(460px, calc(100vw - 32px))' }}>
          <Dialog.Title render={<h2 />}>Add an agent</Dialog.Title>
          <Form
            onAdded={(access) => {
              onOpenChange(false);
              onAdded(access);
            }}
          />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const EXPIRIES = [
  { value: '1', label: '1 day' },
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '', label: 'No expiry' },
];

function Form({ onAdded }: { readonly onAdded: (access: AgentAccess) => void }) {
  const connections = useStore(session, (state) => state.connections);
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<readonly string[]>(() => connections.filter((one) => one.sample).map((one) => one.name));
  const [days, setDays] = useState('30');
  const [problem, setProblem] = useState('');
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem('');
    try {
      const access = await call('agents.add', {
        name: name.trim(),
        connections: [...chosen],
        ...(days === '' ? {} : { expiresInDays: Number(days) }),
      });
      await loadAgents();
      onAdded(access);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <form style={{ display: 'grid', gap: 16 }} onSubmit={(event) => void submit(event)}>
      <label className="field">
        <span>Name</span>
        <input
          className="input"
          value={name}
          maxLength={63}
          placeholder="copilot"
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <fieldset className="choices">
        <legend className="field-label">May use</legend>
        {connections.map((one) => (
          <label key={one.name} className="choice-row">
            <input
              type="checkbox"
              checked={chosen.includes(one.name)}
              onChange={(event) => setChosen(event.target.checked ? [...chosen, one.name] : chosen.filter((other) => other !== one.name))}
            />
            <EnvDot environment={one.environment} />
            {one.name}
            <span className="note">{one.environment}</span>
          </label>
        ))}
      </fieldset>
      <div className="field">
        <span className="field-label">Token works for</span>
        <Choice label="Token works for" value={days} options={EXPIRIES} onChange={setDays} />
      </div>
      {problem !== '' && (
        <p className="message deny" role="alert">
          {problem}
        </p>
      )}
      <div className="dialog-actions">
        <Dialog.Close className="button">Don’t add</Dialog.Close>
        <button type="submit" className="button primary" disabled={name.trim() === '' || chosen.length === 0}>
          Add and show token
        </button>
      </div>
    </form>
  );
}
