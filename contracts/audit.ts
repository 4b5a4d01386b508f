// The audit record: what the ledger stores, exports and (later) syncs. Source: design, "Audit: the ledger".

export type Door = 'editor' | 'postgres' | 'mysql' | 'mcp';

export interface AuditPrincipal {
  readonly kind: 'person' | 'agent';
  readonly name: string;
  readonly owner?: string;
  readonly groups: readonly string[];
}

/** Recorded, never trusted. */
export interface AuditClient {
  readonly applicationName?: string;
  readonly address?: string;
  readonly process?: { readonly pid: number; readonly executable?: string; readonly signer?: string };
}

/** Facts of a session, attached to each of its records. */
export interface AuditSession {
  readonly session: string;
  readonly principal: AuditPrincipal;
  readonly client: AuditClient;
  readonly door: Door;
  readonly connection: string;
  readonly database: string;
  readonly environment: string;
}

export interface AuditDecision {
  readonly verdict: 'allow' | 'hold' | 'deny';
  /** The refusal's code (`DENIED`, `MASKED_COLUMN`, …); absent when allowed. */
  readonly code?: string;
  /** One sentence, without values. */
  readonly reason?: string;
  readonly policies: readonly string[];
  readonly bundle: { readonly id: string; readonly sequence: number };
  readonly remedies?: readonly string[];
  readonly hold?: string;
  readonly justification?: string;
  readonly approvers?: readonly string[];
}

export interface AuditStatement {
  /** The SQL as the client sent it, secrets redacted. */
  readonly text: string;
  /** The SQL that really went to the database, when it differs. */
  readonly rewritten?: string;
  readonly fingerprint: string;
  readonly normalised: string;
  readonly kind: string;
  readonly parameters?: readonly string[];
}

/** Everything a statement's judgement fixes: shared by all executions of one cached judgement (serialise it once). */
export interface AuditJudgement {
  readonly statement: AuditStatement;
  readonly effects: readonly string[];
  readonly relations: readonly string[];
  readonly columnsRead: readonly string[];
  readonly columnsMasked: readonly string[];
  readonly decision: AuditDecision;
}

export interface AuditOutcome {
  readonly status: 'ok' | 'error' | 'cancelled' | 'refused' | 'lost';
  readonly sqlstate?: string;
  readonly rows?: number;
  readonly bytes?: number;
  /** Milliseconds from the intent to the end. */
  readonly durationMs?: number;
  readonly rowsTouched?: { readonly count: number; readonly keys?: readonly string[]; readonly digest?: string };
}

/** Stable event codes; docs/audit.md explains each. */
export const AUDIT_CODES = {
  'GH-S-ALLOW': 'statement allowed (intent)',
  'GH-S-HOLD': 'statement held: a reason or an approval is needed',
  'GH-S-DENY': 'statement denied',
  'GH-S-DONE': 'statement finished (outcome)',
  'GH-C-OPEN': 'connection opened',
  'GH-C-CLOSE': 'connection closed',
  'GH-I-REFUSED': 'sign-in refused',
  'GH-I-AGENT-ADD': 'agent created',
  'GH-I-AGENT-REVOKE': 'agent revoked',
  'GH-I-AGENT-PAUSE': 'agent paused or resumed',
  'GH-I-TOKEN': 'token of a person issued',
  'GH-P-ACTIVE': 'policy bundle activated',
  'GH-P-REFUSED': 'policy bundle refused',
  'GH-X-INCIDENT': 'incident: a result did not match its plan, or judging failed',
  'GH-X-CONFIG': 'settings or connections changed',
  'GH-L-START': 'ledger opened',
  'GH-L-STOP': 'ledger closed',
  'GH-L-GAP': 'records were lost',
} as const;
export type AuditCode = keyof typeof AUDIT_CODES;

/** One record as stored. `hash = SHA-256(prevHash || canonical JSON of the record without hash)`. */
export interface AuditRecord {
  readonly v: 1;
  /** UUIDv7. */
  readonly id: string;
  readonly device: string;
  readonly boot: string;
  readonly seq: number;
  /** ISO 8601, UTC, milliseconds. */
  readonly time: string;
  /** Monotonic nanoseconds since boot id's start, as a decimal string. */
  readonly mono: string;
  readonly code: AuditCode;
  readonly session?: AuditSession;
  readonly judgement?: AuditJudgement;
  /** For outcomes: the id of the intent. */
  readonly intent?: string;
  readonly outcome?: AuditOutcome;
  /** Parameters of this execution, where the policy records them. */
  readonly parameters?: readonly string[];
  /** For events that are not statements. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
  readonly prevHash: string;
  readonly hash: string;
}
