// While somebody types: completion, the statements of a text, and what would happen to one.
import type { Check } from '../../../contracts/ui.ts';
import { type Explanation, explain } from '../../checkpoint/postgres/explain.ts';
import type { Visibility } from '../../checkpoint/postgres/visibility.ts';
import type { Handlers } from '../channel/requests.ts';
import { complete } from '../catalog/complete.ts';
import { CompletionIndex } from '../catalog/completion-index.ts';
import { splitStatements } from '../catalog/split.ts';
import { type AppParts, personOf, servicesOf, visibilityOf } from '../parts.ts';
import { utf16OfBytes } from '../run/text-offsets.ts';

type Methods = Pick<Handlers, 'editor.complete' | 'editor.split' | 'editor.check'>;

/** Statements whose rows the planner can tell. */
const ESTIMATED = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

export function editorMethods(parts: AppParts): Methods {
  const { checkpoint } = parts;
  const indexes = new WeakMap<Visibility, CompletionIndex>();
  const indexOf = (visibility: Visibility): CompletionIndex => {
    const known = indexes.get(visibility) ?? new CompletionIndex(visibility.catalog);
    indexes.set(visibility, known);
    return known;
  };
  return {
    async 'editor.complete'({ connection, sql, offset }) {
      const visibility = await visibilityOf(parts, connection);
      const { service } = await servicesOf(parts, connection);
      return complete(indexOf(visibility), visibility, service.initialPath, sql, Math.min(offset, sql.length));
    },
    'editor.split': ({ sql }) => splitStatements(checkpoint.parser, sql),
    async 'editor.check'({ connection, sql, justification }) {
      const services = await servicesOf(parts, connection);
      const outcome = await services.parser.parse(sql.toWellFormed(), Buffer.byteLength(sql));
      if (outcome.kind === 'parsed' && outcome.parsed.statements.length === 0) return EMPTY;
      const reason = justification === undefined || justification.trim() === '' ? undefined : justification.trim();
      const explanation = await explain(services, personOf(parts), sql, parts.now(), reason, 'editor');
      const [only, more] = outcome.kind === 'parsed' ? outcome.parsed.statements : [];
      // Only what may be planned anyway: planning runs what the planner can evaluate.
      const estimable = explanation.verdict !== 'deny' && only !== undefined && more === undefined && ESTIMATED.has(only.type);
      const rows = estimable
        ? await services.service.estimate(Buffer.from(sql, 'utf8').toString('utf8', only.start, only.end), 0, services.service.initialPath)
        : undefined;
      return { ...checkOf(explanation, sql), ...(rows === undefined ? {} : { estimatedRows: Math.round(rows) }) };
    },
  };
}

const EMPTY: Check = { verdict: 'empty', remedies: [], relations: [], masked: [], policies: [], effects: [] };

export function checkOf(explanation: Explanation, sql: string): Check {
  const { verdict, code, reason, hint, position, remedies, relations, masked, policies, effects } = explanation;
  return {
    verdict,
    ...(code === undefined ? {} : { code }),
    ...(reason === undefined ? {} : { reason }),
    ...(hint === undefined ? {} : { hint }),
    ...(position === undefined ? {} : { position: utf16OfBytes(sql, [position])[0] ?? 0 }),
    remedies,
    relations,
    masked,
    policies,
    effects,
  };
}
