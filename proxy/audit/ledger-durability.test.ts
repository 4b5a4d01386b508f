// What the ledger promises when the process dies or the disk does. Real processes, real full and read-only file systems.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LedgerReader } from './search.ts';
import { ChildLedger } from './testing/child-ledger.ts';
import { judgement, openTestLedger, session, temporaryFolder } from './testing/ledger-fixture.ts';
import { verifyLedger } from './verify.ts';

const KILLS = 10;
const run = (command: string, ...args: readonly string[]): boolean => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const canLimit = run('prlimit', '--version');

/** A small file system of its own; undefined where this user may not mount one. */
function smallDisk(size: string): string | undefined {
  const folder = temporaryFolder();
  const disk = join(folder.path, 'disk');
  mkdirSync(disk);
  const mounted = run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk);
  onTestFinished(() => {
    if (mounted) run('umount', '-l', disk);
    folder[Symbol.dispose]();
  });
  return mounted ? disk : undefined;
}
const canMount = process.getuid?.() === 0 && mountProbe();
function mountProbe(): boolean {
  using folder = temporaryFolder();
  return run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder.path) && run('umount', folder.path);
}

function missing(folder: string, ids: readonly string[]): readonly string[] {
  using reader = new LedgerReader(folder);
  const stored = new Set([...reader.search({}, 'oldest-first')].map(({ id }) => id));
  return ids.filter((id) => !stored.has(id));
}

describe('a killed process', () => {
  it(`loses no acknowledged record and leaves a whole chain, ${KILLS} times in one profile`, { timeout: 120_000 }, async () => {
    using folder = temporaryFolder();
    const acknowledged: string[] = [];
    for (let round = 0; round < KILLS; round++) {
      const child = new ChildLedger(folder.path, { lanes: 8 });
      await expect.poll(() => child.acknowledged.length, { timeout: 20_000, interval: 5 }).toBeGreaterThan(0);
      await pause(Math.random() * 120);
      await child.kill();
      acknowledged.push(...child.acknowledged);
      expect(verifyLedger(folder.path).kind).toBe('clean');
    }
    expect(acknowledged.length).toBeGreaterThan(KILLS);
    expect(missing(folder.path, acknowledged)).toEqual([]);
    // The lock died with each process, and the next one said that its predecessor was not closed.
    using reader = new LedgerReader(folder.path);
    expect(reader.find({ code: 'GH-L-START' }, 100, 'oldest-first').map(({ facts }) => facts?.['previous'])).toEqual([
      'new',
      ...Array<string>(KILLS - 1).fill('unclean'),
    ]);
  });
});

describe.skipIf(!canLimit)('a store that cannot grow', () => {
  it('rejects what waits, keeps every record in memory, and writes them all when it can again', { timeout: 60_000 }, async () => {
    using folder = temporaryFolder();
    const child = new ChildLedger(folder.path, { lanes: 4, fileBytes: 600_000 });
    await expect.poll(() => child.rejected, { timeout: 30_000 }).toBeGreaterThan(10);
    expect(child.lines).toContain('state failed');
    expect(child.lines.filter((line) => line.startsWith('reject ')).every((line) => line === 'reject AUDIT_UNAVAILABLE')).toBe(true);
    expect(run('prlimit', `--pid=${child.pid}`, '--fsize=unlimited')).toBe(true);
    await expect.poll(() => child.lines.findLast((line) => line.startsWith('state ')), { timeout: 20_000 }).toBe('state ok');
    await child.finish();
    expect(child.lines.at(-1)).toBe('closed');
    expect(missing(folder.path, child.acknowledged)).toEqual([]);
    expect(verifyLedger(folder.path)).toMatchObject({ kind: 'clean', warnings: [] });
    using reader = new LedgerReader(folder.path);
    // Each was written once, those that were refused too, although some were sent to the store several times.
    const intents = [...reader.search({ code: 'GH-S-ALLOW' }, 'oldest-first')].map(({ id }) => id);
    expect(intents).toHaveLength(child.acknowledged.length + child.rejected);
    expect(new Set(intents).size).toBe(intents.length);
  });

  it('tells how many records it lost when the wait outgrew its memory', { timeout: 60_000 }, async () => {
    using folder = temporaryFolder();
    const child = new ChildLedger(folder.path, { lanes: 4, fileBytes: 400_000, queueBytes: 100_000 });
    await expect.poll(() => child.rejected, { timeout: 30_000 }).toBeGreaterThan(300);
    expect(run('prlimit', `--pid=${child.pid}`, '--fsize=unlimited')).toBe(true);
    await expect.poll(() => child.lines.findLast((line) => line.startsWith('state ')), { timeout: 20_000 }).toBe('state ok');
    await child.finish();
    expect(missing(folder.path, child.acknowledged)).toEqual([]);
    expect(verifyLedger(folder.path).kind).toBe('clean');
    using reader = new LedgerReader(folder.path);
    const lost = reader.find({ code: 'GH-L-GAP' }, 1000).reduce((sum, { facts }) => sum + Number(facts?.['lost']), 0);
    const written =
      reader.find({ code: 'GH-S-ALLOW' }, Number.POSITIVE_INFINITY).length +
      reader.find({ code: 'GH-S-DONE' }, Number.POSITIVE_INFINITY).length;
    expect(lost).toBeGreaterThan(0);
    expect(written + lost).toBe(2 * (child.acknowledged.length + child.rejected));
  });
});

describe.skipIf(!canMount)('a file system of its own', () => {
  it('that is full fails the ledger, which recovers when there is room', { timeout: 60_000 }, async () => {
    const disk = smallDisk('700k') ?? '';
    const ledger = await openTestLedger(disk, { retryMs: 30 });
    const what = judgement(`select 1 -- ${'padding '.repeat(200)}`);
    const acknowledged: string[] = [];
    let refused: unknown;
    for (let index = 0; index < 5000 && refused === undefined; index++) {
      const { id, durable } = ledger.appendDurable({ code: 'GH-S-ALLOW', session: session(), judgement: what });
      await durable.then(() => acknowledged.push(id)).catch((error: unknown) => (refused = error));
    }
    expect(refused).toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect(ledger.state.kind).toBe('failed');
    expect(run('mount', '-o', 'remount,size=20m', disk)).toBe(true);
    await expect.poll(() => ledger.state.kind, { timeout: 10_000 }).toBe('ok');
    await ledger.appendDurable({ code: 'GH-X-CONFIG' }).durable;
    await ledger.close();
    expect(missing(disk, acknowledged)).toEqual([]);
    expect(verifyLedger(disk)).toMatchObject({ kind: 'clean', warnings: [] });
  });

  it('that is read-only refuses to open the ledger', async () => {
    const disk = smallDisk('2m') ?? '';
    await (await openTestLedger(disk)).close();
    expect(run('mount', '-o', 'remount,ro', disk)).toBe(true);
    await expect(openTestLedger(disk)).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
  });
});

describe('a folder that can not be made', () => {
  it('refuses to open the ledger', async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, 'file');
    writeFileSync(file, '');
    await expect(openTestLedger(join(file, 'ledger'))).rejects.toThrow();
  });
});

describe('a ledger that cannot be written when it closes', () => {
  it.skipIf(!canMount)('says how many records it could not write, and frees the profile', { timeout: 60_000 }, async () => {
    const disk = smallDisk('500k') ?? '';
    const ledger = await openTestLedger(disk, { retryMs: 10_000 });
    const what = judgement(`select 1 -- ${'padding '.repeat(200)}`);
    for (let index = 0; index < 5000 && ledger.state.kind === 'ok'; index++)
      await ledger.appendDurable({ code: 'GH-S-ALLOW', judgement: what }).durable.catch(() => {});
    for (let index = 0; index < 100; index++) ledger.append({ code: 'GH-S-ALLOW', judgement: what });
    await expect(ledger.close()).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect(run('mount', '-o', 'remount,size=20m', disk)).toBe(true);
    await (await openTestLedger(disk)).close();
    expect(verifyLedger(disk).kind).toBe('clean');
  });
});
