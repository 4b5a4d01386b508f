// One value for the canary tables' contents: equal before and after means that nothing was changed.
import pg from 'pg';
import type { TestPostgres } from './postgres-server.ts';

export async function canaryChecksum(server: TestPostgres, database: string): Promise<string> {
  const client = new pg.Client(server.config(database));
  await client.connect();
  try {
    const { rows } = await client.query<{ sum: string }>(`
      select string_agg(md5(t.x), ',' order by t.n) as sum from (
        select 1 n, string_agg(o::text, ';' order by o.id) x from app.orders o union all
        select 2, string_agg(c::text, ';' order by c.id) from app.customers c union all
        select 3, string_agg(c::text, ';' order by c.id) from app.cards c union all
        select 4, string_agg(c::text, ';' order by c.id) from other.customers c union all
        select 5, string_agg(c::text, ';') from app.log c) t`);
    return rows[0]?.sum ?? '';
  } finally {
    await client.end();
  }
}
