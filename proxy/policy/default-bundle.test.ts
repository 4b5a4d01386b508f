// The bundles in policies/ answer as their own tests say, and agents' ordinary work is not in the way.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { defaultFiles, engineOf, questionOf, shortly } from '../../test/support/bundle.ts';
import { BundleJudge } from '../checkpoint/postgres/bundle-judge.ts';
import { ACTION_GROUPS, type Action } from '../sql/analysis.ts';
import { loadBundle } from './bundle.ts';
import { readBundleFolder } from './bundle-files.ts';
import { runBundleTests } from './bundle-tests.ts';
import type { Principal } from './engine.ts';

const policies = fileURLToPath(new URL('../../policies', import.meta.url));
const examples = readdirSync(`${policies}/examples`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const bundles = [`${policies}/default`, ...examples.map(({ name }) => `${policies}/examples/${name}`)];

describe.each(bundles)('the bundle %s', (folder) => {
  test('loads and passes its own tests', async () => {
    const loaded = loadBundle(folder);
    if ('problems' in loaded) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
    await using judge = new BundleJudge();
    const reports = await runBundleTests(loaded.ok, loaded.bundle.tests, judge.judge);
    expect(reports.filter(({ outcome }) => outcome !== 'passed').map(({ problem }) => problem?.message)).toEqual([]);
    expect(reports.filter(({ outcome }) => outcome === 'passed').length).toBeGreaterThan(3);
  });

  test('shares schema and classification with the default bundle', () => {
    const read = readBundleFolder(folder);
    const shared = (files: ReadonlyMap<string, string>): unknown =>
      ['schema.cedarschema', 'classification.yaml'].map((path) => files.get(path));
    expect('ok' in read && shared(read.ok)).toEqual(shared(defaultFiles()));
  });
});

describe('the default bundle', () => {
  const engine = engineOf(defaultFiles());
  const agent: Principal = { kind: 'agent', name: 'bot', groups: [], owner: 'ana' };
  const allowed = (principal: Principal, environment: 'development' | 'production'): Action[] =>
    (Object.values(ACTION_GROUPS).flat() as Action[]).filter((action) => {
      const resource =
        action === 'call'
          ? ({ kind: 'function', schema: 's', name: 'f' } as const)
          : action === 'reveal'
            ? ({ kind: 'column', column: { relation: { schema: 's', name: 't' }, column: 'c' }, tags: ['pii.email'] } as const)
            : ({ kind: 'table', relation: { schema: 's', name: 't' } } as const);
      const context = {
        estimatedRows: 1,
        justification: 'a very good reason',
        approval: { by: 'dana', groups: ['dba', 'owner'], count: 9 },
      };
      return (
        shortly(
          engine.decide(questionOf({ principal, action, resource, context, connection: { name: 'c', environment, database: 'd' } })),
        ) === 'allow'
      );
    });

  test('lets agents read and steer their session, and nothing else, whatever they bring', () => {
    expect(allowed(agent, 'production')).toEqual(['select', 'explain', 'copyOut', 'describe', 'set', 'transaction']);
    expect(allowed(agent, 'development')).toEqual(['select', 'explain', 'copyOut', 'describe', 'set', 'transaction']);
  });

  test('lets people with reason and approval do what is not unknown', () => {
    const all = Object.values(ACTION_GROUPS).flat();
    const person: Principal = { kind: 'person', name: 'ana', groups: [] };
    expect(allowed(person, 'production')).toEqual(all.filter((action) => !['listen', 'maintenance', 'call'].includes(action)));
    expect(allowed(person, 'development')).toEqual(all);
  });
});
