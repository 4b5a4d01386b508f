// The closed vocabulary of annotations. Cedar does not check them at all: a misspelt `@remdy` would turn a hold into a deny,
// a misspelt `@id` lose a name, so anything that is not exactly understood refuses the bundle.
// Source: design, "Policies", traps and remedies.
import type { Remedy } from './engine.ts';

export const ANNOTATIONS = ['id', 'reason', 'remedy', 'approvers', 'count', 'pattern', 'minimumLength'] as const;

/** A reason shorter than this says nothing; policies may ask for more. */
export const DEFAULT_MINIMUM_LENGTH = 4;
/** Only the start of a justification is matched, which bounds what a careless pattern can cost. */
export const PATTERN_SUBJECT_LENGTH = 500;

export interface PolicyAnnotations {
  readonly id: string;
  readonly reason?: string;
  readonly remedy?: Remedy;
}

/** What is wrong, and at which annotation (none: at the policy). */
export interface AnnotationFlaw {
  readonly key?: string;
  readonly message: string;
}

export type AnnotationsRead = { readonly ok: PolicyAnnotations } | { readonly flaws: readonly AnnotationFlaw[] };

const GROUP = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export function readAnnotations(effect: 'permit' | 'forbid', given: Readonly<Record<string, string>>): AnnotationsRead {
  const flaws: AnnotationFlaw[] = [];
  const flaw = (message: string, key?: string): void => void flaws.push(key === undefined ? { message } : { key, message });
  const value = (key: (typeof ANNOTATIONS)[number]): string | undefined => (Object.hasOwn(given, key) ? given[key] : undefined);
  const known: readonly string[] = ANNOTATIONS;
  for (const key of Object.keys(given))
    if (!known.includes(key)) flaw(`unknown annotation \`@${key}\`; known are ${ANNOTATIONS.map((name) => `@${name}`).join(', ')}`, key);

  const id = value('id') ?? '';
  if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(id))
    flaw('every policy needs an `@id("…")` of small letters, digits and hyphens', Object.hasOwn(given, 'id') ? 'id' : undefined);
  const reason = value('reason');
  if (reason === undefined) {
    if (effect === 'forbid') flaw('a `forbid` needs a `@reason("…")`: the sentence that people and agents read');
  } else if (reason.trim() === '' || reason.length > 300 || /[\p{Cc}\p{Cf}]/u.test(reason))
    flaw('a reason is one sentence of at most 300 characters on one line', 'reason');

  const remedy = readRemedy(effect, value, flaw);
  if (flaws.length > 0) return { flaws };
  return { ok: { id, ...(reason === undefined ? {} : { reason }), ...(remedy === undefined ? {} : { remedy }) } };
}

function readRemedy(
  effect: 'permit' | 'forbid',
  value: (key: (typeof ANNOTATIONS)[number]) => string | undefined,
  flaw: (message: string, key?: string) => void,
): Remedy | undefined {
  const kind = value('remedy');
  const only = (keys: readonly ('approvers' | 'count' | 'pattern' | 'minimumLength')[], of: string): void => {
    for (const key of keys) if (value(key) !== undefined) flaw(`\`@${key}\` belongs to \`@remedy("${of}")\``, key);
  };
  if (kind !== 'justify') only(['pattern', 'minimumLength'], 'justify');
  if (kind !== 'approve') only(['approvers', 'count'], 'approve');
  if (kind === undefined) return undefined;
  if (effect === 'permit') flaw('a remedy lifts a `forbid`; a `permit` has none', 'remedy');
  if (kind === 'justify') {
    const length = value('minimumLength');
    if (length !== undefined && !/^[1-9][0-9]{0,2}$/.test(length)) flaw('`@minimumLength` is a number from 1 to 999', 'minimumLength');
    const pattern = value('pattern');
    const trouble = pattern === undefined ? undefined : patternTrouble(pattern);
    if (trouble !== undefined) flaw(trouble, 'pattern');
    return {
      kind,
      minimumLength: length === undefined ? DEFAULT_MINIMUM_LENGTH : Number(length),
      ...(pattern === undefined ? {} : { pattern }),
    };
  }
  if (kind === 'approve') {
    const approvers = value('approvers');
    if (approvers === undefined) flaw('`@remedy("approve")` needs `@approvers("…")`', 'remedy');
    else if (!GROUP.test(approvers)) flaw('`@approvers` names one group', 'approvers');
    const count = value('count');
    if (count !== undefined && !/^[1-9]$/.test(count)) flaw('`@count` is a number from 1 to 9', 'count');
    return { kind, approvers: approvers ?? '', count: count === undefined ? 1 : Number(count) };
  }
  flaw('unknown remedy; known are `justify` and `approve`', 'remedy');
  return undefined;
}

/** Patterns run on text that a principal chose: no back references, no look-around, no repetition of a repetition. */
function patternTrouble(pattern: string): string | undefined {
  if (pattern === '' || pattern.length > 200) return 'a pattern has 1 to 200 characters';
  try {
    new RegExp(pattern, 'u');
  } catch {
    return 'the pattern is not a regular expression';
  }
  const plain = pattern.replace(/\\[^]/gu, (escape) => (/[1-9k]/.test(escape.charAt(1)) ? '\u0000' : 'x')).replace(/\[[^\]]*\]/gu, 'x');
  if (plain.includes('\u0000')) return 'back references are not used in patterns';
  if (/\(\?(?!:)/u.test(plain)) return 'only plain groups are used in patterns';
  if (/\)[*+{]/u.test(plain)) return 'a group in a pattern may not be repeated';
  return undefined;
}

/** Does this justification meet what the remedy asks for? Length counts characters without outer white space. */
export function meetsJustify(remedy: Extract<Remedy, { kind: 'justify' }>, justification: string): boolean {
  const text = justification.trim();
  if (Array.from(text).length < remedy.minimumLength) return false;
  return remedy.pattern === undefined || new RegExp(remedy.pattern, 'u').test(text.slice(0, PATTERN_SUBJECT_LENGTH));
}
