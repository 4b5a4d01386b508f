// Nothing in a statement may pass unseen: whatever can read data or run code (a relation, a subquery, a function, an operator)
// must have been looked at by a walker. Walkers follow the fields that they know; this looks at the whole tree instead, so a
// field that nobody follows refuses the statement. Source: design, "Analysis": every node is handled or a gap.
import type { Binder } from './binder.ts';

/** Fields that tell such a node by their presence, whether it is wrapped in its type or held in a field of that type. */
const TELLING = ['relname', 'funcname', 'subLinkType', 'lexpr', 'rexpr'] as const;

function isTold(value: Record<string, unknown>): boolean {
  return TELLING.some((field) => value[field] !== undefined);
}

/** Reports the first part of the tree that no walker has seen. */
export function accountFor(binder: Binder, root: unknown): void {
  // A walker that refuses leaves the rest unseen.
  if (binder.facts.gaps.length > 0) return;
  const stack: unknown[] = [root];
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const fields = value as Record<string, unknown>;
    if (isTold(fields) && !binder.seen.has(fields)) {
      const { location } = fields;
      binder.gap('a part of this statement can not be checked', typeof location === 'number' ? location : undefined);
      return;
    }
    stack.push(...Object.values(fields));
  }
}
