// Running texts, reading their rows, taking them elsewhere.
import type { AuditJudgement, AuditSession } from '../../../contracts/audit.ts';
import { decideExport } from '../../checkpoint/postgres/export-question.ts';
import { onlyRelation } from '../../checkpoint/postgres/outputs.ts';
import { GatehouseError } from '../../errors.ts';
import type { Handlers } from '../channel/requests.ts';
import { quoteName } from '../catalog/keywords.ts';
import { copyText } from '../copy/clipboard.ts';
import { type AppParts, personOf, servicesOf } from '../parts.ts';
import type { Run } from '../run/runs.ts';
import type { RunResult } from '../run/run.ts';

type Methods = Pick<Handlers, 'run.start' | 'run.cancel' | 'run.rows' | 'run.copy' | 'run.export' | 'export.cancel' | 'tab.close'>;

export function runMethods(parts: AppParts): Methods {
  const { runs, exports } = parts;
  return {
    async 'run.start'(params, window) {
      await servicesOf(parts, params.connection);
      return { run: runs.start(window, params) };
    },
    async 'run.cancel'({ run }, window) {
      await runs.cancel(window, run);
      return null;
    },
    async 'run.rows'({ run, result, from, count }, window) {
      return { rows: await runs.result(window, run, result).file.window(from, count) };
    },
    'run.copy'({ run, result, ...request }, window) {
      const found = runs.result(window, run, result);
      return copyText(found, { ...request, table: tableOf(found) });
    },
    async 'run.export'({ run, result, format }, window) {
      const found = runs.result(window, run, result);
      const recorded = await recordExport(parts, runs.get(window, run), found);
      return exports.start(window, found, format, 'result', recorded);
    },
    'export.cancel'({ export: id }, window) {
      exports.cancel(window, id);
      return null;
    },
    'tab.close'({ tab }, window) {
      runs.closeTab(window, tab);
      return null;
    },
  };
}

/** For INSERTs: where the rows came from, when that is one relation. */
function tableOf(result: RunResult): string {
  const relation = result.plan === undefined ? undefined : onlyRelation(result.plan);
  return relation === undefined ? 'my_table' : `${quoteName(relation.schema)}.${quoteName(relation.name)}`;
}

/** Asks policy, writes the intent down; the returned function writes the end. Rejects with DENIED or JUSTIFICATION_REQUIRED. */
async function recordExport(
  parts: AppParts,
  run: Run,
  result: RunResult,
): Promise<(end: { readonly status: 'ok' | 'error' | 'cancelled'; readonly rows: number; readonly bytes: number }) => void> {
  const { ledger, now } = parts;
  const services = await servicesOf(parts, run.connection);
  const principal = personOf(parts);
  if (result.plan === undefined) throw new GatehouseError('DENIED', 'what this result holds is not known, so it can not be exported');
  const answer = decideExport({
    services,
    principal,
    door: 'editor',
    statement: result.plan,
    justification: run.justification,
    time: now(),
  });
  const session: AuditSession = {
    session: run.session.id ?? run.id,
    principal,
    client: { applicationName: 'Gatehouse', address: 'in-process' },
    door: 'editor',
    connection: services.connection.name,
    database: services.connection.database,
    environment: services.connection.environment,
  };
  const judgement: AuditJudgement = answer.audit;
  if (!answer.allowed) {
    ledger.append({ code: answer.code === 'JUSTIFICATION_REQUIRED' ? 'GH-S-HOLD' : 'GH-S-DENY', session, judgement });
    throw new GatehouseError(answer.code ?? 'DENIED', answer.reason ?? 'this result may not be exported');
  }
  // Nothing leaves before its record is on disk.
  const { id, durable } = ledger.appendDurable({ code: 'GH-S-ALLOW', session, judgement });
  await durable;
  const started = performance.now();
  return ({ status, rows, bytes }) => {
    ledger.append({
      code: 'GH-S-DONE',
      session,
      intent: id,
      outcome: { status, rows, bytes, durationMs: Math.round(performance.now() - started) },
    });
  };
}
