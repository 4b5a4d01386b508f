// What columns of the canary database are made of: views, materialised views, partitions, children, generated columns, foreign
// keys, SQL functions, against the real catalog.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCanarySchema } from '../../../../test/support/corpus.ts';
import { Subject } from '../testing/subject.ts';
import { DerivedColumns } from './derived.ts';
import { sourceOf } from './lineage.ts';

const MORE = `
create view app.union_mail as select email from app.customers union all select actor_email from app.events;
create view app.called as select app.mail_of(id) as m, id from app.orders;
create view app.opaque as select app.mail_dyn(id) as m, id from app.orders;
create view app.counted as select region, count(*) as n from app.customers group by region;
create view app.deep as select loud as louder from app.customer_shout where id > 0;
create view app.renamed (a, b) as select c.email, c.id from app.customers c;
create view app.recursive_v as with recursive r(m, n) as (select email::text, 1 from app.customers union all select m, n + 1 from r where n < 2) select m from r;
create table app.ref (mail text primary key); create table app.refers (id int, mail text references app.ref);
create table app.loop_a (id int primary key, other int); create table app.loop_b (id int primary key references app.loop_a, other int);
alter table app.loop_a add foreign key (other) references app.loop_b;
create table app.gen (first text, last text, joined text generated always as (first || last) stored, c int);
`;

describe.each([{ version: 15 as const }, { version: 18 as const }])('what columns are made of, on PostgreSQL $version', ({ version }) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await Subject.open(version, readCanarySchema('postgres') + MORE);
  });
  afterAll(() => subject?.[Symbol.asyncDispose]());

  async function basesOf(name: string, clean: readonly string[] = []): Promise<string> {
    const [relationName = '', columnName] = name.split('.');
    const relation = subject.catalog.relation('app', relationName);
    const column = relation?.columns.find((each) => each.name === columnName);
    if (relation === undefined || column === undefined) throw new Error(name);
    const derived = new DerivedColumns(subject.catalog, subject.definitions, (routine) => clean.includes(routine.name));
    for (let round = 0; round < 20; round += 1) {
      const { columns, direct, unknown } = derived.bases(sourceOf(relation, column));
      if (derived.needs.size === 0) {
        const shown = [...columns].map((source) => `${source.relation.name}.${source.column.name}`).sort();
        return `${shown.join(' ')}${direct === undefined ? '' : ` = ${direct.relation.name}.${direct.column.name}`}${unknown ? ' ?' : ''}`;
      }
      await subject.define(derived.needs);
      derived.needs.clear();
    }
    throw new Error('definitions without end');
  }

  test.each([
    ['customers.email', 'customers.email = customers.email'],
    ['customer_mail.contact', 'customers.email = customers.email'],
    ['customer_mail.id', 'customers.id = customers.id'],
    ['customer_shout.loud', 'customers.email'],
    ['deep.louder', 'customers.email'],
    ['renamed.a', 'customers.email = customers.email'],
    ['region_mail.mails', 'customers.email'],
    ['region_mail.region', 'customers.region = customers.region'],
    ['counted.n', ''],
    ['union_mail.email', 'customers.email events.actor_email events_2025.actor_email events_2026.actor_email'],
    ['recursive_v.m', 'customers.email'],
    ['called.m', 'customers.email customers.id orders.id'],
    ['called.id', 'orders.id = orders.id'],
    ['events_2025.actor_email', 'events.actor_email events_2025.actor_email events_2026.actor_email = events_2025.actor_email'],
    ['events.actor_email', 'events.actor_email events_2025.actor_email events_2026.actor_email = events.actor_email'],
    ['children.secret', 'children.secret parents.secret = children.secret'],
    ['children.extra', 'children.extra = children.extra'],
    ['customers.email_upper', 'customers.email customers.email_upper = customers.email_upper'],
    ['gen.joined', 'gen.first gen.joined gen.last = gen.joined'],
    ['gen.c', 'gen.c = gen.c'],
    ['refers.mail', 'ref.mail refers.mail = refers.mail'],
    ['cards.customer_id', 'cards.customer_id customers.id = cards.customer_id'],
  ])('%s', async (name, bases) => {
    expect(await basesOf(name)).toBe(bases);
  });

  test('a view over code that is not known is not known, unless the code was reviewed', async () => {
    expect(await basesOf('opaque.m')).toBe(' ?');
    expect(await basesOf('opaque.id')).toBe(' ?');
    expect(await basesOf('opaque.id', ['mail_dyn'])).toBe('orders.id = orders.id');
  });

  test('foreign keys in a circle end', async () => {
    expect(await basesOf('loop_a.other')).toContain('loop_b.id');
    expect(await basesOf('loop_b.id')).toContain('loop_a.id');
  });
});
