// The service side of one PostgreSQL connection: the catalog snapshot and its refreshing, parsed definitions, row
// estimates. Uses sessions of its own; a client's session never runs any of this.
import { GatehouseError } from '../../errors.ts';
import type { Catalog } from './catalog/catalog.ts';
import { type CatalogQuery, loadCatalog } from './catalog/catalog-load.ts';
import type { ParserPool } from './parse/parser-pool.ts';
import type { ParseOutcome } from './parse/parsed.ts';

/** A session of the service's own. */
export interface ServiceClient {
  /** Values as the server's text. */
  run(sql: string): Promise<readonly (readonly (string | null)[])[]>;
  destroy(): void;
}

export interface ServiceOptions {
  /** Opens a session with the connection's own credentials. */
  readonly connect: () => Promise<ServiceClient>;
  readonly parser: ParserPool;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** A snapshot that was not compared with the server for longer than this is compared before the next statement. */
  readonly verifyAfterMs: number;
}

/** Snapshots of all connections differ in version, so a cache key needs no connection's name for it. */
let nextVersion = 1;

const ESTIMATE_TIMEOUT_MS = 500;
/** An unknown name asks for a fresh snapshot at most this often. */
const REFRESH_PAUSE_MS = 1_000;
const IDLE_MS = 60_000;

/** What judging needs of it; a snapshot file can stand in (snapshot-service.ts). */
export type CatalogService = Pick<
  PostgresService,
  'definitions' | 'initialPath' | 'current' | 'latest' | 'catalog' | 'invalidate' | 'refreshFor' | 'define' | 'estimate'
>;

export class PostgresService {
  readonly #options: ServiceOptions;
  #client: ServiceClient | undefined;
  #connecting: Promise<ServiceClient> | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #catalog: Catalog | undefined;
  #loading: Promise<Catalog> | undefined;
  #loadedAt = 0;
  /** When the snapshot was last known to be what the server has, and for how long that counts. */
  #verifiedAt = 0;
  #verifyAfterMs = 0;
  #fingerprint = '';
  #verifying: Promise<Catalog> | undefined;
  #dirty = false;
  #initialPath: readonly string[] = [];
  #idle: NodeJS.Timeout | undefined;
  #closed = false;
  /** Function bodies and view definitions of the current snapshot. */
  #definitions = new Map<string, ParseOutcome>();

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  get definitions(): ReadonlyMap<string, ParseOutcome> {
    return this.#definitions;
  }

  /** The role's own search_path, `$user` resolved; without pg_temp. */
  get initialPath(): readonly string[] {
    return this.#initialPath;
  }

  /** The snapshot to judge by, when one is there and not outdated. */
  get current(): Catalog | undefined {
    const fresh = !this.#dirty && this.#options.now() - this.#verifiedAt < this.#verifyAfterMs;
    return fresh ? this.#catalog : undefined;
  }

  /** The last snapshot read, however old. */
  get latest(): Catalog | undefined {
    return this.#catalog;
  }

  /** The snapshot to judge by. Rejects with UPSTREAM when the database can't be reached. */
  catalog(): Promise<Catalog> {
    const { current } = this;
    if (current !== undefined) return Promise.resolve(current);
    if (this.#catalog === undefined || this.#dirty) return this.refresh();
    this.#verifying ??= this.#verify(this.#catalog).finally(() => {
      this.#verifying = undefined;
    });
    return this.#verifying;
  }

  /** Somebody else may have changed the schema: row versions of the catalogs tell. */
  async #verify(catalog: Catalog): Promise<Catalog> {
    let same: boolean;
    try {
      same = await this.#exclusive(async (query) => {
        const started = this.#options.now();
        const fingerprint = await readFingerprint(query);
        this.#verified(started);
        return fingerprint === this.#fingerprint;
      });
    } catch (error) {
      this.#dirty = true;
      throw new GatehouseError('UPSTREAM', 'the database can not be reached or read', { cause: error });
    }
    return same && this.#catalog === catalog ? catalog : this.refresh();
  }

  /** A large catalog is compared less often, so that comparing never takes more than a small part of the time. */
  #verified(started: number): void {
    const now = this.#options.now();
    this.#verifiedAt = now;
    this.#verifyAfterMs = Math.max(this.#options.verifyAfterMs, (now - started) * 50);
  }

  /** Something changed the schema. */
  invalidate(): void {
    this.#dirty = true;
  }

  /** For a name that the snapshot does not know: true when a newer one was read. */
  async refreshFor(catalog: Catalog): Promise<boolean> {
    if (this.#catalog !== catalog) return true;
    if (this.#options.now() - this.#loadedAt < REFRESH_PAUSE_MS) return false;
    await this.refresh();
    return true;
  }

  refresh(): Promise<Catalog> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<Catalog> {
    this.#dirty = false;
    try {
      return await this.#exclusive(async (query) => {
        // Before the snapshot: a change in between is found by the next comparison.
        const started = this.#options.now();
        this.#fingerprint = await readFingerprint(query);
        this.#verified(started);
        const catalog = await loadCatalog(query, nextVersion++);
        const path = (await query('select array_to_json(pg_catalog.current_schemas(false))::text'))[0]?.[0];
        const listed: unknown = JSON.parse(path ?? '[]');
        this.#initialPath = Array.isArray(listed) ? listed.map(String).filter((schema) => !schema.startsWith('pg_temp')) : [];
        this.#catalog = catalog;
        this.#definitions = new Map();
        this.#loadedAt = this.#options.now();
        return catalog;
      });
    } catch (error) {
      this.#dirty = true;
      throw new GatehouseError('UPSTREAM', 'the database can not be reached or read', { cause: error });
    }
  }

  /** Parses texts that an analysis asked for. */
  async define(texts: Iterable<string>): Promise<void> {
    const definitions = this.#definitions;
    await Promise.all(
      [...texts].map(async (text) => {
        if (!definitions.has(text)) definitions.set(text, await this.#options.parser.parse(text, Buffer.byteLength(text)));
      }),
    );
  }

  /**
   * Rows that the planner expects a change to touch; undefined when that can't be told in time. Parameters count as
   * unknown values. Nothing is executed.
   */
  async estimate(statement: string, parameters: number, searchPath: readonly string[]): Promise<number | undefined> {
    try {
      return await this.#exclusive(async (query) => {
        const path = searchPath.map((schema) => `"${schema.replaceAll('"', '""')}"`).join(', ');
        await query(
          `begin read only; set local statement_timeout = ${ESTIMATE_TIMEOUT_MS}; set local plan_cache_mode = force_generic_plan; set local search_path to ${path === '' ? "''" : path}`,
        );
        try {
          await query(`prepare gatehouse_estimate as ${statement}`);
          const values = parameters === 0 ? '' : `(${Array.from({ length: parameters }, () => 'null').join(', ')})`;
          const plan: unknown = JSON.parse((await query(`explain (format json) execute gatehouse_estimate${values}`))[0]?.[0] ?? '[]');
          return rowsOf(plan);
        } finally {
          await query('rollback');
          await query('deallocate all');
        }
      });
    } catch {
      // An estimate that fails is an unknown one, which policy treats as "all".
      return undefined;
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#idle);
    this.#drop();
  }

  #drop(): void {
    this.#client?.destroy();
    this.#client = undefined;
  }

  /** One user of the service session at a time. `work` only reads: with a session that was lost while idle it is done again. */
  #exclusive<T>(work: (query: CatalogQuery) => Promise<T>): Promise<T> {
    const run = this.#queue.then(async () => {
      clearTimeout(this.#idle);
      const kept = this.#client !== undefined;
      try {
        return await this.#attempt(work);
      } catch (error) {
        if (!kept || this.#client !== undefined) throw error;
        return await this.#attempt(work);
      } finally {
        this.#idle = setTimeout(() => this.#drop(), IDLE_MS).unref();
      }
    });
    this.#queue = run.catch(() => undefined);
    return run;
  }

  async #attempt<T>(work: (query: CatalogQuery) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    try {
      return await work((sql) => client.run(sql));
    } catch (error) {
      if (isLost(error)) this.#drop();
      throw error;
    }
  }

  #connect(): Promise<ServiceClient> {
    if (this.#closed) return Promise.reject(new GatehouseError('UPSTREAM', 'the connection is closed'));
    if (this.#client !== undefined) return Promise.resolve(this.#client);
    this.#connecting ??= this.#options
      .connect()
      .then((client) => {
        this.#client = client;
        return client;
      })
      .finally(() => {
        this.#connecting = undefined;
      });
    return this.#connecting;
  }
}

/** After anything but an ordinary error that the server reported, the session's state is not known. */
function isLost(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  return !/^[0-9A-Z]{5}$/u.test(code) || /^(?:08|57P)/u.test(code);
}

/** `Plan Rows` of the node that feeds the change (the change itself returns none). */
function rowsOf(plan: unknown): number | undefined {
  const root = Array.isArray(plan) ? (plan[0] as { Plan?: PlanNode } | undefined)?.Plan : undefined;
  if (root === undefined) return undefined;
  if (root['Node Type'] !== 'ModifyTable') return root['Plan Rows'];
  const inner = (root.Plans ?? []).filter((node) => node['Parent Relationship'] !== 'InitPlan');
  return inner.length === 0 ? undefined : inner.reduce((sum, node) => sum + (node['Plan Rows'] ?? 0), 0);
}

interface PlanNode {
  readonly 'Node Type'?: string;
  readonly 'Parent Relationship'?: string;
  readonly 'Plan Rows'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Changes whenever a relation, column, view, function, type or constraint of users is made, changed or dropped. */
const FINGERPRINT = `
  select (select coalesce(sum(pg_catalog.hashtext(xmin::text || oid::text)), 0) from pg_catalog.pg_class where oid >= 16384 and relpersistence <> 't'),
         (select coalesce(sum(pg_catalog.hashtext(xmin::text || attrelid::text || attnum::text)), 0) from pg_catalog.pg_attribute where attrelid >= 16384),
         (select coalesce(sum(pg_catalog.hashtext(xmin::text || oid::text)), 0) from pg_catalog.pg_rewrite where oid >= 16384),
         (select coalesce(sum(pg_catalog.hashtext(xmin::text || oid::text)), 0) from pg_catalog.pg_proc where oid >= 16384),
         (select coalesce(sum(pg_catalog.hashtext(xmin::text || oid::text)), 0) from pg_catalog.pg_constraint where oid >= 16384)`;

async function readFingerprint(query: CatalogQuery): Promise<string> {
  return (await query(FINGERPRINT))[0]?.join(' ') ?? '';
}
