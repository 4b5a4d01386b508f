// What the tests of this folder work on: a real database with its catalog, a parser, and the facts of a statement.
import {
  createDatabase,
  type PostgresVersion,
  startPostgres,
  type TestDatabase,
  type TestPostgres,
} from '../../../../test/support/postgres-server.ts';
import { connectUpstream, type Upstream } from '../../../wire/postgres/upstream.ts';
import { analyse } from '../analyse/analyse.ts';
import type { SessionNames } from '../analyse/binder.ts';
import type { StatementFacts } from '../analyse/facts.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { loadCatalog } from '../catalog/catalog-load.ts';
import type { ParsedText, ParseOutcome } from '../parse/parsed.ts';
import { ParserPool } from '../parse/parser-pool.ts';
import { TokenStream } from '../parse/tokens.ts';

export const namesWith = (more: Partial<SessionNames> = {}): SessionNames => ({
  searchPath: ['public'],
  temporary: new Map(),
  prepared: new Set(),
  cursors: new Set(),
  ...more,
});

export interface Analysed {
  readonly sql: string;
  readonly bytes: Buffer;
  readonly parsed: ParsedText;
  readonly facts: StatementFacts;
}

export class Subject implements AsyncDisposable {
  readonly server: TestPostgres;
  readonly database: TestDatabase;
  readonly client: Upstream;
  readonly parser = new ParserPool(1);
  readonly definitions = new Map<string, ParseOutcome>();
  catalog: Catalog;

  private constructor(server: TestPostgres, database: TestDatabase, client: Upstream, catalog: Catalog) {
    this.server = server;
    this.database = database;
    this.client = client;
    this.catalog = catalog;
  }

  static async open(version: PostgresVersion, schema: string): Promise<Subject> {
    const server = await startPostgres({ version });
    const database = await createDatabase(server, schema);
    const client = await connectUpstream({ ...database.config, tls: 'disable' }, 5_000);
    return new Subject(server, database, client, await loadCatalog((sql) => client.run(sql), 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await this.parser.close();
    await this.server.stop();
  }

  async parse(sql: string): Promise<ParsedText> {
    const outcome = await this.parser.parse(sql, Buffer.byteLength(sql));
    if (outcome.kind !== 'parsed') throw new Error(`${sql}: ${outcome.message}`);
    return outcome.parsed;
  }

  async define(texts: Iterable<string>): Promise<void> {
    for (const text of texts) this.definitions.set(text, await this.parser.parse(text, Buffer.byteLength(text)));
  }

  /** The facts of the first statement, with everything parsed that they depend on. */
  async analyse(sql: string, session: SessionNames = namesWith()): Promise<Analysed> {
    const parsed = await this.parse(sql);
    const bytes = Buffer.from(sql, 'utf8');
    const [statement] = parsed.statements;
    if (statement === undefined) throw new Error(`no statement in: ${sql}`);
    for (let round = 0; round < 30; round += 1) {
      const tokens = new TokenStream(bytes, parsed.tokens);
      const { facts, needs } = analyse({ statement, text: bytes, tokens, catalog: this.catalog, session, definitions: this.definitions });
      if (needs.size === 0) return { sql, bytes, parsed, facts };
      await this.define(needs);
    }
    throw new Error(`definitions without end: ${sql}`);
  }
}

const column = ({ relation, column: { name } }: StatementFacts['usages'][number]['source']): string => `${relation.name}.${name}`;

/** Facts in short: one line for each kind, in a stable order. */
export function shortly(facts: StatementFacts): Record<string, string> {
  const short: Record<string, string> = {
    effects: facts.effects
      .map(({ action, relation, rows, columns, routine }) =>
        [action, relation?.name ?? routine?.name, columns === undefined ? undefined : `(${columns.join(',')})`, rows]
          .filter((part) => part !== undefined)
          .join(' '),
      )
      .join('; '),
    uses: facts.usages
      .map(({ source, use }) => `${use} ${column(source)}`)
      .sort()
      .join('; '),
    outputs:
      facts.outputs === undefined
        ? '-'
        : `${facts.outputs.map(({ name, lineage }) => (lineage.size === 0 ? name : `${name}←${[...lineage].map(column).sort().join('+')}`)).join(', ')}${facts.outputsExact ? '' : ' …'}`,
    gaps: facts.gaps.map(({ what }) => what).join('; '),
    opaque: facts.opaque.map(({ schema, name }) => `${schema}.${name}`).join(', '),
  };
  return Object.fromEntries(Object.entries(short).filter(([, text]) => text !== ''));
}
