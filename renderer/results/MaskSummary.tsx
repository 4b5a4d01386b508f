// How much of a result is masked and by what, and the way to see it where a reason opens it.

import { useEffect, useState } from 'react';
import type { ResultColumnInfo } from '../../contracts/ui.ts';
import { Hint } from '../controls/Hint.tsx';
import { Icon } from '../controls/Icon.tsx';
import { plural } from '../controls/words.ts';
import { ask, type Run } from '../state/runs.ts';
import { call } from '../transport/socket.ts';

/** Only judged, never run or recorded: would masks fall if there were a reason? */
const SUPPOSED_REASON = 'supposed, to learn whether a reason lifts the mask';

export function MaskSummary({ run, columns }: { readonly run: Run; readonly columns: readonly ResultColumnInfo[] }) {
  const [opens, setOpens] = useState(false);
  const masked = columns.length;
  const finished = run.status === 'ok';
  useEffect(() => {
    setOpens(false);
    if (masked === 0 || !finished) return;
    let gone = false;
    call('editor.check', { connection: run.connection, sql: run.sql, justification: SUPPOSED_REASON }).then(
      (check) => !gone && setOpens(check.verdict === 'allow' && check.masked.length < masked),
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [run.connection, run.sql, masked, finished]);

  if (masked === 0) return null;
  const policies = [...new Set(columns.flatMap((column) => (column.mask?.policy ? [column.mask.policy] : [])))];
  const reason = columns.find((column) => column.mask?.reason)?.mask?.reason ?? 'Seeing masked values needs a reason.';
  return (
    <>
      <span className="mask-summary" title={columns.map((column) => `${column.name}: ${column.mask?.tags.join(', ') ?? ''}`).join('\n')}>
        <Icon name="lock" size={12} />
        <span className="ellipsis">
          {plural(masked, 'column')} masked{policies.length > 0 ? ` by ${policies.join(', ')}` : ''}
        </span>
      </span>
      {opens && (
        <Hint label="Runs it again with your reason on record">
          <button
            type="button"
            className="button quiet"
            onClick={() =>
              ask(run.tab, {
                sql: run.sql,
                offset: run.offset,
                connection: run.connection,
                reason,
                facts: columns.map((column) => column.name),
                policies,
              })
            }
          >
            <Icon name="view" size={14} />
            See values
          </button>
        </Hint>
      )}
    </>
  );
}
