// For a principal from whom nothing is hidden, Gatehouse is not there: the messages that the database sends come through byte for
// byte, whatever the protocol form. Source: masking.md, "Proof" (differential test).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIENT, cstring, message } from '../../proxy/wire/postgres/messages.ts';
import { type Frame, m, type RawClient } from '../../proxy/wire/postgres/testing/raw-client.ts';
import { connectUpstream } from '../../proxy/wire/postgres/upstream.ts';
import { defaultFiles } from '../support/bundle.ts';
import { type CorpusCase, readCanarySchema, readHonestWork } from '../support/corpus.ts';
import { type Access, corpusClassification, startGatehouse, type TestGatehouse } from '../support/gatehouse.ts';
import { createDatabase, type PostgresVersion, startPostgres, type TestPostgres } from '../support/postgres-server.ts';
import { rawClient } from '../support/raw-access.ts';

/** People may do all, and see all without a reason; the classification stays as it is. */
function permissive(): Record<string, string | undefined> {
  const removed = [...defaultFiles().keys()].filter((path) => path.startsWith('policies/')).map((path) => [path, undefined] as const);
  return {
    ...Object.fromEntries(removed),
    'policies/all.cedar':
      '@id("people-do-all")\n@reason("People may do everything here.")\npermit (principal is Person, action, resource);\n',
    'classification.yaml': corpusClassification('postgres'),
  };
}

type Form = 'simple' | 'extended' | 'binary' | 'in parts';

const bindBinary = message(CLIENT.Bind, cstring(''), cstring(''), Buffer.from([0, 0, 0, 0, 0, 1, 0, 1]));

function asked(sql: string, form: Form): Buffer {
  switch (form) {
    case 'simple':
      return m.query(sql);
    case 'extended':
      return Buffer.concat([m.parse('', sql), m.describe('S', ''), m.bind('', ''), m.describe('P', ''), m.execute(''), m.sync]);
    case 'binary':
      return Buffer.concat([m.parse('', sql), bindBinary, m.execute(''), m.sync]);
    case 'in parts':
      return Buffer.concat([
        m.parse('named', sql),
        m.bind('part', 'named'),
        m.execute('part', 2),
        m.execute('part', 3),
        m.execute('part'),
        m.close('P', 'part'),
        m.close('S', 'named'),
        m.sync,
      ]);
  }
}

/** What the database itself says beside what a statement does: errors of data, notices, warnings, tags, settings. */
const OWN: readonly CorpusCase[] = [
  {
    id: 'errors',
    steps: [
      'select 1 / (id - id) from app.orders',
      "select 'x'::int",
      'insert into app.orders select * from app.orders limit 1',
      'select lower(5)',
      "select '2026-02-30'::date",
      "select repeat('x', -1), (select id from app.orders)",
    ],
  },
  { id: 'error-in-transaction', steps: ['begin', "select 'x'::int", 'select 1', 'rollback', 'select 2'] },
  {
    id: 'masked-values',
    steps: [
      'select * from app.customers order by id limit 5',
      "select id from app.customers where email = 'zqxj.mail7@example.test'",
      'select max(ssn), count(distinct phone) from app.customers',
      'select * from app.cards order by pan limit 3',
      'select app.mail_of(5)',
      'table app.parents',
    ],
  },
  {
    id: 'changes',
    steps: [
      'begin',
      'update app.orders set total = total + 1 where id <= 10 returning id, total',
      "insert into app.log values ('x')",
      'delete from app.log',
      'rollback',
    ],
  },
  {
    id: 'error-of-a-table-with-triggers',
    steps: ['begin', "insert into app.customers (id, name, email, region) values (1, 'a', 'b', 'c')", 'rollback'],
  },
  { id: 'warnings', steps: ['commit', 'begin', 'begin', 'rollback'] },
  {
    id: 'notices',
    steps: [
      'drop table if exists app.nothing',
      'begin',
      'create table app.made (id serial primary key)',
      'drop table app.made',
      'rollback',
    ],
  },
  {
    id: 'settings',
    steps: [
      "set datestyle = 'German, DMY'",
      "select date '2026-02-01'",
      "set time zone 'Asia/Tokyo'",
      "select timestamptz '2026-02-01 00:00:00+00'",
      'reset datestyle',
      'show time zone',
      'discard all',
      'show time zone',
    ],
  },
  { id: 'empty', steps: ['', ' ', ' ; ', '-- nothing', 'select', 'select from app.orders limit 2'] },
  { id: 'savepoints', steps: ['begin', 'savepoint a', "select 'x'::int", 'rollback to a', 'select 3', 'release a', 'commit'] },
  {
    id: 'copy',
    steps: ['copy app.customers (id, email) to stdout', 'copy (select 1, null, $$a\tb$$) to stdout', 'copy (select 1/0) to stdout'],
  },
  { id: 'locks', steps: ['begin', 'select id from app.orders where id = 1 for update', 'lock table app.log in share mode', 'commit'] },
  { id: 'large', steps: ["select repeat('0123456789abcdef', 65536) from generate_series(1, 20)"] },
];

/** Object ids of temporary tables are new each time; the path that a session reports has pg_temp at its end. */
function normal(frame: Frame, id: string): string {
  if (frame.type === 'S' && frame.body.toString().startsWith('search_path\0')) return 'S search_path';
  if (frame.type === 'T' && id === 'temp-table') return 'T of a temporary table';
  return `${frame.type} ${frame.body.toString('latin1')}`;
}

async function answers(client: RawClient, { id, steps }: CorpusCase, form: Form): Promise<string[]> {
  const all: string[] = [];
  for (const sql of steps) {
    client.send(asked(sql, form));
    all.push(`> ${sql}`, ...(await client.until()).map((frame) => normal(frame, id)));
  }
  return all;
}

describe.each<{ version: PostgresVersion }>([{ version: 15 }, { version: 18 }])('PostgreSQL $version', ({ version }) => {
  let server: TestPostgres;
  let gatehouse: TestGatehouse;
  let person: Access;
  let bytes = 0;
  let compared = 0;

  beforeAll(async () => {
    server = await startPostgres({ version });
    await createDatabase(server, readCanarySchema('postgres'), 'canary');
    gatehouse = await startGatehouse(permissive());
    await gatehouse.addConnection('canary', server.config('canary'));
    person = gatehouse.person('canary');
  });
  afterAll(async () => {
    console.log(`PostgreSQL ${version}: ${compared} statements, ${bytes} bytes of answers compared`);
    await gatehouse?.close();
    await server?.stop();
  });

  test('the settings that a session reports at its start', async () => {
    const reported = async (access: Access): Promise<[string, string][]> => {
      const upstream = await connectUpstream({ ...access, tls: 'disable' }, 10_000);
      upstream.destroy();
      return [...upstream.parameters].filter(([name]) => name !== 'search_path');
    };
    expect(await reported(person)).toEqual(await reported(server.config('canary')));
  });

  const cases = [...readHonestWork('postgres').filter(({ through }) => through === undefined), ...OWN];

  test.each(cases)('$id', async (one) => {
    // A text of several statements has one form only, and a portal of a command can't be run in parts.
    const reads = one.steps.every((sql) => /^\s*(?:select|with|table|values)\b/iu.test(sql));
    const forms: readonly Form[] =
      one.id === 'multi-read' ? ['simple'] : ['simple', 'extended', 'binary', ...(reads ? (['in parts'] as const) : [])];
    for (const form of forms) {
      using stack = new DisposableStack();
      const through = stack.adopt(await rawClient(person), (client) => client.destroy());
      const direct = stack.adopt(await rawClient(server.config('canary')), (client) => client.destroy());
      const expected = await answers(direct, one, form);
      expect(await answers(through, one, form), form).toEqual(expected);
      compared += one.steps.length;
      bytes += expected.reduce((sum, text) => sum + text.length, 0);
    }
  });
});
