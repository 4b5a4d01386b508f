import { describe, expect, test } from 'vitest';
import { defaultFiles, engineOf } from '../../test/support/bundle.ts';
import { loadBundleFiles } from './bundle.ts';
import { type Judge, runBundleTests, type TestReport } from './bundle-tests.ts';

const HEAD = `snapshot: shop.json
connections:
  sample: {environment: production, database: shop}
principals:
  ana: {kind: person, groups: [dba]}
  bot: {kind: agent, owner: ana, ownerGroups: [dba]}
tests:
`;

async function run(tests: string, judge?: Judge): Promise<readonly TestReport[]> {
  const loaded = loadBundleFiles(
    defaultFiles({
      'tests/policies.yaml': undefined,
      'tests/classification.yaml': undefined,
      'tests/statements.yaml': undefined,
      'tests/a.yaml': HEAD + tests,
      'tests/shop.json': '{"tables": []}',
    }),
  );
  if ('problems' in loaded) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return runBundleTests(engineOf(defaultFiles()), loaded.bundle.tests, judge);
}
const messages = (reports: readonly TestReport[]): (string | undefined)[] => reports.map(({ problem }) => problem?.message);

const SQL = `  - name: statement
    as: bot
    connection: sample
    sql: select email, id from shop.customers
    justification: INC-5 please
    expect: {verdict: allow, masked: [email], remedies: [], policies: [agents-read]}
`;
const fine: Judge = () => Promise.resolve({ verdict: 'allow', remedies: [], masked: ['email'], policies: ['agents-read', 'more'] });

describe('tests of a bundle', () => {
  test('hand statements to the judge with principal, connection, snapshot and engine', async () => {
    const asked: unknown[] = [];
    const judge: Judge = (as, connection, environment, snapshot, sql, { database, justification }) => {
      asked.push([as, connection, environment, snapshot, sql, database, justification]);
      return fine(as, connection, environment, snapshot, sql, { engine: engineOf(defaultFiles()), database });
    };
    expect((await run(SQL, judge)).map(({ outcome }) => outcome)).toEqual(['passed']);
    expect(asked).toEqual([
      [
        { kind: 'agent', name: 'bot', groups: [], owner: 'ana', ownerGroups: ['dba'] },
        'sample',
        'production',
        { tables: [] },
        'select email, id from shop.customers',
        'shop',
        'INC-5 please',
      ],
    ]);
  });

  test.each<[string, Partial<Awaited<ReturnType<Judge>>>, RegExp]>([
    ['another verdict', { verdict: 'deny', policies: ['x', 'agents-read'] }, /verdict: expected allow, got deny by x, agents-read/],
    ['one mask too few', { masked: [] }, /masked: expected email, got none/],
    ['one mask too many', { masked: ['email', 'id'] }, /masked: expected email, got email, id/],
    [
      'remedies that were not expected',
      { remedies: [{ kind: 'approve', approvers: 'dba', count: 2 }] },
      /remedies: expected none, got approve:dba:2/,
    ],
    ['a policy that is missing', { policies: ['more'] }, /policies: agents-read not among more/],
  ])('fail with %s', async (_name, change, message) => {
    const [report] = await run(SQL, async (...all) => ({ ...(await fine(...all)), ...change }));
    expect(report?.outcome).toBe('failed');
    expect(report?.problem).toMatchObject({ file: 'tests/a.yaml', line: 8, message: expect.stringMatching(message) as unknown });
  });

  test('fail when judging fails, and the next test still runs', async () => {
    let first = true;
    const judge: Judge = (...all) => {
      if (!first) return fine(...all);
      first = false;
      return Promise.reject(new Error('parser gone'));
    };
    expect((await run(SQL + SQL, judge)).map(({ outcome }) => outcome)).toEqual(['failed', 'passed']);
  });

  test('are skipped by name without a judge, never passed', async () => {
    expect(await run(SQL)).toMatchObject([{ name: 'statement', outcome: 'skipped' }]);
  });

  test('fail on wrong expectations of questions and columns', async () => {
    expect(
      messages(
        await run(`  - {name: a, as: bot, connection: sample, question: {action: drop, table: shop.orders}, expect: {verdict: hold, code: no_permit, remedies: [justify]}}
  - {name: b, connection: sample, columns: {shop.customers.email: clear, shop.products.name: pii.name, shop.cards.pan: pii.card}}
  - {name: c, as: ana, connection: sample, question: {action: drop, table: shop.orders}, expect: {verdict: hold, remedies: ["approve:dba"]}}
`),
      ),
    ).toEqual([
      expect.stringMatching(
        /^`a`: verdict: expected hold, got deny by agents-change-nothing.*; remedies: expected justify, got none; code: expected no_permit, got forbidden$/,
      ),
      '`b`: shop.customers.email: expected none, got pii.email; shop.products.name: expected pii.name, got none',
      undefined,
    ]);
  });
});
