// The analysis of one statement: a pure function of its syntax tree, the catalog and the session's names.
import type { Catalog } from '../catalog/catalog.ts';
import type { ParsedStatement, ParseOutcome } from '../parse/parsed.ts';
import type { TokenStream } from '../parse/tokens.ts';
import { accountFor } from './accounting.ts';
import { Binder, type SessionNames, type Walkers } from './binder.ts';
import { walkExpression } from './expression.ts';
import { emptyFacts, type StatementFacts } from './facts.ts';
import { walkQuery, walkStatement } from './statement.ts';

export const WALKERS: Walkers = {
  query: walkQuery,
  expression: walkExpression,
  statement: (binder, node, parent) => walkStatement(binder, node, parent, { start: 0, end: 0 }),
};

export interface AnalysisInput {
  readonly statement: ParsedStatement;
  /** The whole judged text; all positions are byte offsets in it. */
  readonly text: Buffer;
  readonly tokens: TokenStream;
  readonly catalog: Catalog;
  readonly session: SessionNames;
  /** Parsed function bodies and view definitions, by text. */
  readonly definitions: ReadonlyMap<string, ParseOutcome>;
}

/** The statement's facts, and the texts that must be parsed first for them to be complete. */
export function analyse(input: AnalysisInput): { facts: StatementFacts; needs: ReadonlySet<string> } {
  const facts = emptyFacts('');
  const needs = new Set<string>();
  const binder = new Binder({
    catalog: input.catalog,
    session: input.session,
    text: input.text,
    tokens: input.tokens,
    definitions: input.definitions,
    facts,
    needs,
    walkers: WALKERS,
    depth: 0,
  });
  // From the first token, whether or not the parser counts leading space and comments to the statement.
  const first = input.tokens.before(input.statement.start) + 1;
  const range = { start: input.tokens.start(first), end: input.statement.end };
  facts.kind = 'SELECT';
  walkStatement(binder, input.statement.node, undefined, range);
  accountFor(binder, input.statement.node);
  return { facts, needs };
}
