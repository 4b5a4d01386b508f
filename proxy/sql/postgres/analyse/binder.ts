// The working state of one statement's analysis: what it reads (catalog, session names, text) and what it has found.
// The walkers of this folder are functions over it.
import type { Action, ColumnUse, Effect } from '../../analysis.ts';
import type { Catalog, CatalogRelation, CatalogType } from '../catalog/catalog.ts';
import { isSystemSchema, isUserObject } from '../catalog/catalog.ts';
import { isStatementHistory, readingOfSystemRelation } from '../catalog/system-relations.ts';
import type { Node, NodeOf, ParseOutcome } from '../parse/parsed.ts';
import { as } from '../parse/parsed.ts';
import type { TokenStream } from '../parse/tokens.ts';
import type { StatementFacts } from './facts.ts';
import type { Lineage } from './lineage.ts';
import { CLEAR } from './lineage.ts';
import type { Scope, ScopeColumn } from './scope.ts';

/** What names mean in the session besides the catalog. */
export interface SessionNames {
  /** Effective schemas in order, without the implicit pg_catalog (first) and pg_temp (last). */
  readonly searchPath: readonly string[];
  readonly temporary: ReadonlyMap<string, CatalogRelation>;
  readonly prepared: ReadonlySet<string>;
  readonly cursors: ReadonlySet<string>;
}

/** The columns of a query's result. `exact` is false when `*` of an open relation hides their number. */
export interface QueryColumns {
  readonly columns: readonly ScopeColumn[];
  readonly exact: boolean;
}

export interface Walkers {
  readonly query: (binder: Binder, node: Node, parent: Scope | undefined) => QueryColumns;
  readonly expression: (binder: Binder, node: Node | undefined, scope: Scope, use: ColumnUse) => Lineage;
  readonly statement: (binder: Binder, node: Node, parent: Scope | undefined) => void;
}

export interface BinderInput {
  readonly catalog: Catalog;
  readonly session: SessionNames;
  readonly text: Buffer;
  readonly tokens: TokenStream;
  readonly facts: StatementFacts;
  /** Parsed bodies of SQL functions and view definitions, by text. */
  readonly definitions: ReadonlyMap<string, ParseOutcome>;
  /** Texts that must be parsed before the analysis can be complete. */
  readonly needs: Set<string>;
  readonly walkers: Walkers;
  /** Nesting of SQL function bodies. */
  readonly depth: number;
}

export class Binder {
  readonly catalog: Catalog;
  readonly session: SessionNames;
  readonly text: Buffer;
  readonly tokens: TokenStream;
  readonly facts: StatementFacts;
  readonly definitions: ReadonlyMap<string, ParseOutcome>;
  readonly needs: Set<string>;
  readonly walkers: Walkers;
  readonly depth: number;
  /** Nodes of the syntax tree that a walker has looked at; see accounting.ts. */
  readonly seen = new Set<object>();

  constructor(input: BinderInput) {
    this.catalog = input.catalog;
    this.session = input.session;
    this.text = input.text;
    this.tokens = input.tokens;
    this.facts = input.facts;
    this.definitions = input.definitions;
    this.needs = input.needs;
    this.walkers = input.walkers;
    this.depth = input.depth;
  }

  query(node: Node, parent: Scope | undefined): QueryColumns {
    return this.walkers.query(this, node, parent);
  }

  expression(node: Node | undefined, scope: Scope, use: ColumnUse): Lineage {
    return node === undefined ? CLEAR : this.walkers.expression(this, node, scope, use);
  }

  gap(what: string, position?: number, extra: { sqlstate?: string; stale?: boolean } = {}): void {
    if (this.facts.gaps.length < 20) this.facts.gaps.push({ what, position, ...extra });
  }

  effect(action: Action, relation?: CatalogRelation, extra: Partial<Effect> = {}): void {
    const same = this.facts.effects.some(
      (known) =>
        known.action === action &&
        known.relation?.name === relation?.name &&
        known.relation?.schema === relation?.schema &&
        known.routine?.name === extra.routine?.name &&
        known.rows === extra.rows,
    );
    if (same) return;
    this.facts.effects.push({ action, ...(relation === undefined ? {} : { relation: relationName(relation) }), ...extra });
  }

  /** Records that the values behind `lineage` are used in a way that lets an observer infer them. */
  use(lineage: Lineage, use: ColumnUse, position?: number): void {
    for (const source of lineage) {
      if (!this.facts.usages.some((known) => known.source === source && known.use === use)) {
        this.facts.usages.push({ source, use, position });
      }
    }
  }

  /** Resolves a relation's name as the server does with pg_temp last; records a gap and answers undefined when it can't. */
  relation(range: NodeOf<'RangeVar'>): CatalogRelation | undefined {
    this.seen.add(range);
    const name = range.relname ?? '';
    const position = range.location ?? 0;
    if (range.catalogname !== undefined) {
      this.gap('a name with a database in it can not be checked', position);
      return undefined;
    }
    const found = this.findRelation(range.schemaname, name);
    const shown = range.schemaname === undefined ? name : `${range.schemaname}.${name}`;
    if (found === undefined) {
      this.gap(`relation "${shown}" does not exist`, position, { sqlstate: '42P01', stale: true });
      return undefined;
    }
    if (found.kind === 'composite' || found.kind === 'index' || found.kind === 'toast') {
      this.gap(`"${shown}" can not be read`, position, { sqlstate: '42809' });
      return undefined;
    }
    if (isSystemSchema(found.schema) && isUserObject(found.oid)) {
      this.gap(`"${shown}" is not the server's own, though it stands in a schema of the server`, position);
    } else if (
      isSystemSchema(found.schema) ? readingOfSystemRelation(found.schema, found.name) === 'refused' : isStatementHistory(found.name)
    ) {
      this.gap(`"${shown}" shows statistics, statements or secrets of others`, position);
    }
    return found;
  }

  findRelation(schema: string | undefined, name: string): CatalogRelation | undefined {
    if (schema !== undefined) {
      if (schema === 'pg_temp' || schema.startsWith('pg_temp_')) return this.session.temporary.get(name);
      return this.catalog.relation(schema, name);
    }
    const system = this.catalog.relation('pg_catalog', name);
    if (system !== undefined) return system;
    for (const path of this.session.searchPath) {
      const found = this.catalog.hasSchema(path) ? this.catalog.relation(path, name) : undefined;
      if (found !== undefined) return found;
    }
    return this.session.temporary.get(name);
  }

  /** Resolves a type's name; undefined when no such type is known. */
  type(names: readonly string[]): CatalogType | undefined {
    const [first, second] = names;
    if (first === undefined || names.length > 2) return undefined;
    if (second !== undefined) return this.catalog.type(first, second);
    for (const schema of ['pg_catalog', ...this.session.searchPath]) {
      const found = this.catalog.type(schema, first);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

export function relationName(relation: CatalogRelation): { schema: string; name: string; temporary?: boolean } {
  return relation.schema === 'pg_temp'
    ? { schema: relation.schema, name: relation.name, temporary: true }
    : { schema: relation.schema, name: relation.name };
}

/** The text of a constant, when the node is one (a cast around it is looked through). */
export function constantText(node: Node | undefined): string | undefined {
  const cast = as(node, 'TypeCast');
  if (cast !== undefined) return constantText(cast.arg);
  const constant = as(node, 'A_Const');
  if (constant === undefined) return undefined;
  if (constant.sval !== undefined) return constant.sval.sval ?? '';
  if (constant.ival !== undefined) return String(constant.ival.ival ?? 0);
  if (constant.fval !== undefined) return constant.fval.fval;
  if (constant.boolval !== undefined) return String(constant.boolval.boolval ?? false);
  return undefined;
}
