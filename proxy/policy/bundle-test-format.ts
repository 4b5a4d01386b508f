// `tests/*.yaml` of a bundle: what it must answer, written down by the admin. Three kinds of tests: a statement (`sql`, needs
// a judge), a question to the policies (`question`), and tags of columns (`columns`). Source: design, "What admins can do".
import { z } from 'zod';
import { ACTION_GROUPS, type Action } from '../sql/analysis.ts';
import type { BundleFiles } from './bundle-files.ts';
import type { ConnectionFacts, Principal, QuestionContext, Resource } from './engine.ts';
import { type Problem, problemOf } from './problem.ts';
import { readDocument, type StrictDocument } from './strict-document.ts';

const ACTIONS = Object.values(ACTION_GROUPS).flat() as readonly Action[];
const names = z.array(z.string());
const rows = z.int().min(0);

const context = z.strictObject({
  door: z.enum(['editor', 'postgres', 'mysql', 'mcp']).optional(),
  statementKind: z.string().optional(),
  hasWhere: z.boolean().optional(),
  estimatedRows: rows.optional(),
  tags: names.optional(),
  predicateTags: names.optional(),
  tainted: z.boolean().optional(),
  client: z.string().optional(),
  justification: z.string().optional(),
  approval: z.strictObject({ by: z.string(), groups: names, count: rows }).optional(),
  hour: z.int().min(0).max(23).optional(),
  weekday: z.int().min(1).max(7).optional(),
});

const question = z.strictObject({
  action: z.enum(ACTIONS),
  /** At most one of these; none asks about the connection. */
  table: z
    .string()
    .regex(/^[^.]+\.[^.]+$/, 'not a name like `schema.table`')
    .optional(),
  column: z
    .string()
    .regex(/^[^.]+\.[^.]+\.[^.]+$/, 'not a name like `schema.table.column`')
    .optional(),
  function: z
    .string()
    .regex(/^[^.]+\.[^.]+$/, 'not a name like `schema.function`')
    .optional(),
  temporary: z.boolean().optional(),
  /** Tags of the column; by default those that the classification gives. */
  tags: names.optional(),
  context: context.optional(),
});

const expectation = z.strictObject({
  verdict: z.enum(['allow', 'hold', 'deny']),
  code: z.enum(['forbidden', 'no_permit', 'policy_error']).optional(),
  /** `justify`, `approve:GROUP` or `approve:GROUP:COUNT`: exactly these. */
  remedies: names.optional(),
  /** Output columns that are masked: exactly these. */
  masked: names.optional(),
  /** Ids that must be among the determining policies. */
  policies: names.optional(),
});
export type Expectation = z.infer<typeof expectation>;

const test = z
  .strictObject({
    name: z.string().min(1).max(200),
    as: z.string().optional(),
    connection: z.string(),
    sql: z.string().optional(),
    justification: z.string().optional(),
    /** Rows that the planner would expect a change to touch; not known without it. */
    estimatedRows: rows.optional(),
    question: question.optional(),
    columns: z.record(z.string().regex(/^[^.]+\.[^.]+\.[^.]+$/), z.union([z.string(), names])).optional(),
    expect: expectation.optional(),
  })
  .superRefine((given, issues) => {
    const kinds = (['sql', 'question', 'columns'] as const).filter((kind) => given[kind] !== undefined);
    const flaw = (message: string): void => issues.addIssue({ code: 'custom', message });
    if (kinds.length !== 1) flaw('a test has one of `sql`, `question`, `columns`');
    else if (kinds[0] === 'columns') {
      if (given.as !== undefined || given.expect !== undefined) flaw('`columns` names its expectation itself; it has no `as` or `expect`');
    } else if (given.as === undefined || given.expect === undefined) flaw('`as` and `expect` are needed');
    if (given.justification !== undefined && kinds[0] !== 'sql') flaw('`justification` belongs to `sql`; in a question it is in `context`');
    if (given.estimatedRows !== undefined && kinds[0] !== 'sql') flaw('`estimatedRows` belongs to `sql`; in a question it is in `context`');
    if (given.expect?.masked !== undefined && kinds[0] !== 'sql') flaw('`masked` belongs to `sql`');
    if (given.expect?.code !== undefined && kinds[0] !== 'question') flaw('`code` belongs to `question`');
    const asked = given.question;
    if (asked !== undefined && [asked.table, asked.column, asked.function].filter((name) => name !== undefined).length > 1)
      flaw('a question is about one thing');
  });

const testFile = z.strictObject({
  /** A file in `tests/`: the schema snapshot that `sql` tests run against. */
  snapshot: z.string().optional(),
  connections: z.record(
    z.string(),
    z.strictObject({ environment: z.enum(['development', 'staging', 'production']), database: z.string().optional() }),
  ),
  principals: z
    .record(
      z.string(),
      z.strictObject({
        kind: z.enum(['person', 'agent']),
        groups: names.optional(),
        owner: z.string().optional(),
        ownerGroups: names.optional(),
      }),
    )
    .optional(),
  tests: z.array(test).max(5000),
});

interface Common {
  readonly name: string;
  readonly connection: ConnectionFacts;
  /** A problem at this test's place. */
  readonly problem: (message: string) => Problem;
}
export type BundleTest = Common &
  (
    | {
        readonly kind: 'sql';
        readonly as: Principal;
        readonly sql: string;
        readonly justification?: string;
        readonly estimatedRows?: number;
        readonly expect: Expectation;
      }
    | {
        readonly kind: 'question';
        readonly as: Principal;
        readonly action: Action;
        readonly resource: Resource;
        readonly tagged: boolean;
        readonly context: QuestionContext;
        readonly expect: Expectation;
      }
    | { readonly kind: 'columns'; readonly columns: ReadonlyMap<string, readonly string[]> }
  );

export interface BundleTestFile {
  readonly file: string;
  readonly snapshot: unknown;
  readonly tests: readonly BundleTest[];
}

export type BundleTestsRead = { readonly ok: readonly BundleTestFile[] } | { readonly problems: readonly Problem[] };

export function readBundleTests(files: BundleFiles): BundleTestsRead {
  const read: BundleTestFile[] = [];
  const problems: Problem[] = [];
  for (const [file, text] of files) {
    if (!file.startsWith('tests/') || !file.endsWith('.yaml')) continue;
    const document = readDocument(file, text, testFile);
    if ('problems' in document) {
      problems.push(...document.problems);
      continue;
    }
    const snapshot = readSnapshot(document.ok, files, problems);
    read.push({ file, snapshot, tests: document.ok.value.tests.flatMap((_given, index) => toTest(document.ok, index, problems) ?? []) });
  }
  return problems.length > 0 ? { problems } : { ok: read };
}

function readSnapshot(document: StrictDocument<z.infer<typeof testFile>>, files: BundleFiles, problems: Problem[]): unknown {
  const { snapshot } = document.value;
  if (snapshot === undefined) return undefined;
  const text = files.get(`tests/${snapshot}`);
  if (text === undefined) problems.push(document.at(['snapshot'], `no file \`tests/${snapshot}\``));
  else
    try {
      return JSON.parse(text) as unknown;
    } catch {
      problems.push(problemOf(`tests/${snapshot}`, 'not valid JSON'));
    }
  return undefined;
}

function toTest(document: StrictDocument<z.infer<typeof testFile>>, index: number, problems: Problem[]): BundleTest | undefined {
  const { connections, principals = {}, tests } = document.value;
  const given = tests[index];
  if (given === undefined) return undefined;
  const place = Object.hasOwn(connections, given.connection) ? connections[given.connection] : undefined;
  if (place === undefined) problems.push(document.at(['tests', index, 'connection'], `no connection \`${given.connection}\` in this file`));
  const who = given.as !== undefined && Object.hasOwn(principals, given.as) ? principals[given.as] : undefined;
  if (given.as !== undefined && who === undefined)
    problems.push(document.at(['tests', index, 'as'], `no principal \`${given.as}\` in this file`));
  if (place === undefined) return undefined;
  const common: Common = {
    name: given.name,
    connection: { name: given.connection, environment: place.environment, database: place.database ?? given.connection },
    problem: (message) => document.at(['tests', index, 'name'], message),
  };
  if (given.columns !== undefined)
    return {
      ...common,
      kind: 'columns',
      columns: new Map(
        Object.entries(given.columns).map(([name, tags]) => [name, tags === 'clear' ? [] : typeof tags === 'string' ? [tags] : tags]),
      ),
    };
  if (given.as === undefined || who === undefined || given.expect === undefined) return undefined;
  const as: Principal = {
    kind: who.kind,
    name: given.as,
    groups: who.groups ?? [],
    ...(who.owner === undefined ? {} : { owner: who.owner }),
    ...(who.ownerGroups === undefined ? {} : { ownerGroups: who.ownerGroups }),
  };
  if (given.sql !== undefined)
    return {
      ...common,
      kind: 'sql',
      as,
      sql: given.sql,
      expect: given.expect,
      ...(given.justification === undefined ? {} : { justification: given.justification }),
      ...(given.estimatedRows === undefined ? {} : { estimatedRows: given.estimatedRows }),
    };
  const asked = given.question;
  if (asked === undefined) return undefined;
  return {
    ...common,
    kind: 'question',
    as,
    action: asked.action,
    resource: resourceOf(asked),
    tagged: asked.tags !== undefined,
    context: contextOf(asked.context ?? {}),
    expect: given.expect,
  };
}

function resourceOf(asked: z.infer<typeof question>): Resource {
  const [schema = '', name = '', column = ''] = (asked.table ?? asked.column ?? asked.function ?? '').split('.');
  const relation = { schema, name, ...(asked.temporary === true ? { temporary: true } : {}) };
  if (asked.table !== undefined) return { kind: 'table', relation };
  if (asked.column !== undefined) return { kind: 'column', column: { relation, column }, tags: asked.tags ?? [] };
  if (asked.function !== undefined) return { kind: 'function', schema, name };
  return { kind: 'connection' };
}

function contextOf(given: z.infer<typeof context>): QuestionContext {
  const { estimatedRows, client, justification, approval } = given;
  return {
    door: given.door ?? 'postgres',
    statementKind: given.statementKind ?? '',
    hasWhere: given.hasWhere ?? true,
    tags: given.tags ?? [],
    predicateTags: given.predicateTags ?? [],
    tainted: given.tainted ?? false,
    hour: given.hour ?? 12,
    weekday: given.weekday ?? 3,
    ...(estimatedRows === undefined ? {} : { estimatedRows }),
    ...(client === undefined ? {} : { client }),
    ...(justification === undefined ? {} : { justification }),
    ...(approval === undefined ? {} : { approval }),
  };
}
