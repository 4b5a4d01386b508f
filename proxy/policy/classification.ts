// `classification.yaml`: which columns hold what, by name patterns, and how each kind is masked. Semantics:
// - A rule applies when every pattern that it has matches; all tags of the rules that apply are taken together.
// - A rule that names connection, schema, table and column without wildcards is explicit: where explicit rules apply, only
//   they do. A column can so be given other tags than its name suggests.
// - `clear` takes tags away from what patterns found (all, or the ones it names), never from what is explicit.
// - A rule on types also applies when the type is not known: unknown means hidden.
// Source: design, "Policies", Bundle; "Masking", semantics.
import { z } from 'zod';
import type { Mask } from '../masking/mask.ts';
import type { ColumnName } from '../sql/analysis.ts';
import type { ConnectionFacts } from './engine.ts';
import { compileGlobs, globFlaw, isExact } from './glob.ts';
import { Memo } from './memo.ts';
import type { Problem } from './problem.ts';
import type { StrictDocument } from './strict-document.ts';

/** The tag of values whose origin is known only in part; always redacted, so no bundle may define it. */
export const DERIVED = 'derived';

const edge = z.int().min(0).max(20);
const mask = z.union([
  z.enum(['none', 'redact', 'null']),
  z.strictObject({ partial: z.strictObject({ first: edge, last: edge }) }),
  z.strictObject({ email: z.strictObject({ keepDomain: z.boolean() }) }),
  z.strictObject({ 'date-trunc': z.enum(['month', 'quarter', 'year', 'decade']) }),
  z.strictObject({ bucket: z.int().min(2).max(1_000_000_000) }),
  z.strictObject({ token: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,49}$/) }),
]);
const glob = z.string().superRefine((pattern, context) => {
  const message = globFlaw(pattern);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});
const globs = z.union([glob, z.array(glob).min(1).max(200)]);
const tagName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$/, 'not a tag name like `pii.email`')
  .max(60);
const place = { connection: globs.optional(), schema: globs.optional(), table: globs.optional(), column: globs, type: globs.optional() };

export const classificationSchema = z.strictObject({
  tags: z.record(tagName, z.strictObject({ mask, untrusted: z.boolean().optional(), description: z.string().max(300).optional() })),
  rules: z.array(z.strictObject({ ...place, tag: tagName })).max(2000),
  clear: z
    .array(z.strictObject({ ...place, tag: z.union([tagName, z.array(tagName).min(1)]).optional() }))
    .max(2000)
    .optional(),
  cleanFunctions: z
    .array(z.strictObject({ connection: globs.optional(), schema: globs, name: globs }))
    .max(2000)
    .optional(),
});
type Parsed = z.infer<typeof classificationSchema>;

/** References to tags that are not defined, and tags that nobody may define. */
export function classificationFlaws(document: StrictDocument<Parsed>): Problem[] {
  const { tags, rules, clear = [] } = document.value;
  const flaws: Problem[] = [];
  if (Object.hasOwn(tags, DERIVED)) flaws.push(document.at(['tags', DERIVED], `\`${DERIVED}\` is Gatehouse's own tag`));
  const check = (tag: string, path: PropertyKey[]): void => {
    if (!Object.hasOwn(tags, tag)) flaws.push(document.at(path, `no tag \`${tag}\` under \`tags\``));
  };
  rules.forEach((rule, index) => check(rule.tag, ['rules', index, 'tag']));
  clear.forEach((rule, index) => {
    for (const tag of several(rule.tag)) check(tag, ['clear', index, 'tag']);
  });
  return flaws;
}

export interface TagFacts {
  /** Undefined: visible (the tag only says something about the column). */
  readonly mask: Mask | undefined;
  readonly untrusted: boolean;
}

type Matcher = (connection: ConnectionFacts, column: ColumnName, type: string | undefined) => boolean;

const COLUMNS = 20_000;

export class Classification {
  readonly tags: ReadonlyMap<string, TagFacts>;
  readonly #explicit: readonly { readonly tag: string; readonly matches: Matcher }[];
  readonly #patterns: readonly { readonly tag: string; readonly matches: Matcher }[];
  readonly #clear: readonly { readonly tags: ReadonlySet<string> | undefined; readonly matches: Matcher }[];
  readonly #clean: readonly ((connection: string, schema: string, name: string) => boolean)[];
  readonly #columns = new Memo<readonly string[]>(COLUMNS);

  constructor(parsed: Parsed) {
    this.tags = new Map(
      Object.entries(parsed.tags).map(([tag, facts]) => [tag, { mask: maskOf(facts.mask), untrusted: facts.untrusted === true }]),
    );
    const rules = parsed.rules.map((rule) => ({ tag: rule.tag, explicit: isExplicit(rule), matches: matcher(rule) }));
    this.#explicit = rules.filter(({ explicit }) => explicit);
    this.#patterns = rules.filter(({ explicit }) => !explicit);
    this.#clear = (parsed.clear ?? []).map((rule) => ({
      tags: rule.tag === undefined ? undefined : new Set(several(rule.tag)),
      matches: matcher(rule),
    }));
    this.#clean = (parsed.cleanFunctions ?? []).map((entry) => {
      const [connection, schema, name] = [entry.connection, entry.schema, entry.name].map(test);
      return (...names) => connection?.(names[0]) === true && schema?.(names[1]) === true && name?.(names[2]) === true;
    });
  }

  tagsOf(connection: ConnectionFacts, column: ColumnName, type?: string): readonly string[] {
    const key = JSON.stringify([connection.name, column.relation.schema, column.relation.name, column.column, type]);
    const known = this.#columns.get(key);
    if (known !== undefined) return known;
    const tags = this.#find(connection, column, type);
    this.#columns.set(key, tags);
    return tags;
  }

  #find(connection: ConnectionFacts, column: ColumnName, type: string | undefined): readonly string[] {
    const explicit = this.#explicit.filter(({ matches }) => matches(connection, column, type));
    if (explicit.length > 0) return distinct(explicit);
    const found = this.#patterns.filter(({ matches }) => matches(connection, column, type));
    if (found.length === 0) return [];
    const clear = this.#clear.filter(({ matches }) => matches(connection, column, type));
    return distinct(found.filter(({ tag }) => !clear.some(({ tags }) => tags === undefined || tags.has(tag))));
  }

  isCleanFunction(connection: ConnectionFacts, routine: { readonly schema: string; readonly name: string }): boolean {
    return this.#clean.some((matches) => matches(connection.name, routine.schema, routine.name));
  }
}

function distinct(rules: readonly { readonly tag: string }[]): readonly string[] {
  return [...new Set(rules.map(({ tag }) => tag))].sort();
}

function several(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

function test(patterns: string | readonly string[] | undefined): (name: string) => boolean {
  return patterns === undefined ? () => true : compileGlobs(several(patterns));
}

function isExplicit(rule: Parsed['rules'][number]): boolean {
  return [rule.connection, rule.schema, rule.table, rule.column].every(
    (patterns) => patterns !== undefined && several(patterns).every(isExact),
  );
}

function matcher(rule: { readonly [K in keyof typeof place]?: string | readonly string[] | undefined }): Matcher {
  const [connection, schema, table, column, type] = [rule.connection, rule.schema, rule.table, rule.column, rule.type].map(test);
  return (where, name, sqlType) =>
    column?.(name.column) === true &&
    table?.(name.relation.name) === true &&
    schema?.(name.relation.schema) === true &&
    connection?.(where.name) === true &&
    (sqlType === undefined || type?.(sqlType) === true);
}

function maskOf(given: z.infer<typeof mask>): Mask | undefined {
  if (given === 'none') return undefined;
  if (typeof given === 'string') return { kind: given };
  if ('partial' in given) return { kind: 'partial', ...given.partial };
  if ('email' in given) return { kind: 'email', ...given.email };
  if ('date-trunc' in given) return { kind: 'date-trunc', unit: given['date-trunc'] };
  if ('bucket' in given) return { kind: 'bucket', size: given.bucket };
  return { kind: 'token', domain: given.token };
}
