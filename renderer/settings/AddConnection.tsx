// A name, an address, and how careful one has to be there.

import { Dialog } from '@base-ui/react/dialog';
import { type FormEvent, useState } from 'react';
import type { Environment } from '../../contracts/ui.ts';
import { EnvDot } from '../controls/EnvDot.tsx';
import { loadConnections } from '../state/session.ts';
import { call } from '../transport/socket.ts';

interface AddConnectionProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly onAdded: (name: string) => void;
}

export function AddConnection({ open, onOpenChange, onAdded }: AddConnectionProps) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="popup dialog">
          <div>
            <Dialog.Title render={<h2 />}>Add a connection</Dialog.Title>
            <Dialog.Description className="note">
              The password is kept by the proxy, sealed. Agents and this window never see it.
            </Dialog.Description>
          </div>
          <Form
            onAdded={(name) => {
              onOpenChange(false);
              onAdded(name);
            }}
          />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const ENVIRONMENTS: readonly { readonly value: Environment; readonly label: string }[] = [
  { value: 'development', label: 'Development' },
  { value: 'staging', label: 'Staging' },
  { value: 'production', label: 'Production' },
];

function Form({ onAdded }: { readonly onAdded: (name: string) => void }) {
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const [environment, setEnvironment] = useState<Environment>('production');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem('');
    try {
      const added = await call('connections.add', { name: name.trim(), url: url.trim(), environment });
      await loadConnections();
      onAdded(added.name);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
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
          placeholder="warehouse"
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <label className="field">
        <span>Address</span>
        <input
          className="input mono"
          value={url}
          placeholder="postgresql://user:password@host:5432/database"
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setUrl(event.target.value)}
        />
      </label>
      <fieldset className="environments">
        <legend className="field-label">Environment</legend>
        {ENVIRONMENTS.map((one) => (
          <label key={one.value} className="environment">
            <input type="radio" name="environment" checked={environment === one.value} onChange={() => setEnvironment(one.value)} />
            <EnvDot environment={one.value} />
            {one.label}
          </label>
        ))}
      </fieldset>
      {problem !== '' && (
        <p className="message deny" role="alert">
          {problem}
        </p>
      )}
      <div className="dialog-actions">
        <Dialog.Close className="button">Don’t add</Dialog.Close>
        <button type="submit" className="button primary" disabled={busy || name.trim() === '' || url.trim() === ''}>
          Add and test
        </button>
      </div>
    </form>
  );
}
