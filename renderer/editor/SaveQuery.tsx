// A name for a query that should be found again.

import { Dialog } from '@base-ui/react/dialog';
import { useState } from 'react';
import { useStore } from '../state/store.ts';
import { activeTab } from '../state/tabs.ts';
import { orComplain } from '../state/toasts.ts';
import { editing, saveAs } from './actions.ts';

export function SaveQuery() {
  const open = useStore(editing, (state) => state.naming);
  return (
    <Dialog.Root open={open} onOpenChange={(next) => editing.set({ naming: next })}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="popup dialog" style={{ width: 'min(400px, calc(100vw - 32px))' }}>
          <Dialog.Title render={<h2 />}>Save query</Dialog.Title>
          <NameForm />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function NameForm() {
  const [name, setName] = useState(() => {
    const tab = activeTab();
    return tab?.named ? tab.title : '';
  });
  return (
    <form
      style={{ display: 'grid', gap: 14 }}
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() === '') return;
        orComplain(saveAs(name.trim()), 'The query was not saved');
        editing.set({ naming: false });
      }}
    >
      <label className="field">
        <span>Name</span>
        <input className="input" value={name} maxLength={120} onChange={(event) => setName(event.target.value)} />
      </label>
      <div className="dialog-actions">
        <Dialog.Close className="button">Don’t save</Dialog.Close>
        <button type="submit" className="button primary" disabled={name.trim() === ''}>
          Save
        </button>
      </div>
    </form>
  );
}
