// What every test client takes on stdin and prints on stdout, both as JSON. All statements run in order in one session of one unmodified
// driver; an error does not stop the script.

import { z } from 'zod';

/** `simple`: one Query message. `extended`: Parse, Bind, Execute with text results. `binary`: the same with binary results. */
export type Form = 'simple' | 'extended' | 'binary';

export interface ClientScript {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly sslmode: 'disable' | 'prefer' | 'require';
  readonly statements: readonly { readonly sql: string; readonly form: Form }[];
}

const Rows = z.object({
  ok: z.literal(true),
  columns: z.array(z.string()),
  /** Values as PostgreSQL writes them in text; after binary results, as the driver prints them. */
  rows: z.array(z.array(z.string().nullable())),
});
const Failure = z.object({
  ok: z.literal(false),
  /** `connect`: there was no session, and this is the only result. */
  phase: z.enum(['connect', 'statement']),
  sqlstate: z.string().nullable(),
  message: z.string(),
  detail: z.string().nullable(),
  hint: z.string().nullable(),
});
export const ClientResults = z.array(z.discriminatedUnion('ok', [Rows, Failure]));

/**
 * Of several statements in one text, the last one's rows. `COPY … TO STDOUT` (psql, psycopg, JDBC): no columns, and the fields of the lines.
 */
export type ClientResult = z.infer<typeof ClientResults>[number];
