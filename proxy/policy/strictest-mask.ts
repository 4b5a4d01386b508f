// One mask for a column of several tags: the strictest. Masks that keep part of a value are not comparable, and what two of
// them keep together may be more than either meant: different ones redact. Source: design, "Masking", semantics.
import type { Mask } from '../masking/mask.ts';
import { DERIVED, type TagFacts } from './classification.ts';

const REDACT: Mask = { kind: 'redact' };

/** Tags without a mask do not weaken others; no mask at all, an unknown tag and `derived` are redacted. */
export function strictestMask(tags: readonly string[], known: ReadonlyMap<string, TagFacts>): Mask {
  const masks: Mask[] = [];
  for (const tag of tags) {
    const facts = known.get(tag);
    if (tag === DERIVED || facts === undefined) masks.push(REDACT);
    else if (facts.mask !== undefined) masks.push(facts.mask);
  }
  for (const kind of ['null', 'redact'] as const) if (masks.some((mask) => mask.kind === kind)) return { kind };
  // A token stands for the whole value: it rules over one partial mask. Two domains would link what must stay apart.
  const token = one(masks.filter((mask) => mask.kind === 'token'));
  const partial = one(masks.filter((mask) => mask.kind !== 'token'));
  if (token === 'several' || partial === 'several') return REDACT;
  return token ?? partial ?? REDACT;
}

/** The mask that all of these are, undefined for none. */
function one(masks: readonly Mask[]): Mask | 'several' | undefined {
  const [first, ...others] = masks;
  return others.every((mask) => JSON.stringify(mask) === JSON.stringify(first)) ? first : 'several';
}
