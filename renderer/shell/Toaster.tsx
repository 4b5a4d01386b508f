// Where passing messages appear: below on the right, above the status bar.

import { Toast } from '@base-ui/react/toast';
import { Icon } from '../controls/Icon.tsx';
import { toasts } from '../state/toasts.ts';

export function Toaster() {
  return (
    <Toast.Provider toastManager={toasts} limit={3}>
      <Toast.Portal>
        <Toast.Viewport className="toasts">
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const { toasts: all } = Toast.useToastManager();
  return all.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className={`popup toast ${toast.type ?? ''}`}>
      <Icon name={toast.type === 'error' ? 'alert' : 'check'} />
      <div className="toast-text">
        <Toast.Title className="toast-title" />
        <Toast.Description className="note" />
      </div>
      <Toast.Close className="icon-button" aria-label="Close this message">
        <Icon name="close" size={14} />
      </Toast.Close>
    </Toast.Root>
  ));
}
