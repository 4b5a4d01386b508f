import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../store/sqlite.ts';
import { deviceKeyFromSeed } from './device-key.ts';
import { chainHash } from './hash.ts';
import { signCheckpoint } from './signed-note.ts';
import { judgement, KEY, openTestLedger, session, temporaryFolder, type TemporaryFolder } from './testing/ledger-fixture.ts';
import { addVerifierKey, readVerifierKeys } from './verifier-keys.ts';
import { describeFinding, verifyLedger } from './verify.ts';

let original: TemporaryFolder;
/** Records in the original: START, 60 statements, STOP; a checkpoint at its end and several before. */
const RECORDS = 62;
let signed: readonly number[];

beforeAll(async () => {
  original = temporaryFolder();
  const ledger = await openTestLedger(original.path, { checkpointEvery: 10 });
  for (let index = 0; index < 60; index++) {
    await ledger.appendDurable({
      code: 'GH-S-ALLOW',
      session: session(),
      judgement: judgement(`select ${index} from customers where name = 'Zoë'`),
    }).durable;
  }
  await ledger.close();
  using database = openDatabase(join(original.path, 'ledger.db'));
  // Pages that were split leave stale copies of texts behind; after this only the tree's root page does, before the live ones.
  database.exec('vacuum');
  database.pragma('wal_checkpoint(truncate)');
  signed = database
    .prepare<{ size: number }>('select size from checkpoint order by size')
    .all()
    .map(({ size }) => size);
});
afterAll(() => original[Symbol.dispose]());

/** A copy that `alter` has worked on. */
function altered(alter: (database: Database) => void): ReturnType<typeof verifyLedger> {
  using folder = copy();
  {
    using database = openDatabase(join(folder.path, 'ledger.db'));
    alter(database);
  }
  return verifyLedger(folder.path);
}

function copy(): TemporaryFolder {
  const folder = temporaryFolder();
  for (const name of ['ledger.db', 'device-key.pub']) copyFileSync(join(original.path, name), join(folder.path, name));
  return folder;
}

/** Writes record `seq` again with another text, and every hash after it, as someone with the file in hand could. */
function rewriteFrom(database: Database, first: number, change: (body: string) => string): void {
  const rows = database.prepare<{ seq: number; body: string }>('select seq, body from record where seq >= ? order by seq').all(first);
  let previous: string | undefined;
  for (const { seq, body } of rows) {
    const own = /"prevHash":"([0-9a-f]{64})"/.exec(body)?.[1] ?? '';
    const text = (seq === first ? change(body) : body).replace(own, previous ?? own);
    previous = chainHash(previous ?? own, text);
    database.prepare('update record set body = ?, hash = ? where seq = ?').run(text, Buffer.from(previous, 'hex'), seq);
  }
}

describe('verifying a ledger', () => {
  it('finds nothing in one that nobody touched', () => {
    expect(signed.length).toBeGreaterThan(2);
    expect(verifyLedger(original.path)).toMatchObject({ kind: 'clean', records: RECORDS, checkpoints: signed.length, warnings: [] });
  });

  it('names a record whose text was changed, and only that', () => {
    const result = altered((database) => database.exec(`update record set body = replace(body, 'copilot', 'nobody1') where seq = 17`));
    expect(result).toMatchObject({ kind: 'broken', total: 1, findings: [{ kind: 'changed', seq: 17 }] });
  });

  it('names a record whose hash was changed', () => {
    expect(altered((database) => database.exec(`update record set hash = zeroblob(32) where seq = 17`))).toMatchObject({
      findings: [{ kind: 'changed', seq: 17 }],
    });
  });

  it.each(['id', 'time', 'code', 'principal', 'owner', 'connection', 'session', 'verdict', 'intent'])(
    'names a record that was hidden from search by its column %s',
    (column) => {
      const result = altered((database) => database.exec(`update record set ${column} = 'x' where seq = 17`));
      expect(result).toMatchObject({
        kind: 'broken',
        total: 1,
        findings: [{ kind: 'changed', seq: 17, what: expect.stringContaining(`\`${column}\``) as string }],
      });
    },
  );

  it('names a record that was replaced together with its hash', () => {
    const result = altered((database) => {
      const row = database.prepare<{ body: string }>('select body from record where seq = 17').get();
      const body = (row?.body ?? '').replace('select 15', 'select 99');
      const previous = /"prevHash":"([0-9a-f]{64})"/.exec(body)?.[1] ?? '';
      database.prepare('update record set body = ?, hash = ? where seq = 17').run(body, Buffer.from(chainHash(previous, body), 'hex'));
    });
    expect(result).toMatchObject({ kind: 'broken', findings: [{ kind: 'forked', seq: 18 }] });
  });

  it('names a chain that was written anew from some record on, by the next signed checkpoint', () => {
    const result = altered((database) => rewriteFrom(database, 17, (body) => body.replace('select 15', 'select 99')));
    const next = signed.find((size) => size >= 17);
    expect(result).toMatchObject({
      kind: 'broken',
      findings: [{ kind: 'forked', seq: next }, ...signed.filter((size) => size > (next ?? 0)).map((seq) => ({ kind: 'forked', seq }))],
    });
  });

  it('cannot prove a rewritten tail that no checkpoint covers, and says which records those are', () => {
    const last = signed.at(-2) ?? 0;
    const result = altered((database) => {
      database.exec(`delete from checkpoint where size > ${last}`);
      rewriteFrom(database, last + 1, (body) => body.replace(/"text":"select/, '"text":"SELECT'));
    });
    expect(result).toMatchObject({ kind: 'clean', warnings: [{ kind: 'unsigned-tail', seq: last + 1, records: RECORDS - last }] });
  });

  it('names missing records', () => {
    expect(altered((database) => database.exec('delete from record where seq = 17'))).toMatchObject({
      total: 1,
      findings: [{ kind: 'missing', seq: 17, last: 17 }],
    });
    expect(altered((database) => database.exec('delete from record where seq between 3 and 5'))).toMatchObject({
      total: 1,
      findings: [{ kind: 'missing', seq: 3, last: 5 }],
    });
    expect(altered((database) => database.exec('delete from record where seq = 1'))).toMatchObject({
      total: 1,
      findings: [{ kind: 'missing', seq: 1, last: 1 }],
    });
  });

  it('names a gap that was closed by renumbering', () => {
    const result = altered((database) =>
      database.exec('delete from record where seq = 17; update record set seq = seq - 1 where seq > 17; delete from checkpoint'),
    );
    expect(result).toMatchObject({
      kind: 'broken',
      findings: expect.arrayContaining([{ kind: 'reordered', seq: 17, found: 18 }]) as unknown,
    });
  });

  it('names records that changed places', () => {
    const result = altered((database) =>
      database.exec(
        'update record set seq = 1000 where seq = 20; update record set seq = 20 where seq = 21; update record set seq = 21 where seq = 1000',
      ),
    );
    expect(result).toMatchObject({
      kind: 'broken',
      findings: expect.arrayContaining([
        { kind: 'reordered', seq: 20, found: 21 },
        { kind: 'reordered', seq: 21, found: 20 },
      ]) as unknown,
    });
    expect(result.kind === 'broken' && result.findings.every(({ kind }) => kind === 'reordered' || kind === 'forked')).toBe(true);
  });

  it('names a tail that was cut off below a checkpoint', () => {
    const result = altered((database) => database.exec('delete from record where seq > 40'));
    expect(result).toMatchObject({
      kind: 'broken',
      findings: expect.arrayContaining([{ kind: 'truncated', seq: 40, size: RECORDS }]) as unknown,
    });
  });

  it('names all of a ledger that was emptied', () => {
    expect(altered((database) => database.exec('delete from record'))).toMatchObject({
      kind: 'broken',
      records: 0,
      findings: expect.arrayContaining([{ kind: 'truncated', seq: 0, size: RECORDS }]) as unknown,
    });
  });

  it('names a record that is there twice', () => {
    const result = altered((database) =>
      database.exec(
        `create table copy as select * from record; insert into copy select * from record where seq = 30; drop table record; alter table copy rename to record`,
      ),
    );
    expect(result).toMatchObject({ kind: 'broken', total: 1, findings: [{ kind: 'duplicate', seq: 30 }] });
  });

  it('names a checkpoint that was altered, forged, moved, or is no checkpoint', () => {
    const size = signed[0] ?? 0;
    const forger = deviceKeyFromSeed(new Uint8Array(32).fill(9));
    const head = '0'.repeat(64);
    const forgeries = [
      `replace(note, '${KEY.name}' || char(10), '${KEY.name}0' || char(10))`,
      `'nonsense'`,
      `'${signCheckpoint({ origin: forger.name, size, head }, forger)}'`,
      `(select note from checkpoint where size = ${signed[1] ?? 0})`,
    ];
    for (const forgery of forgeries) {
      const result = altered((database) => database.exec(`update checkpoint set note = ${forgery} where size = ${size}`));
      expect(result).toMatchObject({ kind: 'broken', total: 1, findings: [{ kind: 'bad-signature', size }] });
    }
  });

  it('goes by a key that is given from outside, when the file beside the ledger could have been replaced too', () => {
    using folder = copy();
    const forger = deviceKeyFromSeed(new Uint8Array(32).fill(9));
    addVerifierKey(folder.path, forger.verifierKey);
    {
      using database = openDatabase(join(folder.path, 'ledger.db'));
      rewriteFrom(database, 2, (body) => body.replace('copilot', 'nobody1'));
      database.exec(`update record set principal = 'nobody1' where seq = 2`);
      const hash = database.prepare<{ hash: Uint8Array }>('select hash from record where seq = ?').get(RECORDS)?.hash ?? new Uint8Array();
      database.exec('delete from checkpoint');
      database
        .prepare('insert into checkpoint values (?, ?)')
        .run(RECORDS, signCheckpoint({ origin: forger.name, size: RECORDS, head: Buffer.from(hash).toString('hex') }, forger));
    }
    expect(verifyLedger(folder.path).kind).toBe('clean');
    expect(verifyLedger(folder.path, readVerifierKeys(original.path))).toMatchObject({
      kind: 'broken',
      findings: [{ kind: 'bad-signature', size: RECORDS }],
    });
  });

  it('finds and names any single flipped bit in the stored text of a record', () => {
    const file = readFileSync(join(original.path, 'ledger.db'));
    const places = bodies().map(({ seq, body }) => ({ seq, at: file.lastIndexOf(body), length: body.length }));
    expect(places.every(({ at }) => at > 0)).toBe(true);
    using folder = copy();
    fc.assert(
      fc.property(
        fc.constantFrom(...places),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.nat({ max: 7 }),
        ({ seq, at, length }, where, bit) => {
          const bytes = Buffer.from(file);
          const offset = at + Math.floor(where * length);
          bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
          writeFileSync(join(folder.path, 'ledger.db'), bytes);
          const result = verifyLedger(folder.path);
          expect(result).toMatchObject({ kind: 'broken', total: 1, findings: [{ kind: 'changed', seq }] });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('never throws, and never calls clean what reads differently, whatever byte of the file is altered', () => {
    const file = readFileSync(join(original.path, 'ledger.db'));
    const before = bodies().map(({ body }) => body.toString('latin1'));
    using folder = copy();
    fc.assert(
      fc.property(fc.nat({ max: file.length - 1 }), fc.integer({ min: 1, max: 255 }), (offset, mask) => {
        const bytes = Buffer.from(file);
        bytes[offset] = (bytes[offset] ?? 0) ^ mask;
        writeFileSync(join(folder.path, 'ledger.db'), bytes);
        const result = verdict(folder.path);
        if (result === 'clean') expect(bodies(folder.path).map(({ body }) => body.toString('latin1'))).toEqual(before);
      }),
      { numRuns: 100 },
    );
  });

  it('describes each finding in a sentence that names the record', () => {
    expect(describeFinding({ kind: 'missing', seq: 3, last: 5 })).toBe('records 3 to 5 are missing');
    expect(describeFinding({ kind: 'truncated', seq: 40, size: 62 })).toBe(
      'the tail was cut off: the ledger ends at record 40, but a checkpoint was signed over 62 records',
    );
  });
});

function bodies(folder = original.path): { seq: number; body: Buffer }[] {
  using database = openDatabase(join(folder, 'ledger.db'), { readonly: true });
  return database
    .prepare<{ seq: number; body: Buffer }>('select seq, cast(body as blob) as body from record not indexed order by seq')
    .all();
}

/** A file that SQLite cannot even open is refused with a code, which is no clean bill either. */
function verdict(folder: string): string {
  try {
    return verifyLedger(folder).kind;
  } catch (error) {
    return (error as { code: string }).code;
  }
}
