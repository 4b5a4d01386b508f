// One quiet line: what the statement under the cursor reads, what of it is masked, and what the policies say.

import type { Check } from '../../contracts/ui.ts';
import { Icon, type IconName } from '../controls/Icon.tsx';
import { list, plural } from '../controls/words.ts';
import { preflight } from '../state/preflight.ts';
import { useStore } from '../state/store.ts';

export function PreflightLine({ tab }: { readonly tab: string }) {
  const current = useStore(preflight, (state) => state.current);
  const pending = useStore(preflight, (state) => state.pending);
  if (current?.tab !== tab) return <p className="preflight" aria-live="polite" />;
  if (!current.check) return <p className="preflight">{current.failed === undefined ? '' : `Not judged yet: ${current.failed}`}</p>;
  const { check } = current;
  if (check.verdict === 'empty') return <p className="preflight" />;
  const { icon, word } = isMistake(check) ? MISTAKE : VERDICTS[check.verdict];
  const masked = check.masked.length;
  return (
    <p className="preflight" aria-live="polite" data-pending={pending} title={details(check)}>
      <span className={`preflight-verdict ${check.verdict}`}>
        <Icon name={icon} size={14} />
        {word}
      </span>
      {check.verdict === 'allow' ? (
        <>
          <span>{does(check)}</span>
          {masked > 0 && <span className="preflight-masks">masks {list(check.masked.map(lastPart), 2)}</span>}
          {check.estimatedRows !== undefined && <span className="num">about {plural(check.estimatedRows, 'row')}</span>}
        </>
      ) : (
        <span className="ellipsis">{check.reason ?? 'No policy allows this.'}</span>
      )}
      {check.verdict !== 'allow' && check.policies.length > 0 && (
        <span className="preflight-policy ellipsis">{list(check.policies, 1)}</span>
      )}
    </p>
  );
}

const VERDICTS: Readonly<Record<'allow' | 'hold' | 'deny', { readonly icon: IconName; readonly word: string }>> = {
  allow: { icon: 'check', word: 'Allowed' },
  hold: { icon: 'hand', word: 'Asks for a reason' },
  deny: { icon: 'deny', word: 'Refused' },
};

const MISTAKE = { icon: 'alert', word: 'Error' } as const;

/** A wrong name or wrong grammar, told apart from what a policy stops. */
const isMistake = (check: Check): boolean => check.code === 'NOT_UNDERSTOOD' && !check.reason?.startsWith("can't be checked");

const lastPart = (column: string): string => column.split('.').at(-1) ?? column;

function does(check: Check): string {
  // An effect names its object (`update shop.orders`); reading alone is told by its tables.
  const writes = check.effects.filter((effect) => !/^(read|select)\b/i.test(effect));
  if (writes.length > 0) return list(writes, 2);
  const tables = check.relations.length;
  return tables === 0 ? 'reads no table' : `reads ${tables === 1 ? (check.relations[0] ?? '') : plural(tables, 'table')}`;
}

function details(check: Check): string {
  return [
    check.reason,
    check.hint,
    check.relations.length > 0 ? `Tables: ${check.relations.join(', ')}` : undefined,
    check.masked.length > 0 ? `Masked: ${check.masked.join(', ')}` : undefined,
    check.policies.length > 0 ? `Policies: ${check.policies.join(', ')}` : undefined,
  ]
    .filter(Boolean)
    .join('\n');
}
