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
  // A token stands for the whole value: it rules over partial masks, and two domains would link what must stay apart.
  const tokens = masks.filter((mask) => mask.kind === 'token');
  const [first, ...others] = tokens.length > 0 ? tokens : masks;
  if (first === undefined) return REDACT;
  const same = JSON.stringify(first);
  return others.every((mask) => JSON.stringify(mask) === same) ? first : REDACT;
}
