// Checks a rewritten text: parsed again, no reference to a governed relation stands outside our own subselects and the
// targets of changes, and the statements are what they were. Any doubt denies. Source: design, "Masking", how, 2.
import type { SessionNames } from '../analyse/binder.ts';
import { analyse } from '../analyse/analyse.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { NodeOf, ParsedText, ParseOutcome } from '../parse/parsed.ts';
import { TokenStream } from '../parse/tokens.ts';
import type { Spliced } from './edits.ts';
import { isGoverned, type MaskEdit, type MaskOf } from './rewrite.ts';

export interface Verification {
  readonly original: ParsedText;
  readonly rewritten: ParsedText;
  readonly spliced: Spliced;
  readonly catalog: Catalog;
  /** The session's names before each statement. */
  readonly sessions: readonly SessionNames[];
  readonly definitions: ReadonlyMap<string, ParseOutcome>;
  readonly maskOf: MaskOf;
}

/** Every node of a type in a tree, however it is nested. */
function collect<T>(root: unknown, test: (value: Record<string, unknown>) => T | undefined): T[] {
  const found: T[] = [];
  const stack: unknown[] = [root];
  while (stack.length > 0) {
    const value = stack.pop();
    if (typeof value !== 'object' || value === null) continue;
    const one = test(value as Record<string, unknown>);
    if (one !== undefined) found.push(one);
    stack.push(...(Object.values(value) as unknown[]));
  }
  return found;
}

const ranges = (root: unknown): NodeOf<'RangeVar'>[] =>
  collect(root, (value) => (typeof value['relname'] === 'string' ? (value as NodeOf<'RangeVar'>) : undefined));

const parameters = (root: unknown): string =>
  collect(root, (value) => (value['ParamRef'] as NodeOf<'ParamRef'> | undefined)?.number)
    .sort((a, b) => a - b)
    .join(',');

/** Undefined when all is well, else what is wrong (for the incident record; not for the client). */
export function verifyRewrite(input: Verification): string | undefined {
  const { original, rewritten, spliced, catalog, maskOf } = input;
  if (original.statements.length !== rewritten.statements.length) return 'the number of statements changed';
  const trusted = spliced.placed.filter(({ edit }) => (edit as MaskEdit).trusted);
  const inside = (offset: number): boolean => trusted.some(({ start, end }) => offset >= start && offset < end);
  const tokens = new TokenStream(spliced.text, rewritten.tokens);
  for (const [i, statement] of rewritten.statements.entries()) {
    const before = original.statements[i];
    const session = input.sessions[i];
    if (before === undefined || session === undefined) return 'a statement is missing';
    if (before.type !== statement.type) return 'the kind of a statement changed';
    if (parameters(before.node) !== parameters(statement.node)) return 'the parameters changed';
    const { facts } = analyse({ statement, text: spliced.text, tokens, catalog, session, definitions: input.definitions });
    for (const reference of facts.references) {
      if (isGoverned(reference, maskOf) && !inside(reference.start)) return 'a governed relation stands outside its mask';
    }
    for (const item of facts.returning) {
      if (!inside(item.start) && item.columns.some(({ source }) => maskOf(source) !== undefined))
        return 'RETURNING shows a column without its mask';
    }
    if (facts.copied !== undefined && isGoverned(facts.copied.reference, maskOf)) return 'a governed relation is copied without its mask';
    // Independently of the analysis: every name in the tree that could be a governed relation is known to it.
    const known = new Set([
      ...facts.references.map((reference) => reference.relation),
      ...facts.targets.map((target) => target.relation),
      ...facts.altered,
    ]);
    for (const range of ranges(statement.node)) {
      const schemas = range.schemaname === undefined ? session.searchPath : [range.schemaname];
      for (const schema of schemas) {
        const relation = catalog.relation(schema, range.relname ?? '');
        if (relation === undefined || !isGoverned({ relation }, maskOf)) continue;
        if (!known.has(relation) && range.schemaname !== undefined && !inside(range.location ?? 0))
          return 'a governed relation was not seen by the analysis';
      }
    }
  }
  return undefined;
}
