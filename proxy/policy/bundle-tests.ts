// Runs a bundle's own tests: asks, compares, reports. Statements go to a judge (the checkpoint's, against the snapshot), so
// this file needs no SQL and no database. Source: design, "What admins can do": policy test.
import type { BundleTest, BundleTestFile, Expectation } from './bundle-test-format.ts';
import type { ConnectionFacts, PolicyEngine, Principal, Remedy } from './engine.ts';
import type { Problem } from './problem.ts';

export interface Judged {
  readonly verdict: 'allow' | 'hold' | 'deny';
  readonly remedies: readonly Remedy[];
  /** Names of the output columns that are masked. */
  readonly masked: readonly string[];
  /** Ids of the determining policies. */
  readonly policies: readonly string[];
}

/** Judges a statement as the checkpoint would, under this engine. `snapshot`: the parsed snapshot file, whatever its form. */
export type Judge = (
  as: Principal,
  connection: string,
  environment: ConnectionFacts['environment'],
  snapshot: unknown,
  sql: string,
  more: { readonly engine: PolicyEngine; readonly database: string; readonly justification?: string; readonly estimatedRows?: number },
) => Promise<Judged>;

export interface TestReport {
  readonly file: string;
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Where and why it failed or was skipped. */
  readonly problem?: Problem;
}

/** In the order of the files. Without a judge, statements are skipped, by name. */
export async function runBundleTests(
  engine: PolicyEngine,
  files: readonly BundleTestFile[],
  judge?: Judge,
): Promise<readonly TestReport[]> {
  const reports: TestReport[] = [];
  for (const { file, snapshot, tests } of files)
    for (const test of tests) {
      const common = { file, name: test.name };
      if (test.kind === 'sql' && judge === undefined) {
        reports.push({ ...common, outcome: 'skipped', problem: test.problem('skipped: no judge for statements here') });
        continue;
      }
      const differences = await run(engine, test, snapshot, judge);
      reports.push(
        differences.length === 0
          ? { ...common, outcome: 'passed' }
          : { ...common, outcome: 'failed', problem: test.problem(`\`${test.name}\`: ${differences.join('; ')}`) },
      );
    }
  return reports;
}

async function run(engine: PolicyEngine, test: BundleTest, snapshot: unknown, judge: Judge | undefined): Promise<readonly string[]> {
  switch (test.kind) {
    case 'columns':
      return [...test.columns].flatMap(([name, expected]) => {
        const [schema = '', relation = '', column = ''] = name.split('.');
        const tags = engine.tagsOf(test.connection, { relation: { schema, name: relation }, column });
        return sameSet(tags, expected) ? [] : [`${name}: expected ${list(expected)}, got ${list(tags)}`];
      });
    case 'question': {
      const { resource } = test;
      const asked =
        resource.kind === 'column' && !test.tagged ? { ...resource, tags: engine.tagsOf(test.connection, resource.column) } : resource;
      const answer = engine.decide({
        principal: test.as,
        connection: test.connection,
        action: test.action,
        resource: asked,
        context: test.context,
      });
      const found: Judged = {
        verdict: answer.kind,
        remedies: answer.kind === 'hold' ? answer.remedies : [],
        masked: [],
        policies: answer.policies.map(({ id }) => id),
      };
      const code = answer.kind === 'deny' ? answer.code : undefined;
      return [
        ...differences(test.expect, found),
        ...(test.expect.code === undefined || test.expect.code === code
          ? []
          : [`code: expected ${test.expect.code}, got ${code ?? 'none'}`]),
      ];
    }
    case 'sql': {
      if (judge === undefined) return ['no judge'];
      const { as, connection, sql, justification, estimatedRows } = test;
      try {
        const found = await judge(as, connection.name, connection.environment, snapshot, sql, {
          engine,
          database: connection.database,
          ...(justification === undefined ? {} : { justification }),
          ...(estimatedRows === undefined ? {} : { estimatedRows }),
        });
        return differences(test.expect, found);
      } catch (error) {
        return [`judging failed: ${error instanceof Error ? error.message : 'unknown fault'}`];
      }
    }
  }
}

/** What does not hold of what was expected; what is not named is not compared. */
export function differences(expected: Expectation, found: Judged): readonly string[] {
  const wrong: string[] = [];
  const by = found.policies.length === 0 ? '' : ` by ${found.policies.join(', ')}`;
  if (found.verdict !== expected.verdict) wrong.push(`verdict: expected ${expected.verdict}, got ${found.verdict}${by}`);
  const remedies = found.remedies.map(remedyName);
  if (expected.remedies !== undefined && !sameSet(remedies, expected.remedies.map(fullRemedyName)))
    wrong.push(`remedies: expected ${list(expected.remedies)}, got ${list(remedies)}`);
  if (expected.masked !== undefined && !sameSet(found.masked, expected.masked))
    wrong.push(`masked: expected ${list(expected.masked)}, got ${list(found.masked)}`);
  const missing = (expected.policies ?? []).filter((id) => !found.policies.includes(id));
  if (missing.length > 0) wrong.push(`policies: ${list(missing)} not among ${list(found.policies)}`);
  return wrong;
}

function remedyName(remedy: Remedy): string {
  return remedy.kind === 'justify' ? 'justify' : `approve:${remedy.approvers}:${remedy.count}`;
}

function fullRemedyName(name: string): string {
  return /^approve:[^:]+$/.test(name) ? `${name}:1` : name;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const [left, right] = [new Set(a), new Set(b)];
  return left.size === right.size && [...left].every((entry) => right.has(entry));
}

function list(entries: readonly string[]): string {
  return entries.length === 0 ? 'none' : entries.join(', ');
}
