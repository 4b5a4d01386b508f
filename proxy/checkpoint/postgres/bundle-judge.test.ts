import { afterAll, describe, expect, test } from 'vitest';
import { defaultFiles, engineOf } from '../../../test/support/bundle.ts';
import type { Judged } from '../../policy/bundle-tests.ts';
import type { Principal } from '../../policy/engine.ts';
import { BundleJudge } from './bundle-judge.ts';

const SNAPSHOT = {
  searchPath: ['shop'],
  relations: {
    'shop.customers': { columns: { id: 'integer not null', email: 'text', birth_date: 'date', city: 'text' }, primaryKey: ['id'] },
    'shop.orders': { columns: { id: 'integer not null', total: 'numeric(10,2)' } },
  },
};
const ANA: Principal = { kind: 'person', name: 'ana', groups: [] };
const BOT: Principal = { kind: 'agent', name: 'bot', groups: [], owner: 'ana' };

describe('judging the statements of a bundle', () => {
  const judge = new BundleJudge();
  const engine = engineOf(defaultFiles());
  afterAll(() => judge[Symbol.asyncDispose]());
  const ask = (
    as: Principal,
    sql: string,
    more: { justification?: string; estimatedRows?: number } = {},
    snapshot: unknown = SNAPSHOT,
  ): Promise<Judged> => judge.judge(as, 'sample', 'production', snapshot, sql, { engine, database: 'shop', ...more });

  test('names the output columns that are masked, by their names in the result', async () => {
    const found = await ask(BOT, 'select id, email as mail, birth_date, concat(city, email) from customers');
    expect(found).toEqual({ verdict: 'allow', remedies: [], masked: ['mail', 'birth_date', 'concat'], policies: ['agents-read'] });
  });

  test('a change that is returned is masked as well', async () => {
    const found = await ask(ANA, 'update customers set city = $1 where id = 1 returning id, email', { estimatedRows: 1 });
    expect(found).toMatchObject({ verdict: 'allow', masked: ['email'] });
  });

  test('rows that nobody estimated are not known, so that a change is held', async () => {
    expect(await ask(ANA, 'update orders set total = 1 where id = 1')).toMatchObject({
      verdict: 'hold',
      remedies: [{ kind: 'justify', minimumLength: 8 }],
    });
    expect(await ask(ANA, 'update orders set total = 1 where id = 1', { estimatedRows: 100 })).toMatchObject({ verdict: 'allow' });
    expect(await ask(ANA, 'update orders set total = 1 where id = 1', { estimatedRows: 101 })).toMatchObject({ verdict: 'hold' });
  });

  test('an approval is a hold with its approvers', async () => {
    expect(await ask(ANA, 'drop table orders')).toMatchObject({
      verdict: 'hold',
      remedies: [{ kind: 'approve', approvers: 'dba', count: 1 }],
      policies: ['production-schema-needs-dba'],
    });
  });

  test('what is masked or not understood is denied without a remedy', async () => {
    expect(await ask(BOT, "select id from customers where email = 'x'")).toMatchObject({ verdict: 'deny', remedies: [], masked: [] });
    expect(await ask(BOT, 'select * from nothing')).toMatchObject({ verdict: 'deny' });
    expect(await ask(BOT, 'select * from pg_class')).toMatchObject({ verdict: 'deny' });
  });

  test('a snapshot that is missing or broken fails the test instead of passing it', async () => {
    await expect(judge.judge(BOT, 'sample', 'production', undefined, 'select 1', { engine, database: 'x' })).rejects.toThrow(
      'needs a `snapshot`',
    );
    await expect(ask(BOT, 'select 1', {}, { relations: [] })).rejects.toThrow('the snapshot is not one');
  });
});
