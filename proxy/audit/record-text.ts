// A record's canonical text, built from parts that are made once per judgement and once per session: what a statement
// costs the main thread is a few short strings. The result equals `canonical(record without hash)` byte for byte (a
// property test holds it to that). Cut where the chain goes in: the writer puts `prevHash` and `seq` between head and tail.
import type { AuditJudgement, AuditRecord, AuditSession } from '../../contracts/audit.ts';
import { canonical } from './canonical.ts';
import type { AuditEvent } from './ledger-port.ts';
import { redactStatement } from './redact.ts';

// Invariant: members are written below in exactly this order. A field added to the contract fails to compile here until
// this file writes it.
const ORDER: { readonly [Field in keyof Required<AuditRecord>]: true } = {
  boot: true,
  code: true,
  device: true,
  facts: true,
  hash: true,
  id: true,
  intent: true,
  judgement: true,
  mono: true,
  outcome: true,
  parameters: true,
  prevHash: true,
  seq: true,
  session: true,
  time: true,
  v: true,
};
export const RECORD_FIELDS: readonly string[] = Object.keys(ORDER);

export interface RecordText {
  readonly head: string;
  readonly tail: string;
}

export interface RecordStamp {
  readonly id: string;
  readonly time: string;
  readonly mono: string;
}

/** Writes the records of one device and boot. Throws a TypeError for values that JSON cannot say. */
export function recordWriter(device: string, boot: string): (event: AuditEvent, stamp: RecordStamp) => RecordText {
  const judgements = new WeakMap<AuditJudgement, string>();
  const sessions = new WeakMap<AuditSession, string>();
  const start = `{"boot":${JSON.stringify(boot)},"code":"`;
  const deviceMember = `","device":${JSON.stringify(device)}`;

  return (event, stamp) => {
    let head = start + event.code + deviceMember;
    if (event.facts !== undefined) head += `,"facts":${canonical(event.facts)}`;
    head += `,"id":"${stamp.id}"`;
    if (event.intent !== undefined) head += `,"intent":${JSON.stringify(event.intent)}`;
    if (event.judgement !== undefined) head += `,"judgement":${cached(judgements, event.judgement, redactJudgement)}`;
    head += `,"mono":"${stamp.mono}"`;
    if (event.outcome !== undefined) head += `,"outcome":${canonical(event.outcome)}`;
    if (event.parameters !== undefined) head += `,"parameters":${canonical(event.parameters)}`;
    const session = event.session === undefined ? '' : `,"session":${cached(sessions, event.session, same)}`;
    return { head: `${head},"prevHash":"`, tail: `${session},"time":"${stamp.time}","v":1}` };
  };
}

export function recordBody(text: RecordText, prevHash: string, seq: number): string {
  return `${text.head}${prevHash}","seq":${seq}${text.tail}`;
}

/** The safety net behind the checkpoint's own redaction; runs once per judgement. */
export function redactJudgement(judgement: AuditJudgement): AuditJudgement {
  const { statement, decision } = judgement;
  return {
    ...judgement,
    statement: {
      ...statement,
      text: redactStatement(statement.text),
      normalised: redactStatement(statement.normalised),
      ...(statement.rewritten === undefined ? {} : { rewritten: redactStatement(statement.rewritten) }),
    },
    decision: decision.justification === undefined ? decision : { ...decision, justification: redactStatement(decision.justification) },
  };
}

function same<T>(value: T): T {
  return value;
}

// Invariant: a judgement or session is never changed after it was first recorded (their types are readonly all through).
function cached<T extends object>(cache: WeakMap<T, string>, value: T, prepare: (value: T) => T): string {
  const known = cache.get(value);
  if (known !== undefined) return known;
  const text = canonical(prepare(value));
  cache.set(value, text);
  return text;
}
