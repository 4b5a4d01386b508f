// An ErrorResponse as the window shows it: the code of a refusal, the policies behind it, the place in UTF-16 units.
import type { StatementError } from '../../../contracts/ui.ts';
import type { Refusal } from '../../checkpoint/gate.ts';
import type { MessageFields } from './protocol-client.ts';
import { utf16OfBytes, utf16OfCharacter } from './text-offsets.ts';

/** Codes of errors that no refusal stands behind. */
const DATABASE = 'DATABASE';

const policiesOf = (detail: string | undefined): string[] => /(?:^| )policy=([^ ]+)/u.exec(detail ?? '')?.[1]?.split(',') ?? [];

/** `text`: what was run. `refusal`: what the checkpoint said of it, when it refused. */
export function statementError(fields: MessageFields, text: string, refusal: Refusal | undefined): StatementError {
  const detail = fields.get('D');
  const hint = fields.get('H');
  const position = Number(fields.get('P') ?? Number.NaN);
  const own = /^code=([A-Z_]+)(?: |$)/u.exec(detail ?? '')?.[1];
  return {
    code: refusal?.code ?? own ?? DATABASE,
    sqlstate: fields.get('C') ?? 'XX000',
    message: fields.get('M') ?? 'the database reported an error',
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
    ...(Number.isSafeInteger(position) && position > 0 ? { position: utf16OfCharacter(text, position - 1) } : {}),
    policies: policiesOf(detail),
  };
}

/** A refusal that no message carried: the session did not open. */
export function refusalError(refusal: Refusal, text: string): StatementError {
  return {
    code: refusal.code,
    sqlstate: refusal.sqlstate,
    message: refusal.message,
    ...(refusal.detail === undefined ? {} : { detail: refusal.detail }),
    ...(refusal.hint === undefined ? {} : { hint: refusal.hint }),
    ...(refusal.position === undefined ? {} : { position: utf16OfBytes(text, [refusal.position])[0] ?? 0 }),
    policies: policiesOf(refusal.detail),
  };
}
