// Judges one text: analyse → masks → decide → rewrite → verify. The whole text is judged before any of it may run, and the
// strictest verdict rules. Any throw in here is caught by the session and becomes a refusal with code INTERNAL.
import type { AuditDecision, AuditJudgement } from '../../../contracts/audit.ts';
import { redactStatement } from '../../audit/redact.ts';
import type { Answer, Remedy } from '../../policy/engine.ts';
import { ACTION_GROUPS } from '../../sql/analysis.ts';
import type { SessionNames } from '../../sql/postgres/analyse/binder.ts';
import type { AnalysisGap, StatementFacts } from '../../sql/postgres/analyse/facts.ts';
import { type SourceColumn, sourceOf } from '../../sql/postgres/analyse/lineage.ts';
import { analyse } from '../../sql/postgres/analyse/analyse.ts';
import type { Catalog } from '../../sql/postgres/catalog/catalog.ts';
import { isSystemSchema } from '../../sql/postgres/catalog/catalog.ts';
import type { ParsedText } from '../../sql/postgres/parse/parsed.ts';
import { TokenStream } from '../../sql/postgres/parse/tokens.ts';
import { splice } from '../../sql/postgres/rewrite/edits.ts';
import { isGoverned, type MaskEdit, maskEdits } from '../../sql/postgres/rewrite/rewrite.ts';
import { verifyRewrite } from '../../sql/postgres/rewrite/verify.ts';
import type { Refusal } from '../gate.ts';
import { notUnderstood, refusal } from '../refusals.ts';
import type { JudgeInput, Plan, Ruling } from './context.ts';
import { leadingJustification } from './justification.ts';
import type { MaskResolver } from './masks.ts';
import { applyAll, effectivePath, epochOf, type NamedStatement, namesOf, type SessionState } from './session-names.ts';
import { ruleStatement } from './statement-rules.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const WRITES: ReadonlySet<string> = new Set([
  ...ACTION_GROUPS.write,
  ...ACTION_GROUPS.schemaChange,
  ...ACTION_GROUPS.call,
  'listen',
  'maintenance',
  'lock',
]);
const READS: ReadonlySet<string> = new Set([...ACTION_GROUPS.read, 'transaction', 'set']);
const MAX_ROUNDS = 30;

/** Judges; records nothing. */
export async function judgeText(input: JudgeInput): Promise<Ruling> {
  const { services, asker, bytes } = input;
  const refuse = (found: Refusal, text = ''): Ruling => ({
    kind: 'refuse',
    refusal: found,
    audit: refusedAudit(input, found, text, undefined, undefined),
  });
  if (bytes.byteLength > asker.limits.maxStatementBytes) {
    return refuse(refusal('NOT_UNDERSTOOD', `can't be checked: the statement is longer than ${asker.limits.maxStatementBytes} bytes`));
  }
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return refuse(refusal('NOT_UNDERSTOOD', "can't be checked: the statement is not valid UTF-8", { sqlstate: '22021' }));
  }
  if (text.includes('\0'))
    return refuse(refusal('NOT_UNDERSTOOD', "can't be checked: the statement holds a NUL byte", { sqlstate: '22021' }));
  // Drivers ask with it whether a connection is alive; the parser does not take it.
  if (text === '') return { kind: 'forward', text: bytes, plans: [], cacheable: true };
  const outcome = await services.parser.parse(text, bytes.byteLength);
  if (outcome.kind === 'syntax') {
    return refuse({ ...notUnderstood(outcome.message, outcome.position, '42601'), detail: 'code=NOT_UNDERSTOOD' }, text);
  }
  if (outcome.kind === 'limit') return refuse(notUnderstood(outcome.message), text);
  if (outcome.parsed.statements.length === 0) return { kind: 'forward', text: bytes, plans: [], cacheable: true };
  if (input.form === 'parse' && outcome.parsed.statements.length > 1) {
    return refuse(refusal('NOT_UNDERSTOOD', 'cannot insert multiple commands into a prepared statement', { sqlstate: '42601' }), text);
  }
  return judgeParsed(input, text, outcome.parsed);
}

async function judgeParsed(input: JudgeInput, text: string, parsed: ParsedText): Promise<Ruling> {
  const { service } = input.services;
  const catalog = await service.catalog();
  const ruling = await judgeBy(input, text, parsed, catalog, false);
  if (ruling !== 'stale') return ruling;
  // An unknown name may be newer than the snapshot.
  await service.refreshFor(catalog);
  const final = await judgeBy(input, text, parsed, await service.catalog(), true);
  return final === 'stale' ? refuseStale(input, text, parsed) : final;
}

function refuseStale(input: JudgeInput, text: string, parsed: ParsedText): Ruling {
  const found = notUnderstood('the schema changed while the statement was judged; run it again');
  return { kind: 'refuse', refusal: found, audit: refusedAudit(input, found, text, parsed, undefined) };
}

interface Judged {
  readonly facts: StatementFacts;
  readonly names: SessionNames;
  readonly epoch: string;
  readonly path: readonly string[];
  /** For EXECUTE and FETCH: what stands behind the name. */
  readonly named: NamedStatement | undefined;
}

/** Analyses all statements; the session's names move on as if each had succeeded. */
async function analyseAll(input: JudgeInput, bytes: Buffer, parsed: ParsedText, tokens: TokenStream, catalog: Catalog): Promise<Judged[]> {
  const { service, policy } = input.services;
  const judged: Judged[] = [];
  let state = input.state;
  for (const statement of parsed.statements) {
    const names = namesOf(state);
    const epoch = `${epochOf(state)}\u0002${catalog.version}\u0002${policy.bundle.version}`;
    for (let round = 0; ; round += 1) {
      const { facts, needs } = analyse({ statement, text: bytes, tokens, catalog, session: names, definitions: service.definitions });
      if (needs.size > 0 && round < MAX_ROUNDS) {
        await service.define(needs);
        continue;
      }
      if (needs.size > 0) facts.gaps.push({ what: 'its functions are nested too deeply', position: undefined });
      const named = inheritNamed(facts, state, epoch);
      judged.push({ facts, names, epoch, path: effectivePath(state), named });
      state = applyAll(state, facts, epoch);
      break;
    }
  }
  return judged;
}

/** EXECUTE and FETCH do what the statement behind the name does. */
function inheritNamed(facts: StatementFacts, state: SessionState, epoch: string): NamedStatement | undefined {
  if (facts.executes === undefined) return undefined;
  const { kind, name } = facts.executes;
  const named = (kind === 'prepared' ? state.prepared : state.cursors).get(name);
  if (named === undefined) return undefined;
  if (kind === 'prepared' && named.epoch !== epoch) {
    facts.gaps.push({
      what: `prepared statement "${name}" was prepared under other circumstances; prepare it again`,
      position: undefined,
      sqlstate: '0A000',
    });
  }
  facts.effects.push(...named.facts.effects);
  facts.references.push(...named.facts.references);
  facts.targets.push(...named.facts.targets);
  facts.usages.push(...named.facts.usages);
  facts.opaque.push(...named.facts.opaque);
  facts.hasWhere ||= named.facts.hasWhere;
  return named;
}

/** Each column that a statement's result must hide, with its mask; what it is compared by when it was made ready earlier. */
function maskedColumns(facts: StatementFacts, masks: MaskResolver): ReadonlySet<string> {
  const found = new Set<string>();
  const look = (source: SourceColumn): void => {
    const mask = masks.maskOf(source);
    if (mask !== undefined) found.add(`${source.relation.schema}.${source.relation.name}.${source.column.name} ${mask.sql}`);
  };
  for (const { relation } of [...facts.references, ...facts.targets])
    for (const column of relation.columns) look(sourceOf(relation, column));
  for (const { source } of facts.usages) look(source);
  return found;
}

/**
 * The database holds a named statement as it was rewritten when it was made ready. Invariant: it runs only while that hides
 * all that must be hidden now; a reason that was given then and is withdrawn since no longer reveals.
 */
function namedProblem(named: NamedStatement, facts: StatementFacts, masks: MaskResolver): Refusal | undefined {
  const { masked } = named;
  if (masked === undefined || [...maskedColumns(facts, masks)].every((column) => masked.has(column))) return undefined;
  const what = facts.executes?.kind === 'cursor' ? 'cursor' : 'prepared statement';
  return refusal('NOT_UNDERSTOOD', `${what} "${facts.executes?.name ?? ''}" was made when you could see more than now; make it again`, {
    sqlstate: '0A000',
  });
}

async function judgeBy(input: JudgeInput, text: string, parsed: ParsedText, catalog: Catalog, last: boolean): Promise<Ruling | 'stale'> {
  const bytes = Buffer.from(input.bytes.buffer, input.bytes.byteOffset, input.bytes.byteLength);
  const tokens = new TokenStream(bytes, parsed.tokens);
  const judged = await analyseAll(input, bytes, parsed, tokens, catalog);
  const refuse = (found: Refusal, facts?: StatementFacts, masks?: MaskResolver, remedies: readonly Remedy[] = []): Ruling => ({
    kind: 'refuse',
    refusal: found,
    remedies,
    audit: refusedAudit(input, found, text, parsed, facts, masks),
  });
  for (const { facts } of judged) {
    const gap: AnalysisGap | undefined = facts.gaps[0];
    if (gap === undefined) continue;
    if (!last && facts.gaps.some((each) => each.stale === true)) return 'stale';
    return refuse(notUnderstood(gap.what, gap.position, gap.sqlstate), facts);
  }
  const reason = leadingJustification(text) ?? input.state.justification;
  const plans: Plan[] = [];
  const edits: MaskEdit[] = [];
  let cacheable = true;
  let masks: MaskResolver | undefined;
  for (const [i, one] of judged.entries()) {
    const { facts } = one;
    const ruled = await ruleStatement({
      input,
      catalog,
      facts,
      text,
      reason,
      path: one.path,
      statement: bytes.toString('utf8', parsed.statements[i]?.start ?? 0, parsed.statements[i]?.end ?? 0),
    });
    if (ruled.kind === 'refuse') return refuse(ruled.refusal, facts, ruled.masks, ruled.remedies);
    masks = ruled.masks;
    cacheable &&= ruled.cacheable && facts.executes === undefined;
    if (one.named === undefined) edits.push(...maskEdits(facts, masks.maskOf, bytes));
    else {
      const problem = namedProblem(one.named, facts, masks);
      if (problem !== undefined) return refuse(problem, facts, masks);
    }
    plans.push(planOf(input, ruled.masks, one, parsed, text, ruled.answer, ruled.justification));
  }
  if (edits.length === 0 || masks === undefined) return { kind: 'forward', text: input.bytes, plans, cacheable };
  const spliced = splice(bytes, edits);
  if (spliced === undefined) return refuse(notUnderstood('the masked form of this statement can not be built'), judged[0]?.facts, masks);
  const again = await input.services.parser.parse(spliced.text.toString('utf8'), spliced.text.byteLength);
  const wrong =
    again.kind === 'parsed'
      ? verifyRewrite({
          original: parsed,
          rewritten: again.parsed,
          spliced,
          catalog,
          sessions: judged.map(({ names }) => names),
          definitions: input.services.service.definitions,
          maskOf: masks.maskOf,
        })
      : 'the masked form does not parse';
  if (wrong !== undefined)
    return refuse(notUnderstood(`the masked form of this statement can not be proven safe (${wrong})`), judged[0]?.facts, masks);
  const rewritten = spliced.text.toString('utf8');
  const withText = plans.map((plan) => ({
    ...plan,
    audit: { ...plan.audit, statement: { ...plan.audit.statement, rewritten: redactStatement(rewritten) } },
  }));
  return { kind: 'forward', text: spliced.text, plans: withText, cacheable };
}

function planOf(
  input: JudgeInput,
  masks: MaskResolver,
  one: Judged,
  parsed: ParsedText,
  text: string,
  answer: Answer,
  justification: string | undefined,
): Plan {
  const { facts, epoch } = one;
  const { policy } = input.services;
  const touchesGoverned =
    facts.references.some((reference) => isGoverned(reference, masks.maskOf) || masks.mayQuote(reference.relation)) ||
    facts.targets.some(({ relation }) => masks.mayQuote(relation) || (relation.runsCode && masks.masksAnything)) ||
    facts.altered.some((relation) => masks.isGoverned(relation)) ||
    (facts.copied !== undefined && isGoverned(facts.copied.reference, masks.maskOf)) ||
    facts.opaque.length > 0 ||
    facts.quotesAnything;
  const actions = facts.effects.map((effect) => effect.action);
  const read = facts.usages.filter((usage) => usage.use === 'output');
  return {
    kind: facts.kind,
    barrier: facts.changes.length > 0,
    cleanErrors: touchesGoverned,
    // COPY describes no columns; its rows come from the rewritten query alone.
    guardResult:
      facts.kind !== 'COPY' && (facts.references.some(({ relation }) => !isSystemSchema(relation.schema)) || facts.executes !== undefined),
    facts,
    epoch,
    masked: facts.changes.some(({ kind }) => kind === 'prepare' || kind === 'declare') ? maskedColumns(facts, masks) : undefined,
    reason: input.state.justification,
    durable: actions.some((action) => WRITES.has(action)),
    reads: actions.every((action) => READS.has(action)),
    taints: read.some((usage) => policy.isUntrusted(masks.tagsOf(usage.source))),
    isMasked: (source) => masks.maskOf(source) !== undefined,
    whyMasked: (source) =>
      masks.maskOf(source) === undefined ? undefined : { tags: masks.tagsOf(source), policies: masks.whyMasked(source)?.policies ?? [] },
    assignedParameters: new Map(
      facts.assigned.flatMap(({ parameter, source }) =>
        parameter !== undefined && masks.maskOf(source) !== undefined ? [[parameter, source.column.name] as const] : [],
      ),
    ),
    audit: auditOf(text, parsed, facts, masks, {
      verdict: 'allow',
      policies: answer.policies.map((policyOf) => policyOf.id),
      bundle: { id: policy.bundle.id, sequence: policy.bundle.sequence },
      ...(justification === undefined ? {} : { justification: redactStatement(justification) }),
    }),
  };
}

const LONGEST_TEXT = 100_000;
const shown = (text: string): string => (text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text);

function auditOf(
  text: string,
  parsed: ParsedText | undefined,
  facts: StatementFacts | undefined,
  masks: MaskResolver | undefined,
  decision: AuditDecision,
): AuditJudgement {
  const columns = new Set<string>();
  const masked = new Set<string>();
  for (const { source } of facts?.usages ?? []) {
    const name = `${source.relation.schema}.${source.relation.name}.${source.column.name}`;
    columns.add(name);
    if (masks?.maskOf(source) !== undefined) masked.add(name);
  }
  for (const reference of facts?.references ?? []) {
    if (!reference.used || masks === undefined) continue;
    for (const column of reference.relation.columns) {
      const name = `${reference.relation.schema}.${reference.relation.name}.${column.name}`;
      if (columns.has(name) && masks.maskOf(sourceOf(reference.relation, column)) !== undefined) masked.add(name);
    }
  }
  const relations = new Set(
    [...(facts?.references ?? []), ...(facts?.targets ?? [])].map(({ relation }) => `${relation.schema}.${relation.name}`),
  );
  return {
    statement: {
      text: redactStatement(shown(text)),
      fingerprint: parsed?.fingerprint ?? '',
      normalised: redactStatement(shown(parsed?.normalised ?? '')),
      kind: facts?.kind ?? 'UNKNOWN',
    },
    effects: [
      ...new Set(
        (facts?.effects ?? []).map((effect) =>
          effect.relation === undefined ? effect.action : `${effect.action} ${effect.relation.schema}.${effect.relation.name}`,
        ),
      ),
    ],
    relations: [...relations],
    columnsRead: [...columns].slice(0, 500),
    columnsMasked: [...masked].slice(0, 500),
    decision,
  };
}

function refusedAudit(
  input: JudgeInput,
  found: Refusal,
  text: string,
  parsed: ParsedText | undefined,
  facts: StatementFacts | undefined,
  masks?: MaskResolver,
): AuditJudgement {
  const { bundle } = input.services.policy;
  return auditOf(text, parsed, facts, masks, {
    verdict: found.code === 'JUSTIFICATION_REQUIRED' || found.code === 'APPROVAL_PENDING' ? 'hold' : 'deny',
    code: found.code,
    reason: redactStatement(found.message),
    policies: /(?:^| )policy=([^ ]+)/u.exec(found.detail ?? '')?.[1]?.split(',') ?? [],
    bundle: { id: bundle.id, sequence: bundle.sequence },
  });
}
