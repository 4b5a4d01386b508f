// A refusal and a fault of the database look different: one was decided here, the other was not.

import type { StatementError } from '../../contracts/ui.ts';
import { Icon } from '../controls/Icon.tsx';
import { ask, type Run } from '../state/runs.ts';
import { go } from '../state/ui.ts';

const REFUSALS: Readonly<Record<string, string>> = {
  DENIED: 'Refused by policy',
  JUSTIFICATION_REQUIRED: 'Asks for a reason',
  APPROVAL_PENDING: 'Waits for an approval',
  MASKED_COLUMN: 'Refused: a masked column is used',
  NOT_UNDERSTOOD: 'Not let through: it can not be checked',
  ROW_LIMIT: 'Stopped at the row limit',
  PAUSED: 'Paused',
  AUDIT_UNAVAILABLE: 'Refused: the ledger can not record',
};

/** The checkpoint reads names and grammar as the database does, and then says so with the database's own SQLSTATE. */
const isMistake = (error: StatementError): boolean =>
  error.code === 'NOT_UNDERSTOOD' && error.sqlstate.startsWith('42') && error.sqlstate !== '42501';

export function ErrorPanel({ error, run }: { readonly error: StatementError; readonly run: Run }) {
  const refusal = isMistake(error) ? undefined : REFUSALS[error.code];
  const asks = error.code === 'JUSTIFICATION_REQUIRED';
  return (
    <section className={`problem ${asks ? 'hold' : refusal ? 'deny' : 'fault'}`} aria-label={refusal ?? 'Error'}>
      <Icon name={asks ? 'hand' : refusal ? 'deny' : 'alert'} size={18} />
      <div className="problem-body">
        <h2>{refusal ?? (isMistake(error) ? 'The statement has an error' : 'The database reported an error')}</h2>
        <p className="problem-message">{error.message}</p>
        {error.hint && !asks && (
          <p className="problem-hint">
            <strong>Way forward</strong> {error.hint}
          </p>
        )}
        {error.detail && !refusal && <p className="note mono">{error.detail}</p>}
        <p className="problem-facts">
          {error.policies.map((policy) => (
            <button key={policy} type="button" className="chip" onClick={() => go('policies')} title="Show the policies">
              <Icon name="policies" size={12} />
              {policy}
            </button>
          ))}
          <span className="note mono">{error.code === error.sqlstate ? error.sqlstate : `${error.code} · ${error.sqlstate}`}</span>
        </p>
        {asks && (
          <button
            type="button"
            className="button primary"
            onClick={() =>
              ask(run.tab, {
                sql: run.sql,
                offset: run.offset,
                connection: run.connection,
                reason: error.message,
                facts: [],
                policies: error.policies,
              })
            }
          >
            Give a reason
          </button>
        )}
        {refusal && !asks && <p className="note">Nothing was changed. The refusal is in the ledger under your name.</p>}
      </div>
    </section>
  );
}
