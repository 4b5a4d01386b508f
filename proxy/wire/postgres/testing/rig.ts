// A real PostgreSQL, the door before it and an open gate between them, for tests.
import pg from 'pg';
import { startPostgres } from '../../../../test/support/postgres-server.ts';
import type { PostgresVersion, TestPostgres } from '../../../../test/support/postgres-server.ts';
import { makeCertificate } from '../../tls-certificate.ts';
import { listenPostgres } from '../server.ts';
import type { PostgresDoor, PostgresDoorOptions } from '../server.ts';
import { openGate } from './open-gate.ts';
import type { OpenGate, OpenGateRules } from './open-gate.ts';
import { RawClient } from './raw-client.ts';

export const TOKEN = 'a token for tests';

export interface Rig {
  readonly server: TestPostgres;
  readonly door: PostgresDoor;
  readonly gate: OpenGate;
  /** May be changed by a test; reset with `rules` at the start of the next. */
  readonly rules: OpenGateRules;
  readonly log: string[];
  raw(tls?: 'disable' | 'require'): Promise<RawClient>;
  client(config?: pg.ClientConfig): Promise<pg.Client>;
  /** Runs SQL on the database itself. */
  direct(sql: string): Promise<unknown[][]>;
  /** Sessions of the door's clients that the database still has. */
  upstreamSessions(): Promise<number>;
  reset(): void;
  stop(): Promise<void>;
}

export async function startRig(
  options: { readonly version?: PostgresVersion; readonly limits?: PostgresDoorOptions['limits'] } = {},
): Promise<Rig> {
  const server = await startPostgres({ version: options.version ?? 15 });
  const rules: OpenGateRules = { upstream: { ...server.config(), tls: 'disable' }, password: TOKEN };
  const gate = openGate(rules);
  const log: string[] = [];
  const door = await listenPostgres({
    gate,
    host: '127.0.0.1',
    port: 0,
    tls: makeCertificate(new Date()),
    now: () => performance.now(),
    log: (event, facts) => log.push(`${event} ${JSON.stringify(facts)}`),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const plain = new pg.Client(server.config());
  await plain.connect();
  const direct = async (sql: string): Promise<unknown[][]> => (await plain.query<unknown[]>({ text: sql, rowMode: 'array' })).rows;
  return {
    server,
    door,
    gate,
    rules,
    log,
    direct,
    raw: (tls) => RawClient.connect(door.port, TOKEN, tls),
    async client(config) {
      const client = new pg.Client({ host: '127.0.0.1', port: door.port, user: 'tester', password: TOKEN, database: 'shop', ...config });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    },
    async upstreamSessions() {
      const rows = await direct(
        "select count(*)::int from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
      );
      return Number(rows[0]?.[0]);
    },
    reset() {
      for (const key of ['refuse', 'rewrite', 'plan', 'limits', 'delay', 'durable', 'check', 'recheck', 'setting', 'openRefusal'] as const)
        delete rules[key];
      gate.events.length = 0;
      gate.ends.length = 0;
      gate.statements.length = 0;
      gate.requests.length = 0;
      log.length = 0;
    },
    async stop() {
      await door.close();
      await plain.end();
      await server.stop();
    },
  };
}

/** Waits for what happens elsewhere; fails with what it was waiting for. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>, ms = 5_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
