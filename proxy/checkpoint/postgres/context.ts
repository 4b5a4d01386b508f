// What all judging on one PostgreSQL connection shares, and the values that one judgement is about.
import type { AuditJudgement, Door } from '../../../contracts/audit.ts';
import type { ConnectionFacts, DeterminingPolicy, Limits, PolicyEngine, Principal, Remedy } from '../../policy/engine.ts';
import type { StatementFacts } from '../../sql/postgres/analyse/facts.ts';
import type { SourceColumn } from '../../sql/postgres/analyse/lineage.ts';
import type { ParserPool } from '../../sql/postgres/parse/parser-pool.ts';
import type { Catalog } from '../../sql/postgres/catalog/catalog.ts';
import type { CatalogService } from '../../sql/postgres/service.ts';
import type { Refusal, StatementPlan } from '../gate.ts';
import type { MaskResolver } from './masks.ts';
import type { SessionState } from './session-names.ts';

export interface JudgeServices {
  readonly parser: ParserPool;
  readonly service: CatalogService;
  readonly policy: PolicyEngine;
  readonly connection: ConnectionFacts;
}

/** Who asks, by which door, with what said. */
export interface Asker {
  readonly principal: Principal;
  readonly door: Door;
  readonly client: string | undefined;
  readonly tainted: boolean;
  readonly limits: Limits;
}

/** A judged statement: what the door sees, and what the session needs when it runs. */
export interface Plan extends StatementPlan {
  readonly facts: StatementFacts;
  readonly epoch: string;
  readonly audit: AuditJudgement;
  /** For PREPARE and DECLARE: the columns that their statement hides, with their masks. */
  readonly masked: ReadonlySet<string> | undefined;
  /** The session's reason when it was judged: it may have revealed what is masked without it. */
  readonly reason: string | undefined;
  /** The intent must be durable before the statement goes on. */
  readonly durable: boolean;
  readonly reads: boolean;
  /** Reading it makes an agent's session tainted. */
  readonly taints: boolean;
  /** A result column that comes straight from one of these is a leak. */
  readonly isMasked: (source: SourceColumn) => boolean;
  /** Tags and the determining policies of a masked column, for explaining a result; undefined for a clear one. */
  readonly whyMasked: (
    source: SourceColumn,
  ) => { readonly tags: readonly string[]; readonly policies: readonly DeterminingPolicy[] } | undefined;
  /** Assigned parameters that must not be masks: number → column's name. */
  readonly assignedParameters: ReadonlyMap<number, string>;
}

/** The outcome of judging one text. `verdict` also for callers that explain (check, policy test). */
export type Ruling =
  | { readonly kind: 'forward'; readonly text: Uint8Array; readonly plans: readonly Plan[]; readonly cacheable: boolean }
  | {
      readonly kind: 'refuse';
      readonly refusal: Refusal;
      readonly audit: AuditJudgement;
      /** What would lift it, where policy holds. */
      readonly remedies?: readonly Remedy[];
    };

export interface JudgeInput {
  readonly services: JudgeServices;
  readonly asker: Asker;
  readonly state: SessionState;
  readonly bytes: Uint8Array;
  readonly form: 'simple' | 'parse';
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Kept by the session per catalog, policy and justification. */
  readonly masks: (catalog: Catalog, reason: string | undefined, make: () => MaskResolver) => MaskResolver;
}
