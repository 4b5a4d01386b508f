import { expect, test } from 'vitest';
import { engineOf, defaultFiles } from '../../../test/support/bundle.ts';
import type { Judgement } from '../gate.ts';
import { CircumstancesOf, type Now } from './circumstances.ts';
import type { Asker, JudgeServices } from './context.ts';
import { JudgementCache } from './judgement-cache.ts';
import { openState } from './session-names.ts';

const policy = engineOf(defaultFiles());
// Only the policy of the services matters to the key.
const services = { policy } as JudgeServices;
const state = openState(['public']);
const now: Now = { services, catalogVersion: 1, state, tainted: false, time: 1_795_370_000_000 };
const asker = (more: Partial<Asker> = {}): Omit<Asker, 'tainted'> => ({
  principal: { kind: 'agent', name: 'bot', groups: [], owner: 'ana' },
  door: 'postgres',
  client: 'psql',
  limits: policy.limitsOf({ kind: 'agent', name: 'bot', groups: [], owner: 'ana' }),
  ...more,
});
const TEXT = Buffer.from('select 1');
const allowed: Judgement = { kind: 'forward', text: TEXT, statements: [] };

test('under the same circumstances a judgement is found again, also by another session', () => {
  const cache = new JudgementCache();
  const one = new CircumstancesOf(cache, 's1', asker());
  const two = new CircumstancesOf(cache, 's2', asker());
  one.at(now).texts.put(TEXT, 'simple', allowed);
  expect(one.at({ ...now })).toBe(one.at(now));
  expect(two.at(now).texts.get(Buffer.from(TEXT), 'simple')).toBe(allowed);
  expect(two.at(now).texts.get(TEXT, 'parse')).toBeUndefined();
  expect(two.at(now).texts.get(Buffer.from('select 2'), 'simple')).toBeUndefined();
});

const others: readonly [string, Partial<Now>, Partial<Asker>][] = [
  ['another snapshot of the catalog', { catalogVersion: 2 }, {}],
  ['a tainted session', { tainted: true }, {}],
  ['another hour', { time: now.time + 3_600_000 }, {}],
  ['another search path', { state: openState(['shop']) }, {}],
  ['another client', {}, { client: 'DBeaver' }],
  ['a client without a name', {}, { client: undefined }],
  ['another principal', {}, { principal: { kind: 'agent', name: 'bot2', groups: [], owner: 'ana' } }],
  ['a person of the same name', {}, { principal: { kind: 'person', name: 'bot', groups: [] } }],
  ['another door', {}, { door: 'mcp' }],
];

test.each(others)('%s is judged anew', (_, change, who) => {
  const cache = new JudgementCache();
  new CircumstancesOf(cache, 's1', asker()).at(now).texts.put(TEXT, 'simple', allowed);
  const session = new CircumstancesOf(cache, 's1', asker(who));
  expect(session.at({ ...now, ...change }).texts.get(TEXT, 'simple')).toBeUndefined();
});

test('a session that stays notices each change, and finds its judgement again when it is taken back', () => {
  const session = new CircumstancesOf(new JudgementCache(), 's1', asker());
  session.at(now).texts.put(TEXT, 'simple', allowed);
  for (const [, change] of others.filter(([, part]) => Object.keys(part).length > 0)) {
    expect(session.at({ ...now, ...change }).texts.get(TEXT, 'simple')).toBeUndefined();
    expect(session.at(now).texts.get(TEXT, 'simple')).toBe(allowed);
  }
});

test('a client’s name can not stand for another principal', () => {
  const cache = new JudgementCache();
  const named = (name: string, client: string): CircumstancesOf =>
    new CircumstancesOf(cache, 's', asker({ principal: { kind: 'agent', name, groups: [] }, client }));
  named('a', '|b"').at(now).texts.put(TEXT, 'simple', allowed);
  expect(named('a|', 'b"').at(now).texts.get(TEXT, 'simple')).toBeUndefined();
});

test('the cache is bounded, and what was emptied is the session’s no more', () => {
  const cache = new JudgementCache();
  const session = new CircumstancesOf(cache, 's1', asker());
  session.at(now).texts.put(TEXT, 'simple', allowed);
  const old = session.at(now);
  const filler = new CircumstancesOf(cache, 's2', asker({ client: 'filler' }));
  for (let index = 0; index < 5_000; index++) filler.at(now).texts.put(Buffer.from(`select ${index}`), 'simple', allowed);
  expect(old.texts.get(TEXT, 'simple')).toBeUndefined();
  expect(session.at(now)).not.toBe(old);
  session.at(now).texts.put(TEXT, 'simple', allowed);
  expect(new CircumstancesOf(cache, 's3', asker()).at(now).texts.get(TEXT, 'simple')).toBe(allowed);
});
