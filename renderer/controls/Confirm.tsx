// Asks once before something that can't be taken back, or that others will feel.

import { AlertDialog } from '@base-ui/react/alert-dialog';

export interface Question {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly danger: boolean;
  readonly run: () => void;
}

export function Confirm({ question, onClose }: { readonly question: Question | undefined; readonly onClose: () => void }) {
  return (
    <AlertDialog.Root open={question !== undefined} onOpenChange={(open) => !open && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="popup dialog" style={{ width: 'min(420px, calc(100vw - 32px))' }}>
          <AlertDialog.Title render={<h2 />}>{question?.title}</AlertDialog.Title>
          <AlertDialog.Description>{question?.text}</AlertDialog.Description>
          <div className="dialog-actions">
            <AlertDialog.Close className="button">Keep as it is</AlertDialog.Close>
            <button
              type="button"
              className={`button primary ${question?.danger ? 'danger' : ''}`}
              onClick={() => {
                question?.run();
                onClose();
              }}
            >
              {question?.action}
            </button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
