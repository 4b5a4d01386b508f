// What the ledger's tests share: a temporary profile, a fixed device key, and events such as the checkpoint would append.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditJudgement, AuditSession } from '../../../contracts/audit.ts';
import { deviceKeyFromSeed } from '../device-key.ts';
import { type Ledger, type LedgerOptions, openLedger } from '../ledger.ts';

export const KEY = deviceKeyFromSeed(new Uint8Array(32).fill(7));

export interface TemporaryFolder extends Disposable {
  readonly path: string;
}

export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), 'gatehouse-ledger-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export function openTestLedger(folder: string, options: Partial<LedgerOptions> = {}): Promise<Ledger> {
  return openLedger({ folder, device: KEY.device, signer: KEY, ...options });
}

export function session(changes: Partial<AuditSession> = {}): AuditSession {
  return {
    session: 's-1',
    principal: { kind: 'agent', name: 'copilot', owner: 'ana', groups: ['analysts'] },
    client: { applicationName: 'psql', address: '127.0.0.1', process: { pid: 42, executable: '/usr/bin/psql' } },
    door: 'postgres',
    connection: 'shop',
    database: 'shop',
    environment: 'production',
    ...changes,
  };
}

export function judgement(text: string, changes: Partial<AuditJudgement> = {}): AuditJudgement {
  return {
    statement: { text, fingerprint: 'f1', normalised: text, kind: 'SELECT' },
    effects: ['select'],
    relations: ['shop.customers'],
    columnsRead: ['shop.customers.name'],
    columnsMasked: ['shop.customers.email'],
    decision: { verdict: 'allow', policies: ['agents-read'], bundle: { id: 'default', sequence: 1 } },
    ...changes,
  };
}
