// node-postgres with a tap on its socket: every byte that the client received, for the canary scanner.
import { Socket } from 'node:net';
import pg from 'pg';
import type { Access } from './gatehouse.ts';
import { PipelineQuery } from './pipeline-query.ts';

export type Form = 'simple' | 'extended' | 'binary';

export interface StepResult {
  readonly rows: readonly (readonly unknown[])[];
  readonly error?: { readonly code: string; readonly message: string; readonly detail?: string; readonly hint?: string };
}

export interface TappedClient extends AsyncDisposable {
  run(sql: string, form: Form): Promise<StepResult>;
  /** One segment of the extended protocol with one Sync; rows of all statements. */
  pipeline(texts: readonly string[]): Promise<StepResult>;
  received(): Buffer;
  /** Lets go of what was received so far. */
  forget(): void;
  readonly notices: readonly string[];
}

export async function connectTapped(access: Access): Promise<TappedClient> {
  const chunks: Buffer[] = [];
  const notices: string[] = [];
  const socket = new Socket();
  socket.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
  const client = new pg.Client({
    ...access,
    stream: () => socket,
    connectionTimeoutMillis: 20_000,
    types: { getTypeParser: () => (value: unknown) => value },
  });
  client.on('error', () => undefined);
  client.on('notice', (notice) => notices.push(notice.message ?? ''));
  client.on('notification', (message) => notices.push(message.payload ?? ''));
  await client.connect();
  // What came before belongs to authentication: random bytes.
  chunks.length = 0;
  return {
    notices,
    received: () => Buffer.concat(chunks),
    forget: () => {
      chunks.length = 0;
    },
    async run(sql, form) {
      const config = {
        text: sql,
        rowMode: 'array' as const,
        ...(form === 'simple' ? {} : { queryMode: 'extended' as const, ...(form === 'binary' ? { binary: true } : {}) }),
      };
      try {
        const result: unknown = await client.query(config);
        const last = (Array.isArray(result) ? result.at(-1) : result) as { rows?: unknown[][] } | undefined;
        return { rows: last?.rows ?? [] };
      } catch (error) {
        return { rows: [], error: errorOf(error as pg.DatabaseError) };
      }
    },
    async pipeline(texts) {
      const query = new PipelineQuery(texts);
      client.query(query as unknown as pg.Submittable);
      // A session that is ended for its sins answers nothing more.
      const ended = new Promise<pg.DatabaseError>((resolve) =>
        client.once('end', () => resolve(Object.assign(new Error('the session ended'), { code: '08006' }) as unknown as pg.DatabaseError)),
      );
      const error = await Promise.race([query.done, ended]);
      return { rows: query.rows, ...(error === undefined ? {} : { error: errorOf(error) }) };
    },
    async [Symbol.asyncDispose]() {
      await client.end().catch(() => undefined);
      socket.destroy();
    },
  };
}

function errorOf({ code = '', message, detail, hint }: pg.DatabaseError): NonNullable<StepResult['error']> {
  return { code, message, ...(detail === undefined ? {} : { detail }), ...(hint === undefined ? {} : { hint }) };
}
