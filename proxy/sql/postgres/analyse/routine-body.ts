// SQL functions: the body is analysed like a statement of its own; what it reads counts as read at the call. Masks can't
// be put inside a function, so reading a masked column there is refused.
import { TokenStream } from '../parse/tokens.ts';
import type { CatalogRoutine } from '../catalog/catalog.ts';
import { accountFor } from './accounting.ts';
import { Binder } from './binder.ts';
import { emptyFacts } from './facts.ts';
import { CLEAR, isOthersColumn, type Lineage } from './lineage.ts';
import { Scope } from './scope.ts';

const MAX_DEPTH = 8;

/** The statements of a SQL body as text that the parser reads: BEGIN ATOMIC and RETURN are not statements. */
export function bodyText(body: string): string {
  const atomic = /^\s*begin\s+atomic\b([\s\S]*)\bend\s*$/iu.exec(body);
  if (atomic !== null) return atomic[1] ?? '';
  return body.replace(/^\s*return\b/iu, 'select');
}

/** Analyses a body into the caller's facts; what it reads. Undefined when it can't be read: the function is opaque then. */
export function routineBody(binder: Binder, routine: CatalogRoutine, position: number): Lineage | undefined {
  return routine.body === undefined ? undefined : textRead(binder, routine, bodyText(routine.body), position);
}

/** What the default values of left-out arguments read. */
export function routineDefaults(binder: Binder, routine: CatalogRoutine, position: number): Lineage | undefined {
  return routine.defaultValues === undefined ? CLEAR : textRead(binder, routine, `select ${routine.defaultValues}`, position);
}

function textRead(binder: Binder, routine: CatalogRoutine, text: string, position: number): Lineage | undefined {
  if (binder.depth >= MAX_DEPTH) return undefined;
  const outcome = binder.definitions.get(text);
  if (outcome === undefined) {
    binder.needs.add(text);
    return CLEAR;
  }
  if (outcome.kind !== 'parsed') return undefined;
  const bytes = Buffer.from(text, 'utf8');
  const inner = new Binder({
    catalog: binder.catalog,
    session: binder.session,
    definitions: binder.definitions,
    needs: binder.needs,
    walkers: binder.walkers,
    text: bytes,
    tokens: new TokenStream(bytes, outcome.parsed.tokens),
    facts: emptyFacts('SELECT'),
    depth: binder.depth + 1,
  });
  const scope = new Scope(undefined);
  const columns = routine.argumentNames.filter((name) => name !== '').map((name) => ({ name, lineage: CLEAR }));
  scope.items.push({ columns, relations: [{ alias: routine.name, columns }] });
  for (const statement of outcome.parsed.statements) {
    binder.walkers.statement(inner, statement.node, scope);
    accountFor(inner, statement.node);
  }
  const { facts } = inner;
  if (facts.gaps.length > 0 || facts.changes.length > 0) return undefined;
  // What shows only the session's own row does so by rewriting.
  if (facts.usages.some(({ source }) => isOthersColumn(source))) return undefined;
  for (const effect of facts.effects) {
    if (!binder.facts.effects.some((known) => JSON.stringify(known) === JSON.stringify(effect))) binder.facts.effects.push(effect);
  }
  binder.facts.opaque.push(...facts.opaque.map((entry) => ({ ...entry, position })));
  // Nothing inside can be rewritten: whatever it reads of a governed relation counts as used.
  const sources = new Set(facts.usages.map((usage) => usage.source));
  binder.use(sources, 'argument', position);
  return sources;
}
