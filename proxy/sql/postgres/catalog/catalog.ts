// A snapshot of what the database holds, as far as judging a statement needs it. Immutable once built; look-ups only.
// Read by catalog-load.ts over a service session.

export interface CatalogColumn {
  readonly name: string;
  readonly attribute: number;
  readonly typeOid: number;
  /** As `format_type` prints it: usable in a cast. */
  readonly typeText: string;
  readonly notNull: boolean;
  /** The expression of a generated column, as the server prints it. */
  readonly generated?: string;
}

export type RelationKind = 'table' | 'partitioned' | 'view' | 'materialized' | 'foreign' | 'sequence' | 'composite' | 'index' | 'toast';

export interface CatalogRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly columns: readonly CatalogColumn[];
  /** Attribute numbers of the primary key; empty without one. */
  readonly primaryKey: readonly number[];
  /** Oids of inheritance or partition parents and children. */
  readonly parents: readonly number[];
  readonly children: readonly number[];
  /** `pg_get_viewdef` of views and materialised views. */
  readonly definition?: string;
  /** User triggers or rules run code of their own when rows change. */
  readonly runsCode: boolean;
}

export interface CatalogRoutine {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'function' | 'procedure' | 'aggregate' | 'window';
  readonly language: string;
  /** SQL text of a `language sql` body (also of BEGIN ATOMIC bodies); absent otherwise. */
  readonly body?: string;
  readonly argumentNames: readonly string[];
  readonly argumentCount: number;
  readonly defaults: number;
  /** The expressions of the defaults, separated by commas, as the server prints them. */
  readonly defaultValues?: string;
  readonly variadic: boolean;
  /** `set search_path` and the like travel with the function and change how its body is read. */
  readonly hasSettings: boolean;
  readonly returnsSet: boolean;
  readonly returnTypeOid: number;
  /** Immutable and installed by an extension: code that the database's owner chose, without side effects. */
  readonly pureExtension: boolean;
}

export interface CatalogType {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_type.typtype: b base, c composite, d domain, e enum, p pseudo, r range, m multirange. */
  readonly kind: string;
  readonly baseOid: number;
  readonly elementOid: number;
  /** pg_type.typcategory. */
  readonly category: string;
  readonly hasChecks: boolean;
}

export interface ForeignKey {
  readonly from: number;
  readonly fromAttributes: readonly number[];
  readonly to: number;
  readonly toAttributes: readonly number[];
}

export interface CatalogParts {
  readonly serverVersion: number;
  /** The role that sessions run as; absent where no session is meant. */
  readonly role?: string;
  readonly relations: readonly CatalogRelation[];
  /** Outside pg_catalog and information_schema. */
  readonly routines: readonly CatalogRoutine[];
  /** Every function name of pg_catalog. */
  readonly builtinFunctions: readonly string[];
  readonly types: readonly CatalogType[];
  /** Schemas that the role may use; the server passes over others in search_path. */
  readonly schemas: readonly string[];
  /** Names of operators that users have defined. */
  readonly userOperators: readonly string[];
  /** Target type oids of casts that run a user's function. */
  readonly userCastTargets: readonly number[];
  readonly foreignKeys: readonly ForeignKey[];
}

const key = (schema: string, name: string): string => `${schema}\u0000${name}`;

export class Catalog {
  /** Distinguishes snapshots in cache keys. */
  readonly version: number;
  readonly parts: CatalogParts;
  readonly #byName = new Map<string, CatalogRelation>();
  readonly #byOid = new Map<number, CatalogRelation>();
  readonly #routines = new Map<string, CatalogRoutine[]>();
  readonly #types = new Map<string, CatalogType>();
  readonly #typesByOid = new Map<number, CatalogType>();
  readonly #schemas: ReadonlySet<string>;
  readonly #operators: ReadonlySet<string>;
  readonly #casts: ReadonlySet<number>;
  readonly #relationNames = new Set<string>();
  readonly #routineNames = new Set<string>();
  readonly #builtinFunctions: ReadonlySet<string>;

  constructor(version: number, parts: CatalogParts) {
    this.version = version;
    this.parts = parts;
    for (const relation of parts.relations) {
      this.#byName.set(key(relation.schema, relation.name), relation);
      this.#byOid.set(relation.oid, relation);
      this.#relationNames.add(relation.name);
    }
    for (const routine of parts.routines) {
      this.#routineNames.add(routine.name);
      const at = key(routine.schema, routine.name);
      const same = this.#routines.get(at);
      if (same === undefined) this.#routines.set(at, [routine]);
      else same.push(routine);
    }
    for (const type of parts.types) {
      this.#types.set(key(type.schema, type.name), type);
      this.#typesByOid.set(type.oid, type);
    }
    this.#builtinFunctions = new Set(parts.builtinFunctions);
    this.#schemas = new Set(parts.schemas);
    this.#operators = new Set(parts.userOperators);
    this.#casts = new Set(parts.userCastTargets);
  }

  relation(schema: string, name: string): CatalogRelation | undefined {
    return this.#byName.get(key(schema, name));
  }

  relationByOid(oid: number): CatalogRelation | undefined {
    return this.#byOid.get(oid);
  }

  /** Does any schema hold a relation of that name? */
  hasRelationNamed(name: string): boolean {
    return this.#relationNames.has(name);
  }

  routines(schema: string, name: string): readonly CatalogRoutine[] {
    return this.#routines.get(key(schema, name)) ?? [];
  }

  /** User routines of that name in any schema. */
  hasRoutineNamed(name: string): boolean {
    return this.#routineNames.has(name);
  }

  isBuiltinFunction(name: string): boolean {
    return this.#builtinFunctions.has(name);
  }

  type(schema: string, name: string): CatalogType | undefined {
    return this.#types.get(key(schema, name));
  }

  typeByOid(oid: number): CatalogType | undefined {
    return this.#typesByOid.get(oid);
  }

  hasSchema(name: string): boolean {
    return this.#schemas.has(name);
  }

  isUserOperator(name: string): boolean {
    return this.#operators.has(name);
  }

  castRunsUserCode(targetOid: number): boolean {
    return this.#casts.has(targetOid);
  }
}

/** Was this made by a user, whatever schema it stands in? */
export const isUserObject = (oid: number): boolean => oid >= 16384;

/** Relations that belong to the server itself. */
export const isSystemSchema = (schema: string): boolean =>
  schema === 'pg_catalog' || schema === 'information_schema' || schema === 'pg_toast';
