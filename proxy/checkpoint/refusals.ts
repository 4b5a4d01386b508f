// Refusals by code: SQLSTATE, wording, the legal way forward. Messages carry no values from rows and no credentials.
// Source: design, "What a client sees".
import type { DeterminingPolicy, Remedy } from '../policy/engine.ts';
import type { Refusal, RefusalCode } from './gate.ts';

const SQLSTATES: Readonly<Record<RefusalCode, string>> = {
  DENIED: '42501',
  JUSTIFICATION_REQUIRED: '42501',
  APPROVAL_PENDING: '42501',
  MASKED_COLUMN: '42501',
  NOT_UNDERSTOOD: '42501',
  ROW_LIMIT: '53400',
  TIMEOUT: '57014',
  PAUSED: '57P01',
  AUDIT_UNAVAILABLE: '58030',
  SESSION_LIMIT: '53300',
  PROTOCOL: '08P01',
  UPSTREAM: '08006',
  INTERNAL: 'XX000',
};

export interface RefusalParts {
  readonly sqlstate?: string | undefined;
  readonly facts?: Readonly<Record<string, string | number>> | undefined;
  readonly policies?: readonly string[] | undefined;
  readonly hint?: string | undefined;
  readonly position?: number | undefined;
  readonly fatal?: boolean | undefined;
}

/** Builds a refusal; DETAIL is `code=…` and facts, for programs and people alike. */
export function refusal(code: RefusalCode, message: string, parts: RefusalParts = {}): Refusal {
  const facts = [
    `code=${code}`,
    ...((parts.policies ?? []).length > 0 ? [`policy=${(parts.policies ?? []).join(',')}`] : []),
    ...Object.entries(parts.facts ?? {}).map(([name, value]) => `${name}=${value}`),
  ];
  return {
    code,
    sqlstate: parts.sqlstate ?? SQLSTATES[code],
    message,
    detail: facts.join(' '),
    ...(parts.hint === undefined ? {} : { hint: parts.hint }),
    ...(parts.position === undefined ? {} : { position: parts.position }),
    ...(parts.fatal === true ? { fatal: true } : {}),
  };
}

const sentence = (policies: readonly DeterminingPolicy[], otherwise: string): string =>
  policies.find((policy) => policy.reason !== undefined)?.reason ?? otherwise;

const ids = (policies: readonly DeterminingPolicy[]): string[] => policies.map((policy) => policy.id);

export function denied(
  kind: 'forbidden' | 'no_permit' | 'policy_error',
  policies: readonly DeterminingPolicy[],
  what: string,
  facts: Readonly<Record<string, string | number>>,
): Refusal {
  const messages = {
    forbidden: sentence(policies, `policy forbids ${what}`),
    no_permit: `no policy allows ${what}`,
    policy_error: `a policy could not be evaluated, so ${what} is denied`,
  };
  return refusal('DENIED', messages[kind], {
    policies: ids(policies),
    facts,
    hint: kind === 'no_permit' ? 'ask an administrator for a policy that permits it; "gatehouse check" explains a verdict' : undefined,
  });
}

const JUSTIFY_HINT =
  "say why: SET gatehouse.justification = 'your reason'; or start the statement with /* justification: your reason */; then run it again";

export function justificationRequired(
  policies: readonly DeterminingPolicy[],
  facts: Readonly<Record<string, string | number>>,
  problem: string | undefined,
): Refusal {
  const reason = sentence(policies, 'this statement needs a reason');
  return refusal('JUSTIFICATION_REQUIRED', problem === undefined ? reason : `${reason} ${problem}`, {
    policies: ids(policies),
    facts,
    hint: JUSTIFY_HINT,
  });
}

export function approvalRequired(
  policies: readonly DeterminingPolicy[],
  remedies: readonly Remedy[],
  facts: Readonly<Record<string, string | number>>,
): Refusal {
  const approve = remedies.find((remedy) => remedy.kind === 'approve');
  const who = approve?.kind === 'approve' ? approve.approvers : 'an approver';
  return refusal(
    'DENIED',
    `${sentence(policies, 'this statement needs an approval')} Approval by ${who} is needed, and this version of Gatehouse can not ask for approvals yet, so it is denied.`,
    {
      policies: ids(policies),
      facts,
    },
  );
}

export function notUnderstood(what: string, position?: number, sqlstate?: string): Refusal {
  return refusal('NOT_UNDERSTOOD', sqlstate === undefined ? `can't be checked: ${what}` : what, { position, sqlstate });
}

const USES: Readonly<Record<string, string>> = {
  condition: 'in a condition',
  join: 'in a join condition',
  group: 'for grouping, distinct rows or set operations',
  order: 'for ordering',
  aggregate: 'in an aggregate',
  nullTest: 'in a null test or count',
  assign: 'as the source of a write',
  argument: 'inside a function',
  returning: 'in a RETURNING expression',
  conflict: 'in a conflict target',
  systemColumn: 'together with system columns',
};

export function maskedColumn(column: string, use: string, position: number | undefined): Refusal {
  return refusal('MASKED_COLUMN', `column "${column}" is masked for you and can't be used ${USES[use] ?? 'here'}`, {
    facts: { column, use },
    position,
    hint: 'leave the column out of that place; in the select list it is shown masked',
  });
}
