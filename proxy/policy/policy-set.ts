// From the bundle's Cedar texts to a validated policy set: parsed, annotated, named once, type-checked against the schema,
// with warnings as errors and every problem at its place. Source: design, "Policies", activation.
import {
  checkParsePolicySet,
  checkParseSchema,
  type DetailedError,
  type PolicyJson,
  policySetTextToParts,
  policyToJson,
  schemaToJson,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs';
import { readAnnotations } from './annotations.ts';
import type { BundleFiles } from './bundle-files.ts';
import type { CompiledPolicies } from './cedar.ts';
import type { Remedy } from './engine.ts';
import { type FactsRead, factsRead } from './policy-facts.ts';
import { annotationPlace, cutPolicies, type PolicySource, problemInPolicy, schemaSurvives } from './policy-source.ts';
import { offsetOfByte, type Problem, problemAt, problemOf } from './problem.ts';
import { schemaFlaws } from './schema-fit.ts';

export interface Policy {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly reason?: string;
  readonly remedy?: Remedy;
  readonly file: string;
  /** 1-based line of the policy's first annotation. */
  readonly line: number;
}

export interface PolicySet {
  readonly compiled: CompiledPolicies;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly facts: FactsRead;
}

export type PolicySetRead = { readonly ok: PolicySet } | { readonly problems: readonly Problem[] };

export const SCHEMA_FILE = 'schema.cedarschema';
export const MAX_POLICIES = 500;

/** `tags`: the classification's tag names; a policy that names another is refused. */
export function readPolicySet(files: BundleFiles, tags: ReadonlySet<string>): PolicySetRead {
  const schema = files.get(SCHEMA_FILE) ?? '';
  const schemaProblems = checkSchema(schema);
  if (schemaProblems.length > 0) return { problems: schemaProblems };

  const problems: Problem[] = [];
  const found: { readonly source: PolicySource; readonly policy: Policy; readonly json: PolicyJson }[] = [];
  for (const [file, text] of files) {
    if (!file.startsWith('policies/')) continue;
    const cut = cutPolicies(file, text);
    if ('problems' in cut) problems.push(...cut.problems);
    else {
      const parsed = checkParsePolicySet({ staticPolicies: text });
      if (parsed.type === 'failure') problems.push(...parsed.errors.map((error) => cedarProblem(file, text, error)));
      else found.push(...readPolicies(file, text, cut.ok, problems));
    }
  }
  if (found.length > MAX_POLICIES) problems.push(problemOf('policies', `more than ${MAX_POLICIES} policies`));
  if (problems.length > 0) return { problems };
  if (found.length === 0) return { problems: [problemOf('policies', 'no policy at all: everything would be denied')] };

  const sources = new Map<string, PolicySource>();
  for (const { source, policy } of found) {
    const other = sources.get(policy.id);
    if (other !== undefined)
      problems.push(problemInPolicy(source, ...annotationPlace(source, 'id'), `the id \`${policy.id}\` is already used in ${other.file}`));
    else sources.set(policy.id, source);
  }
  for (const { source, json } of found) problems.push(...unknownTags(source, json, tags));
  if (problems.length > 0) return { problems };

  const compiled = { schema, policies: Object.fromEntries([...sources].map(([id, source]) => [id, source.text])) };
  const typed = validate({ schema, policies: { staticPolicies: compiled.policies } });
  if (typed.type === 'failure') return { problems: typed.errors.map((error) => problemOf('policies', error.message)) };
  // Cedar repeats an error for each action it concerns; one place is shown once.
  const seen = new Set<string>();
  for (const { policyId, error } of [...typed.validationErrors, ...typed.validationWarnings]) {
    const source = sources.get(policyId);
    const place = `${policyId}:${error.sourceLocations?.[0]?.start ?? -1}`;
    if (seen.has(place)) continue;
    seen.add(place);
    problems.push(source === undefined ? problemOf('policies', error.message) : cedarProblem(source.file, source.text, error, source));
  }
  problems.push(...typed.otherWarnings.map((warning) => problemOf('policies', warning.message)));
  if (problems.length > 0) return { problems };
  return {
    ok: { compiled, policies: new Map(found.map(({ policy }) => [policy.id, policy])), facts: factsRead(found.map(({ json }) => json)) },
  };
}

/** The schema that was found to fit last: bundles share theirs, and asking every kind of question takes a while. */
let fitting: string | undefined;

function checkSchema(schema: string): Problem[] {
  if (schema === fitting) return [];
  const deep = schemaSurvives(SCHEMA_FILE, schema);
  if (deep !== undefined) return [deep];
  const parsed = checkParseSchema(schema);
  if (parsed.type === 'failure') return parsed.errors.map((error) => cedarProblem(SCHEMA_FILE, schema, error));
  const json = schemaToJson(schema);
  if (json.type === 'failure') return json.errors.map((error) => cedarProblem(SCHEMA_FILE, schema, error));
  if (json.warnings.length > 0) return json.warnings.map((warning) => cedarProblem(SCHEMA_FILE, schema, warning));
  const flaws = schemaFlaws(schema, json.json);
  if (flaws.length === 0) fitting = schema;
  return flaws.map((flaw) => problemOf(SCHEMA_FILE, flaw));
}

function readPolicies(
  file: string,
  text: string,
  sources: readonly PolicySource[],
  problems: Problem[],
): { source: PolicySource; policy: Policy; json: PolicyJson }[] {
  // Our cut must agree with Cedar's: a place that is wrong would name the wrong policy.
  const parts = policySetTextToParts(text);
  if (parts.type === 'failure' || parts.policies.length !== sources.length) {
    problems.push(problemOf(file, "can't be cut into policies"));
    return [];
  }
  return sources.flatMap((source) => {
    const parsed = policyToJson(source.text);
    if (parsed.type === 'failure') {
      problems.push(...parsed.errors.map((error) => cedarProblem(file, source.text, error, source)));
      return [];
    }
    const { json } = parsed;
    const read = readAnnotations(json.effect, json.annotations ?? {});
    if ('flaws' in read) {
      problems.push(
        ...read.flaws.map((flaw) =>
          problemInPolicy(source, ...(flaw.key === undefined ? ([0, 1] as const) : annotationPlace(source, flaw.key)), flaw.message),
        ),
      );
      return [];
    }
    const { remedy } = read.ok;
    const fact = remedy?.kind === 'justify' ? 'justification' : 'approval';
    if (remedy !== undefined && !factsRead([json]).tested.has(fact)) {
      problems.push(
        problemInPolicy(
          source,
          ...annotationPlace(source, 'remedy'),
          `the policy never asks for \`context has ${fact}\`, so this remedy would never lift it`,
        ),
      );
      return [];
    }
    return [{ source, json, policy: { ...read.ok, effect: json.effect, file, line: problemInPolicy(source, 0, 1, '').line } }];
  });
}

/** Cedar can't know which tags exist: a misspelt `Tag::"pii.emial"` would be a rule that never applies. */
function unknownTags(source: PolicySource, json: PolicyJson, tags: ReadonlySet<string>): Problem[] {
  const named = [...(factsRead([json]).entities.get('Tag') ?? [])].filter((tag) => !tags.has(tag));
  return named.map((tag) => {
    const at = Math.max(source.text.indexOf(`"${tag}"`), 0);
    return problemInPolicy(source, at, at + tag.length + 2, `the classification has no tag \`${tag}\``);
  });
}

function cedarProblem(file: string, text: string, error: DetailedError, source?: PolicySource): Problem {
  const [label] = error.sourceLocations ?? [];
  const hints = [label?.label, error.help].filter((hint) => typeof hint === 'string' && hint !== '');
  const message = [
    error.message.replace(/^for policy `[^`]*`[:,] /u, '').replace(/^failed to parse (?:policies|policy|schema)[^:]*: /u, ''),
    ...hints,
  ].join('; ');
  const start = label === undefined ? 0 : offsetOfByte(text, label.start);
  const end = label === undefined ? 1 : offsetOfByte(text, label.end);
  return source === undefined ? problemAt(file, text, start, end, message) : problemInPolicy(source, start, end, message);
}
