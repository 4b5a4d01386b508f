import { expect, test } from 'vitest';
import { PROTOCOL_3_0, PROTOCOL_3_2, isStartupLength, readFirstPacket } from './startup.ts';
import { cancelRequest } from './messages.ts';

function packet(code: number, body: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + bytes.length, 0);
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, bytes]);
}

test('a startup packet gives user, database, application name and the rest', () => {
  const read = readFirstPacket(
    packet(PROTOCOL_3_0, 'user\0ann\0database\0shop/x\0application_name\0psql\0options\0-c a=b\0client_encoding\0UTF8\0\0'),
  );
  expect(read).toMatchObject({
    kind: 'startup',
    version: PROTOCOL_3_0,
    negotiate: false,
    user: 'ann',
    database: 'shop/x',
    applicationName: 'psql',
  });
  expect(read.kind === 'startup' && [...read.parameters]).toEqual([
    ['options', '-c a=b'],
    ['client_encoding', 'UTF8'],
  ]);
});

test('without a database it is the user’s name', () => {
  expect(readFirstPacket(packet(PROTOCOL_3_0, 'user\0ann\0\0'))).toMatchObject({ database: 'ann' });
});

test('versions are negotiated down to 3.2, options of the protocol are reported unknown', () => {
  expect(readFirstPacket(packet(PROTOCOL_3_2, 'user\0ann\0\0'))).toMatchObject({ version: PROTOCOL_3_2, negotiate: false });
  expect(readFirstPacket(packet(PROTOCOL_3_2 + 1, 'user\0ann\0\0'))).toMatchObject({
    version: PROTOCOL_3_2,
    negotiate: true,
    unknownOptions: [],
  });
  const read = readFirstPacket(packet(PROTOCOL_3_0, 'user\0ann\0_pq_.x\x001\0\0'));
  expect(read).toMatchObject({ version: PROTOCOL_3_0, negotiate: true, unknownOptions: ['_pq_.x'] });
  expect(read.kind === 'startup' && read.parameters.size).toBe(0);
});

test.each([
  ['another protocol', packet(0x20000, 'user\0ann\0\0'), '0A000'],
  ['no user', packet(PROTOCOL_3_0, 'database\0x\0\0'), '28000'],
  ['replication', packet(PROTOCOL_3_0, 'user\0ann\0replication\0true\0\0'), '0A000'],
  ['no terminator', packet(PROTOCOL_3_0, 'user\0ann\0'), '08P01'],
  ['bytes behind the terminator', packet(PROTOCOL_3_0, 'user\0ann\0\0x\0'), '08P01'],
  ['a name without value', packet(PROTOCOL_3_0, 'user\0'), '08P01'],
  ['bytes that are no UTF-8', packet(PROTOCOL_3_0, Buffer.from([0x75, 0x73, 0x65, 0x72, 0, 0xff, 0, 0])), '22021'],
  ['a long SSL request', packet(80877103, 'x'), '08P01'],
  ['a short cancel request', packet(80877102, 'xxxx'), '08P01'],
] as const)('%s is refused', (_, bytes, sqlstate) => {
  expect(readFirstPacket(bytes)).toMatchObject({ kind: 'refused', sqlstate });
});

test('replication may be said to be off', () => {
  expect(readFirstPacket(packet(PROTOCOL_3_0, 'user\0ann\0replication\0off\0\0'))).toMatchObject({ kind: 'startup' });
});

test('requests before the startup packet, and cancel keys of both lengths', () => {
  expect(readFirstPacket(packet(80877103))).toEqual({ kind: 'ssl' });
  expect(readFirstPacket(packet(80877104))).toEqual({ kind: 'gssenc' });
  for (const length of [4, 32, 256])
    expect(readFirstPacket(cancelRequest(7, Buffer.alloc(length, 1)))).toEqual({
      kind: 'cancel',
      processId: 7,
      key: Buffer.alloc(length, 1),
    });
});

test('a packet cut anywhere or flipped anywhere never throws', () => {
  const whole = packet(PROTOCOL_3_0, 'user\0ann\0database\0shop\0\0');
  for (let at = 0; at < whole.length; at++) {
    readFirstPacket(whole.subarray(0, at));
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
      readFirstPacket(flipped);
    }
  }
  expect([7, 8, 10_000, 10_001].map(isStartupLength)).toEqual([false, true, true, false]);
});
