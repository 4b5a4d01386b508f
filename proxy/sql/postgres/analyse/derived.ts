// What a column is made of: views and materialised views inherit from their definitions, partitions and children from each
// other, generated columns from their expression, foreign keys from what they refer to. Source: design, "Masking", 4.
import type { Catalog, CatalogRelation } from '../catalog/catalog.ts';
import type { ParseOutcome } from '../parse/parsed.ts';
import { TokenStream } from '../parse/tokens.ts';
import { analyse } from './analyse.ts';
import { isOthersColumn, type SourceColumn, sourceOf } from './lineage.ts';

export interface Bases {
  /** Table columns that the value may depend on, including the column itself when it is one. */
  readonly columns: ReadonlySet<SourceColumn>;
  /** Set when the value is that one table column's, unchanged. */
  readonly direct: SourceColumn | undefined;
  /** The definition could not be analysed: the column counts as sensitive. */
  readonly unknown: boolean;
}

interface ViewOutputs {
  /** Relations that the definition reads. */
  readonly reads: readonly CatalogRelation[];
  readonly outputs: readonly { readonly lineage: ReadonlySet<SourceColumn>; readonly direct?: SourceColumn }[];
  readonly unknown: boolean;
}

const NO_NAMES = { searchPath: [], temporary: new Map(), prepared: new Set<string>(), cursors: new Set<string>() };
const UNKNOWN: Bases = { columns: new Set(), direct: undefined, unknown: true };

export class DerivedColumns {
  readonly #catalog: Catalog;
  readonly #definitions: ReadonlyMap<string, ParseOutcome>;
  readonly #isClean: (routine: { schema: string; name: string }) => boolean;
  readonly #known = new Map<SourceColumn, Bases>();
  readonly #views = new Map<CatalogRelation, ViewOutputs>();
  /** Counts answers that wait for a definition: what was found meanwhile is not final. */
  #missing = 0;
  /** Definitions that have to be parsed before answers are final. */
  readonly needs = new Set<string>();

  constructor(
    catalog: Catalog,
    definitions: ReadonlyMap<string, ParseOutcome>,
    isClean: (routine: { schema: string; name: string }) => boolean,
  ) {
    this.#catalog = catalog;
    this.#definitions = definitions;
    this.#isClean = isClean;
  }

  bases(source: SourceColumn): Bases {
    const known = this.#known.get(source);
    if (known !== undefined) return known;
    // Invariant: a cycle ends at what is known so far, which is the column itself.
    this.#known.set(source, { columns: new Set([source]), direct: source, unknown: false });
    const before = this.#missing;
    const found = source.relation.definition === undefined ? this.#ofTable(source) : this.#ofView(source);
    if (this.#missing > before) this.#known.delete(source);
    else this.#known.set(source, found);
    return found;
  }

  #ofTable(source: SourceColumn): Bases {
    const columns = new Set<SourceColumn>([source]);
    let unknown = false;
    for (const relative of this.#relatives(source.relation)) {
      const column = relative.columns.find((each) => each.name === source.column.name);
      if (column !== undefined) columns.add(sourceOf(relative, column));
    }
    for (const key of this.#catalog.parts.foreignKeys) {
      const at = key.from === source.relation.oid ? key.fromAttributes.indexOf(source.column.attribute) : -1;
      const referred = at < 0 ? undefined : this.#catalog.relationByOid(key.to);
      const column = referred?.columns.find((each) => each.attribute === key.toAttributes[at]);
      if (referred !== undefined && column !== undefined)
        for (const base of this.bases(sourceOf(referred, column)).columns) columns.add(base);
    }
    const { generated } = source.column;
    if (generated !== undefined) {
      const { relation } = source;
      const text = `select ${generated} from "${relation.schema.replaceAll('"', '""')}"."${relation.name.replaceAll('"', '""')}"`;
      const view = this.#analyse(text);
      unknown ||= view.unknown;
      for (const output of view.outputs) for (const base of output.lineage) columns.add(base);
    }
    return { columns, direct: source, unknown };
  }

  /** Parents and children, transitively, both ways. */
  #relatives(relation: CatalogRelation): CatalogRelation[] {
    const found = new Map<number, CatalogRelation>();
    const queue = [relation];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      for (const oid of [...next.parents, ...next.children]) {
        const relative = this.#catalog.relationByOid(oid);
        if (relative !== undefined && !found.has(oid) && oid !== relation.oid) {
          found.set(oid, relative);
          queue.push(relative);
        }
      }
    }
    return [...found.values()];
  }

  #ofView(source: SourceColumn): Bases {
    const view = this.#viewOutputs(source.relation);
    if (view.unknown) return UNKNOWN;
    const output = view.outputs[source.relation.columns.indexOf(source.column)];
    if (output === undefined) return UNKNOWN;
    const columns = new Set<SourceColumn>();
    let unknown = false;
    for (const part of output.lineage) {
      const bases = this.bases(part);
      unknown ||= bases.unknown || isOthersColumn(part);
      for (const base of bases.columns) columns.add(base);
    }
    return { columns, direct: output.direct === undefined ? undefined : this.bases(output.direct).direct, unknown };
  }

  /** The relation and all that its definition reads, however deep; `unknown` when a definition can't be followed. */
  readBy(relation: CatalogRelation): { readonly relations: ReadonlySet<CatalogRelation>; readonly unknown: boolean } {
    const relations = new Set([relation]);
    let unknown = false;
    // A set takes what is added while it is walked.
    for (const one of relations) {
      if (one.definition === undefined) continue;
      const view = this.#viewOutputs(one);
      unknown ||= view.unknown;
      for (const read of view.reads) relations.add(read);
    }
    return { relations, unknown };
  }

  #viewOutputs(relation: CatalogRelation): ViewOutputs {
    const known = this.#views.get(relation);
    if (known !== undefined) return known;
    const before = this.#missing;
    const found = this.#analyse(relation.definition ?? '');
    if (this.#missing === before) this.#views.set(relation, found);
    return found;
  }

  #analyse(text: string): ViewOutputs {
    const outcome = this.#definitions.get(text);
    if (outcome === undefined) {
      this.needs.add(text);
      this.#missing += 1;
      return { reads: [], outputs: [], unknown: true };
    }
    const statement = outcome.kind === 'parsed' ? outcome.parsed.statements[0] : undefined;
    if (outcome.kind !== 'parsed' || statement === undefined) return { reads: [], outputs: [], unknown: true };
    const bytes = Buffer.from(text, 'utf8');
    const { facts, needs } = analyse({
      statement,
      text: bytes,
      tokens: new TokenStream(bytes, outcome.parsed.tokens),
      catalog: this.#catalog,
      session: NO_NAMES,
      definitions: this.#definitions,
    });
    for (const need of needs) this.needs.add(need);
    this.#missing += needs.size;
    const opaque = facts.opaque.some((routine) => !this.#isClean(routine));
    // The server's own catalogs hold no values of tables.
    const gaps = facts.gaps.length > 0 || facts.outputs === undefined || !facts.outputsExact;
    const reads = [...facts.references, ...facts.usages.map(({ source }) => source)].map(({ relation }) => relation);
    return { reads, outputs: facts.outputs ?? [], unknown: opaque || gaps };
  }
}
