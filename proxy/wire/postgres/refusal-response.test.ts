import { expect, test } from 'vitest';
import { CLEANED_MESSAGE } from '../../checkpoint/gate.ts';
import {
  characterPosition,
  cleanedResponse,
  isAboutTheServer,
  readServerError,
  refusalResponse,
  withoutPosition,
} from './refusal-response.ts';
import { fields } from './testing/raw-client.ts';

function read(response: Buffer): Record<string, string> {
  expect(response.readInt32BE(1)).toBe(response.length - 1);
  return fields({ type: 'E', body: response.subarray(5) });
}

const error = (text: string): Buffer => Buffer.from(`\0\0\0\0\0${text}\0`);

test('a refusal has the fields of a server’s error and no others', () => {
  const text = Buffer.from('select é, ssn');
  const response = refusalResponse(
    { code: 'MASKED_COLUMN', sqlstate: '42501', message: 'm', detail: 'd', hint: 'h', position: Buffer.byteLength('select é, ') },
    text,
  );
  expect(read(response)).toEqual({ S: 'ERROR', V: 'ERROR', C: '42501', M: 'm', D: 'd', H: 'h', P: '11' });
});

test('positions count characters, not bytes', () => {
  const text = Buffer.from('a€😀b');
  expect([0, 1, 4, 8, 100].map((offset) => characterPosition(text, offset))).toEqual([1, 2, 3, 4, 5]);
});

test('a cleaned error keeps severity and SQLSTATE, whatever else it said', () => {
  const body = error('SFEHLER\0VERROR\0C23505\0MKey (email)=(a@b.c)\0Dsecret\0tcustomers');
  const cleaned = cleanedResponse(0x45, readServerError(body, 5, body.length));
  expect(read(cleaned)).toEqual({ S: 'ERROR', V: 'ERROR', C: '23505', M: CLEANED_MESSAGE });
});

test('an error without a usable SQLSTATE or severity becomes an internal one', () => {
  const body = error('SERROR\0Mx');
  expect(readServerError(body, 5, body.length)).toEqual({ shown: 'ERROR', severity: 'ERROR', sqlstate: 'XX000' });
  const odd = error('Ssecret\0Vsecret\0Cse\ncr');
  expect(read(cleanedResponse(0x45, readServerError(odd, 5, odd.length)))).toMatchObject({ S: 'ERROR', V: 'ERROR', C: 'XX000' });
  expect(readServerError(Buffer.alloc(0), 0, 0).sqlstate).toBe('XX000');
});

test('only a FATAL of the server’s own classes speaks about the server', () => {
  expect(isAboutTheServer({ shown: 'FATAL', severity: 'FATAL', sqlstate: '57P01' })).toBe(true);
  expect(isAboutTheServer({ shown: 'ERROR', severity: 'ERROR', sqlstate: '57P01' })).toBe(false);
  expect(isAboutTheServer({ shown: 'FATAL', severity: 'FATAL', sqlstate: '22P02' })).toBe(false);
});

test('a position into a rewritten text is left out', () => {
  const body = error('SERROR\0C42703\0Mx\0P7\0Hh');
  expect(read(withoutPosition(body, 5, body.length))).toEqual({ S: 'ERROR', C: '42703', M: 'x', H: 'h' });
});
