// The writer thread: the one that writes the ledger. Takes all that waits, commits it as one group, says so. While a group
// is being synced the next one gathers in the port, so groups grow with load by themselves. Source: design, "Durability".
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { GatehouseError } from '../errors.ts';
import { sqliteCode } from '../store/sqlite.ts';
import type { FromWriter, ToWriter, WriterSettings } from './ledger-messages.ts';
import { LedgerWriter } from './ledger-writer.ts';
import type { RecordText } from './record-text.ts';
import { verifyTail } from './verify.ts';

/** Records per commit at most: bounds how long a durable record can wait behind others. */
const MAX_GROUP = 2000;
/** Milliseconds without a record after which the log is tidied, so that no commit has to. */
const IDLE_MS = 50;

function run(port: MessagePort, settings: WriterSettings): void {
  const writer = open(port, settings);
  if (writer === undefined) return;
  let failedEpoch = -1;
  let mustReopen = false;
  let signedSize = writer.head.seq;
  let asked = false;
  let closing = false;
  let askedLast = false;
  let timer: NodeJS.Timeout | undefined;
  const idle = setTimeout(tidy, IDLE_MS);
  const say = (message: FromWriter): void => {
    port.postMessage(message);
  };

  port.on('message', (first: ToWriter) => {
    const waiting = [first];
    for (let more = receiveMessageOnPort(port); more !== undefined; more = receiveMessageOnPort(port))
      waiting.push(more.message as ToWriter);
    let group: RecordText[] = [];
    let resent = false;
    let epoch = 0;
    const commit = (): void => {
      if (group.length > 0) store(epoch, group, resent);
      group = [];
      resent = false;
    };
    for (const message of waiting) {
      if (message.kind !== 'append') {
        commit();
        if (message.kind === 'signed') keepCheckpoint(message.size, message.note);
        else if (message.kind === 'not-signed') asked = false;
        else closing = true;
        continue;
      }
      if (message.epoch <= failedEpoch) continue;
      // A resent record must not share a commit with its twin from an earlier epoch, and epochs are acknowledged apart.
      if (message.epoch !== epoch || message.resent !== resent || group.length >= MAX_GROUP) commit();
      epoch = message.epoch;
      resent = message.resent;
      for (let index = 0; index + 1 < message.texts.length; index += 2)
        group.push({ head: message.texts[index] ?? '', tail: message.texts[index + 1] ?? '' });
    }
    commit();
    if (closing) finish();
    else askForCheckpoint(false);
  });
  say({ kind: 'opened', previousEnd: writer.previousEnd, seq: writer.head.seq, finding: verifyAtStart(writer, settings) });

  function store(epoch: number, group: readonly RecordText[], resent: boolean): void {
    if (epoch <= failedEpoch || writer === undefined) return;
    try {
      if (mustReopen) writer.reopen();
      mustReopen = false;
      writer.append(group, resent);
      say({ kind: 'stored', epoch, count: group.length });
      idle.refresh();
    } catch (error) {
      failedEpoch = epoch;
      mustReopen = true;
      say({ kind: 'failed', epoch, reason: reasonOf(error) });
    }
  }

  function tidy(): void {
    try {
      if (!mustReopen) writer?.tidy();
    } catch {
      // Nothing is lost by it: the records are in the log, and the next commit tells whether the store works.
    }
  }

  function keepCheckpoint(size: number, note: string): void {
    asked = false;
    try {
      writer?.storeCheckpoint(size, note);
      signedSize = size;
    } catch {
      // The records are what matters; the next checkpoint covers these too.
    }
  }

  function askForCheckpoint(now: boolean): void {
    if (writer === undefined || asked) return;
    const { seq, hash } = writer.head;
    const uncovered = seq - signedSize;
    if (uncovered > 0 && (now || uncovered >= settings.checkpointEvery)) {
      asked = true;
      clearTimeout(timer);
      timer = undefined;
      say({ kind: 'sign', size: seq, head: hash });
    } else if (uncovered > 0) {
      timer ??= setTimeout(() => {
        timer = undefined;
        askForCheckpoint(true);
      }, settings.checkpointAfterMs);
    }
  }

  /** Ends when the last record is under a checkpoint, or could not be brought under one. */
  function finish(): void {
    // An answer for an earlier size may still be on its way.
    if (!asked && !askedLast) {
      askedLast = true;
      askForCheckpoint(true);
    }
    if (asked || writer === undefined) return;
    clearTimeout(timer);
    clearTimeout(idle);
    try {
      writer.close();
    } finally {
      say({ kind: 'closed' });
      port.close();
    }
  }
}

function open(port: MessagePort, settings: WriterSettings): LedgerWriter | undefined {
  try {
    return new LedgerWriter(settings.folder);
  } catch (error) {
    const code = error instanceof GatehouseError ? error.code : 'AUDIT_UNAVAILABLE';
    const message: FromWriter = {
      kind: 'not-opened',
      code,
      message: error instanceof GatehouseError ? error.message : `the ledger cannot be opened: ${reasonOf(error)}`,
    };
    port.postMessage(message);
    return undefined;
  }
}

function verifyAtStart(writer: LedgerWriter, settings: WriterSettings): string | undefined {
  return verifyTail(writer.database, settings.folder, settings.verifyAtStart);
}

/** Names the fault without a path or a value. */
function reasonOf(error: unknown): string {
  const code = sqliteCode(error);
  if (code !== undefined) return code === 'SQLITE_FULL' ? 'the disk is full (SQLITE_FULL)' : `the store reports ${code}`;
  return error instanceof GatehouseError ? error.message : 'the ledger cannot be written';
}

if (parentPort !== null) run(parentPort, workerData as WriterSettings);
