// Statements and what the analysis finds in them: effects, uses of columns, lineage of the result, gaps, code that was not read.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TokenStream } from '../parse/tokens.ts';
import { namesWith, shortly, Subject } from '../testing/subject.ts';
import { analyse } from './analyse.ts';

const SCHEMA = `
create schema app; create schema other;
create table app.people (id int primary key, email text, pay int, tags text[], doc jsonb);
create table app.orders (id int primary key, person int references app.people(id), total int);
create table other.people (id int, email text);
create view app.mails as select id, email as mail from app.people;
create function app.mail_of(int) returns text language sql stable as $$ select email from app.people where id = $1 $$;
create function app.double(int) returns int language sql immutable as $$ select $1 * 2 $$;
create function app.dynamic(int) returns text language plpgsql as $$ begin return 'x'; end $$;
create procedure app.touch(int) language sql as $$ update app.orders set total = 0 where id = $1 $$;
create function app.plus(text, text) returns text language sql as $$ select $1 $$;
create operator app.+ (leftarg = text, rightarg = text, function = app.plus);
create domain app.picky as int check (value > 0);
`;

type Facts = Readonly<Partial<Record<'effects' | 'uses' | 'outputs' | 'gaps' | 'opaque', string>>>;

/** `outputs` ends in … when not every column is known; absent: no result. */
const CASES: Readonly<Record<string, readonly (readonly [sql: string, facts: Facts])[]>> = {
  'SELECT and its clauses': [
    ['select 1', { effects: 'select', outputs: '?column?' }],
    [
      'select id, email as mail from people where pay > 5',
      {
        effects: 'select people',
        uses: 'condition people.pay; output people.email; output people.id',
        outputs: 'id←people.id, mail←people.email',
      },
    ],
    [
      'select * from people',
      {
        effects: 'select people',
        uses: 'output people.doc; output people.email; output people.id; output people.pay; output people.tags',
        outputs: 'id←people.id, email←people.email, pay←people.pay, tags←people.tags, doc←people.doc',
      },
    ],
    [
      'select p.* from people p, orders',
      {
        effects: 'select people; select orders',
        uses: 'output people.doc; output people.email; output people.id; output people.pay; output people.tags',
        outputs: 'id←people.id, email←people.email, pay←people.pay, tags←people.tags, doc←people.doc',
      },
    ],
    [
      'select people.email || people.tags[1] from app.people',
      { effects: 'select people', uses: 'output people.email; output people.tags', outputs: '?column?←people.email+people.tags' },
    ],
    [
      'select email from app.people order by pay limit 1',
      { effects: 'select people', uses: 'order people.pay; output people.email', outputs: 'email←people.email' },
    ],
    [
      'select id from people order by length(email)',
      { effects: 'select people', uses: 'order people.email; output people.id', outputs: 'id←people.id' },
    ],
    [
      'select email from people order by 1',
      { effects: 'select people', uses: 'order people.email; output people.email', outputs: 'email←people.email' },
    ],
    [
      'select id as email from people order by email',
      { effects: 'select people', uses: 'order people.id; output people.id', outputs: 'email←people.id' },
    ],
    [
      'select email, count(*) from people group by email',
      { effects: 'select people', uses: 'output people.email', outputs: 'email←people.email, count' },
    ],
    [
      'select email, count(*) from people group by 1',
      { effects: 'select people', uses: 'output people.email', outputs: 'email←people.email, count' },
    ],
    [
      'select count(*) from people group by email',
      { effects: 'select people', uses: 'group people.email; output people.email', outputs: 'count' },
    ],
    [
      'select id from people group by id having max(pay) > 5',
      { effects: 'select people', uses: 'aggregate people.pay; output people.id', outputs: 'id←people.id' },
    ],
    [
      'select grouping(email), email from people group by rollup (email)',
      { effects: 'select people', uses: 'group people.email; output people.email', outputs: 'grouping←people.email, email←people.email' },
    ],
    [
      'select distinct on (email) id from people',
      { effects: 'select people', uses: 'group people.email; output people.email; output people.id', outputs: 'id←people.id' },
    ],
    ['select distinct email from people', { effects: 'select people', uses: 'output people.email', outputs: 'email←people.email' }],
    [
      'select id from people limit (select max(pay) from people)',
      { effects: 'select people', uses: 'aggregate people.pay; condition people.pay; output people.id', outputs: 'id←people.id' },
    ],
    [
      'select id from people for update of people',
      { effects: 'select people; lock people', uses: 'output people.id', outputs: 'id←people.id' },
    ],
    [
      'table people',
      {
        effects: 'select people',
        uses: 'output people.doc; output people.email; output people.id; output people.pay; output people.tags',
        outputs: 'id←people.id, email←people.email, pay←people.pay, tags←people.tags, doc←people.doc',
      },
    ],
    ["values (1, 'a'), (2, 'b')", { effects: 'select', outputs: 'column1, column2' }],
    [
      'select email from people union all select id::text from orders',
      { effects: 'select people; select orders', uses: 'output orders.id; output people.email', outputs: 'email←orders.id+people.email' },
    ],
    [
      'select id from people intersect select pay from people order by 1',
      {
        effects: 'select people',
        uses: 'order people.id; order people.pay; output people.id; output people.pay',
        outputs: 'id←people.id+people.pay',
      },
    ],
  ],
  FROM: [
    [
      'select email from only people tablesample system (10) repeatable (1)',
      { effects: 'select people', uses: 'output people.email', outputs: 'email←people.email' },
    ],
    [
      'select p.id from people p join orders o on o.person = p.id',
      { effects: 'select people; select orders', uses: 'join orders.person; join people.id; output people.id', outputs: 'id←people.id' },
    ],
    [
      'select id from people join other.people o using (email, id)',
      {
        effects: 'select people; select people',
        uses: 'join people.email; join people.email; join people.id; join people.id; output people.id; output people.id',
        outputs: 'id←people.id+people.id',
      },
    ],
    [
      'select email from people natural join other.people o',
      {
        effects: 'select people; select people',
        uses: 'join people.email; join people.email; join people.id; join people.id; output people.email; output people.email',
        outputs: 'email←people.email+people.email',
      },
    ],
    [
      'select j.email from (people join orders on orders.person = people.id) as j (a, email)',
      {
        effects: 'select people; select orders',
        uses: 'join orders.person; join people.id; output people.email',
        outputs: 'email←people.email',
      },
    ],
    [
      'select x.a from (select email, id from people) x (a)',
      { effects: 'select people', uses: 'output people.email; output people.id', outputs: 'a←people.email' },
    ],
    [
      'select l.v from people c, lateral (select c.email as v) l',
      { effects: 'select people', uses: 'output people.email', outputs: 'v←people.email' },
    ],
    ['select v from people c, unnest(c.tags) v', { effects: 'select people', uses: 'output people.tags', outputs: 'v←people.tags' }],
    [
      'select e.value from people c, jsonb_each(c.doc) e',
      { effects: 'select people', uses: 'output people.doc', outputs: 'value←people.doc' },
    ],
    [
      'select t.a from json_to_recordset((select doc from people)::json) as t(a int)',
      { effects: 'select people', uses: 'output people.doc', outputs: 'a←people.doc' },
    ],
    [
      "select x.v from people c, xmltable('/a' passing (c.email::xml) columns v text path 'b') x",
      { effects: 'select people', uses: 'output people.email', outputs: 'v←people.email' },
    ],
    [
      "select jt.v from people c, json_table(c.doc, '$' columns (v text path '$.ssn')) jt",
      { effects: 'select people', uses: 'output people.doc', outputs: 'v←people.doc' },
    ],
    ['select mail from mails', { effects: 'select mails', uses: 'output mails.mail', outputs: 'mail←mails.mail' }],
  ],
  'Common tables': [
    [
      'with m as (select email from people) select email from m',
      { effects: 'select people', uses: 'output people.email', outputs: 'email←people.email' },
    ],
    [
      "with m(x) as (select email from people) select x from m where x = 'a'",
      { effects: 'select people', uses: 'condition people.email; output people.email', outputs: 'x←people.email' },
    ],
    ['with people as (select 1 as email) select email from people', { effects: 'select', outputs: 'email' }],
    [
      'with recursive r(n) as (select 1 union all select n + 1 from r where n < 3) select * from r',
      { effects: 'select', outputs: 'n', opaque: 'public.operator +, public.operator +' },
    ],
    [
      'with recursive r(m, n) as (select email, 1 from people union all select m, n + 1 from r where n < 3) select m from r',
      { effects: 'select people', uses: 'output people.email', outputs: 'm←people.email', opaque: 'public.operator +, public.operator +' },
    ],
    [
      'with d as (delete from orders where id = 1 returning person) select * from d',
      { effects: 'delete orders some', uses: 'condition orders.id; output orders.person', outputs: 'person←orders.person' },
    ],
    [
      'with recursive t(a) as (select 1) search depth first by a set o select * from t',
      { effects: 'select', outputs: 'a', gaps: 'SEARCH and CYCLE can not be checked' },
    ],
  ],
  Expressions: [
    [
      'select email is null, length(email) is not null from people',
      {
        effects: 'select people',
        uses: 'condition people.email; nullTest people.email',
        outputs: '?column?←people.email, ?column?←people.email',
      },
    ],
    [
      "select coalesce(email, 'x'), case when pay > 1 then email end, greatest(pay, 1), nullif(email, 'x') from people",
      {
        effects: 'select people',
        uses: 'condition people.email; condition people.pay; output people.email',
        outputs: 'coalesce←people.email, case←people.email+people.pay, greatest←people.pay, nullif←people.email',
      },
    ],
    [
      "select email like 'z%', email = any(tags), pay between 1 and 2, pay in (1, 2) from people",
      {
        effects: 'select people',
        uses: 'condition people.email; condition people.pay; condition people.tags',
        outputs: '?column?←people.email, ?column?←people.email+people.tags, ?column?←people.pay, ?column?←people.pay',
      },
    ],
    [
      `select substring(email from 1 for 3), position('@' in email), email collate "C", email::varchar(3) from people`,
      {
        effects: 'select people',
        uses: 'output people.email',
        outputs: 'substring←people.email, position←people.email, email←people.email, email←people.email',
      },
    ],
    [
      'select row(email, pay), array[email], tags[pay] from people',
      {
        effects: 'select people',
        uses: 'output people.email; output people.pay; output people.tags',
        outputs: 'row←people.email+people.pay, array←people.email, tags←people.pay+people.tags',
      },
    ],
    [
      'select (select email from people limit 1), array(select pay from people), exists (select email from people)',
      { effects: 'select people', uses: 'output people.email; output people.pay', outputs: 'email←people.email, array←people.pay, exists' },
    ],
    [
      'select id in (select pay from people), id > all (select pay from people) from orders',
      {
        effects: 'select orders; select people',
        uses: 'condition orders.id; condition people.pay; output people.pay',
        outputs: '?column?←orders.id+people.pay, ?column?←orders.id+people.pay',
      },
    ],
    ['select (select people.email) from people', { effects: 'select people', uses: 'output people.email', outputs: 'email←people.email' }],
    [
      'select people from people',
      {
        effects: 'select people',
        uses: 'output people.doc; output people.email; output people.id; output people.pay; output people.tags',
        outputs: 'people←people.doc+people.email+people.id+people.pay+people.tags',
      },
    ],
    [
      'select (people).email, to_json(people) from people',
      {
        effects: 'select people',
        uses: 'output people.doc; output people.email; output people.id; output people.pay; output people.tags',
        outputs:
          'email←people.doc+people.email+people.id+people.pay+people.tags, to_json←people.doc+people.email+people.id+people.pay+people.tags',
      },
    ],
    [
      "select json_object('a': email), json_array(pay), json_value(doc, '$.a'), doc is json from people",
      {
        effects: 'select people',
        uses: 'output people.doc; output people.email; output people.pay',
        outputs: 'json_object←people.email, json_array←people.pay, json_value←people.doc, ?column?←people.doc',
      },
    ],
    [
      'select json_objectagg(email: pay), json_arrayagg(email order by pay) from people',
      {
        effects: 'select people',
        uses: 'order people.pay; output people.email; output people.pay',
        outputs: 'json_objectagg←people.email+people.pay, json_arrayagg←people.email',
      },
    ],
    [
      'select xmlelement(name x, xmlattributes(pay as a), email), xmlforest(email as y), xmlserialize(content xmlparse(document email) as text) from people',
      {
        effects: 'select people',
        uses: 'output people.email; output people.pay',
        outputs: 'xmlelement←people.email+people.pay, xmlforest←people.email, xmlserialize←people.email',
      },
    ],
    [
      'select ctid from people',
      {
        effects: 'select people',
        uses: 'systemColumn people.doc; systemColumn people.email; systemColumn people.id; systemColumn people.pay; systemColumn people.tags',
        outputs: 'ctid',
      },
    ],
    ['select $1::int + $2', { effects: 'select', outputs: '?column?', opaque: 'public.operator +' }],
    [
      `select x.greatest, x.least, x.nullif, x.email from (select greatest(pay, 1), least(pay, 1), nullif(email, 'x'), email collate "C" from people) x`,
      {
        effects: 'select people',
        uses: 'condition people.email; condition people.pay; output people.email; output people.pay',
        outputs: 'greatest←people.pay, least←people.pay, nullif←people.email, email←people.email',
      },
    ],
    [
      "select case when true then 1 else pay end, case when true then pay end, (case when true then 1 end)::text, cast('1' as int), email::text, ('x'::text)::varchar from people",
      {
        effects: 'select people',
        uses: 'output people.email; output people.pay',
        outputs: 'pay←people.pay, case←people.pay, text, int4, email←people.email, varchar',
      },
    ],
    [
      'select current_date, current_time(2), localtimestamp, current_user, session_user, user, current_catalog, current_schema',
      {
        effects: 'select',
        outputs: 'current_date, current_time, localtimestamp, current_user, session_user, user, current_catalog, current_schema',
      },
    ],
    [
      'select (select 1 union select 2 limit 1), (values (1)), not true, pay is null, -pay, pay[1:2] from (select tags as pay from people) p',
      {
        effects: 'select people',
        uses: 'nullTest people.tags; output people.tags',
        outputs: '?column?, column1, ?column?, ?column?←people.tags, ?column?←people.tags, pay←people.tags',
      },
    ],
    [
      'with d as (delete from orders using people p where p.id = person returning p.email) select email from d',
      {
        effects: 'select people; delete orders some',
        uses: 'condition orders.person; condition people.id; output people.email; returning people.email',
        outputs: 'email←people.email',
      },
    ],
  ],
  'Functions, operators, types': [
    [
      "select count(email), count(distinct email), max(pay), array_agg(email), string_agg(email, ',' order by pay) from people",
      {
        effects: 'select people',
        uses: 'aggregate people.email; aggregate people.pay; nullTest people.email; order people.pay; output people.email',
        outputs: 'count←people.email, count←people.email, max←people.pay, array_agg←people.email, string_agg←people.email',
      },
    ],
    [
      'select sum(pay) filter (where id = 1) over (partition by email order by tags) from people',
      {
        effects: 'select people',
        uses: 'aggregate people.pay; condition people.id; group people.email; order people.tags',
        outputs: 'sum←people.pay',
      },
    ],
    [
      'select rank() over w from people window w as (order by pay)',
      { effects: 'select people', uses: 'order people.pay', outputs: 'rank' },
    ],
    [
      'select percentile_cont(0.5) within group (order by pay) from people',
      { effects: 'select people', uses: 'aggregate people.pay', outputs: 'percentile_cont←people.pay' },
    ],
    [
      'select mail_of(1)',
      { effects: 'select people', uses: 'argument people.email; argument people.id', outputs: 'mail_of←people.email+people.id' },
    ],
    ['select double(pay) from people', { effects: 'select people; select', uses: 'output people.pay', outputs: 'double←people.pay' }],
    ['select dynamic(1)', { effects: 'select', outputs: 'dynamic', opaque: 'app.dynamic' }],
    ["select nextval('x')", { effects: 'call nextval', outputs: 'nextval' }],
    ["select set_config('work_mem', '1MB', false)", { effects: 'select', outputs: 'set_config' }],
    [
      "select set_config('role', 'x', false)",
      { effects: 'select', outputs: 'set_config', gaps: 'set_config may only set a harmless setting to a constant; use SET' },
    ],
    ['select pg_sleep(1)', { effects: 'select', outputs: 'pg_sleep', gaps: 'function "pg_sleep" may read data, files or other sessions' }],
    [
      "select query_to_xml('select 1', true, true, '')",
      { effects: 'select', outputs: 'query_to_xml', gaps: 'function "query_to_xml" may read data, files or other sessions' },
    ],
    ['select pg_advisory_lock(1)', { effects: 'lock', outputs: 'pg_advisory_lock' }],
    [
      "select email operator(app.+) 'x' from people",
      { effects: 'select people', uses: 'output people.email', outputs: '?column?←people.email', opaque: 'app.operator +' },
    ],
    [
      "select email + 'x' from people",
      { effects: 'select people', uses: 'output people.email', outputs: '?column?←people.email', opaque: 'public.operator +' },
    ],
    ["select '1'::app.picky", { effects: 'select', outputs: 'picky', opaque: 'app.picky' }],
    ["select 'x'::people", { effects: 'select', outputs: 'people' }],
  ],
  Changes: [
    ['insert into orders (id, total) values (1, 2), (3, 4)', { effects: 'insert orders (id,total) some' }],
    [
      'insert into orders select id, id, pay from people',
      {
        effects: 'insert orders (id,person,total) unknown; select people',
        uses: 'assign people.id; assign people.pay; output people.id; output people.pay',
      },
    ],
    [
      "insert into people (id, tags[(select pay from people limit 1)]) values (1, 'x')",
      { effects: 'insert people (id,tags) some; select people', uses: 'assign people.pay; output people.pay' },
    ],
    ['insert into people (id) values (1) on conflict (id) do nothing', { effects: 'insert people (id) some', uses: 'conflict people.id' }],
    [
      'insert into people values (1) on conflict (email) do update set pay = excluded.pay where people.pay > 1 returning id, email',
      {
        effects: 'insert people (id,email,pay,tags,doc) some; update people (pay) some',
        uses: 'condition people.pay; conflict people.email',
        outputs: 'id←people.id, email←people.email',
      },
    ],
    [
      'update orders set total = total + 1 where id = 3 returning *',
      {
        effects: 'update orders (total) some',
        uses: 'assign orders.total; condition orders.id',
        outputs: 'id←orders.id, person←orders.person, total←orders.total',
        opaque: 'public.operator +',
      },
    ],
    ['update people set email = tags[1]', { effects: 'update people (email) all', uses: 'assign people.tags' }],
    [
      'update orders o set total = p.pay from people p where p.id = o.person',
      { effects: 'select people; update orders (total) some', uses: 'assign people.pay; condition orders.person; condition people.id' },
    ],
    [
      'update people set (email, pay) = (select email, pay from other.people, orders)',
      {
        effects: 'update people (email,pay) all; select people; select orders',
        uses: 'assign people.email; assign people.pay; output people.email; output people.pay',
      },
    ],
    ['delete from orders', { effects: 'delete orders all' }],
    [
      "delete from orders using people p where p.email = 'x' and p.id = person returning p.email",
      {
        effects: 'select people; delete orders some',
        uses: 'condition orders.person; condition people.email; condition people.id; returning people.email',
        outputs: 'email←people.email',
      },
    ],
    [
      "merge into orders o using people p on o.person = p.id when matched and p.email = 'x' then update set total = 1 when matched then delete when not matched then insert (id) values (p.pay)",
      {
        effects: 'select people; merge orders unknown; update orders (total) unknown; delete orders unknown; insert orders (id) unknown',
        uses: 'assign people.pay; condition people.email; join orders.person; join people.id',
      },
    ],
    ['update orders set id = 1 where current of c', { effects: 'update orders (id) some', gaps: 'WHERE CURRENT OF can not be checked' }],
    ['insert into pg_class (oid) values (1)', { effects: 'insert pg_class (oid) some', gaps: '"pg_catalog.pg_class" may not be changed' }],
  ],
  'COPY, EXPLAIN': [
    [
      'copy people to stdout',
      {
        effects: 'copyOut people; select people',
        uses: 'output people.doc; output people.email; output people.id; output people.pay; output people.tags',
      },
    ],
    ['copy people (id, email) to stdout', { effects: 'copyOut people; select people', uses: 'output people.email; output people.id' }],
    ['copy (select email from people) to stdout', { effects: 'select people; copyOut', uses: 'output people.email' }],
    ['copy orders (id) from stdin', { effects: 'copyIn orders (id) unknown' }],
    ["copy orders to '/tmp/x'", { gaps: 'COPY may only go to or come from the client (STDOUT, STDIN)' }],
    ["copy orders from program 'x'", { gaps: 'COPY may only go to or come from the client (STDOUT, STDIN)' }],
    ['explain select email from people', { effects: 'select people; explain', uses: 'output people.email' }],
    ['explain analyze delete from orders', { effects: 'delete orders all; explain' }],
    ['explain (analyze off) delete from orders', { effects: 'select orders all; explain' }],
  ],
  Session: [
    [
      'prepare p as select email from people where id = $1',
      { effects: 'select people', uses: 'condition people.id; output people.email', outputs: 'email←people.email' },
    ],
    ['execute nothing', { gaps: 'prepared statement "nothing" does not exist' }],
    [
      'declare c cursor for select email from people',
      { effects: 'select people', uses: 'output people.email', outputs: 'email←people.email …' },
    ],
    ['fetch 1 from nothing', { gaps: 'cursor "nothing" does not exist' }],
    ['set search_path = app, other', { effects: 'set' }],
    ['set search_path = pg_temp, app', { effects: 'set', gaps: 'search_path may name ordinary schemas only' }],
    ['set role postgres', { effects: 'set', gaps: 'setting "role" may not be changed here' }],
    ['set standard_conforming_strings = off', { effects: 'set', gaps: 'setting "standard_conforming_strings" may not be changed here' }],
    ['set statement_timeout = 1', { effects: 'set' }],
    ['set session authorization x', { effects: 'set', gaps: 'setting "session_authorization" may not be changed here' }],
    ['reset all', { effects: 'set' }],
    ['show work_mem', { effects: 'select' }],
    ['begin isolation level serializable', { effects: 'transaction' }],
    ['savepoint a', { effects: 'transaction' }],
    ["prepare transaction 'x'", { effects: 'transaction', gaps: 'two-phase commit can not be checked' }],
    ['lock table orders', { effects: 'lock orders' }],
    ['listen x', { effects: 'listen' }],
    ['discard all', { effects: 'set' }],
  ],
  Definitions: [
    [
      "create table app.new (a int default length('x'), b text check (b <> ''), c app.picky)",
      { effects: 'create new', uses: 'condition new.b', opaque: 'app.picky' },
    ],
    ['create table app.new (a int references people(id))', { effects: 'create new' }],
    [
      'create table app.copied as select email from people',
      { effects: 'select people; create copied', uses: 'assign people.email; output people.email' },
    ],
    [
      'select email into app.copied from people',
      { effects: 'select; select people; create copied', uses: 'assign people.email; output people.email' },
    ],
    [
      'create temp table mine as select id, email from people',
      { effects: 'select people; create mine', uses: 'output people.email; output people.id' },
    ],
    [
      'create temp table people (a int)',
      {
        effects: 'create people',
        gaps: 'a temporary object may not have the name of an existing relation ("people"); choose another name',
      },
    ],
    [
      'create view app.v as select email from people',
      { effects: 'select people; create v', uses: 'assign people.email; output people.email' },
    ],
    [
      'create index on people (lower(email)) where pay > 1',
      { effects: 'create people', uses: 'condition people.email; condition people.pay' },
    ],
    [
      'create table app.part partition of orders for values in (dynamic(1), mail_of(1))',
      {
        effects: 'select people; create part',
        uses: 'argument people.email; argument people.id; assign people.email; assign people.id',
        opaque: 'app.dynamic',
      },
    ],
    [
      'create table app.part (a int) partition by list (dynamic(a))',
      { effects: 'create part', uses: 'condition part.a', opaque: 'app.dynamic' },
    ],
    ['create table app.child () inherits (people)', { effects: 'create child' }],
    [
      "create table app.new (a int, exclude using gist (a with =) where (pg_read_file('x') = ''))",
      { effects: 'create new', gaps: 'function "pg_read_file" may read data, files or other sessions' },
    ],
    [
      "alter table orders add check (mail_of(id) <> '')",
      { effects: 'alter orders; select people', uses: 'argument people.email; argument people.id; condition orders.id' },
    ],
    [
      'alter table orders alter total type int using (select max(pay) from people)',
      { effects: 'alter orders; select people', uses: 'aggregate people.pay; assign people.pay' },
    ],
    [
      "alter table orders alter total set expression as (pg_read_file('x'))",
      { effects: 'alter orders', gaps: 'function "pg_read_file" may read data, files or other sessions' },
    ],
    ['alter table orders attach partition other.people for values in (dynamic(1))', { effects: 'alter orders', opaque: 'app.dynamic' }],
    ['drop table orders, app.nope', { effects: 'drop orders; drop' }],
    ['truncate orders', { effects: 'truncate orders' }],
    ['grant select on people to public', { effects: 'grant people' }],
    ["comment on column people.email is 'x'", { effects: 'comment people' }],
    ['refresh materialized view mails', { effects: 'maintenance mails' }],
    ["create function app.f() returns int language sql as 'select 1'", { gaps: 'functions and procedures are created outside Gatehouse' }],
  ],
  'Not there': [
    ['select 1 from nope', { effects: 'select', outputs: '?column?', gaps: 'relation "nope" does not exist' }],
    [
      'select nope, p.nope from people p',
      { effects: 'select people', outputs: 'nope, nope', gaps: 'column "nope" does not exist; column p.nope does not exist' },
    ],
    ['select x.email from people', { effects: 'select people', outputs: 'email', gaps: 'missing FROM-clause entry for table "x"' }],
    [
      'select db.app.people.email from people',
      { effects: 'select people', outputs: 'email', gaps: 'this column reference can not be checked' },
    ],
    ['select * from elsewhere.app.people', { effects: 'select', outputs: '* …', gaps: 'a name with a database in it can not be checked' }],
    ['select frobnicate(1)', { effects: 'select', outputs: 'frobnicate', gaps: 'function "frobnicate" does not exist' }],
    ["select 'x'::nope", { effects: 'select', outputs: 'nope', gaps: 'type "nope" does not exist' }],
    [
      'select 1 from pg_stats',
      { effects: 'select pg_stats', outputs: '?column?', gaps: '"pg_stats" shows statistics, statements or secrets of others' },
    ],
    [
      'select query from pg_stat_activity',
      { effects: 'select pg_stat_activity', uses: 'output pg_stat_activity.query', outputs: 'query←pg_stat_activity.query' },
    ],
    ['do $$ begin end $$', { gaps: 'DO runs code that can not be checked' }],
    ['call touch(1)', { opaque: 'public.touch, app.touch' }],
    ['call dynamic(1)', { opaque: 'public.dynamic, app.dynamic' }],
    ['vacuum orders', { effects: 'maintenance orders' }],
    ['alter system set work_mem = 1', { gaps: 'AlterSystem statements are not allowed through Gatehouse' }],
  ],
};

/** Every node of a tree: the objects whose fields are a node's. */
function objectsOf(root: unknown): Record<string, unknown>[] {
  if (typeof root !== 'object' || root === null) return [];
  const inside = Object.values(root).flatMap(objectsOf);
  return Array.isArray(root) || Object.keys(root).every((key) => /^[A-Z]/u.test(key))
    ? inside
    : [root as Record<string, unknown>, ...inside];
}

describe('the analysis of a statement', () => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await Subject.open(18, SCHEMA);
  });
  afterAll(() => subject?.[Symbol.asyncDispose]());
  const names = namesWith({ searchPath: ['app'] });

  test.each(Object.entries(CASES).flatMap(([group, cases]) => cases.map(([sql, facts]) => [group, sql, facts] as const)))(
    '%s: %s',
    async (_, sql, expected) => {
      const { outputs, ...found } = shortly((await subject.analyse(sql, names)).facts);
      expect({ ...found, ...(outputs === undefined || outputs === '-' ? {} : { outputs }) }).toEqual(expected);
    },
  );

  test('a part that no walker follows refuses the statement, wherever it hangs', async () => {
    const hidden: readonly object[] = [
      { FuncCall: { funcname: [{ String: { sval: 'pg_read_file' } }], location: 3 } },
      { RangeVar: { relname: 'people', inh: true, relpersistence: 'p' } },
      { SubLink: { subLinkType: 'EXPR_SUBLINK' } },
      { A_Expr: { kind: 'AEXPR_OP', name: [{ String: { sval: '+' } }], rexpr: { A_Const: {} } } },
    ];
    let places = 0;
    for (const [sql, { gaps }] of Object.values(CASES).flat()) {
      if (gaps !== undefined) continue;
      const { parsed, bytes } = await subject.analyse(sql, names);
      const tokens = new TokenStream(bytes, parsed.tokens);
      const [statement] = parsed.statements;
      if (statement === undefined) throw new Error(sql);
      for (const place of objectsOf(statement.node)) {
        const part = hidden[places % hidden.length];
        Object.assign(place, { unheardOf: part });
        const { catalog, definitions } = subject;
        const { facts } = analyse({ statement, text: bytes, tokens, catalog, session: names, definitions });
        delete place['unheardOf'];
        expect(
          facts.gaps.map(({ what }) => what),
          `${sql}: ${JSON.stringify(place)}`,
        ).toEqual(['a part of this statement can not be checked']);
        places += 1;
      }
    }
    expect(places).toBeGreaterThan(1_000);
  });

  test('result columns have the names that the server gives them', async () => {
    const client = new pg.Client(subject.database.config);
    await client.connect();
    try {
      await client.query('set search_path = app');
      let compared = 0;
      for (const [sql, { gaps }] of Object.values(CASES).flat()) {
        if (gaps !== undefined || !/^(?:select|with|values|table)/u.test(sql)) continue;
        const { facts } = await subject.analyse(sql, names);
        if (!facts.outputsExact) continue;
        const values = Array.from({ length: facts.parameters }, () => null);
        // What the server does not accept has no names: the analysis is not there to find type errors.
        const result = await client.query(values.length > 0 ? { text: sql, values } : sql).catch(() => undefined);
        if (result === undefined) continue;
        expect(
          facts.outputs?.map(({ name }) => name),
          sql,
        ).toEqual(result.fields.map(({ name }) => name));
        compared += 1;
      }
      expect(compared).toBeGreaterThan(50);
    } finally {
      await client.end();
    }
  });
});
