import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../contracts/audit.ts';
import { canonical } from './canonical.ts';
import { CSV_HEADER, csvLine, ndjsonLine } from './export.ts';
import { chainHash } from './hash.ts';
import type { Ledger } from './ledger.ts';
import { type LedgerFilter, LedgerReader } from './search.ts';
import { follow } from './tail.ts';
import { judgement, openTestLedger, session, temporaryFolder, type TemporaryFolder } from './testing/ledger-fixture.ts';

let folder: TemporaryFolder;
let ledger: Ledger;
let reader: LedgerReader;
const T0 = Date.UTC(2026, 10, 22, 10);

beforeAll(async () => {
  folder = temporaryFolder();
  let now = T0;
  ledger = await openTestLedger(folder.path, { clock: { now: () => now, monotonic: () => process.hrtime.bigint() } });
  const ana = session({ session: 's-ana', principal: { kind: 'person', name: 'ana', groups: [] }, connection: 'sales' });
  const copilot = session();
  const denied = judgement('DELETE FROM shop.orders', {
    relations: ['shop.orders'],
    decision: { verdict: 'deny', code: 'DENIED', policies: [], bundle: { id: 'default', sequence: 1 } },
  });
  // seq 2, 3, 4, 5, 6: one each minute.
  const intent = ledger.append({
    code: 'GH-S-ALLOW',
    session: ana,
    judgement: judgement('select Name from Customers -- Ärger', { relations: ['shop.customers', 'shop.orders'] }),
  });
  now += 60_000;
  ledger.append({ code: 'GH-S-DONE', session: ana, intent, outcome: { status: 'ok', rows: 7, durationMs: 3.25 } });
  now += 60_000;
  ledger.append({ code: 'GH-S-DENY', session: copilot, judgement: denied });
  now += 60_000;
  ledger.append({
    code: 'GH-S-HOLD',
    session: copilot,
    judgement: judgement('update t set x = 100% -- 100%_', {
      relations: ['hr.customers_old'],
      decision: { verdict: 'hold', code: 'JUSTIFICATION_REQUIRED', policies: [], bundle: { id: 'default', sequence: 1 } },
    }),
  });
  now += 60_000;
  await ledger.appendDurable({ code: 'GH-X-CONFIG', facts: { connection: 'added' } }).durable;
  reader = new LedgerReader(folder.path);
});
afterAll(async () => {
  reader[Symbol.dispose]();
  await ledger.close();
  folder[Symbol.dispose]();
});

const seqs = (filter: LedgerFilter, limit = 100): number[] => reader.find(filter, limit).map(({ seq }) => seq);

describe('searching the ledger', () => {
  it.each<[string, LedgerFilter, readonly number[]]>([
    ['everything, newest first', {}, [6, 5, 4, 3, 2, 1]],
    ["a person's name, with the agents that act for them", { principal: 'ana' }, [5, 4, 3, 2]],
    ["an agent's name", { principal: 'copilot' }, [5, 4]],
    ['a connection', { connection: 'sales' }, [3, 2]],
    ['a table by its name', { relation: 'customers' }, [2]],
    ['a table by its full name, whatever the case', { relation: 'SHOP.Orders' }, [4, 2]],
    ['a verdict', { verdict: 'hold' }, [5]],
    ['an event code', { code: 'GH-S-DENY' }, [4]],
    ['a refusal code', { code: 'JUSTIFICATION_REQUIRED' }, [5]],
    ['a session', { session: 's-ana' }, [3, 2]],
    ['part of the text, whatever the case', { text: 'from CUSTOMERS' }, [2]],
    ['part of the text outside ASCII', { text: 'ÄRGER' }, [2]],
    ['part of the text that would be a pattern', { text: '100%_' }, [5]],
    ['since a time, inclusive', { since: new Date(T0 + 120_000).toISOString() }, [6, 5, 4]],
    ['until a time, exclusive', { until: new Date(T0 + 120_000).toISOString() }, [3, 2, 1]],
    ['before a record', { beforeSeq: 3 }, [2, 1]],
    ['after a record', { afterSeq: 4 }, [6, 5]],
    ['without some events', { without: ['GH-S-DONE', 'GH-L-START'] }, [6, 5, 4, 2]],
    ['several conditions at once', { principal: 'ana', relation: 'orders', verdict: 'deny' }, [4]],
    ['what is not there', { principal: "ana' or 1=1 --" }, []],
  ])('finds %s', (_, filter, expected) => {
    expect(seqs(filter)).toEqual(expected);
  });

  it('stops at the limit, and goes on from where it stopped', () => {
    expect(seqs({}, 2)).toEqual([6, 5]);
    expect(seqs({ beforeSeq: 5 }, 2)).toEqual([4, 3]);
    expect(seqs({}, 0)).toEqual([]);
  });

  it('finds the outcome of a statement', () => {
    const [statement] = reader.find({ relation: 'customers' }, 1);
    expect(reader.outcomeOf(statement?.id ?? '')).toMatchObject({ rows: 7 });
    expect(reader.outcomeOf('no such id')).toBeUndefined();
  });

  it('says when there is no ledger', () => {
    using empty = temporaryFolder();
    expect(() => new LedgerReader(empty.path)).toThrow(expect.objectContaining({ code: 'LEDGER_MISSING' }));
  });
});

describe('following the ledger', () => {
  it('yields what is committed later, once and in order, and ends when told to', async () => {
    const stop = new AbortController();
    const seen: AuditRecord[] = [];
    const following = (async () => {
      for await (const record of follow(reader, { afterSeq: 4, filter: { without: ['GH-S-HOLD'] }, signal: stop.signal, pollMs: 5 })) {
        seen.push(record);
        if (seen.length === 4) stop.abort();
      }
    })();
    for (const step of [1, 2, 3]) await ledger.appendDurable({ code: 'GH-X-CONFIG', facts: { step } }).durable;
    await following;
    expect(seen.map(({ seq }) => seq)).toEqual([6, 7, 8, 9]);
  });
});

describe('exporting the ledger', () => {
  const all = (): AuditRecord[] => reader.find({ beforeSeq: 7 }, 100, 'oldest-first');

  it('writes lines of canonical JSON from which anyone can check the chain', () => {
    let previous = '0'.repeat(64);
    for (const line of all().map(ndjsonLine)) {
      const { hash, ...rest } = JSON.parse(line) as AuditRecord;
      expect(line).toBe(`${canonical({ ...rest, hash })}\n`);
      expect(rest.prevHash).toBe(previous);
      expect(hash).toBe(chainHash(previous, canonical(rest)));
      previous = hash;
    }
  });

  it('writes a CSV summary of one line per record', () => {
    const lines = all().map(csvLine);
    expect(CSV_HEADER.split(',')).toHaveLength(28);
    expect(lines[1]).toMatch(
      /^2,2026-11-22T10:00:00\.000Z,GH-S-ALLOW,[0-9a-f-]{36},,ana,person,,postgres,psql,sales,shop,production,s-ana,allow,,agents-read,,shop\.customers shop\.orders,/,
    );
    expect(lines[2]).toMatch(/,ok,,7,,3\.25,,[0-9a-f]{64}\r\n$/);
  });

  it('keeps a spreadsheet from running what a client wrote', () => {
    const [record] = reader.find({ relation: 'customers' }, 1);
    if (record?.judgement === undefined) throw new Error('not there');
    for (const text of ['=HYPERLINK("http://x")', '+1', '-1', '@sum(1)', '\tx']) {
      const line = csvLine({ ...record, judgement: { ...record.judgement, statement: { ...record.judgement.statement, text } } });
      expect(line).toContain(`'${text.replaceAll('"', '""')}`);
    }
  });
});
