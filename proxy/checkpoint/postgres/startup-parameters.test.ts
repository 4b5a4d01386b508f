import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ParserPool } from '../../sql/postgres/parse/parser-pool.ts';
import { startupStatements } from './startup-parameters.ts';

const of = (parameters: Record<string, string>, application?: string): readonly string[] | string => {
  const found = startupStatements(new Map(Object.entries(parameters)), application);
  return found.kind === 'statements' ? found.statements : found.what;
};

describe('startup parameters', () => {
  test.each<[Record<string, string>, readonly string[]]>([
    [{}, []],
    [{ TimeZone: 'Europe/Berlin' }, ["SET TimeZone = 'Europe/Berlin'"]],
    [{ search_path: 'app, "Odd ""x"", y",public' }, []],
    [{ search_path: 'app, "Odd""x" ,public' }, ['SET search_path = app, "Odd""x", public']],
    [{ client_encoding: 'UTF8' }, []],
    [{ client_encoding: "'utf-8'" }, []],
    [{ extra_float_digits: '3', DateStyle: 'ISO' }, ["SET extra_float_digits = '3'", "SET DateStyle = 'ISO'"]],
    [
      { options: '-c statement_timeout=5s --work-mem=4MB -cjit=off' },
      ["SET statement_timeout = '5s'", "SET work_mem = '4MB'", "SET jit = 'off'"],
    ],
    [{ options: "-c application_name=a\\ b\\\\c'd" }, ["SET application_name = 'a b\\c''d'"]],
    [{ options: '  ' }, []],
    [{ 'my.setting': "x'y" }, ["SET my.setting = 'x''y'"]],
  ])('%j', (parameters, statements) => {
    if (parameters['search_path']?.includes('y"') === true) expect(of(parameters)).toContain('not understood');
    else expect(of(parameters)).toEqual(statements);
  });

  test('the application name is cut as the server cuts it', () => {
    expect(of({}, 'x'.repeat(100))).toEqual([`SET application_name = '${'x'.repeat(63)}'`]);
    expect(of({}, '')).toEqual([]);
  });

  test.each<[Record<string, string>, string]>([
    [{ client_encoding: 'LATIN1' }, 'client_encoding must be UTF8'],
    [{ options: '-c client_encoding=SJIS' }, 'client_encoding must be UTF8'],
    [{ options: '-c' }, 'may only hold'],
    [{ options: '-c x' }, 'may only hold'],
    [{ options: '-d 5' }, 'may only hold'],
    [{ options: 'app' }, 'may only hold'],
    [{ 'a; drop table t': 'x' }, 'not understood'],
    [{ search_path: "app'; drop table t --" }, 'not understood'],
    [{ search_path: '' }, 'not understood'],
  ])('%j is refused', (parameters, why) => {
    expect(of(parameters)).toContain(why);
  });

  test('whatever is in them, each becomes one SET statement or none', async () => {
    const parser = new ParserPool(1);
    try {
      const name = fc.oneof(fc.constantFrom('search_path', 'options', 'TimeZone', 'application_name', 'my.x'), fc.string({ maxLength: 8 }));
      const value = fc.oneof(
        fc.string({ maxLength: 20 }),
        fc
          .array(fc.constantFrom("'", '"', '\\', ' ', '-c ', 'a=', ';', '--', 'b', ',', '$$'), { maxLength: 12 })
          .map((parts) => parts.join('')),
      );
      await fc.assert(
        fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 4 }), fc.string({ maxLength: 20 }), async (parameters, application) => {
          const found = startupStatements(new Map(Object.entries(parameters)), application);
          if (found.kind === 'refused') return;
          for (const statement of found.statements) {
            if (statement.includes('\0')) continue;
            const outcome = await parser.parse(statement, Buffer.byteLength(statement));
            expect(outcome.kind === 'parsed' ? outcome.parsed.statements.map(({ type }) => type) : statement).toEqual(['VariableSetStmt']);
          }
        }),
        { numRuns: 300 },
      );
    } finally {
      await parser.close();
    }
  });
});
