// `gatehouse audit tail|search|verify|export`: reads the ledger of a profile, also while the proxy runs.
// Exit codes: 0 done, 1 the ledger is broken or cannot be read, 2 usage. Source: design, "Command line"; docs/audit.md.
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import type { AuditRecord } from '../../contracts/audit.ts';
import { CSV_HEADER, csvLine, ndjsonLine } from '../audit/export.ts';
import { LedgerReader } from '../audit/search.ts';
import { follow } from '../audit/tail.ts';
import { describeFinding, describeWarning, verifyLedger } from '../audit/verify.ts';
import { GatehouseError } from '../errors.ts';
import { AUDIT_USAGE, type AuditArguments, auditArguments } from './audit-arguments.ts';
import { AuditTable, type TableLine } from './audit-table.ts';

/** What is written to: a stream, or anything with `write`. */
interface Sink {
  write(text: string): unknown;
  readonly columns?: number | undefined;
}

export interface AuditCommandIo {
  /** The profile folder; the ledger is in its `ledger` folder. */
  readonly home: string;
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Ends `tail --follow`. */
  readonly signal?: AbortSignal;
}

const DEFAULT_WIDTH = 160;

export async function auditCommand(args: readonly string[], io: AuditCommandIo): Promise<number> {
  const parsed = auditArguments(args, Date.now());
  if (parsed.command === 'wrong') {
    io.stderr.write(`audit: ${parsed.message}\n${AUDIT_USAGE}`);
    return 2;
  }
  const folder = join(io.home, 'ledger');
  try {
    if (parsed.command === 'verify') return verify(folder, parsed, io);
    using reader = new LedgerReader(folder);
    if (parsed.command === 'export') await exportRecords(reader, parsed, io);
    else if (parsed.command === 'tail') await tail(reader, parsed, io);
    else print(reader, reader.find(withoutOutcomes(parsed), parsed.limit).reverse(), parsed.json, io, false);
    return 0;
  } catch (error) {
    if (isClosedPipe(error)) return 0;
    io.stderr.write(
      `audit: ${error instanceof GatehouseError ? error.message : `the command failed: ${String((error as NodeJS.ErrnoException).code ?? 'unknown error')}`}\n`,
    );
    return 1;
  }
}

type Arguments<Command> = Extract<AuditArguments, { readonly command: Command }>;

async function tail(reader: LedgerReader, args: Arguments<'tail'>, io: AuditCommandIo): Promise<void> {
  // Taken first: what is committed while the first lines are read is printed once, by following.
  const last = reader.lastSeq();
  const filter = { ...withoutOutcomes(args), beforeSeq: last + 1 };
  const table = print(reader, reader.find(filter, args.lines).reverse(), args.json, io, args.follow);
  if (!args.follow) return;
  // A statement that is still running has no outcome to show beside it, so followed outcomes get their own line.
  for await (const record of follow(reader, {
    afterSeq: last,
    filter: args.filter,
    ...(io.signal === undefined ? {} : { signal: io.signal }),
  })) {
    io.stdout.write(args.json ? ndjsonLine(record) : table.line({ record, outcome: record.outcome }));
  }
}

/** A table shows outcomes beside their statements; JSON shows records as they are. */
function withoutOutcomes(args: Arguments<'tail'> | Arguments<'search'>): LedgerReaderFilter {
  return args.json || args.filter.code === 'GH-S-DONE' ? args.filter : { ...args.filter, without: ['GH-S-DONE'] };
}
type LedgerReaderFilter = Parameters<LedgerReader['find']>[0];

function print(reader: LedgerReader, records: readonly AuditRecord[], json: boolean, io: AuditCommandIo, following: boolean): AuditTable {
  const lines = json
    ? []
    : records.map(
        (record): TableLine => ({
          record,
          outcome: record.outcome ?? (record.judgement === undefined ? undefined : reader.outcomeOf(record.id)),
        }),
      );
  const table = new AuditTable(lines, io.stdout.columns ?? DEFAULT_WIDTH, following);
  if (json) for (const record of records) io.stdout.write(ndjsonLine(record));
  else for (const text of [table.header(), ...lines.map((line) => table.line(line))]) io.stdout.write(text);
  return table;
}

function verify(folder: string, args: Arguments<'verify'>, io: AuditCommandIo): number {
  const result = args.keys.length > 0 ? verifyLedger(folder, args.keys) : verifyLedger(folder);
  if (args.json) {
    io.stdout.write(`${JSON.stringify(result)}\n`);
    return result.kind === 'clean' ? 0 : 1;
  }
  for (const warning of result.warnings) io.stderr.write(`warning: ${describeWarning(warning)}\n`);
  if (result.kind === 'clean') {
    io.stdout.write(`clean: ${result.records} records, ${result.checkpoints} signed checkpoints, head ${result.head}\n`);
    return 0;
  }
  for (const finding of result.findings) io.stderr.write(`${finding.kind}: ${describeFinding(finding)}\n`);
  if (result.total > result.findings.length) io.stderr.write(`and ${result.total - result.findings.length} more\n`);
  io.stdout.write(`broken: ${result.total} findings in ${result.records} records\n`);
  return 1;
}

async function exportRecords(reader: LedgerReader, args: Arguments<'export'>, io: AuditCommandIo): Promise<void> {
  const file = args.out === undefined ? undefined : createWriteStream(args.out, { mode: 0o600 });
  // A file that cannot be opened says so before the first write waits for it.
  if (file !== undefined) await once(file, 'open');
  const sink = file ?? io.stdout;
  const write = async (text: string): Promise<void> => {
    if (sink.write(text) === false && 'once' in sink && typeof sink.once === 'function')
      await once(sink as unknown as NodeJS.EventEmitter, 'drain');
  };
  if (args.format === 'csv') await write(CSV_HEADER);
  for (const record of reader.search(args.filter, 'oldest-first'))
    await write(args.format === 'csv' ? csvLine(record) : ndjsonLine(record));
  if (file !== undefined) {
    file.end();
    await once(file, 'close');
  }
}

/** `audit … | head` is a normal end. */
function isClosedPipe(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EPIPE';
}
