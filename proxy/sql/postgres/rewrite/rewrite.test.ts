// Rewriting as golden texts, run on real servers: no canary comes out, the rest of the row does; and verification refuses a
// rewrite from which any one mask was left out.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { namesWith, Subject } from '../testing/subject.ts';
import { type Edit, splice } from './edits.ts';
import { maskColumn, quoteIdentifier } from './mask-expression.ts';
import { type MaskEdit, maskEdits, type MaskOf } from './rewrite.ts';
import { verifyRewrite } from './verify.ts';

const SCHEMA = `
create schema app; create schema other;
create table app.p (id int primary key, mail text not null, n int);
insert into app.p select g, 'zqxj' || g, g from generate_series(1, 20) g;
create table app.kid (extra int) inherits (app.p);
insert into app.kid values (21, 'zqxj21', 21, 1);
create table app.o (id int primary key, p int references app.p);
insert into app.o select g, g from generate_series(1, 20) g;
create table other.p (id int, mail text);
create table app."Odd ""name" (id int, "Mail" text, mail text);
insert into app."Odd ""name" values (1, 'plain', 'zqxj');
create table app.w (id int primary key, mail text, n int);
insert into app.w select g, 'zqxj' || g, g from generate_series(1, 20) g;
`;

const P = 'select "id", (\'***\')::text as "mail", "n" from';
const NULLABLE = `case when "mail" is null then null else ('***')::text end`;

/** What is written, and what goes to the database; `same`: nothing masked is read. */
const GOLDEN: readonly (readonly [string, string])[] = [
  ['select mail from app.p', `select mail from (${P} "app"."p") "p"`],
  ['select x.mail from p x', `select x.mail from (${P} "app"."p") x`],
  ['select x.b from p as x (a, b)', `select x.b from (${P} "app"."p") as x (a, b)`],
  ['select mail from only app.p', `select mail from (${P} only "app"."p") "p"`],
  ['select mail from only (app.p) x', `select mail from (${P} only "app"."p") x`],
  ['select mail from p *', `select mail from (${P} "app"."p") "p"`],
  [
    'select mail from p tablesample system (100) repeatable (3)',
    `select mail from (${P} "app"."p" tablesample system (100) repeatable (3)) "p" `,
  ],
  [
    'select mail from only p x tablesample bernoulli (100) limit 1',
    `select mail from (${P} only "app"."p" tablesample bernoulli (100)) x  limit 1`,
  ],
  ['table p', `select * from (${P} "app"."p") "p"`],
  ['(table only p) union all table p', `(select * from (${P} only "app"."p") "p") union all select * from (${P} "app"."p") "p"`],
  ['select app.p.mail, app . p . id from app.p', `select p.mail, p . id from (${P} "app"."p") "p"`],
  ['select app.p.* from app.p /* app.p.mail */ -- app.p.mail', `select p.* from (${P} "app"."p") "p" /* app.p.mail */ -- app.p.mail`],
  ['select p.mail from p, other.p as q where q.id = p.id', `select p.mail from (${P} "app"."p") "p", other.p as q where q.id = p.id`],
  ['select p, to_json(p) from p', `select p, to_json(p) from (${P} "app"."p") "p"`],
  ['select mail, n from p group by id', `select mail, n from (${P} "app"."p") "p" group by "p"."n", "p"."mail", id`],
  [
    'select x.mail, count(*) from p x join o on o.p = x.id group by x.id order by x.n',
    `select x.mail, count(*) from (${P} "app"."p") x join o on o.p = x.id group by "x"."n", "x"."mail", x.id order by x.n`,
  ],
  [
    'select "Mail", mail from "Odd ""name"',
    `select "Mail", mail from (select "id", "Mail", ${NULLABLE} as "mail" from "app"."Odd ""name") "Odd ""name"`,
  ],
  ["select 'ä€😀', mail from /* ü */ p where 'ß' = 'ß'", `select 'ä€😀', mail from /* ü */ (${P} "app"."p") "p" where 'ß' = 'ß'`],
  ['with q as (select mail from p) select q.mail from q', `with q as (select mail from (${P} "app"."p") "p") select q.mail from q`],
  ['with p as (select 1 as mail) select mail from p', 'same'],
  ['select count(*) from p', `select count(*) from (${P} "app"."p") "p"`],
  ['select o.id from o', 'same'],
  ['select (select mail from p where id = o.id) from o', `select (select mail from (${P} "app"."p") "p" where id = o.id) from o`],
  ['copy p to stdout', `copy (select "id", "mail", "n" from (${P} "app"."p") "p") to stdout`],
  ['copy app.p (id, mail) to stdout (format csv)', `copy (select "id", "mail" from (${P} "app"."p") "p") to stdout (format csv)`],
  ['copy (select mail from p) to stdout', `copy (select mail from (${P} "app"."p") "p") to stdout`],
  ['explain select mail from p', `explain select mail from (${P} "app"."p") "p"`],
  ['prepare s as select mail from p where id = $1', `prepare s as select mail from (${P} "app"."p") "p" where id = $1`],
  ['delete from w where id = 1 returning mail', `delete from w where id = 1 returning ${NULLABLE} as "mail"`],
  ['update w set n = 2 where id = 2 returning w.mail as m, id', `update w set n = 2 where id = 2 returning ${NULLABLE} as m, id`],
  [
    'update app.w x set n = 2 where id = 2 returning *',
    `update app.w x set n = 2 where id = 2 returning "x"."id", ${NULLABLE} as "mail", "x"."n"`,
  ],
  [
    'with d as (delete from w where id = 3 returning *) select d.mail, p.mail from d join p on p.id = d.id',
    `with d as (delete from w where id = 3 returning "w"."id", ${NULLABLE} as "mail", "w"."n") select d.mail, p.mail from d join (${P} "app"."p") "p" on p.id = d.id`,
  ],
  ["insert into w values (30, 'x', 1) returning mail", `insert into w values (30, 'x', 1) returning ${NULLABLE} as "mail"`],
];

const names = namesWith({ searchPath: ['app'] });

describe.each([{ version: 15 as const }, { version: 18 as const }])('rewriting for PostgreSQL $version', ({ version }) => {
  let subject: Subject;
  let maskOf: MaskOf;
  beforeAll(async () => {
    subject = await Subject.open(version, SCHEMA);
    await subject.client.run('set search_path = app');
    maskOf = ({ relation, column }) => {
      const base = subject.catalog.typeByOid(column.typeOid);
      if (column.name !== 'mail' || relation.schema !== 'app' || base === undefined) return undefined;
      return maskColumn({ kind: 'redact' }, column, base, quoteIdentifier(column.name), false);
    };
  });
  afterAll(() => subject?.[Symbol.asyncDispose]());

  const verified = async (sql: string, edits: readonly Edit[]): Promise<string | undefined> => {
    const original = await subject.parse(sql);
    const spliced = splice(Buffer.from(sql, 'utf8'), edits);
    if (spliced === undefined) return 'edits overlap';
    const again = await subject.parser.parse(spliced.text.toString('utf8'), spliced.text.byteLength);
    if (again.kind !== 'parsed') return 'does not parse';
    const { catalog, definitions } = subject;
    return verifyRewrite({ original, rewritten: again.parsed, spliced, catalog, sessions: [names], definitions, maskOf });
  };
  const editsOf = async (sql: string): Promise<MaskEdit[]> => {
    const { facts, bytes } = await subject.analyse(sql, names);
    expect(facts.gaps).toEqual([]);
    return maskEdits(facts, maskOf, bytes);
  };

  test.each(GOLDEN)('%s', async (sql, expected) => {
    const edits = await editsOf(sql);
    const text = splice(Buffer.from(sql, 'utf8'), edits)?.text.toString('utf8') ?? '';
    expect(text).toBe(expected === 'same' ? sql : expected);
    expect(await verified(sql, edits)).toBeUndefined();
    if (sql.startsWith('copy')) return;
    await subject.client.run('begin');
    try {
      const rows = await subject.client.run(text);
      expect(JSON.stringify(rows)).not.toContain('zqxj');
    } finally {
      await subject.client.run('rollback; deallocate all');
    }
  });

  test('leaving out any one mask is refused', async () => {
    let dropped = 0;
    for (const [sql] of GOLDEN) {
      const edits = await editsOf(sql);
      for (const [i, edit] of edits.entries()) {
        if (!edit.trusted) continue;
        expect(await verified(sql, edits.toSpliced(i, 1)), `${sql} without ${edit.text}`).toBeDefined();
        dropped += 1;
      }
    }
    expect(dropped).toBeGreaterThan(30);
  });

  test('leaving out any other edit shows nothing either', async () => {
    for (const [sql] of GOLDEN) {
      const edits = await editsOf(sql);
      for (const [i, edit] of edits.entries()) {
        if (edit.trusted) continue;
        const rest = edits.toSpliced(i, 1);
        if ((await verified(sql, rest)) !== undefined) continue;
        const text = splice(Buffer.from(sql, 'utf8'), rest)?.text.toString('utf8') ?? '';
        await subject.client.run('begin');
        const rows = await subject.client.run(text).catch(() => []);
        await subject.client.run('rollback');
        expect(JSON.stringify(rows), text).not.toContain('zqxj');
      }
    }
  });

  test('a rewrite that changes what the statement is or takes is refused', async () => {
    const refused = [
      ['select 1', 'select 1; select 2', 'the number of statements changed'],
      ['select 1', 'delete from o', 'the kind of a statement changed'],
      ['select $1::int', 'select 1', 'the parameters changed'],
      ['select 1', 'select mail from p', 'a governed relation stands outside its mask'],
      ['copy o to stdout', 'copy p to stdout', 'a governed relation is copied without its mask'],
    ] as const;
    for (const [sql, becomes, why] of refused) {
      expect(await verified(sql, [{ start: 0, end: Buffer.byteLength(sql), text: becomes }])).toBe(why);
    }
  });
});
