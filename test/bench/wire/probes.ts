// What pgbench does not show: large reads, connecting, writes behind a durable intent, texts that were never seen, idle sessions.
import pg from 'pg';
import { connectUpstream } from '../../../proxy/wire/postgres/upstream.ts';
import { query } from '../../../proxy/wire/postgres/messages.ts';
import { memoryOf } from './processes.ts';
import type { Endpoint, Gatehouse } from './rig.ts';
import { percentile } from './statistics.ts';

const CONNECT_MS = 10_000;
const READY = 0x5a;

export async function withClient<T>(endpoint: Endpoint, act: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...endpoint, ssl: false });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}

/** Megabytes per second of one result, read by a socket that only counts. */
export async function readSpeed(endpoint: Endpoint, sql: string, rows: number): Promise<number> {
  const upstream = await connectUpstream({ ...endpoint, tls: 'disable' }, CONNECT_MS);
  const { stream } = upstream.handOver();
  try {
    const start = performance.now();
    let bytes = 0;
    let tail: Buffer = Buffer.alloc(0);
    await new Promise<void>((resolve, reject) => {
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        tail = chunk.length >= 64 ? chunk.subarray(-64) : Buffer.concat([tail, chunk]).subarray(-64);
        // ReadyForQuery is six bytes at the very end.
        if (tail.at(-6) === READY && tail.at(-2) === 5 && tail.at(-1) === 0x49) resolve();
      });
      stream.once('close', () => reject(new Error('the connection was closed in the middle of the result')));
      stream.write(query(Buffer.from(sql)));
      stream.resume();
    });
    const seconds = (performance.now() - start) / 1000;
    if (!tail.toString('latin1').includes(`SELECT ${rows}\0`))
      throw new Error(`not the whole result: ${tail.toString('latin1').replace(/[^ -~]/gu, '.')}`);
    return bytes / 1_000_000 / seconds;
  } finally {
    upstream.destroy();
  }
}

/** Milliseconds to connect, prove the password and hear that the server is ready. */
export async function connectTimes(endpoint: Endpoint, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < count; round++) {
    const start = performance.now();
    await withClient(endpoint, async () => {
      times.push(performance.now() - start);
    });
  }
  return times;
}

/** Milliseconds of each statement, one after the other. `sql` makes the text of the n-th. */
export async function statementTimes(client: pg.Client, count: number, sql: (index: number) => string): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const text = sql(index);
    const start = performance.now();
    await client.query(text);
    times.push(performance.now() - start);
  }
  return times;
}

/** p50 and p99 that one endpoint adds to the other, in milliseconds, over blocks in turn. */
export async function addedTimes(
  direct: Endpoint,
  proxied: Endpoint,
  options: { readonly blocks: number; readonly perBlock: number; readonly sql: (index: number) => string },
): Promise<{ p50: number; p99: number; proxied50: number; proxied99: number }> {
  const { blocks, perBlock, sql } = options;
  return withClient(direct, (plain) =>
    withClient(proxied, async (guarded) => {
      const base: number[] = [];
      const through: number[] = [];
      for (let block = 0; block < blocks; block++) {
        const text = (index: number): string => sql(block * perBlock + index);
        base.push(...(await statementTimes(plain, perBlock, text)));
        through.push(...(await statementTimes(guarded, perBlock, text)));
      }
      const proxied50 = percentile(through, 50);
      const proxied99 = percentile(through, 99);
      return { p50: proxied50 - percentile(base, 50), p99: proxied99 - percentile(base, 99), proxied50, proxied99 };
    }),
  );
}

export interface Memory {
  readonly idle: number;
  readonly perSession: number;
  readonly sessions: number;
}

/** Resident bytes of a proxy that has done nothing, and of each idle session on top. */
export async function idleMemory(gatehouse: Gatehouse, perAgent: number): Promise<Memory> {
  const idle = memoryOf(gatehouse.pid);
  const opened: { destroy(): void }[] = [];
  try {
    for (const agent of gatehouse.agents) {
      // Twenty at a time: the handshakes are the proxy's work, not what is measured.
      opened.push(
        ...(await Promise.all(Array.from({ length: perAgent }, () => connectUpstream({ ...agent, tls: 'disable' }, CONNECT_MS)))),
      );
    }
    await new Promise((wake) => setTimeout(wake, 3_000));
    return { idle, perSession: (memoryOf(gatehouse.pid) - idle) / opened.length, sessions: opened.length };
  } finally {
    for (const session of opened) session.destroy();
  }
}
