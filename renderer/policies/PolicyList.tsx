// Each policy as its sentence; the Cedar text is one press away.

import type { PolicyInfo } from '../../contracts/ui.ts';
import { Icon, type IconName } from '../controls/Icon.tsx';
import { count } from '../controls/words.ts';

export function PolicyList({ info }: { readonly info: PolicyInfo }) {
  const stops = info.policies.filter((policy) => policy.effect === 'forbid');
  const allows = info.policies.filter((policy) => policy.effect === 'permit');
  return (
    <div className="rules">
      <Group title="Stops and asks" policies={stops} />
      <Group title="Allows" policies={allows} />
      <section className="limits">
        <h2>Limits</h2>
        <Limits title="You" limits={info.limits.person} />
        <Limits title="Each agent" limits={info.limits.agent} />
      </section>
    </div>
  );
}

function Group({ title, policies }: { readonly title: string; readonly policies: PolicyInfo['policies'] }) {
  if (policies.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <ul className="rule-list">
        {policies.map((policy) => (
          <li key={policy.id}>
            <details className="rule">
              <summary>
                <Icon {...markOf(policy)} />
                <span className="rule-reason">{policy.reason || policy.id}</span>
                <span className="rule-id mono ellipsis">{policy.id}</span>
                <Icon name="down" size={14} />
              </summary>
              <pre className="code-block">{policy.text}</pre>
              <p className="note mono">
                {policy.file}:{policy.line}
              </p>
            </details>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A policy with a remedy asks; without one it stops. */
function markOf(policy: PolicyInfo['policies'][number]): { name: IconName; className: string } {
  if (policy.effect === 'permit') return { name: 'check', className: 'ok-ink' };
  return /@remed(y|ies)\b/.test(policy.text) ? { name: 'hand', className: 'hold-ink' } : { name: 'deny', className: 'deny-ink' };
}

function Limits({ title, limits }: { readonly title: string; readonly limits: Readonly<Record<string, number>> }) {
  return (
    <div>
      <h3>{title}</h3>
      <dl className="limit-list num">
        {Object.entries(limits).map(([name, value]) => (
          <div key={name}>
            <dt>{words(name)}</dt>
            <dd>{count(value)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** `statementTimeoutMs` as words. */
function words(name: string): string {
  const spaced = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
