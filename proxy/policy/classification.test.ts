import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultFiles, engineOf, questionOf, shortly } from '../../test/support/bundle.ts';
import type { Mask } from '../masking/mask.ts';
import type { PolicyEngine } from './engine.ts';
import { compileGlobs } from './glob.ts';

function engineWith(classification: string): PolicyEngine {
  return engineOf(
    defaultFiles({ 'classification.yaml': classification, 'tests/classification.yaml': undefined, 'tests/policies.yaml': undefined }),
  );
}

const CONNECTION = { name: 'sample', environment: 'production', database: 'shop' } as const;
const column = (text: string): { relation: { schema: string; name: string }; column: string } => {
  const [schema = '', name = '', last = ''] = text.split('.');
  return { relation: { schema, name }, column: last };
};

const TAGS = `tags:
  pii.email: {mask: {email: {keepDomain: true}}}
  pii.other: {mask: {email: {keepDomain: false}}}
  pii.name: {mask: redact}
  pii.gone: {mask: "null"}
  pii.date: {mask: {date-trunc: year}}
  pii.join: {mask: {token: people}}
  pii.link: {mask: {token: cards}}
  note: {mask: none, untrusted: true}
`;

describe('tags of a column', () => {
  const engine = engineWith(`${TAGS}
rules:
  - {tag: pii.email, column: "*mail*"}
  - {tag: pii.name, column: [contact*, who], table: people}
  - {tag: note, column: "*_text", type: [text, "character varying"]}
  - {tag: pii.name, connection: sample, schema: s, table: people, column: email_address}
  - {tag: pii.date, connection: other, column: when}
clear:
  - {column: "*_count"}
  - {tag: pii.email, column: contact_mail_box}
  - {column: email_address}
`);
  const of = (name: string, type?: string, connection = 'sample'): readonly string[] =>
    engine.tagsOf({ ...CONNECTION, name: connection }, column(name), type);

  test('are those of all rules that apply, in either case', () => {
    expect(of('s.people.contact_mail')).toEqual(['pii.email', 'pii.name']);
    expect(of('S.PEOPLE.Contact_Mail')).toEqual(['pii.email', 'pii.name']);
    expect(of('s.teams.contact_mail')).toEqual(['pii.email']);
    expect(of('s.people.age')).toEqual([]);
  });

  test('are only the explicit ones where a rule names the column exactly, and clear takes none of those', () => {
    expect(of('s.people.email_address')).toEqual(['pii.name']);
    expect(of('s.others.email_address')).toEqual([]);
  });

  test('lose what is cleared, all or the one named', () => {
    expect(of('s.people.mail_count')).toEqual([]);
    expect(of('s.people.contact_mail_box')).toEqual(['pii.name']);
  });

  test('depend on the connection and the type; an unknown type counts as every type', () => {
    expect(of('s.t.when')).toEqual([]);
    expect(of('s.t.when', undefined, 'OTHER')).toEqual(['pii.date']);
    expect([of('s.t.a_text', 'integer'), of('s.t.a_text', 'TEXT'), of('s.t.a_text')]).toEqual([[], ['note'], ['note']]);
  });

  test('say whether outsiders wrote it', () => {
    expect([engine.isUntrusted(['pii.email', 'note']), engine.isUntrusted(['pii.email']), engine.isUntrusted(['nonsense'])]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('the mask for tags', () => {
  const engine = engineWith(`${TAGS}rules: []\n`);

  test.each<[string[], Mask]>([
    [['pii.email'], { kind: 'email', keepDomain: true }],
    [['pii.email', 'note'], { kind: 'email', keepDomain: true }],
    [['pii.email', 'pii.date'], { kind: 'redact' }],
    [['pii.email', 'pii.other'], { kind: 'redact' }],
    [['pii.email', 'pii.name'], { kind: 'redact' }],
    [['pii.name', 'pii.gone'], { kind: 'null' }],
    [['pii.email', 'pii.join'], { kind: 'token', domain: 'people' }],
    [['pii.join', 'pii.link'], { kind: 'redact' }],
    [['pii.name', 'pii.join'], { kind: 'redact' }],
    [['derived'], { kind: 'redact' }],
    [['pii.email', 'derived'], { kind: 'redact' }],
    [['never.heard.of'], { kind: 'redact' }],
    [['note'], { kind: 'redact' }],
    [[], { kind: 'redact' }],
  ])('%j is %j', (tags, mask) => {
    expect(engine.maskFor(tags)).toEqual(mask);
    expect(engine.maskFor(tags.toReversed())).toEqual(mask);
  });

  test('is there for every tag but those that only say something', () => {
    expect([['note'], [], ['pii.email', 'note'], ['derived'], ['never.heard.of']].map((tags) => engine.hides(tags))).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
  });

  test('another tag never makes it weaker', () => {
    const rank = (mask: Mask): number => ({ null: 0, redact: 1, token: 2 })[mask.kind as 'null'] ?? 3;
    const tags = fc.subarray(['pii.email', 'pii.other', 'pii.name', 'pii.gone', 'pii.date', 'pii.join', 'pii.link', 'note', 'derived'], {
      minLength: 1,
    });
    fc.assert(
      fc.property(tags, fc.constantFrom('pii.email', 'pii.name', 'pii.gone', 'pii.join', 'note', 'derived'), (some, more) => {
        // A set of nothing but visible tags has no mask that could be weakened.
        fc.pre(some.some((tag) => tag !== 'note'));
        expect(rank(engine.maskFor([...some, more]))).toBeLessThanOrEqual(rank(engine.maskFor(some)));
      }),
    );
  });
});

describe('reveal', () => {
  test('needs no permit where no tag hides anything, and does as soon as one might', () => {
    const engine = engineOf(defaultFiles());
    const ask = (tags: string[]): string =>
      shortly(
        engine.decide(
          questionOf({
            principal: { kind: 'agent', name: 'a', groups: [] },
            action: 'reveal',
            resource: { kind: 'column', column: column('s.t.c'), tags },
          }),
        ),
      );
    expect([
      ask(['untrusted']),
      ask(['untrusted', 'pii.email']),
      ask(['derived']),
      ask(['untrusted', 'derived']),
      ask(['unheard.of']),
      ask([]),
    ]).toEqual(['allow', ...Array.from({ length: 5 }, () => 'deny forbidden')]);
  });
});

describe('clean functions', () => {
  test('are those that the bundle names', () => {
    const engine = engineWith(
      `${TAGS}rules: []\ncleanFunctions:\n  - {schema: app, name: [double, "fmt_*"]}\n  - {connection: other, schema: x, name: y}\n`,
    );
    const clean = (schema: string, name: string, connection = 'sample'): boolean =>
      engine.isCleanFunction({ ...CONNECTION, name: connection }, { schema, name });
    expect([clean('app', 'double'), clean('app', 'fmt_date'), clean('app', 'mail_of'), clean('x', 'y'), clean('x', 'y', 'other')]).toEqual([
      true,
      true,
      false,
      false,
      true,
    ]);
  });
});

describe('name patterns', () => {
  test('mean themselves but for the star and the question mark', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, rest) => {
        const plain = name.replaceAll(/[*?]/g, '');
        expect(compileGlobs([plain])(plain)).toBe(true);
        expect(compileGlobs([`${plain}*`])(plain + rest)).toBe(true);
        expect(compileGlobs([`*${plain}`])(rest + plain)).toBe(true);
        expect(compileGlobs([plain])(`${plain}x`)).toBe(false);
      }),
      {
        examples: [
          ['a.b', ''],
          ['[a-z]+', 'x'],
          ['a-b', '\n'],
          ['(', ')'],
          ['^$', '\\'],
        ],
      },
    );
    expect(['ab', 'abc', 'b'].map(compileGlobs(['a?', 'b']))).toEqual([true, false, true]);
  });
});
