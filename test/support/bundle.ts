// Bundles for tests: the default one, with files replaced.
import { loadBundleFiles } from '../../proxy/policy/bundle.ts';
import { type BundleFiles, readBundleFolder } from '../../proxy/policy/bundle-files.ts';
import type { Answer, PolicyEngine, Question } from '../../proxy/policy/engine.ts';
import { renderProblem } from '../../proxy/policy/problem.ts';
import { fileURLToPath } from 'node:url';

export const DEFAULT_FOLDER = fileURLToPath(new URL('../../policies/default', import.meta.url));

/** The default bundle's texts; `undefined` removes a file. */
export function defaultFiles(changes: Readonly<Record<string, string | undefined>> = {}): BundleFiles {
  const read = readBundleFolder(DEFAULT_FOLDER);
  if ('problems' in read) throw new Error(read.problems.map(renderProblem).join('\n'));
  const files = new Map(read.ok);
  for (const [path, text] of Object.entries(changes)) {
    if (text === undefined) files.delete(path);
    else files.set(path, text);
  }
  return files;
}

/** The default bundle with only these policies (no tests). */
export function filesWithPolicies(policies: string): BundleFiles {
  const files = new Map([...defaultFiles()].filter(([path]) => !path.startsWith('policies/') && !path.startsWith('tests/')));
  return files.set('policies/test.cedar', policies);
}

export function engineOf(files: BundleFiles): PolicyEngine {
  const loaded = loadBundleFiles(files);
  if ('problems' in loaded) throw new Error(loaded.problems.map(renderProblem).join('\n'));
  return loaded.ok;
}

/** Rendered problems; empty when the bundle loads. */
export function problemsOf(files: BundleFiles): string[] {
  const loaded = loadBundleFiles(files);
  return 'problems' in loaded ? loaded.problems.map(renderProblem) : [];
}

/** A question of a person about a production table, changed by `more`. */
export function questionOf(more: Partial<Omit<Question, 'context'>> & { readonly context?: Partial<Question['context']> } = {}): Question {
  return {
    principal: { kind: 'person', name: 'ana', groups: ['analysts'] },
    connection: { name: 'sample', environment: 'production', database: 'shop' },
    action: 'update',
    resource: { kind: 'table', relation: { schema: 'shop', name: 'orders' } },
    ...more,
    context: {
      door: 'postgres',
      statementKind: 'UPDATE',
      hasWhere: true,
      tags: [],
      predicateTags: [],
      tainted: false,
      hour: 12,
      weekday: 3,
      ...more.context,
    },
  };
}

/** An answer in short: `allow`, `hold justify`, `deny no_permit`. */
export function shortly(answer: Answer): string {
  if (answer.kind === 'hold') return `hold ${answer.remedies.map(({ kind }) => kind).join(' ')}`;
  return answer.kind === 'deny' ? `deny ${answer.code}` : 'allow';
}
