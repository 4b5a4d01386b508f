// What a principal sees masked in a whole database: for the schema tree and the list of tagged columns. Goes through large
// catalogs in slices, so that statements being judged meanwhile do not wait. Kept per snapshot, policy and hour.
import type { Door } from '../../../contracts/audit.ts';
import type { Principal } from '../../policy/engine.ts';
import { sourceOf } from '../../sql/postgres/analyse/lineage.ts';
import { type Catalog, type CatalogColumn, type CatalogRelation, isSystemSchema } from '../../sql/postgres/catalog/catalog.ts';
import type { JudgeServices } from './context.ts';
import { MaskResolver } from './masks.ts';
import { revealContext } from './questions.ts';

const SLICE_MS = 8;
const MAX_ROUNDS = 30;
const HOUR_MS = 3_600_000;

export interface ColumnVisibility {
  readonly column: CatalogColumn;
  readonly tags: readonly string[];
  readonly masked: boolean;
}

export class Visibility {
  readonly catalog: Catalog;
  readonly #masks: MaskResolver;

  constructor(catalog: Catalog, masks: MaskResolver) {
    this.catalog = catalog;
    this.#masks = masks;
  }

  columns(relation: CatalogRelation): readonly ColumnVisibility[] {
    return relation.columns.map((column) => {
      const source = sourceOf(relation, column);
      return { column, tags: this.#masks.tagsOf(source), masked: this.#masks.maskOf(source) !== undefined };
    });
  }

  maskedCount(relation: CatalogRelation): number {
    let count = 0;
    for (const column of relation.columns) if (this.#masks.maskOf(sourceOf(relation, column)) !== undefined) count += 1;
    return count;
  }
}

/** The last picture of each connection and door. */
export class Visibilities {
  readonly #known = new Map<string, { readonly key: string; readonly made: Promise<Visibility> }>();

  /** Rejects with UPSTREAM when the database can't be reached. */
  async of(services: JudgeServices, principal: Principal, door: Door, time: number): Promise<Visibility> {
    const catalog = await services.service.catalog();
    const key = `${catalog.version}|${services.policy.bundle.version}|${Math.floor(time / HOUR_MS)}`;
    const place = `${services.connection.name}|${principal.name}|${door}`;
    const known = this.#known.get(place);
    if (known?.key === key) return known.made;
    const made = look(services, principal, door, time, catalog);
    this.#known.set(place, { key, made });
    made.catch(() => {
      if (this.#known.get(place)?.made === made) this.#known.delete(place);
    });
    return made;
  }
}

async function look(services: JudgeServices, principal: Principal, door: Door, time: number, catalog: Catalog): Promise<Visibility> {
  const { policy, connection, service } = services;
  const asker = { principal, door, client: undefined, tainted: false, limits: policy.limitsOf(principal) };
  const masks = new MaskResolver({
    catalog,
    definitions: service.definitions,
    policy,
    connection,
    reveal: (source, tags) =>
      policy.decide({
        principal,
        connection,
        action: 'reveal',
        resource: {
          kind: 'column',
          column: { relation: { schema: source.relation.schema, name: source.relation.name }, column: source.column.name },
          tags,
        },
        context: revealContext(asker, tags, undefined, time),
      }),
  });
  const own = catalog.parts.relations.filter(({ schema }) => !isSystemSchema(schema));
  // Views first: their definitions have to be parsed, and what was answered before that is asked again.
  const views = own.filter(({ definition }) => definition !== undefined);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    await slices(round === MAX_ROUNDS - 1 ? own : views, (relation) => masks.isGoverned(relation));
    if (masks.needs.size === 0) break;
    await service.define(masks.needs);
    masks.retry();
  }
  await slices(own, (relation) => {
    for (const column of relation.columns) masks.maskOf(sourceOf(relation, column));
  });
  return new Visibility(catalog, masks);
}

/** Lets others in between after some milliseconds of work. */
async function slices(relations: readonly CatalogRelation[], work: (relation: CatalogRelation) => unknown): Promise<void> {
  let since = performance.now();
  for (const relation of relations) {
    work(relation);
    if (performance.now() - since < SLICE_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    since = performance.now();
  }
}
