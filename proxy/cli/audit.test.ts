import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../contracts/audit.ts';
import type { Ledger } from '../audit/ledger.ts';
import { judgement, KEY, openTestLedger, session } from '../audit/testing/ledger-fixture.ts';
import { openDatabase } from '../store/sqlite.ts';
import { auditCommand } from './audit.ts';
import { auditArguments } from './audit-arguments.ts';

let home: string;
let ledger: Ledger;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'gatehouse-cli-audit-'));
  ledger = await openTestLedger(join(home, 'ledger'), {
    checkpointEvery: 1,
    clock: { now: () => Date.UTC(2026, 10, 22, 10, 11, 12, 345), monotonic: () => 0n },
  });
  const intent = ledger.append({ code: 'GH-S-ALLOW', session: session(), judgement: judgement('select name,\n  email from customers') });
  ledger.append({ code: 'GH-S-DONE', session: session(), intent, outcome: { status: 'ok', rows: 12, durationMs: 4.25 } });
  const evil = 'drop table x -- \u001b[2K\u001b[1A\u202eevil\u0007';
  await ledger.appendDurable({
    code: 'GH-S-DENY',
    session: session(),
    judgement: judgement(evil, { decision: { verdict: 'deny', code: 'DENIED', policies: [], bundle: { id: 'default', sequence: 1 } } }),
  }).durable;
});
afterAll(async () => {
  await ledger.close();
  rmSync(home, { recursive: true, force: true });
});

async function run(args: readonly string[], where = home, signal?: AbortSignal): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await auditCommand(args, {
    home: where,
    stdout: { write: (text) => (out += text), columns: 150 },
    stderr: { write: (text) => (err += text) },
    ...(signal === undefined ? {} : { signal }),
  });
  return { code, out, err };
}

const parse = (out: string): AuditRecord[] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditRecord);

describe('gatehouse audit tail', () => {
  it('prints an aligned table, statements with their outcome beside them', async () => {
    const { code, out } = await run(['tail']);
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toBe('seq  time (UTC)               principal        connection  verdict  code        rows   ms  statement');
    expect(lines[2]).toBe(
      '  2  2026-11-22 10:11:12.345  copilot for ana  shop        allow    GH-S-ALLOW    12  4.3  select name, email from customers',
    );
    expect(lines).toHaveLength(4);
  });

  it('lets nothing that a client wrote reach the terminal as a control sequence', async () => {
    const { out } = await run(['tail']);
    expect(out).toContain('drop table x -- \\u{1b}[2K\\u{1b}[1A\\u{202e}evil\\u{7}');
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('prints as many lines as asked for, the newest last', async () => {
    expect(parse((await run(['tail', '-n', '2', '--json'])).out).map(({ seq }) => seq)).toEqual([3, 4]);
  });

  it('follows until it is told to stop', async () => {
    const stop = new AbortController();
    const running = run(['tail', '-n', '0', '--follow', '--json'], home, stop.signal);
    await ledger.appendDurable({ code: 'GH-X-CONFIG', facts: { followed: true } }).durable;
    setTimeout(() => stop.abort(), 600);
    const { code, out } = await running;
    expect(code).toBe(0);
    expect(out).toContain('"followed":true');
  });
});

describe('gatehouse audit search', () => {
  it.each<[readonly string[], readonly number[]]>([
    [['--table', 'customers', '--verdict', 'allow'], [2]],
    [['--principal', 'copilot', '--verdict', 'deny'], [4]],
    [['--code', 'denied'], [4]],
    [['--text', 'DROP', '--since', '2026-11-22', '--until', '2026-11-23'], [4]],
    [['--session', 's-1', '--limit', '1', '--before', '4'], [3]],
    [['--connection', 'nowhere'], []],
  ])('%j', async (args, expected) => {
    const { code, out } = await run(['search', ...args, '--json']);
    expect(code).toBe(0);
    expect(out === '' ? [] : parse(out).map(({ seq }) => seq)).toEqual(expected);
  });

  it('takes a time as a span back from now', () => {
    const now = Date.UTC(2026, 10, 22, 12);
    expect(auditArguments(['search', '--since', '90m', '--until', '30s'], now)).toMatchObject({
      filter: { since: '2026-11-22T10:30:00.000Z', until: '2026-11-22T11:59:30.000Z' },
    });
  });
});

describe('gatehouse audit export', () => {
  it('writes NDJSON to stdout', async () => {
    const { code, out } = await run(['export', '--format', 'ndjson']);
    expect(code).toBe(0);
    expect(
      parse(out)
        .slice(0, 4)
        .map(({ seq }) => seq),
    ).toEqual([1, 2, 3, 4]);
  });

  it('writes CSV to a file that only its owner can read', async () => {
    const file = join(home, 'out.csv');
    expect(await run(['export', '--format', 'csv', '--verdict', 'deny', '--out', file])).toEqual({ code: 0, out: '', err: '' });
    expect(readFileSync(file, 'utf8').split('\r\n')).toHaveLength(3);
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  it('says when it cannot write', async () => {
    expect(await run(['export', '--format', 'csv', '--out', join(home, 'no', 'such', 'folder')])).toMatchObject({
      code: 1,
      err: expect.stringContaining('ENOENT') as string,
    });
  });
});

describe('gatehouse audit verify', () => {
  it('says that the ledger is clean, while it is being written', async () => {
    const { code, out } = await run(['verify']);
    expect(code).toBe(0);
    expect(out).toMatch(/^clean: \d+ records, \d+ signed checkpoints, head [0-9a-f]{64}\n$/);
    expect(JSON.parse((await run(['verify', '--json', '--key', KEY.verifierKey])).out)).toMatchObject({ kind: 'clean' });
  });

  it('names what is broken and exits with 1', async () => {
    const other = mkdtempSync(join(tmpdir(), 'gatehouse-cli-audit-'));
    try {
      await (await openTestLedger(join(other, 'ledger'))).close();
      using database = openDatabase(join(other, 'ledger', 'ledger.db'));
      database.exec(`update record set body = replace(body, 'GH-L-STOP', 'GH-L-STOQ') where seq = 2`);
      const { code, err } = await run(['verify'], other);
      expect(code).toBe(1);
      expect(err).toContain('changed: record 2 was changed');
      expect(JSON.parse((await run(['verify', '--json'], other)).out)).toMatchObject({
        kind: 'broken',
        findings: [{ kind: 'changed', seq: 2 }],
      });
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });

  it('does not take a key that is none', async () => {
    expect(await run(['verify', '--key', 'nonsense'])).toMatchObject({ code: 2 });
  });
});

describe('gatehouse audit', () => {
  it.each([
    [[]],
    [['nonsense']],
    [['tail', '--nonsense']],
    [['tail', '-n', 'x']],
    [['search', '--verdict', 'maybe']],
    [['search', '--since', 'yesterday']],
    [['export']],
    [['tail', 'extra']],
  ])('%j is wrong usage', async (args) => {
    const { code, out, err } = await run(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('usage: gatehouse audit');
  });

  it('says when the profile has no ledger', async () => {
    expect(await run(['tail'], join(home, 'nothing'))).toEqual({
      code: 1,
      out: '',
      err: 'audit: there is no ledger in this profile yet\n',
    });
  });
});
