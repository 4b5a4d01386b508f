// What a policy set reads, found in Cedar's own JSON form of it (text could hide a name behind an escape). It keeps facts
// that no policy reads out of the memo's key, and finds entities that policies name.
import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';

export interface FactsRead {
  /** Context attributes whose presence is tested (`context has x`) or whose value is read. */
  readonly tested: ReadonlySet<string>;
  /** Context attributes whose value is read. */
  readonly values: ReadonlySet<string>;
  /** The context is used as a whole: every fact may matter. */
  readonly wholeContext: boolean;
  /** Any attribute of any entity that is read. */
  readonly attributes: ReadonlySet<string>;
  /** Entities named in the text, as `Type` → ids. */
  readonly entities: ReadonlyMap<string, ReadonlySet<string>>;
}

export function factsRead(policies: Iterable<PolicyJson>): FactsRead {
  const tested = new Set<string>();
  const values = new Set<string>();
  const attributes = new Set<string>();
  const entities = new Map<string, Set<string>>();
  let wholeContext = false;

  const isContext = (node: unknown): boolean => record(node)?.['Var'] === 'context';
  const pending: unknown[] = [...policies];
  while (pending.length > 0) {
    const node = pending.pop();
    if (Array.isArray(node)) {
      for (const child of node as readonly unknown[]) pending.push(child);
      continue;
    }
    const fields = record(node);
    if (fields === undefined) continue;
    if (fields['Var'] === 'context') wholeContext = true;
    const { type, id } = fields;
    if (typeof type === 'string' && typeof id === 'string') entities.set(type, (entities.get(type) ?? new Set()).add(id));
    for (const [key, child] of Object.entries(fields)) {
      const access = key === '.' || key === 'has' ? record(child) : undefined;
      if (access === undefined || !('left' in access)) {
        pending.push(child);
        continue;
      }
      const path = (Array.isArray(access['attr']) ? access['attr'] : [access['attr']]).filter(
        (part): part is string => typeof part === 'string',
      );
      for (const part of path) attributes.add(part);
      if (!isContext(access['left'])) {
        pending.push(access['left']);
        continue;
      }
      const [name] = path;
      // An access of a shape that we do not know counts as reading everything.
      if (name === undefined) wholeContext = true;
      else {
        tested.add(name);
        if (key === '.' || path.length > 1) values.add(name);
      }
    }
  }
  return { tested, values, wholeContext, attributes, entities };
}

function record(node: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof node === 'object' && node !== null && !Array.isArray(node) ? (node as Readonly<Record<string, unknown>>) : undefined;
}
