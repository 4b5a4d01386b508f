// The first trap of Cedar (a policy that errors is skipped), remedies, and the memo.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultFiles, engineOf, filesWithPolicies, questionOf, shortly } from '../../test/support/bundle.ts';
import type { QuestionContext } from './engine.ts';

const PERMIT = '@id("all") permit (principal, action, resource);';
const HUGE = '9223372036854775807';

describe('a policy that errors', () => {
  // Overflow passes Cedar's validation and errors at run time.
  const broken = engineOf(
    filesWithPolicies(`${PERMIT}
      @id("broken") @reason("Too much.") forbid (principal, action, resource)
      when { context has estimatedRows && context.estimatedRows * ${HUGE} > 0 };`),
  );

  test('denies with policy_error whatever else permits, as soon as it errors', () => {
    fc.assert(
      fc.property(
        fc.option(fc.nat(), { nil: undefined }),
        fc.boolean(),
        fc.constantFrom('select', 'update', 'drop'),
        (rows, hasWhere, action) => {
          const context: Partial<QuestionContext> = { hasWhere, ...(rows === undefined ? {} : { estimatedRows: rows }) };
          const expected = rows === undefined || rows === 0 ? 'allow' : rows === 1 ? 'deny forbidden' : 'deny policy_error';
          expect(shortly(broken.decide(questionOf({ action, context })))).toBe(expected);
        },
      ),
      {
        examples: [
          [1, true, 'select'],
          [2, true, 'select'],
          [0, true, 'select'],
          [undefined, true, 'update'],
        ],
      },
    );
  });

  test('denies also when the one that errors is a permit or another forbid already decided', () => {
    const engine = engineOf(
      filesWithPolicies(`${PERMIT}
        @id("p") permit (principal, action, resource) when { context.hour + ${HUGE} > 5 };
        @id("f") @reason("Never.") forbid (principal, action == Action::"drop", resource);`),
    );
    expect(shortly(engine.decide(questionOf({ action: 'select', context: { hour: 0 } })))).toBe('allow');
    expect(shortly(engine.decide(questionOf({ action: 'select', context: { hour: 1 } })))).toBe('deny policy_error');
    expect(shortly(engine.decide(questionOf({ action: 'drop', context: { hour: 1 } })))).toBe('deny policy_error');
  });

  test.each([
    ['a fraction for an hour', questionOf({ context: { hour: 1.5 } })],
    ['rows that are not a number', questionOf({ context: { estimatedRows: Number.NaN } })],
    ['rows below zero', questionOf({ context: { estimatedRows: -1 } })],
    ['a set that is too large', questionOf({ context: { tags: Array.from({ length: 201 }, (_, i) => `t${i}`) } })],
    ['a text that is too long', questionOf({ context: { client: 'x'.repeat(5000) } })],
    ['an action that the thing does not have', questionOf({ action: 'reveal' })],
    [
      'a column for anything but reveal',
      questionOf({
        action: 'select',
        resource: { kind: 'column', column: { relation: { schema: 's', name: 't' }, column: 'c' }, tags: [] },
      }),
    ],
  ])('so does a question with %s, and the next good question is answered', (_name, question) => {
    const engine = engineOf(filesWithPolicies(PERMIT));
    expect(shortly(engine.decide(question))).toBe('deny policy_error');
    expect(shortly(engine.decide(questionOf()))).toBe('allow');
    expect(shortly(engine.decide(question))).toBe('deny policy_error');
  });

  test("takes the planner's fractions and infinities as rows, rounded up", () => {
    const engine = engineOf(defaultFiles());
    for (const [estimatedRows, expected] of [
      [99.2, 'allow'],
      [100.5, 'hold justify'],
      [1e300, 'hold justify'],
      [Number.POSITIVE_INFINITY, 'hold justify'],
    ] as const)
      expect(shortly(engine.decide(questionOf({ context: { estimatedRows } })))).toBe(expected);
  });
});

describe('remedies', () => {
  const justify = (id: string, more = ''): string =>
    `@id("${id}") @reason("Say why.") @remedy("justify") ${more} forbid (principal, action in Action::"write", resource) unless { context has justification };`;
  const approve = (id: string, group: string, more = ''): string =>
    `@id("${id}") @reason("Ask them.") @remedy("approve") @approvers("${group}") ${more} forbid (principal, action in Action::"write", resource) unless { context has approval };`;
  const because = (justification: string): ReturnType<typeof questionOf> => questionOf({ context: { justification } });

  test('unite when every forbid that fires has one', () => {
    const answer = engineOf(
      filesWithPolicies(PERMIT + justify('a', '@minimumLength("8")') + approve('b', 'dba') + approve('c', 'dba')),
    ).decide(questionOf());
    expect(answer).toMatchObject({
      kind: 'hold',
      remedies: expect.arrayContaining([
        { kind: 'justify', minimumLength: 8 },
        { kind: 'approve', approvers: 'dba', count: 1 },
      ]) as unknown,
    });
    expect(answer.kind === 'hold' && answer.remedies.length).toBe(2);
    expect(answer.policies.map(({ id }) => id).toSorted()).toEqual(['a', 'b', 'c']);
  });

  test('lift nothing where a forbid without one fires, and that forbid is named first', () => {
    const answer = engineOf(
      filesWithPolicies(`${PERMIT}${justify('a')}\n@id("z") @reason("Frozen.") forbid (principal, action, resource);`),
    ).decide(questionOf());
    expect(shortly(answer)).toBe('deny forbidden');
    expect(answer.policies[0]).toEqual({ id: 'z', effect: 'forbid', reason: 'Frozen.', file: 'policies/test.cedar', line: 2 });
  });

  test('are not offered where nothing would be permitted even then', () => {
    expect(
      engineOf(filesWithPolicies(justify('a') + '@id("r") permit (principal, action == Action::"select", resource);')).decide(questionOf()),
    ).toEqual({ kind: 'deny', code: 'no_permit', policies: [] });
    const later = '@id("n") @reason("Not even with a reason.") forbid (principal, action, resource) when { context has justification };';
    expect(shortly(engineOf(filesWithPolicies(PERMIT + justify('a') + later)).decide(questionOf()))).toBe('deny forbidden');
  });

  test('must be what was asked for: length without outer spaces, pattern, approvers and their number', () => {
    const engine = engineOf(
      filesWithPolicies(PERMIT + justify('long', '@minimumLength("12")') + justify('ticket', '@pattern("\\\\b[A-Z]+-[0-9]+\\\\b")')),
    );
    const held = (text: string): string[] =>
      engine
        .decide(because(text))
        .policies.map(({ id }) => id)
        .toSorted();
    expect(held('INC-1 too slow')).toEqual(['all']);
    expect(held('too slow today, sorry')).toEqual(['ticket']);
    expect(held('INC-1        ')).toEqual(['long']);
    expect(held('  x  ')).toEqual(['long', 'ticket']);

    const two = engineOf(filesWithPolicies(PERMIT + approve('b', 'dba', '@count("2")')));
    const by = (groups: string[], count: number): string =>
      shortly(two.decide(questionOf({ context: { approval: { by: 'dana', groups, count } } })));
    expect([by(['dba'], 2), by(['dba'], 1), by(['sales'], 2)]).toEqual(['allow', 'hold approve', 'hold approve']);
  });

  test('of one policy do not lift another: a reason is no approval', () => {
    const engine = engineOf(filesWithPolicies(PERMIT + justify('a') + approve('b', 'dba')));
    expect(engine.decide(because('a good reason'))).toMatchObject({ kind: 'hold', remedies: [{ kind: 'approve' }] });
  });

  test('leave a hold where policies read what the reason says', () => {
    const engine = engineOf(
      filesWithPolicies(
        `${PERMIT} @id("a") @reason("Name a ticket.") @remedy("justify") forbid (principal, action, resource) unless { context has justification && context.justification like "INC-*" };`,
      ),
    );
    expect([questionOf(), because('because'), because('INC-12')].map((question) => shortly(engine.decide(question)))).toEqual([
      'hold justify',
      'hold justify',
      'allow',
    ]);
  });
});

describe('who and what', () => {
  test("an agent whose owner's groups are not known is denied where a policy looks at the owner", () => {
    const engine = engineOf(
      filesWithPolicies(
        `${PERMIT} @id("o") @reason("No.") forbid (principal is Agent, action, resource) when { principal has owner && principal.owner in Group::"interns" };`,
      ),
    );
    const agent = { kind: 'agent', name: 'bot', groups: [], owner: 'ana' } as const;
    expect(shortly(engine.decide(questionOf({ principal: agent })))).toBe('deny policy_error');
    expect(shortly(engine.decide(questionOf({ principal: { ...agent, ownerGroups: ['interns'] } })))).toBe('deny forbidden');
    expect(shortly(engine.decide(questionOf({ principal: { ...agent, ownerGroups: [] } })))).toBe('allow');
  });

  test('names with dots, slashes and quotes never become another table', () => {
    const engine = engineOf(
      filesWithPolicies(
        `@id("t") permit (principal, action, resource == Table::"sample/a.b"); @id("q") permit (principal, action, resource == Table::"sample/\\"a.b\\".\\"c\\"\\"d\\"");`,
      ),
    );
    const ask = (schema: string, name: string, connection = 'sample'): string =>
      shortly(
        engine.decide(
          questionOf({
            connection: { name: connection, environment: 'production', database: 'd' },
            resource: { kind: 'table', relation: { schema, name } },
          }),
        ),
      );
    expect(ask('a', 'b')).toBe('allow');
    expect(ask('a.b', 'c"d')).toBe('allow');
    expect([ask('', 'a.b'), ask('a.b', ''), ask('a', 'b', 'sample/x'), ask('b', 'b', 'sample/a')]).toEqual(
      Array.from({ length: 4 }, () => 'deny no_permit'),
    );
  });
});

describe('the memo', () => {
  const question = fc.record({
    action: fc.constantFrom('select', 'update', 'insert', 'drop', 'call', 'set'),
    kind: fc.constantFrom('person', 'agent'),
    environment: fc.constantFrom('development', 'production'),
    temporary: fc.boolean(),
    hasWhere: fc.boolean(),
    tainted: fc.boolean(),
    rows: fc.option(fc.constantFrom(0, 100, 101), { nil: undefined }),
    justification: fc.option(fc.constantFrom('', 'short', 'long enough'), { nil: undefined }),
    hour: fc.nat({ max: 23 }),
  });

  test('answers exactly as an engine that was never asked before', () => {
    const used = engineOf(defaultFiles());
    fc.assert(
      fc.property(fc.array(question, { minLength: 2, maxLength: 8 }), (given) => {
        const fresh = engineOf(defaultFiles({ 'tests/policies.yaml': undefined, 'tests/classification.yaml': undefined }));
        for (const { action, kind, environment, temporary, rows, justification, ...context } of given) {
          const asked = questionOf({
            action,
            principal: { kind, name: 'x', groups: [] },
            connection: { name: 'c', environment, database: 'd' },
            resource:
              action === 'call'
                ? { kind: 'function', schema: 's', name: 'f' }
                : { kind: 'table', relation: { schema: 's', name: 't', temporary } },
            context: {
              ...context,
              ...(rows === undefined ? {} : { estimatedRows: rows }),
              ...(justification === undefined ? {} : { justification }),
            },
          });
          expect(used.decide(asked)).toEqual(fresh.decide(asked));
          expect(used.decide(asked)).toBe(used.decide(asked));
        }
      }),
      { numRuns: 12 },
    );
  });

  test('is not told apart by facts that no policy reads, and is by those that one reads', () => {
    const engine = engineOf(
      filesWithPolicies(
        `${PERMIT} @id("night") @reason("At night nobody works.") forbid (principal, action, resource) when { context["ho\\u{75}r"] < 6 };`,
      ),
    );
    const at = (hour: number, weekday = 1): ReturnType<typeof engine.decide> => engine.decide(questionOf({ context: { hour, weekday } }));
    expect(at(3)).not.toBe(at(9));
    expect([shortly(at(3)), shortly(at(9))]).toEqual(['deny forbidden', 'allow']);
    expect(at(9, 1)).toBe(at(9, 5));
  });

  test('three bundles in turn keep their own answers in two slots', () => {
    const engines = ['select', 'update', 'insert'].map((action) =>
      engineOf(filesWithPolicies(`@id("p") permit (principal, action == Action::"${action}", resource);`)),
    );
    for (const table of ['a', 'b', 'c'])
      for (const [index, engine] of engines.entries())
        for (const [other, action] of (['select', 'update', 'insert'] as const).entries())
          expect(shortly(engine.decide(questionOf({ action, resource: { kind: 'table', relation: { schema: 's', name: table } } })))).toBe(
            index === other ? 'allow' : 'deny no_permit',
          );
  });
});
