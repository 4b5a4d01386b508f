// What a door needs from the checkpoint, and all that it may know of it. A door speaks a protocol; whether a statement may
// run, as what text, and what its result may hold is answered here. The checkpoint implements this for each dialect.
import type { Door } from '../../contracts/audit.ts';
import type { ScramVerifier } from '../identity/scram.ts';
import type { PeerProcess } from '../identity/peer.ts';

/** Stable codes of refusals; docs/errors.md lists them with their SQLSTATEs. */
export type RefusalCode =
  | 'DENIED'
  | 'JUSTIFICATION_REQUIRED'
  | 'APPROVAL_PENDING'
  | 'MASKED_COLUMN'
  | 'NOT_UNDERSTOOD'
  | 'ROW_LIMIT'
  | 'TIMEOUT'
  | 'PAUSED'
  | 'AUDIT_UNAVAILABLE'
  | 'SESSION_LIMIT'
  | 'PROTOCOL'
  | 'UPSTREAM'
  | 'INTERNAL';

/** A refusal as a person or an agent reads it: never values from rows, credentials or other people's statements. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly sqlstate: string;
  /** One sentence: what and why. */
  readonly message: string;
  /** Code, policy ids and facts, such as estimated rows. */
  readonly detail?: string;
  /** The legal way forward. */
  readonly hint?: string;
  /** Byte offset in the judged text; the door turns it into the protocol's unit. */
  readonly position?: number;
  /** The session must end after this refusal was sent. */
  readonly fatal?: boolean;
}

/** One statement of an allowed text. Doors pass it back; only the flags are theirs to read. */
export interface StatementPlan {
  /** Head of the server's command tag for this statement (`SELECT`, `INSERT`, …). */
  readonly kind: string;
  /** What may come after depends on how this one ends: judging the next text waits until it has completed. */
  readonly barrier: boolean;
  /** Errors and notices that it raises may quote values: the door keeps SQLSTATE and severity and sends `CLEANED_MESSAGE`. */
  readonly cleanErrors: boolean;
  /** The result's columns must be seen (`checkResult`) before its first row; the door asks for a description of its own if the client does not. */
  readonly guardResult: boolean;
}

export type Judgement =
  /** `text` is what goes to the database (no trailing NUL); no statements means an empty query. */
  | { readonly kind: 'forward'; readonly text: Uint8Array; readonly statements: readonly StatementPlan[] }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

/** A result column as the server described it (RowDescription). */
export interface ResultColumn {
  readonly name: string;
  /** 0 when the column is an expression. */
  readonly tableOid: number;
  readonly attribute: number;
  readonly typeOid: number;
}

/** `lost`: the database or the client went away before the end was known. */
export type ExecutionEnd = {
  readonly status: 'ok' | 'error' | 'cancelled' | 'refused' | 'lost';
  readonly sqlstate?: string;
  /** The server's command tag (`UPDATE 3`). */
  readonly tag?: string;
  readonly rows: number;
  readonly bytes: number;
};

/** One running statement: from its intent in the ledger to its outcome. */
export interface Execution {
  /** When present, nothing of this statement may be forwarded before it resolves; a it resolves to a Refusal when the ledger cannot be written. */
  readonly durable: Promise<Refusal | undefined> | undefined;
  /** The stream is cut when it would exceed either; `overLimit` then says what the client is told. */
  readonly maxRows: number;
  readonly maxBytes: number;
  /** Milliseconds after which the door cancels it (0 = none). */
  readonly timeoutMs: number;
  overLimit(what: 'rows' | 'bytes' | 'time'): Refusal;
  /** Called exactly once. */
  finish(end: ExecutionEnd): void;
}

export type TransactionStatus = 'I' | 'T' | 'E';

/** A session between one client and one database under one principal. */
export interface GateSession {
  readonly id: string;
  /** Runs the session's own set-up statements over the fresh upstream connection, before any statement of the client. */
  initialise(run: (sql: string) => Promise<readonly (readonly (string | null)[])[]>): Promise<void>;
  /**
   * Judges a whole text before any of it runs. Synchronous when the judgement is cached (the hot path).
   * `simple`: may hold several statements; `parse`: one (extended protocol). A refusal is already in the ledger.
   * Never rejects: a fault inside is a refusal with code INTERNAL.
   */
  judge(text: Uint8Array, form: 'simple' | 'parse'): Judgement | Promise<Judgement>;
  /** Is a prepared statement's judgement still true now (search path, catalog, policy)? Synchronous when nothing changed. */
  recheck(original: Uint8Array, judgement: Judgement): Judgement | Promise<Judgement>;
  /** Checks a result's columns against the plan. A refusal here is an incident: cancel the statement, end the session. */
  checkResult(plan: StatementPlan, columns: readonly ResultColumn[]): Refusal | undefined;
  /** Records the intent. `parameters`: as text or hex, only read when the policy records them. */
  execute(plan: StatementPlan, parameters?: () => readonly string[]): Execution;
  /** The server reported an error: what is not committed is rolled back. Before the `finish` of what failed. */
  failed(): void;
  /** The server's transaction status after each ReadyForQuery. */
  ready(status: TransactionStatus): void;
  /** A changed setting that breaks what the analysis relies on ends the session. */
  parameterStatus(name: string, value: string): Refusal | undefined;
  /** Aborted when the session must end now (token revoked, paused, expired, shutdown); `reason` is a Refusal. */
  readonly ended: AbortSignal;
  /** The client's or the upstream's connection is gone. */
  close(): void;
}

/** What is sent instead of a cleaned error's or notice's text; DETAIL, HINT, CONTEXT and the other fields are dropped. */
export const CLEANED_MESSAGE = 'the database reported an error; its text is withheld because it may quote masked values';

/** Where a session's statements go. Held in memory only; never logged. */
export interface UpstreamTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly tls: 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  readonly caFile?: string;
  /** The startup packet's `options`: settings that a RESET must give back. */
  readonly options?: string;
}

export interface OpenRequest {
  readonly door: Door;
  /** `user` of the startup message. */
  readonly user: string;
  /** `database` of the startup message: a connection's name, or `name/otherdb`. */
  readonly connection: string;
  readonly applicationName?: string;
  readonly address: string;
  readonly peer?: PeerProcess;
  /** Startup parameters other than user, database and application_name, as sent. */
  readonly parameters: ReadonlyMap<string, string>;
}

export interface Gate {
  /**
   * The verifier for a claimed name. An unknown name gets a stable false one, so that both take the same work and look the
   * same; a rate-limited one too. Revoked, expired and paused names are told apart only after the proof was right.
   */
  verifierFor(user: string, address: string): ScramVerifier;
  /** Records a failed proof (ledger, rate limit). */
  signInFailed(request: OpenRequest): void;
  /** After a right proof: may this principal open this connection now? Counts sessions, records the opening. */
  open(
    request: OpenRequest,
  ): Promise<
    | { readonly kind: 'opened'; readonly session: GateSession; readonly upstream: UpstreamTarget }
    | { readonly kind: 'refused'; readonly refusal: Refusal }
  >;
}
