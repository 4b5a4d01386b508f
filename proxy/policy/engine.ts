// The one function behind which Cedar and the classification stand. The checkpoint asks; it never sees a policy's text.
import type { Action, ColumnName, RelationName } from '../sql/analysis.ts';
import type { Mask } from '../masking/mask.ts';

export type Remedy =
  | { readonly kind: 'justify'; readonly minimumLength: number; readonly pattern?: string }
  | { readonly kind: 'approve'; readonly approvers: string; readonly count: number };

export interface Principal {
  readonly kind: 'person' | 'agent';
  /** Unique in the profile; what `user` means on the wire. */
  readonly name: string;
  readonly groups: readonly string[];
  /** For agents: the person on whose behalf it acts. */
  readonly owner?: string;
  /** The owner's groups. Needed only by bundles whose policies read `principal.owner`: there, unknown groups are a deny. */
  readonly ownerGroups?: readonly string[];
}

export interface ConnectionFacts {
  readonly name: string;
  readonly environment: 'development' | 'staging' | 'production';
  readonly database: string;
}

/** What a question is about. Column questions are `reveal` only. */
export type Resource =
  | { readonly kind: 'connection' }
  | { readonly kind: 'table'; readonly relation: RelationName }
  | { readonly kind: 'column'; readonly column: ColumnName; readonly tags: readonly string[] }
  | { readonly kind: 'function'; readonly schema: string; readonly name: string };

/** Absent facts are absent, never null (an erroring policy is a deny). */
export interface QuestionContext {
  readonly door: 'editor' | 'postgres' | 'mysql' | 'mcp';
  readonly statementKind: string;
  readonly hasWhere: boolean;
  readonly estimatedRows?: number;
  readonly tags: readonly string[];
  readonly predicateTags: readonly string[];
  readonly tainted: boolean;
  readonly client?: string;
  readonly justification?: string;
  readonly approval?: { readonly by: string; readonly groups: readonly string[]; readonly count: number };
  /** UTC. */
  readonly hour: number;
  /** 1 = Monday … 7 = Sunday, UTC. */
  readonly weekday: number;
}

export interface Question {
  readonly principal: Principal;
  readonly connection: ConnectionFacts;
  readonly action: Action;
  readonly resource: Resource;
  readonly context: QuestionContext;
}

export interface DeterminingPolicy {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  /** `@reason`, one sentence for people and agents. */
  readonly reason?: string;
  readonly file: string;
  readonly line: number;
}

export type Answer =
  | { readonly kind: 'allow'; readonly policies: readonly DeterminingPolicy[] }
  | { readonly kind: 'hold'; readonly remedies: readonly Remedy[]; readonly policies: readonly DeterminingPolicy[] }
  /** `code` is `policy_error` when Cedar reported any diagnostic: an erroring forbid would otherwise be skipped. */
  | { readonly kind: 'deny'; readonly code: 'forbidden' | 'no_permit' | 'policy_error'; readonly policies: readonly DeterminingPolicy[] };

/** The limits that the bundle's settings give a kind of principal. */
export interface Limits {
  readonly rowsPerStatement: number;
  readonly bytesPerStatement: number;
  readonly statementTimeoutMs: number;
  readonly maxStatementBytes: number;
  readonly maxSessions: number;
}

export interface BundleFacts {
  readonly id: string;
  readonly sequence: number;
  readonly managed: boolean;
  /** Changes whenever the answers may change; part of every decision's cache key. */
  readonly version: string;
}

export interface PolicyEngine {
  readonly bundle: BundleFacts;
  decide(question: Question): Answer;
  /**
   * Tags of one base column by name patterns; empty when it is clear. Memoised by the engine.
   * `type`: the column's SQL type name without modifiers; a rule on types applies when it is not known.
   */
  tagsOf(connection: ConnectionFacts, column: ColumnName, type?: string): readonly string[];
  /** Is one of these tags for text written by outsiders? Reading such a column taints an agent's session. */
  isUntrusted(tags: readonly string[]): boolean;
  /** Does any of these tags hide values? (A tag may only say something about a column.) `derived` always does. */
  hides(tags: readonly string[]): boolean;
  /** The mask for a set of tags: the strictest of the tags' masks. `derived` values are always redacted. */
  maskFor(tags: readonly string[]): Mask;
  /** User functions that the bundle marks as clean (reviewed: reads nothing governed, prints nothing). */
  isCleanFunction(connection: ConnectionFacts, routine: { schema: string; name: string }): boolean;
  limitsOf(principal: Principal): Limits;
  readonly settings: PolicySettings;
}

export interface PolicySettings {
  /** Audit mode when the ledger can't be written. */
  readonly auditMode: 'strict' | 'reads';
  /** What the ledger keeps of parameters. */
  readonly auditParameters: 'none' | 'types' | 'values';
}
