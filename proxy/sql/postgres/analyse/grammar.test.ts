// Compares the walkers' tables with the grammar: the union `Node` of @pgsql/types, read from its declarations.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { expect, test } from 'vitest';
import { EXPRESSIONS } from './expression.ts';
import { FROM_ITEMS } from './from.ts';
import { NEVER_RAW, PARTS, PARTS_OF_REFUSED, REFUSED_BY_HEAD } from './grammar.ts';
import { REFUSED_STATEMENTS, STATEMENTS } from './statement.ts';

const path = join(dirname(createRequire(import.meta.url).resolve('@pgsql/types/package.json')), 'types.d.ts');

/** The keys of the union `Node`. */
function nodeTypes(): string[] {
  const { program, errors } = parseSync(path, readFileSync(path, 'utf8'));
  expect(errors).toEqual([]);
  for (const statement of program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : undefined;
    if (declaration?.type !== 'TSTypeAliasDeclaration' || declaration.id.name !== 'Node') continue;
    const union = declaration.typeAnnotation;
    if (union.type !== 'TSUnionType') break;
    return union.types.flatMap((one) =>
      one.type === 'TSTypeLiteral'
        ? one.members.flatMap((member) =>
            member.type === 'TSPropertySignature' && member.key.type === 'Identifier' ? [member.key.name] : [],
          )
        : [],
    );
  }
  return [];
}

const LISTS: Readonly<Record<string, readonly string[]>> = {
  STATEMENTS: Object.keys(STATEMENTS),
  REFUSED_STATEMENTS: Object.keys(REFUSED_STATEMENTS),
  REFUSED_BY_HEAD,
  EXPRESSIONS: Object.keys(EXPRESSIONS),
  FROM_ITEMS: Object.keys(FROM_ITEMS),
  PARTS,
  PARTS_OF_REFUSED,
  NEVER_RAW,
};

test('every node type of the grammar is in exactly one list', () => {
  const types = nodeTypes();
  expect(types.length).toBeGreaterThan(250);
  const places = Object.fromEntries(types.map((type) => [type, Object.keys(LISTS).filter((list) => LISTS[list]?.includes(type))]));
  expect(Object.fromEntries(Object.entries(places).filter(([, lists]) => lists.length !== 1))).toEqual({});
});

test('no list holds a name that the grammar does not have, or a name twice', () => {
  const types = new Set(nodeTypes());
  for (const [list, names] of Object.entries(LISTS)) {
    expect(names.filter((name) => !types.has(name), list)).toEqual([]);
    expect(new Set(names).size, list).toBe(names.length);
  }
});
