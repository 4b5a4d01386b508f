// A client of single frames (see raw-client.ts of the PostgreSQL door) that signs in at a whole Gatehouse, or at a database.
import { RawClient } from '../../proxy/wire/postgres/testing/raw-client.ts';
import { connectUpstream } from '../../proxy/wire/postgres/upstream.ts';
import type { Access } from './gatehouse.ts';

export async function rawClient(access: Access, tls: 'disable' | 'require' = 'disable'): Promise<RawClient> {
  const upstream = await connectUpstream({ ...access, tls }, 10_000);
  const { stream, received } = upstream.handOver();
  return new RawClient(stream, received);
}
