// A reason given for a statement: for the session (SET gatehouse.justification) or in a comment at the head of the text.
// Source: design, "Remedies".
import type { Remedy } from '../../policy/engine.ts';

const HEAD = /^(?:\s|--[^\n]*\n)*\/\*\s*justification:([^*]*(?:\*(?!\/)[^*]*)*)\*\//iu;
const LONGEST = 2_000;

/** The reason in a leading comment, if there is one. */
export function leadingJustification(text: string): string | undefined {
  const reason = HEAD.exec(text.slice(0, LONGEST + 200))?.[1]?.trim();
  return reason === undefined || reason === '' ? undefined : reason.slice(0, LONGEST);
}

/** Undefined when the reason satisfies what the policies ask for, else what is wrong with it. */
export function justificationProblem(reason: string, remedies: readonly Remedy[], statement: string): string | undefined {
  for (const remedy of remedies) {
    if (remedy.kind !== 'justify') continue;
    if (reason.trim().length < remedy.minimumLength) return `The reason given is too short (at least ${remedy.minimumLength} characters).`;
    if (remedy.pattern !== undefined && !new RegExp(remedy.pattern, 'u').test(reason))
      return `The reason given does not have the form that is asked for (${remedy.pattern}).`;
  }
  const plain = (value: string): string => value.replace(/\s+/gu, ' ').trim().toLowerCase();
  if (plain(statement).includes(plain(reason)) && plain(reason).length > plain(statement).length / 2)
    return 'The reason given repeats the statement.';
  return undefined;
}
