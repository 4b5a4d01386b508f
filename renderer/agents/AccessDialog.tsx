// What a new agent needs to connect. The token is in these lines and nowhere else afterwards.

import { Dialog } from '@base-ui/react/dialog';
import type { AgentAccess } from '../../contracts/ui.ts';
import { Copyable } from '../controls/Copyable.tsx';

export function AccessDialog({ access, onClose }: { readonly access: AgentAccess | undefined; readonly onClose: () => void }) {
  return (
    <Dialog.Root open={access !== undefined} onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="popup dialog" style={{ width: 'min(640px, calc(100vw - 32px))' }}>
          {access && (
            <>
              <div>
                <Dialog.Title render={<h2 />}>Connect {access.name}</Dialog.Title>
                <Dialog.Description className="note">The token is shown only now. Whoever has it acts as {access.name}.</Dialog.Description>
              </div>
              {snippets(access).map(([label, text]) => (
                <Copyable key={label} label={label} text={text} />
              ))}
              <div className="dialog-actions">
                <Dialog.Close className="button primary">Done</Dialog.Close>
              </div>
            </>
          )}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function snippets({ token, postgres }: AgentAccess): [string, string][] {
  const { host, port, user, password, database } = postgres;
  const part = encodeURIComponent;
  return [
    ['Token', token],
    ['psql', `PGPASSWORD=${quote(password)} psql -h ${host} -p ${port} -U ${quote(user)} -d ${quote(database)}`],
    ['Connection string', `postgresql://${part(user)}:${part(password)}@${host}:${port}/${part(database)}`],
    ['JDBC', `jdbc:postgresql://${host}:${port}/${part(database)}?user=${part(user)}&password=${part(password)}`],
    ['Environment', `PGHOST=${host}\nPGPORT=${port}\nPGUSER=${user}\nPGPASSWORD=${password}\nPGDATABASE=${database}`],
  ];
}

const quote = (word: string): string => (/^[\w.@:-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
