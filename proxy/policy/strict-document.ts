// Reads one JSON or YAML file of a bundle against a zod schema, strictly: an unknown or doubled key, an alias, a tag or a
// warning is a problem with its place. Source: design, "Policies": activation, strict validation.
import { isAlias, isMap, isNode, isScalar, parseDocument, visit, type Document } from 'yaml';
import type { z } from 'zod';
import { type Problem, problemAt } from './problem.ts';

type Path = readonly PropertyKey[];

export interface StrictDocument<T> {
  readonly value: T;
  /** A problem at the value of `path` (or at its nearest ancestor that exists). */
  at(path: Path, message: string): Problem;
}

export type DocumentRead<T> = { readonly ok: StrictDocument<T> } | { readonly problems: readonly Problem[] };

/** Parses `text` as the file's ending says (`.json`, else YAML 1.2 core). */
export function readDocument<T>(file: string, text: string, schema: z.ZodType<T>): DocumentRead<T> {
  const at = (start: number, end: number, message: string): Problem => problemAt(file, text, start, end, message);
  let document: Document;
  let value: unknown;
  try {
    document = parseDocument(text, {
      version: '1.2',
      schema: 'core',
      strict: true,
      uniqueKeys: true,
      stringKeys: true,
      merge: false,
      prettyErrors: false,
    });
    const flaws = [...document.errors, ...document.warnings].map((flaw) => at(flaw.pos[0], flaw.pos[1], firstLine(flaw.message)));
    visit(document, {
      Node(_key, node) {
        // Aliases repeat content out of sight of the reader, and cheaply blow up what is read.
        if (isAlias(node)) flaws.push(at(node.range?.[0] ?? 0, node.range?.[1] ?? 0, 'aliases are not used in bundles'));
        else if (node.tag !== undefined && node.tag.startsWith('!'))
          flaws.push(at(node.range?.[0] ?? 0, node.range?.[1] ?? 0, 'tags are not used in bundles'));
      },
    });
    if (flaws.length === 0 && file.endsWith('.json')) flaws.push(...jsonFlaws(text, at));
    if (flaws.length > 0) return { problems: flaws };
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    // Deep nesting ends the parser's recursion.
    return { problems: [at(0, 0, "can't be read: nested too deeply")] };
  }
  const locate = (path: Path): readonly [number, number] => rangeOf(document, path);
  const parsed = schema.safeParse(value);
  if (!parsed.success) return { problems: parsed.error.issues.flatMap((issue) => issueProblems(issue, [], document, at)) };
  return { ok: { value: parsed.data, at: (path, message) => at(...locate(path), message) } };
}

type At = (start: number, end: number, message: string) => Problem;

function issueProblems(issue: z.core.$ZodIssue, prefix: Path, document: Document, at: At): Problem[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => at(...keyRange(document, path, key), `unknown key \`${key}\``));
  if (issue.code === 'invalid_key')
    return [at(...keyRange(document, path.slice(0, -1), String(path.at(-1))), `bad key \`${String(path.at(-1))}\``)];
  if (issue.code === 'invalid_union') {
    // The alternative that was meant: one whose keys are right, else one that has such keys at all.
    const misnamed = (errors: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] =>
      errors.filter((error) => error.code === 'unrecognized_keys');
    const nearness = (errors: readonly z.core.$ZodIssue[]): number =>
      misnamed(errors).length > 0 ? 1 : errors.some((error) => error.path.length > 0) ? 2 : 0;
    const best = issue.errors.filter((errors) => errors.length > 0).toSorted((a, b) => nearness(b) - nearness(a))[0];
    if (best !== undefined)
      return (misnamed(best).length > 0 ? misnamed(best) : best).flatMap((error) => issueProblems(error, path, document, at));
  }
  const name = path.length === 0 ? '' : `\`${path.map(String).join('.')}\`: `;
  return [at(...rangeOf(document, path), `${name}${lowerFirst(issue.message)}`)];
}

function rangeOf(document: Document, path: Path): readonly [number, number] {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return [node.range[0], node.range[1]];
  }
  return [0, 0];
}

function keyRange(document: Document, path: Path, key: string): readonly [number, number] {
  const map: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  if (isMap(map))
    for (const pair of map.items) {
      if (isScalar(pair.key) && pair.key.value === key && pair.key.range) return [pair.key.range[0], pair.key.range[1]];
    }
  return rangeOf(document, path);
}

/** YAML reads more than JSON; a `.json` file must be JSON to every other reader too. */
function jsonFlaws(text: string, at: At): Problem[] {
  try {
    JSON.parse(text);
    return [];
  } catch (error) {
    const place = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
    const offset = place === undefined ? text.length : Number(place);
    return [at(offset, offset + 1, 'not valid JSON')];
  }
}

function firstLine(message: string): string {
  return lowerFirst(message.split('\n', 1)[0] ?? message);
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
