// Signs in to a connection's server, as a session would, and asks who is there.
import { GatehouseError } from '../errors.ts';
import type { ConnectionTarget } from '../store/connections.ts';
import { connectUpstream } from '../wire/postgres/upstream.ts';

export type ConnectionTest =
  | { readonly ok: true; readonly version: string; readonly user: string; readonly encrypted: boolean }
  | { readonly ok: false; readonly error: string };

const TIMEOUT_MS = 10_000;

export async function testConnection(target: ConnectionTarget): Promise<ConnectionTest> {
  try {
    const upstream = await connectUpstream(target, TIMEOUT_MS);
    try {
      const sql = `select pg_catalog.current_setting('server_version'), current_user,
        coalesce((select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()), false)`;
      const [[version, user, encrypted] = []] = await upstream.run(sql);
      return { ok: true, version: version ?? '', user: user ?? '', encrypted: encrypted === 't' };
    } finally {
      upstream.destroy();
    }
  } catch (error) {
    if (error instanceof GatehouseError) return { ok: false, error: error.message };
    throw error;
  }
}
