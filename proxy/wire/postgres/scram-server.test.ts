// Vector: RFC 7677, section 3.
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { expect, test } from 'vitest';
import { finishScram, startScram } from './scram-server.ts';

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const salted = pbkdf2Sync('pencil', salt, 4096, 32, 'sha256');
const verifier = {
  iterations: 4096,
  salt,
  storedKey: createHash('sha256').update(createHmac('sha256', salted).update('Client Key').digest()).digest(),
  serverKey: createHmac('sha256', salted).update('Server Key').digest(),
};
const FIRST = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO';
const NONCE = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const FINAL = 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';

function begin(first = FIRST) {
  const start = startScram(first, verifier, NONCE);
  if (start.kind === 'malformed') throw new Error('malformed');
  return start.exchange;
}

test('the exchange of RFC 7677', () => {
  const exchange = begin();
  expect(exchange.message).toBe('r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096');
  expect(finishScram(exchange, FINAL)).toEqual({ kind: 'proved', message: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=' });
});

test('a wrong proof fails; another nonce, binding or shape is malformed', () => {
  expect(finishScram(begin(), FINAL.replace('p=dHzb', 'p=eHzb')).kind).toBe('failed');
  expect(finishScram(begin(), FINAL.replace('Ilj)', 'Ilj(')).kind).toBe('malformed');
  expect(finishScram(begin(), FINAL.replace('c=biws', 'c=eSws')).kind).toBe('malformed');
  expect(finishScram(begin(), FINAL.replace(/p=.*/, 'p=AAAA')).kind).toBe('malformed');
  expect(finishScram(begin(), '').kind).toBe('malformed');
});

test('a client that asks for channel binding, or names another identity, is refused; one that could bind is not', () => {
  expect(startScram('p=tls-server-end-point,,n=,r=abc', verifier, NONCE).kind).toBe('malformed');
  expect(startScram('n,a=other,n=,r=abc', verifier, NONCE).kind).toBe('malformed');
  expect(startScram('n,,m=ext,n=,r=abc', verifier, NONCE).kind).toBe('malformed');
  expect(startScram('n,,n=,r=', verifier, NONCE).kind).toBe('malformed');
  expect(begin('y,,n=,r=abc').gs2Header).toBe('y,,');
});

test('an empty verifier proves nobody', () => {
  const start = startScram(FIRST, { ...verifier, storedKey: new Uint8Array(0) }, NONCE);
  expect(start.kind === 'continue' && finishScram(start.exchange, FINAL).kind).toBe('failed');
});
