// The door's own refusals: what the protocol forbids, what Gatehouse does not support on this door, what went wrong around it.
// SQLSTATEs are those that PostgreSQL gives for the same mistake.
import type { Refusal } from '../../checkpoint/gate.ts';

export function invalidLength(): Refusal {
  return { code: 'PROTOCOL', sqlstate: '08P01', message: 'invalid message length', fatal: true };
}

export function invalidType(type: number): Refusal {
  return { code: 'PROTOCOL', sqlstate: '08P01', message: `invalid frontend message type ${type}`, fatal: true };
}

export function malformed(): Refusal {
  return { code: 'PROTOCOL', sqlstate: '08P01', message: 'invalid message format' };
}

export function tooLong(limit: number): Refusal {
  return { code: 'NOT_UNDERSTOOD', sqlstate: '54000', message: `the statement is longer than the ${limit} bytes that can be checked` };
}

export function nameTooLong(): Refusal {
  return { code: 'PROTOCOL', sqlstate: '42622', message: 'names of prepared statements and portals may have 63 bytes' };
}

export function tooManyStatements(): Refusal {
  return {
    code: 'SESSION_LIMIT',
    sqlstate: '53400',
    message: 'too many prepared statements in this session',
    hint: 'close prepared statements that are not used any more',
  };
}

export function noStatement(name: string): Refusal {
  const message = name === '' ? 'unnamed prepared statement does not exist' : `prepared statement "${shown(name)}" does not exist`;
  return { code: 'PROTOCOL', sqlstate: '26000', message };
}

export function noPortal(name: string): Refusal {
  return { code: 'PROTOCOL', sqlstate: '34000', message: `portal "${shown(name)}" does not exist` };
}

export function prepareAgain(): Refusal {
  return {
    code: 'DENIED',
    sqlstate: '0A000',
    message: 'the prepared statement was checked under rules that have changed since',
    hint: 'prepare it again',
  };
}

export function functionCall(): Refusal {
  return {
    code: 'PROTOCOL',
    sqlstate: '0A000',
    message: 'the function-call protocol is not supported by Gatehouse',
    hint: 'call the function in a SELECT',
  };
}

export function cancelled(): Refusal {
  return { code: 'TIMEOUT', sqlstate: '57014', message: 'canceling statement due to user request' };
}

/** The server answered what nobody asked: which result is whose is no longer sure. */
export function outOfStep(): Refusal {
  return {
    code: 'INTERNAL',
    sqlstate: '08P01',
    message: 'the answer of the database did not match what was asked; the session was ended',
    fatal: true,
  };
}

export function unseenResult(): Refusal {
  return {
    code: 'INTERNAL',
    sqlstate: '42501',
    message: 'a result could not be checked before its first row; the session was ended',
    fatal: true,
  };
}

export function invalidCopy(): Refusal {
  return { code: 'PROTOCOL', sqlstate: '08P01', message: 'unexpected message during COPY from stdin', fatal: true };
}

export function copyBoth(): Refusal {
  return { code: 'PROTOCOL', sqlstate: '0A000', message: 'replication is not supported by Gatehouse', fatal: true };
}

export function unreachable(): Refusal {
  return { code: 'UPSTREAM', sqlstate: '08001', message: 'the database could not be reached or refused the session', fatal: true };
}

export function upstreamLost(): Refusal {
  return { code: 'UPSTREAM', sqlstate: '08006', message: 'the connection to the database was lost', fatal: true };
}

export function internal(): Refusal {
  return { code: 'INTERNAL', sqlstate: 'XX000', message: 'an internal error in Gatehouse ended the session', fatal: true };
}

export function shuttingDown(): Refusal {
  return { code: 'PAUSED', sqlstate: '57P01', message: 'Gatehouse is shutting down', fatal: true };
}

/** Names are matched as bytes (latin1); shown they are UTF-8 again. */
function shown(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}
