import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { AUDIT_CODES, type AuditCode, type AuditJudgement, type AuditRecord, type AuditSession } from '../../contracts/audit.ts';
import { canonical } from './canonical.ts';
import { chainHash, chainHashOfBytes, GENESIS_HASH } from './hash.ts';
import type { AuditEvent } from './ledger-port.ts';
import { indexValues } from './ledger-file.ts';
import { recordIndexer } from './record-index.ts';
import { recordBody, RECORD_FIELDS, recordWriter } from './record-text.ts';
import { judgement, session } from './testing/ledger-fixture.ts';

const STAMP = { id: '0193505e-0000-7000-8000-000000000001', time: '2026-11-22T10:00:00.000Z', mono: '1234567' };

const text = fc.string({ unit: 'binary' });
const name = fc.string();
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const object = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record(model) as fc.Arbitrary<T>;

const anySession = object<AuditSession>({
  session: name,
  principal: fc.record({ kind: fc.constantFrom('person', 'agent'), name: text, groups: fc.array(name) }),
  client: fc.oneof(fc.constant({}), fc.record({ applicationName: text, process: fc.record({ pid: fc.nat() }) })),
  door: fc.constantFrom('postgres', 'mcp'),
  connection: name,
  database: name,
  environment: name,
});
const anyJudgement = object<AuditJudgement>({
  statement: fc.record({ text: name, fingerprint: name, normalised: name, kind: name }),
  effects: fc.array(name),
  relations: fc.array(name),
  columnsRead: fc.array(name),
  columnsMasked: fc.array(name),
  decision: fc.record({
    verdict: fc.constantFrom('allow', 'hold', 'deny'),
    policies: fc.array(name),
    bundle: fc.record({ id: name, sequence: fc.nat() }),
  }),
});
const anyEvent = fc.record({
  code: fc.constantFrom(...(Object.keys(AUDIT_CODES) as AuditCode[])),
  session: optional(anySession),
  judgement: optional(anyJudgement),
  intent: optional(text),
  outcome: optional(
    fc.record({ status: fc.constantFrom('ok', 'error'), rows: fc.nat(), durationMs: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
  ),
  parameters: optional(fc.array(text)),
  facts: optional(fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean()))),
}) as unknown as fc.Arbitrary<AuditEvent>;

describe('the text of a record', () => {
  it('is the canonical JSON of the record without its hash, byte for byte', () => {
    fc.assert(
      fc.property(anyEvent, text, text, fc.nat(), (event, device, boot, seq) => {
        const body = recordBody(recordWriter(device, boot)(event, STAMP), GENESIS_HASH, seq);
        expect(body).toBe(canonical({ v: 1, device, boot, seq, ...STAMP, ...event, prevHash: GENESIS_HASH }));
      }),
    );
  });

  it('gives the same search columns whether it is parsed or read off', () => {
    const index = recordIndexer();
    // Statements and names that look like parts of a record, and the plain ones that real records have.
    const tricky = fc.oneof(text, fc.constantFrom('b', '","mono":"', ',"mono":"1","prevHash":"', '"}', '\\', STAMP.id));
    fc.assert(
      fc.property(anyEvent, tricky, tricky, fc.boolean(), tricky, (event, device, boot, plain, words) => {
        const { facts: _, ...rest } = event;
        const asked: AuditEvent = plain
          ? { ...rest, judgement: judgement(words), ...(rest.intent === undefined ? {} : { intent: STAMP.id }) }
          : event;
        const written = recordWriter(plain ? 'device' : device, plain ? 'boot' : boot)(asked, STAMP);
        const parsed = JSON.parse(recordBody(written, GENESIS_HASH, 7)) as AuditRecord;
        expect(index(written)).toEqual(indexValues(parsed));
        // A second time from what is remembered.
        expect(index(written)).toEqual(indexValues(parsed));
      }),
      { numRuns: 500 },
    );
  });

  it('reads the search columns of ordinary records off without parsing them again', () => {
    const index = recordIndexer();
    const write = recordWriter('device', 'boot');
    const records = [
      write({ code: 'GH-S-ALLOW', session: session(), judgement: judgement('select 1') }, STAMP),
      write({ code: 'GH-S-DONE', session: session(), intent: STAMP.id, outcome: { status: 'ok', rows: 1 } }, STAMP),
    ];
    const first = records.map((record) => index(record));
    const parse = vi.spyOn(JSON, 'parse');
    try {
      expect(records.map((record) => index(record))).toEqual(first);
      expect(parse).not.toHaveBeenCalled();
    } finally {
      parse.mockRestore();
    }
  });

  it('holds every field of the contract, in sorted order', () => {
    expect(RECORD_FIELDS).toEqual([...RECORD_FIELDS].sort());
    const event: AuditEvent = {
      code: 'GH-S-DONE',
      session: session(),
      judgement: judgement('select 1'),
      intent: 'i',
      outcome: { status: 'ok' },
      parameters: [],
      facts: {},
    };
    const body = recordBody(recordWriter('d', 'b')(event, STAMP), GENESIS_HASH, 1);
    expect([...Object.keys(JSON.parse(body) as AuditRecord), 'hash'].sort()).toEqual(RECORD_FIELDS);
  });

  it('is the same the second time, when judgement and session come from the cache', () => {
    const write = recordWriter('d', 'b');
    const event: AuditEvent = { code: 'GH-S-ALLOW', session: session(), judgement: judgement('select 1') };
    expect(write(event, STAMP)).toEqual(write(event, STAMP));
  });

  it('has its secrets taken out even when the checkpoint forgot to', () => {
    const planted = judgement(`alter role bob password 'hunter2Planted'`, {
      statement: {
        text: `alter role bob password 'hunter2Planted'`,
        normalised: `alter role bob password 'hunter2Planted'`,
        rewritten: `alter role bob password 'hunter2Planted'`,
        fingerprint: 'f',
        kind: 'ALTER ROLE',
      },
      decision: { verdict: 'allow', policies: [], bundle: { id: 'default', sequence: 1 }, justification: 'token gha_hunter2Planted' },
    });
    const body = recordBody(recordWriter('d', 'b')({ code: 'GH-S-ALLOW', judgement: planted }, STAMP), GENESIS_HASH, 1);
    expect(body).not.toContain('hunter2Planted');
    expect(body.match(/\[redacted\]/g)).toHaveLength(4);
  });

  it('refuses numbers that JSON cannot say', () => {
    expect(() => recordWriter('d', 'b')({ code: 'GH-S-DONE', outcome: { status: 'ok', rows: Number.NaN } }, STAMP)).toThrow(TypeError);
  });

  it('matches the golden vector', () => {
    const write = recordWriter('0123456789abcdef', '4a1f0c9e-5f0e-4c3e-9a53-2b7f8a1d0c11');
    const body = recordBody(
      write({ code: 'GH-S-ALLOW', session: session(), judgement: judgement("select name from customers where city = 'Łódź'") }, STAMP),
      GENESIS_HASH,
      1,
    );
    expect(body).toBe(
      '{"boot":"4a1f0c9e-5f0e-4c3e-9a53-2b7f8a1d0c11","code":"GH-S-ALLOW","device":"0123456789abcdef","id":"0193505e-0000-7000-8000-000000000001",' +
        '"judgement":{"columnsMasked":["shop.customers.email"],"columnsRead":["shop.customers.name"],"decision":{"bundle":{"id":"default","sequence":1},' +
        '"policies":["agents-read"],"verdict":"allow"},"effects":["select"],"relations":["shop.customers"],"statement":{"fingerprint":"f1","kind":"SELECT",' +
        '"normalised":"select name from customers where city = \'Łódź\'","text":"select name from customers where city = \'Łódź\'"}},"mono":"1234567",' +
        '"prevHash":"0000000000000000000000000000000000000000000000000000000000000000","seq":1,"session":{"client":{"address":"127.0.0.1",' +
        '"applicationName":"psql","process":{"executable":"/usr/bin/psql","pid":42}},"connection":"shop","database":"shop","door":"postgres",' +
        '"environment":"production","principal":{"groups":["analysts"],"kind":"agent","name":"copilot","owner":"ana"},"session":"s-1"},' +
        '"time":"2026-11-22T10:00:00.000Z","v":1}',
    );
    expect(chainHash(GENESIS_HASH, body)).toBe('c81a9dee0fc6f6fc60cd26d2e83c7773e53dc06be92c81519a89e79b54a3a428');
    const second = recordBody(
      write(
        { code: 'GH-S-DONE', session: session(), intent: STAMP.id, outcome: { status: 'ok', rows: 3, bytes: 120, durationMs: 1.25 } },
        { ...STAMP, mono: '2234567' },
      ),
      chainHash(GENESIS_HASH, body),
      2,
    );
    expect(chainHash(chainHash(GENESIS_HASH, body), second)).toBe('e846d55349a98cb5b492a0cd09f5580dcc71d2203b1bbc040f78a5030e04d1e3');
  });

  it('hashes alike as text and as stored bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (body) => {
        expect(chainHashOfBytes(GENESIS_HASH, Buffer.from(body, 'utf8'))).toBe(chainHash(GENESIS_HASH, body));
      }),
    );
  });
});
