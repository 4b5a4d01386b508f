// Which columns a principal sees under which mask: tags of the column and of all it is made of, a `reveal` question for
// each tagged column, and the SQL expression of the mask. Answers are kept per catalog snapshot and policy.
import type { Answer, ConnectionFacts, PolicyEngine } from '../../policy/engine.ts';
import { DerivedColumns } from '../../sql/postgres/analyse/derived.ts';
import type { SourceColumn } from '../../sql/postgres/analyse/lineage.ts';
import { sourceOf } from '../../sql/postgres/analyse/lineage.ts';
import { type Catalog, type CatalogRelation, isSystemSchema } from '../../sql/postgres/catalog/catalog.ts';
import type { ParseOutcome } from '../../sql/postgres/parse/parsed.ts';
import { type MaskedColumn, maskColumn, quoteIdentifier } from '../../sql/postgres/rewrite/mask-expression.ts';
import type { MaskOf } from '../../sql/postgres/rewrite/rewrite.ts';

export interface MaskInput {
  readonly catalog: Catalog;
  readonly definitions: ReadonlyMap<string, ParseOutcome>;
  readonly policy: PolicyEngine;
  readonly connection: ConnectionFacts;
  /** Asks whether the principal may see the clear value. */
  readonly reveal: (source: SourceColumn, tags: readonly string[]) => Answer;
}

/** Tag of what is made of tagged columns in a way that no tag's own mask fits. */
const DERIVED = 'derived';

export class MaskResolver {
  readonly #input: MaskInput;
  readonly #derived: DerivedColumns;
  readonly #tags = new Map<SourceColumn, readonly string[]>();
  readonly #masks = new Map<SourceColumn, MaskedColumn | undefined>();
  readonly #answers = new Map<SourceColumn, Answer>();
  #any: boolean | undefined;

  constructor(input: MaskInput) {
    this.#input = input;
    this.#derived = new DerivedColumns(input.catalog, input.definitions, (routine) =>
      input.policy.isCleanFunction(input.connection, routine),
    );
  }

  /** Definitions that must be parsed before the answers given so far are final. */
  get needs(): ReadonlySet<string> {
    return this.#derived.needs;
  }

  /** To be called when what was needed has been parsed: answers given meanwhile are forgotten. */
  retry(): void {
    this.#derived.needs.clear();
    this.#tags.clear();
    this.#masks.clear();
    this.#any = undefined;
  }

  tagsOf(source: SourceColumn): readonly string[] {
    const known = this.#tags.get(source);
    if (known !== undefined) return known;
    const found = this.#findTags(source);
    this.#tags.set(source, found);
    return found;
  }

  #findTags(source: SourceColumn): readonly string[] {
    if (isSystemSchema(source.relation.schema) || source.relation.schema === 'pg_temp') return [];
    const { policy, connection, catalog } = this.#input;
    const own = (column: SourceColumn): readonly string[] =>
      policy.tagsOf(
        connection,
        { relation: { schema: column.relation.schema, name: column.relation.name }, column: column.column.name },
        catalog.typeByOid(column.column.typeOid)?.name,
      );
    const bases = this.#derived.bases(source);
    const tags = new Set(own(source));
    for (const base of bases.columns) for (const tag of own(base)) tags.add(tag);
    if (bases.unknown) tags.add(DERIVED);
    return [...tags];
  }

  /** The mask of a column for this principal; undefined when the value may be seen. */
  readonly maskOf: MaskOf = (source) => {
    if (this.#masks.has(source)) return this.#masks.get(source);
    const found = this.#findMask(source);
    this.#masks.set(source, found);
    return found;
  };

  #findMask(source: SourceColumn): MaskedColumn | undefined {
    const tags = this.tagsOf(source);
    const { policy, catalog } = this.#input;
    if (!policy.hides(tags)) return undefined;
    const answer = this.#input.reveal(source, tags);
    if (answer.kind === 'allow') return undefined;
    this.#answers.set(source, answer);
    // A value that is computed from tagged ones has no shape that a tag's own mask would fit.
    const plain = this.#derived.bases(source).direct !== undefined && source.column.generated === undefined;
    const mask = policy.maskFor(plain ? tags : [...tags, DERIVED]);
    const type = catalog.typeByOid(source.column.typeOid);
    const base = type?.kind === 'd' ? catalog.typeByOid(type.baseOid) : type;
    if (base === undefined) return { sql: `null::${source.column.typeText}`, keepsNull: false };
    return maskColumn(
      mask,
      source.column,
      base,
      quoteIdentifier(source.column.name),
      type?.hasChecks === true || (type?.kind === 'd' && base.kind === 'd'),
    );
  }

  /** What policy said of a column that is masked; to be asked after `maskOf`. */
  whyMasked(source: SourceColumn): Answer | undefined {
    return this.maskOf(source) === undefined ? undefined : this.#answers.get(source);
  }

  /** Is any of the relation's columns masked? */
  isGoverned(relation: CatalogRelation): boolean {
    return relation.columns.some((column) => this.maskOf(sourceOf(relation, column)) !== undefined);
  }

  /** Could an error raised while it is read quote a masked value? So for a view that only looks at one in a condition. */
  mayQuote(relation: CatalogRelation): boolean {
    if (this.isGoverned(relation)) return true;
    const { relations, unknown } = this.#derived.readBy(relation);
    return unknown || [...relations].some((read) => this.isGoverned(read));
  }

  /** Is anything in the database masked for this principal? Looks at every relation once. */
  get masksAnything(): boolean {
    this.#any ??= this.#input.catalog.parts.relations.some((relation) => !isSystemSchema(relation.schema) && this.isGoverned(relation));
    return this.#any;
  }
}
