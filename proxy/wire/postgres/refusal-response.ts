// ErrorResponse and NoticeResponse: what a refusal looks like to a client, and what is left of a server's own error where its
// text may quote values. Source: PostgreSQL, "Error and Notice Message Fields"; design, "What a client sees".
import { CLEANED_MESSAGE } from '../../checkpoint/gate.ts';
import type { Refusal } from '../../checkpoint/gate.ts';
import { SERVER, cstring, message } from './messages.ts';

const S = 0x53;
const V = 0x56;
const C = 0x43;
const P = 0x50;
const END = Buffer.from([0]);

function field(type: number, value: string): Buffer {
  return Buffer.concat([Buffer.from([type]), cstring(value)]);
}

/** The 1-based character position that the protocol wants, from a byte offset in UTF-8 text. */
export function characterPosition(text: Uint8Array, offset: number): number {
  let characters = 1;
  const end = Math.min(offset, text.length);
  // Continuation bytes (10xxxxxx) are part of the character before them.
  for (let at = 0; at < end; at++) if (((text[at] ?? 0) & 0xc0) !== 0x80) characters++;
  return characters;
}

/** `text`: the judged text that `refusal.position` refers to. */
export function refusalResponse(refusal: Refusal, text: Uint8Array | undefined, severity: 'ERROR' | 'FATAL' = 'ERROR'): Buffer {
  const fields = [field(S, severity), field(V, severity), field(C, refusal.sqlstate), field(0x4d, refusal.message)];
  if (refusal.detail !== undefined) fields.push(field(0x44, refusal.detail));
  if (refusal.hint !== undefined) fields.push(field(0x48, refusal.hint));
  if (refusal.position !== undefined && text !== undefined) fields.push(field(P, String(characterPosition(text, refusal.position))));
  return message(SERVER.ErrorResponse, ...fields, END);
}

/** The parts of a server's error that the door reads. */
export interface ServerError {
  /** Localised; shown to people. */
  readonly shown: string;
  readonly severity: string;
  readonly sqlstate: string;
}

/** Reads `S`, `V` and `C` of a body at `from … to`; the body may be cut, these three come first. */
export function readServerError(buffer: Buffer, from: number, to: number): ServerError {
  let shown = 'ERROR';
  let severity = '';
  let sqlstate = 'XX000';
  let at = from;
  while (at < to) {
    const type = buffer[at];
    if (type === 0 || type === undefined) break;
    const end = buffer.indexOf(0, at + 1);
    if (end < 0 || end >= to) break;
    if (type === S) shown = buffer.toString('utf8', at + 1, end);
    else if (type === V) severity = buffer.toString('latin1', at + 1, end);
    else if (type === C) {
      const code = buffer.toString('latin1', at + 1, end);
      if (/^[0-9A-Z]{5}$/.test(code)) sqlstate = code;
    }
    at = end + 1;
  }
  return { shown, severity: severity === '' ? shown : severity, sqlstate };
}

export function isFatal(error: ServerError): boolean {
  return error.severity === 'FATAL' || error.severity === 'PANIC';
}

/** A user's `RAISE` can't reach FATAL, so these are the server's own words about itself: shutdown, crash, disk, connection. */
export function isAboutTheServer(error: ServerError): boolean {
  return isFatal(error) && /^(57P|58|53|08)/.test(error.sqlstate);
}

const SEVERITIES = new Set(['ERROR', 'FATAL', 'PANIC', 'WARNING', 'NOTICE', 'DEBUG', 'INFO', 'LOG']);

/** Keeps severity and SQLSTATE; every other field may quote values. */
export function cleanedResponse(type: number, error: ServerError): Buffer {
  const severity = SEVERITIES.has(error.severity) ? error.severity : type === SERVER.NoticeResponse ? 'NOTICE' : 'ERROR';
  return message(type, field(S, severity), field(V, severity), field(C, error.sqlstate), field(0x4d, CLEANED_MESSAGE), END);
}

/** The same error without its position, which would point into the rewritten text instead of the client's. */
export function withoutPosition(buffer: Buffer, from: number, to: number): Buffer {
  const kept: Buffer[] = [];
  let at = from;
  while (at < to) {
    const type = buffer[at];
    if (type === 0 || type === undefined) break;
    const end = buffer.indexOf(0, at + 1);
    if (end < 0 || end >= to) break;
    if (type !== P) kept.push(buffer.subarray(at, end + 1));
    at = end + 1;
  }
  return message(SERVER.ErrorResponse, ...kept, END);
}
