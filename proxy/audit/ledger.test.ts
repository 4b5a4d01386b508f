import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import type { AuditRecord } from '../../contracts/audit.ts';
import { openDatabase } from '../store/sqlite.ts';
import { loadDeviceKey } from './device-key.ts';
import type { LedgerState } from './ledger-port.ts';
import { LedgerReader } from './search.ts';
import { judgement, openTestLedger, session, temporaryFolder } from './testing/ledger-fixture.ts';
import { verifyLedger } from './verify.ts';

function records(folder: string): AuditRecord[] {
  using reader = new LedgerReader(folder);
  return reader.find({}, Number.POSITIVE_INFINITY, 'oldest-first');
}

describe('the ledger', () => {
  it('numbers records without a gap, in the order they were appended, and keeps all they say', async () => {
    using folder = temporaryFolder();
    const who = session();
    const what = judgement('select name from customers');
    const ledger = await openTestLedger(folder.path, { boot: 'boot-1' });
    const { id, durable } = ledger.appendDurable({ code: 'GH-S-ALLOW', session: who, judgement: what, parameters: ['1'] });
    await durable;
    const done = ledger.append({ code: 'GH-S-DONE', session: who, intent: id, outcome: { status: 'ok', rows: 3, durationMs: 1.5 } });
    await ledger.close();
    const all = records(folder.path);
    expect(all.map(({ seq, code }) => [seq, code])).toEqual([
      [1, 'GH-L-START'],
      [2, 'GH-S-ALLOW'],
      [3, 'GH-S-DONE'],
      [4, 'GH-L-STOP'],
    ]);
    expect(all[1]).toMatchObject({ v: 1, id, boot: 'boot-1', session: who, judgement: what, parameters: ['1'] });
    expect(all[2]).toMatchObject({ id: done, intent: id, outcome: { status: 'ok', rows: 3, durationMs: 1.5 } });
    expect(all[1]?.prevHash).toBe(all[0]?.hash);
    expect(verifyLedger(folder.path)).toMatchObject({ kind: 'clean', records: 4, checkpoints: 1, head: all[3]?.hash, warnings: [] });
  });

  it('goes on with the chain after a restart, and says whether it was closed cleanly', async () => {
    using folder = temporaryFolder();
    await (await openTestLedger(folder.path)).close();
    await (await openTestLedger(folder.path)).close();
    const starts = records(folder.path).filter(({ code }) => code === 'GH-L-START');
    expect(starts.map(({ facts }) => facts?.['previous'])).toEqual(['new', 'clean']);
    expect(new Set(starts.map(({ boot }) => boot)).size).toBe(2);
    expect(verifyLedger(folder.path)).toMatchObject({ kind: 'clean', records: 4 });
  });

  it('keeps the order of thousands of appends of which some are waited for', async () => {
    using folder = temporaryFolder();
    const ledger = await openTestLedger(folder.path, { checkpointEvery: 100 });
    const ids: string[] = [];
    for (let round = 0; round < 20; round++) {
      for (let index = 0; index < 150; index++) ids.push(ledger.append({ code: 'GH-X-CONFIG', facts: { round, index } }));
      const { id, durable } = ledger.appendDurable({ code: 'GH-X-CONFIG', facts: { round } });
      ids.push(id);
      await durable;
      using reader = new LedgerReader(folder.path);
      // What was waited for is there for everyone, and with it all that came before.
      expect(reader.lastSeq()).toBeGreaterThanOrEqual(ids.length + 1);
    }
    await ledger.close();
    expect(
      records(folder.path)
        .slice(1, -1)
        .map(({ id }) => id),
    ).toEqual(ids);
    const result = verifyLedger(folder.path);
    expect(result).toMatchObject({ kind: 'clean', warnings: [] });
    expect(result.checkpoints).toBeGreaterThan(3);
  });

  it('signs a checkpoint after a while even when few records came', async () => {
    using folder = temporaryFolder();
    await using ledger = await openTestLedger(folder.path, { checkpointAfterMs: 20 });
    await expect.poll(() => verifyLedger(folder.path), { timeout: 10_000 }).toMatchObject({ kind: 'clean', checkpoints: 1, warnings: [] });
    expect(ledger.state).toEqual({ kind: 'ok' });
  });

  it('lets only one process open a profile, and the next one when that is closed', async () => {
    using folder = temporaryFolder();
    const first = await openTestLedger(folder.path);
    await expect(openTestLedger(folder.path)).rejects.toMatchObject({ code: 'LEDGER_LOCKED' });
    const other = spawnSync(process.execPath, [new URL('./testing/append-child.ts', import.meta.url).pathname, folder.path], {
      input: '',
      encoding: 'utf8',
    });
    expect(other.status).not.toBe(0);
    expect(other.stderr).toContain('LEDGER_LOCKED');
    // Refusing the second has not touched the first.
    await first.appendDurable({ code: 'GH-X-CONFIG' }).durable;
    await first.close();
    await (await openTestLedger(folder.path)).close();
    expect(verifyLedger(folder.path).kind).toBe('clean');
  });

  it('can be read by its owner only', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'ledger');
    await using ledger = await openTestLedger(path);
    expect(ledger.state.kind).toBe('ok');
    for (const name of ['', 'ledger.db', 'ledger.db-wal', 'ledger.lock', 'device-key.pub'])
      expect(statSync(join(path, name)).mode & 0o077).toBe(0);
  });

  it('refuses a ledger of a newer version', async () => {
    using folder = temporaryFolder();
    await (await openTestLedger(folder.path)).close();
    using database = openDatabase(join(folder.path, 'ledger.db'));
    database.pragma('user_version = 99');
    await expect(openTestLedger(folder.path)).rejects.toMatchObject({ code: 'LEDGER_VERSION' });
  });

  it('refuses a file that is no ledger', async () => {
    using folder = temporaryFolder();
    const { writeFileSync } = await import('node:fs');
    writeFileSync(join(folder.path, 'ledger.db'), 'not a database, but long enough to have had a header'.repeat(10));
    await expect(openTestLedger(folder.path)).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
  });

  it('says that it is busy long before the queue is full, and no longer once the records are on disk', async () => {
    using folder = temporaryFolder();
    await using ledger = await openTestLedger(folder.path, { queueBytes: 200_000 });
    expect(ledger.busy).toBe(false);
    for (let index = 0; index < 150; index++) ledger.append({ code: 'GH-X-CONFIG', facts: { index } });
    expect(ledger.busy).toBe(true);
    expect(ledger.state.kind).toBe('ok');
    await ledger.appendDurable({ code: 'GH-X-CONFIG' }).durable;
    expect(ledger.busy).toBe(false);
  });

  it('is failed while the queue is full, counts what it loses, and writes that down when there is room', async () => {
    using folder = temporaryFolder();
    const states: LedgerState[] = [];
    const ledger = await openTestLedger(folder.path, { queueBytes: 20_000, onState: (state) => states.push(state) });
    for (let index = 0; index < 100; index++) ledger.append({ code: 'GH-X-CONFIG', facts: { index } });
    expect(ledger.state).toEqual({ kind: 'failed', reason: 'the queue is full' });
    await expect(ledger.appendDurable({ code: 'GH-X-CONFIG' }).durable).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    await expect.poll(() => ledger.state.kind, { timeout: 10_000 }).toBe('ok');
    await ledger.appendDurable({ code: 'GH-X-CONFIG', facts: { after: true } }).durable;
    await ledger.close();
    expect(states.map(({ kind }) => kind)).toEqual(['failed', 'ok']);
    const all = records(folder.path);
    const kept = all.filter(({ facts }) => facts?.['index'] !== undefined);
    const gaps = all.filter(({ code }) => code === 'GH-L-GAP');
    expect(kept.map(({ facts }) => facts?.['index'])).toEqual(kept.map((_, index) => index));
    expect(gaps.map(({ facts }) => facts?.['lost'])).toEqual([100 - kept.length + 1]);
    expect(all.map(({ code }) => code).slice(-3)).toEqual(['GH-L-GAP', 'GH-X-CONFIG', 'GH-L-STOP']);
    expect(verifyLedger(folder.path)).toMatchObject({ kind: 'clean', warnings: [{ kind: 'gap', lost: 100 - kept.length + 1 }] });
  });

  it('leaves a gap record instead of throwing for a record that JSON cannot say', async () => {
    using folder = temporaryFolder();
    const ledger = await openTestLedger(folder.path);
    ledger.append({ code: 'GH-S-DONE', outcome: { status: 'ok', rows: Number.NaN } });
    await expect.poll(() => ledger.state.kind).toBe('ok');
    await ledger.close();
    expect(records(folder.path).map(({ code }) => code)).toEqual(['GH-L-START', 'GH-L-GAP', 'GH-L-STOP']);
  });

  it('starts a new writer when its thread ends, and writes what the old one had not acknowledged, once', async () => {
    using folder = temporaryFolder();
    const posted = vi.spyOn(Worker.prototype, 'postMessage');
    const states: string[] = [];
    const ledger = await openTestLedger(folder.path, { retryMs: 10, onState: ({ kind }) => states.push(kind) });
    const writer = posted.mock.contexts[0] as Worker;
    posted.mockRestore();
    const ids = Array.from({ length: 500 }, (_, index) => ledger.append({ code: 'GH-X-CONFIG', facts: { index } }));
    const waiting = ledger.appendDurable({ code: 'GH-X-CONFIG' });
    const outcome = waiting.durable.then(
      () => 'durable',
      () => 'rejected',
    );
    await Promise.resolve();
    await writer.terminate();
    expect(['durable', 'rejected']).toContain(await outcome);
    await expect.poll(() => ledger.state.kind, { timeout: 10_000 }).toBe('ok');
    await ledger.appendDurable({ code: 'GH-X-CONFIG' }).durable;
    await ledger.close();
    expect(states).toEqual(['failed', 'ok']);
    expect(
      records(folder.path)
        .map(({ id }) => id)
        .slice(1, -2),
    ).toEqual([...ids, waiting.id]);
    expect(verifyLedger(folder.path).kind).toBe('clean');
  });

  it('takes nothing more once it is closed, and says so', async () => {
    using folder = temporaryFolder();
    const ledger = await openTestLedger(folder.path);
    await ledger.close();
    await ledger.close();
    expect(ledger.append({ code: 'GH-X-CONFIG' })).toMatch(/^[0-9a-f-]{36}$/);
    expect(ledger.state.kind).toBe('failed');
    await expect(ledger.appendDurable({ code: 'GH-X-CONFIG' }).durable).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect(records(folder.path)).toHaveLength(2);
  });

  it('warns in verification when the clock was set back, and keeps ids in order all the same', async () => {
    using folder = temporaryFolder();
    let now = Date.UTC(2026, 10, 22, 10);
    const ledger = await openTestLedger(folder.path, { clock: { now: () => now, monotonic: () => process.hrtime.bigint() } });
    now -= 3_600_000;
    ledger.append({ code: 'GH-X-CONFIG' });
    await ledger.close();
    const ids = records(folder.path).map(({ id }) => id);
    expect(ids).toEqual([...ids].sort());
    expect(verifyLedger(folder.path)).toMatchObject({
      kind: 'clean',
      warnings: [{ kind: 'clock-backwards', seq: 2, to: '2026-11-22T09:00:00.000Z' }],
    });
  });

  it('records at start that its tail was altered while it was closed', async () => {
    using folder = temporaryFolder();
    await (await openTestLedger(folder.path)).close();
    {
      using database = openDatabase(join(folder.path, 'ledger.db'));
      database.exec(`update record set body = replace(body, '"previous":"new"', '"previous":"old"') where seq = 1`);
    }
    const ledger = await openTestLedger(folder.path);
    expect(ledger.findingAtStart).toContain('record 1 was changed');
    await ledger.close();
    expect(records(folder.path).find(({ code }) => code === 'GH-X-INCIDENT')?.facts).toMatchObject({
      finding: expect.stringContaining('record 1 was changed') as string,
    });
  });
});

describe('the device key', () => {
  it('is made once, kept in the secret store, and its public half beside the ledger', async () => {
    using folder = temporaryFolder();
    const kept = new Map<string, Uint8Array>();
    const secrets = {
      get: async (name: string) => kept.get(name),
      set: async (name: string, value: Uint8Array) => void kept.set(name, value),
    };
    const first = await loadDeviceKey({ secrets });
    const second = await loadDeviceKey({ secrets });
    expect(second.verifierKey).toBe(first.verifierKey);
    expect([...kept.keys()]).toEqual(['device-key']);
    const ledger = await openTestLedger(folder.path, { device: first.device, signer: first });
    await ledger.close();
    expect(verifyLedger(folder.path)).toMatchObject({ kind: 'clean', checkpoints: 1 });
    kept.clear();
    const renewed = await loadDeviceKey({ secrets });
    expect(renewed.verifierKey).not.toBe(first.verifierKey);
    await (await openTestLedger(folder.path, { device: renewed.device, signer: renewed })).close();
    expect(verifyLedger(folder.path)).toMatchObject({ kind: 'clean', checkpoints: 2 });
  });
});
