// Completion: what fits at the cursor, from the catalog's index and what the statement says so far. Masked columns are marked.
import type { Completion } from '../../../contracts/ui.ts';
import type { Visibility } from '../../checkpoint/postgres/visibility.ts';
import type { CatalogRelation } from '../../sql/postgres/catalog/catalog.ts';
import type { CompletionIndex } from './completion-index.ts';
import { KEYWORDS, quoteName, STARTS } from './keywords.ts';
import { type StatementContext, statementContext } from './statement-context.ts';

const MAX = 200;
/** The statement around the cursor is looked for in this much text. */
const MAX_TEXT = 200_000;

interface Known {
  readonly alias: string;
  readonly relation: CatalogRelation;
}

export function complete(
  index: CompletionIndex,
  visibility: Visibility,
  path: readonly string[],
  sql: string,
  offset: number,
): Completion[] {
  const from = Math.max(0, offset - MAX_TEXT);
  const context = statementContext(sql.slice(from, offset + MAX_TEXT), offset - from);
  if (context.place === 'none') return [];
  const found = fitting(new Found(index, visibility, path, context), context);
  // What begins as typed stands before what only holds it.
  const word = context.word.toLowerCase();
  const begins = (one: Completion): boolean => one.label.toLowerCase().startsWith(word);
  return word === '' ? found : [...found.filter(begins), ...found.filter((one) => !begins(one))];
}

function fitting(found: Found, context: StatementContext): Completion[] {
  if (context.qualifiers.length > 0) return found.qualified();
  switch (context.place) {
    case 'start':
      return found.keywords(STARTS).list;
    case 'relation':
      return found.ctes().relations().schemas().list;
    case 'join':
      return found.joins().ctes().relations().schemas().keywords(['LATERAL']).list;
    case 'condition':
      return found.conditions().columns().aliases().functions().keywords(KEYWORDS).list;
    default:
      return found.columns().aliases().functions().keywords(KEYWORDS).relations(30).schemas().list;
  }
}

class Found {
  readonly list: Completion[] = [];
  readonly #index: CompletionIndex;
  readonly #visibility: Visibility;
  readonly #path: readonly string[];
  readonly #context: StatementContext;
  readonly #known: readonly Known[];
  readonly #word: string;

  constructor(index: CompletionIndex, visibility: Visibility, path: readonly string[], context: StatementContext) {
    this.#index = index;
    this.#visibility = visibility;
    this.#path = path;
    this.#context = context;
    this.#word = context.word.toLowerCase();
    this.#known = context.relations.flatMap(({ schema, name, alias }) => {
      const relation = index.resolve(schema, name, path);
      return relation === undefined ? [] : [{ alias: alias ?? name, relation }];
    });
  }

  /** Behind a dot: columns of what the name stands for, or relations of a schema. */
  qualified(): Completion[] {
    const [first = '', second] = this.#context.qualifiers;
    const relation =
      second === undefined ? this.#known.find(({ alias }) => alias === first)?.relation : this.#index.catalog.relation(first, second);
    if (relation !== undefined) this.#columnsOf(relation, undefined);
    else if (second === undefined) {
      for (const found of this.#index.relationsOf(first, this.#word, MAX)) this.#push(this.#relation(found, false));
      if (this.list.length === 0) {
        const named = this.#index.resolve(undefined, first, this.#path);
        if (named !== undefined) this.#columnsOf(named, undefined);
      }
    }
    return this.list;
  }

  columns(): this {
    const several = this.#known.length > 1;
    const names = new Map<string, number>();
    for (const { relation } of this.#known) for (const { name } of relation.columns) names.set(name, (names.get(name) ?? 0) + 1);
    for (const { alias, relation } of this.#known)
      this.#columnsOf(relation, several ? (name) => ((names.get(name) ?? 0) > 1 ? alias : undefined) : undefined);
    return this;
  }

  aliases(): this {
    for (const { alias, relation } of this.#known) {
      if (this.#fits(alias))
        this.#push({ label: alias, kind: 'table', detail: `${relation.schema}.${relation.name}`, insert: quoteName(alias) });
    }
    return this;
  }

  ctes(): this {
    for (const name of this.#context.ctes)
      if (this.#fits(name)) this.#push({ label: name, kind: 'table', detail: 'with', insert: quoteName(name) });
    return this;
  }

  relations(limit = MAX): this {
    for (const relation of this.#index.relations(this.#word, limit)) this.#push(this.#relation(relation, true));
    return this;
  }

  schemas(): this {
    for (const schema of this.#index.schemas)
      if (this.#fits(schema)) this.#push({ label: schema, kind: 'schema', insert: `${quoteName(schema)}.` });
    return this;
  }

  functions(): this {
    if (this.#word.length === 0) return this;
    for (const name of this.#index.functions(this.#word, 50)) this.#push({ label: name, kind: 'function', insert: `${name}(` });
    return this;
  }

  keywords(words: readonly string[]): this {
    const upper = this.#context.word === this.#context.word.toUpperCase();
    for (const word of words) {
      if (this.#fits(word)) this.#push({ label: word, kind: 'keyword', insert: upper ? word : word.toLowerCase() });
    }
    return this;
  }

  /** Relations that a foreign key ties to one that is there already, with the condition. */
  joins(): this {
    const used = new Set(this.#known.map(({ alias }) => alias));
    for (const { alias, relation } of this.#known) {
      for (const key of this.#index.foreignKeysOf(relation.oid)) {
        const outgoing = key.from === relation.oid;
        const other = this.#index.catalog.relationByOid(outgoing ? key.to : key.from);
        if (other === undefined || !this.#fits(other.name)) continue;
        const name = freeAlias(other.name, used);
        const condition = keyCondition(
          { alias, relation, attributes: outgoing ? key.fromAttributes : key.toAttributes },
          { alias: name, relation: other, attributes: outgoing ? key.toAttributes : key.fromAttributes },
        );
        const place = this.#placeOf(other);
        const insert = `${place}${name === other.name ? '' : ` ${quoteName(name)}`} ON ${condition}`;
        this.#push({ label: `${other.name} on ${condition}`, kind: 'join', detail: `${other.schema}.${other.name}`, insert });
      }
    }
    return this;
  }

  /** Conditions by foreign keys between the last relation and those before it. */
  conditions(): this {
    const last = this.#known.at(-1);
    if (last === undefined) return this;
    for (const other of this.#known.slice(0, -1)) {
      for (const key of this.#index.foreignKeysOf(last.relation.oid)) {
        const outgoing = key.from === last.relation.oid;
        if ((outgoing ? key.to : key.from) !== other.relation.oid) continue;
        const condition = keyCondition(
          { ...other, attributes: outgoing ? key.toAttributes : key.fromAttributes },
          { ...last, attributes: outgoing ? key.fromAttributes : key.toAttributes },
        );
        if (this.#fits(condition)) this.#push({ label: condition, kind: 'join', detail: 'foreign key', insert: condition });
      }
    }
    return this;
  }

  #columnsOf(relation: CatalogRelation, qualifier: ((name: string) => string | undefined) | undefined): void {
    for (const { column, masked } of this.#visibility.columns(relation)) {
      if (!this.#fits(column.name)) continue;
      const alias = qualifier?.(column.name);
      const insert = alias === undefined ? quoteName(column.name) : `${quoteName(alias)}.${quoteName(column.name)}`;
      const label = alias === undefined ? column.name : `${alias}.${column.name}`;
      this.#push({ label, kind: 'column', detail: `${column.typeText} · ${relation.name}`, insert, ...(masked ? { masked: true } : {}) });
    }
  }

  #relation(relation: CatalogRelation, qualify: boolean): Completion {
    const kind = relation.kind === 'view' || relation.kind === 'materialized' ? 'view' : 'table';
    return { label: relation.name, kind, detail: relation.schema, insert: qualify ? this.#placeOf(relation) : quoteName(relation.name) };
  }

  /** With its schema where the search path would find another or none. */
  #placeOf(relation: CatalogRelation): string {
    const found = this.#index.resolve(undefined, relation.name, this.#path);
    return found === relation ? quoteName(relation.name) : `${quoteName(relation.schema)}.${quoteName(relation.name)}`;
  }

  #fits(name: string): boolean {
    const lower = name.toLowerCase();
    return lower.startsWith(this.#word) || (this.#word.length > 1 && lower.includes(this.#word));
  }

  #push(completion: Completion): void {
    if (this.list.length < MAX) this.list.push(completion);
  }
}

interface KeySide extends Known {
  readonly attributes: readonly number[];
}

function keyCondition(left: KeySide, right: KeySide): string {
  const name = ({ alias, relation, attributes }: KeySide, i: number): string =>
    `${quoteName(alias)}.${quoteName(relation.columns.find(({ attribute }) => attribute === attributes[i])?.name ?? '')}`;
  return left.attributes.map((_, i) => `${name(right, i)} = ${name(left, i)}`).join(' AND ');
}

function freeAlias(name: string, used: ReadonlySet<string>): string {
  let free = name;
  for (let i = 2; used.has(free); i += 1) free = `${name}_${i}`;
  return free;
}
