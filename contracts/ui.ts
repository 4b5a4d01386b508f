// What the app's window says to the proxy and hears from it: one WebSocket, JSON texts, one request a line of this table. The
// proxy checks every request with these schemas; the window trusts the shapes of answers and never the texts in them.
// Source: design, "Processes"; "The app".
import { z } from 'zod';

const name = z.string().min(1).max(63);
const sql = z.string().max(16 * 1024 * 1024);
const id = z.string().min(1).max(64);
const environment = z.enum(['development', 'staging', 'production']);

/** Every request's parameters, by method. */
export const REQUESTS = {
  /** First of all, and after each reconnect. */
  hello: z.strictObject({}),
  'connections.list': z.strictObject({}),
  'connections.add': z.strictObject({ name, url: z.string().max(2_000), environment }),
  'connections.remove': z.strictObject({ name }),
  'connections.test': z.strictObject({ name }),
  'schema.tree': z.strictObject({ connection: name }),
  'schema.columns': z.strictObject({ connection: name, schema: z.string(), relation: z.string() }),
  'schema.refresh': z.strictObject({ connection: name }),
  /** Names that fit at the offset (in UTF-16 units) of the text. */
  'editor.complete': z.strictObject({ connection: name, sql, offset: z.int().min(0) }),
  /** The statements of a text, as the checkpoint's own parser splits it. */
  'editor.split': z.strictObject({ sql }),
  /** What would happen to a statement: the pre-flight line. Nothing runs. */
  'editor.check': z.strictObject({ connection: name, sql, justification: z.string().max(2_000).optional() }),
  /** Runs a text in the tab's own session; the answer comes in `run.*` events. */
  'run.start': z.strictObject({ tab: id, connection: name, sql, justification: z.string().max(2_000).optional() }),
  'run.cancel': z.strictObject({ run: id }),
  /** A window of rows of one result. */
  'run.rows': z.strictObject({ run: id, result: z.int().min(0), from: z.int().min(0), count: z.int().min(1).max(2_000) }),
  /** Rows as text in a format, for the clipboard; at most some megabytes. */
  'run.copy': z.strictObject({
    run: id,
    result: z.int().min(0),
    from: z.int().min(0),
    count: z.int().min(1).max(100_000),
    columns: z.array(z.int().min(0)).max(2_000),
    format: z.enum(['tsv', 'csv', 'json', 'markdown', 'insert', 'in']),
    headers: z.boolean(),
  }),
  /** Makes a file of a whole result; progress comes in `export.progress`, the file by HTTP GET at `url` (a path of the proxy's own address; at once or later: the download waits for what is missing). */
  'run.export': z.strictObject({ run: id, result: z.int().min(0), format: z.enum(['csv', 'json', 'jsonl']) }),
  'export.cancel': z.strictObject({ export: id }),
  /** Forgets a tab: its session and its results. */
  'tab.close': z.strictObject({ tab: id }),
  'agents.list': z.strictObject({}),
  'agents.add': z.strictObject({ name, connections: z.array(name).min(1).max(50), expiresInDays: z.int().min(1).max(3_650).optional() }),
  'agents.pause': z.strictObject({ name }),
  'agents.resume': z.strictObject({ name }),
  'agents.revoke': z.strictObject({ name }),
  'agents.pauseAll': z.strictObject({ paused: z.boolean() }),
  'audit.search': z.strictObject({
    principal: z.string().max(63).optional(),
    relation: z.string().max(200).optional(),
    verdict: z.enum(['allow', 'hold', 'deny']).optional(),
    text: z.string().max(500).optional(),
    since: z.string().max(40).optional(),
    before: z.int().min(0).optional(),
    limit: z.int().min(1).max(500),
  }),
  'audit.record': z.strictObject({ seq: z.int().min(0) }),
  'audit.verify': z.strictObject({}),
  'policy.info': z.strictObject({}),
  /** Tags and masks of a connection's columns, for the person. */
  'policy.tags': z.strictObject({ connection: name }),
  'policy.try': z.strictObject({ connection: name, as: name, sql }),
  /** Tabs, texts and layout: whatever the window wants to find again. Kept as it is. */
  'workspace.load': z.strictObject({}),
  'workspace.save': z.strictObject({ content: z.string().max(20 * 1024 * 1024) }),
  'queries.list': z.strictObject({}),
  'queries.save': z.strictObject({ name: z.string().min(1).max(120), sql }),
  'queries.remove': z.strictObject({ name: z.string().min(1).max(120) }),
  'history.list': z.strictObject({ text: z.string().max(200).optional(), limit: z.int().min(1).max(500) }),
} as const;

export type Method = keyof typeof REQUESTS;
export type Params<M extends Method> = z.input<(typeof REQUESTS)[M]>;

export const requestSchema = z.strictObject({ id: z.int().min(0), method: z.string().max(40), params: z.unknown() });

export type Environment = z.infer<typeof environment>;

export interface Hello {
  readonly person: string;
  readonly version: string;
  readonly policy: { readonly id: string; readonly sequence: number; readonly managed: boolean };
  readonly doors: { readonly postgres?: { readonly host: string; readonly port: number } };
  readonly ledger: { readonly state: 'ok' | 'failed'; readonly reason?: string };
  readonly agentsPaused: boolean;
}

export interface ConnectionInfo {
  readonly name: string;
  readonly environment: Environment;
  readonly engine: 'postgres';
  readonly database: string;
  /** Comes with `--sample`; can't be removed. */
  readonly sample: boolean;
}

export interface SchemaTree {
  readonly schemas: readonly {
    readonly name: string;
    readonly relations: readonly {
      readonly name: string;
      readonly kind: 'table' | 'view' | 'materialized' | 'foreign' | 'partitioned' | 'sequence';
      readonly masked: number;
    }[];
  }[];
}

export interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly primaryKey: boolean;
  readonly tags: readonly string[];
  readonly masked: boolean;
}

export interface Completion {
  readonly label: string;
  readonly kind: 'schema' | 'table' | 'view' | 'column' | 'function' | 'keyword' | 'join';
  readonly detail?: string;
  readonly insert: string;
  readonly masked?: boolean;
}

export interface StatementRange {
  /** UTF-16 offsets of the statement without surrounding space and comments. */
  readonly start: number;
  readonly end: number;
}

export interface Check {
  readonly verdict: 'allow' | 'hold' | 'deny' | 'empty';
  readonly code?: string;
  readonly reason?: string;
  readonly hint?: string;
  /** UTF-16 offset in the text. */
  readonly position?: number;
  readonly remedies: readonly string[];
  readonly relations: readonly string[];
  readonly masked: readonly string[];
  readonly policies: readonly string[];
  readonly effects: readonly string[];
  readonly estimatedRows?: number;
}

/** Why a column's cells are masked. */
export interface ColumnMask {
  readonly tags: readonly string[];
  readonly reason?: string;
  readonly policy?: string;
}

export interface ResultColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly mask?: ColumnMask;
}

export interface StatementError {
  readonly code: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** UTF-16 offset in the text that was run. */
  readonly position?: number;
  readonly policies: readonly string[];
}

export interface AgentInfo {
  readonly name: string;
  readonly owner: string;
  readonly connections: readonly string[];
  readonly status: 'active' | 'paused' | 'revoked' | 'expired';
  readonly createdAt: string;
  readonly expiresAt?: string;
  readonly sessions: number;
  readonly client?: string;
  readonly today: { readonly statements: number; readonly held: number; readonly denied: number; readonly rows: number };
}

export interface AgentAccess {
  readonly name: string;
  /** Shown once. */
  readonly token: string;
  readonly postgres: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly database: string;
  };
}

/** One line of the feed and of the audit's list. */
export interface AuditEntry {
  readonly seq: number;
  readonly id: string;
  readonly time: string;
  readonly code: string;
  readonly principal?: string;
  readonly kind?: 'person' | 'agent';
  readonly owner?: string;
  readonly door?: string;
  readonly connection?: string;
  readonly verdict?: 'allow' | 'hold' | 'deny';
  readonly refusal?: string;
  readonly statement?: string;
  readonly rows?: number;
  readonly durationMs?: number;
  readonly status?: string;
  readonly summary: string;
}

export interface PolicyInfo {
  readonly id: string;
  readonly sequence: number;
  readonly managed: boolean;
  readonly folder: string;
  readonly policies: readonly {
    readonly id: string;
    readonly effect: 'permit' | 'forbid';
    readonly reason: string;
    readonly file: string;
    readonly line: number;
    readonly text: string;
  }[];
  readonly limits: { readonly person: Readonly<Record<string, number>>; readonly agent: Readonly<Record<string, number>> };
}

export interface TaggedColumn {
  readonly schema: string;
  readonly relation: string;
  readonly column: string;
  readonly tags: readonly string[];
  readonly masked: boolean;
}

/** Answers by method; `void` answers are null. */
export interface Results {
  hello: Hello;
  'connections.list': readonly ConnectionInfo[];
  'connections.add': ConnectionInfo;
  'connections.remove': null;
  'connections.test': { readonly ok: boolean; readonly message: string };
  'schema.tree': SchemaTree;
  'schema.columns': readonly ColumnInfo[];
  'schema.refresh': null;
  'editor.complete': readonly Completion[];
  'editor.split': readonly StatementRange[];
  'editor.check': Check;
  'run.start': { readonly run: string };
  'run.cancel': null;
  /** Values as PostgreSQL writes them; null is NULL. */
  'run.rows': { readonly rows: readonly (readonly (string | null)[])[] };
  'run.copy': { readonly text: string; readonly truncated: boolean };
  'run.export': { readonly export: string; readonly url: string };
  'export.cancel': null;
  'tab.close': null;
  'agents.list': readonly AgentInfo[];
  'agents.add': AgentAccess;
  'agents.pause': null;
  'agents.resume': null;
  'agents.revoke': null;
  'agents.pauseAll': null;
  'audit.search': { readonly entries: readonly AuditEntry[]; readonly more: boolean };
  'audit.record': {
    readonly entry: AuditEntry /** The records as stored (intent and outcome), as JSON texts. */;
    readonly records: readonly string[];
  };
  'audit.verify': { readonly ok: boolean; readonly message: string; readonly records: number };
  'policy.info': PolicyInfo;
  'policy.tags': readonly TaggedColumn[];
  'policy.try': Check & { readonly rewritten?: string };
  'workspace.load': { readonly content: string | null };
  'workspace.save': null;
  'queries.list': readonly { readonly name: string; readonly sql: string }[];
  'queries.save': null;
  'queries.remove': null;
  'history.list': readonly {
    readonly time: string;
    readonly connection: string;
    readonly sql: string;
    readonly verdict: string;
    readonly rows?: number;
    readonly durationMs?: number;
  }[];
}

/** What the proxy says unasked. */
export interface Events {
  /** A result set begins; `result` counts from 0 within the run. */
  'run.result': { readonly run: string; readonly result: number; readonly columns: readonly ResultColumnInfo[] };
  /** So many rows of it can be read now. */
  'run.progress': { readonly run: string; readonly result: number; readonly rows: number };
  /** One statement is done. `result` is absent where it gave no rows. */
  'run.statement': {
    readonly run: string;
    readonly result?: number;
    readonly tag: string;
    readonly rows: number;
    readonly durationMs: number;
  };
  'run.notice': { readonly run: string; readonly severity: string; readonly message: string };
  'run.error': { readonly run: string; readonly error: StatementError };
  /** The run is over; nothing of it follows. */
  'run.end': {
    readonly run: string;
    readonly status: 'ok' | 'error' | 'cancelled';
    readonly durationMs: number;
    readonly transaction: 'none' | 'open' | 'failed';
  };
  'export.progress': { readonly export: string; readonly rows: number; readonly done: boolean; readonly error?: string };
  'agents.changed': Readonly<Record<string, never>>;
  'ledger.state': { readonly state: 'ok' | 'failed'; readonly reason?: string };
  /** New records of all principals, as they come. A statement's line comes again, with the same `seq`, when its end is known. */
  'audit.appended': { readonly entries: readonly AuditEntry[] };
}

export interface Fault {
  readonly code: string;
  readonly message: string;
}

/** What goes over the socket to the window. */
export type Message =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: Fault }
  | { [E in keyof Events]: { readonly event: E; readonly data: Events[E] } }[keyof Events];

/** Sub-protocol of the WebSocket; the second offered one is `token.TOKEN`. */
export const PROTOCOL = 'gatehouse.ui.1';
