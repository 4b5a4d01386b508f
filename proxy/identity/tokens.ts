// Tokens: what a client gives as password. `gha_` for agents and `ghp_` for people, then 256 random bits and a checksum in
// base62. The prefix lets secret scanners find a leaked one; the checksum tells a typing error from a wrong token without a lookup.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_BYTES = 32;
/** 62^43 > 2^256 */
const SECRET_DIGITS = 43;
/** 62^6 > 2^32 */
const CHECK_DIGITS = 6;
const SHAPE = /^gh([ap])_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

export type PrincipalKind = 'person' | 'agent';

/** `random`: 32 bytes from a cryptographic source. */
export function formatToken(kind: PrincipalKind, random: Uint8Array): string {
  if (random.byteLength !== SECRET_BYTES) throw new RangeError(`a token is made from ${SECRET_BYTES} random bytes`);
  const head = `${kind === 'agent' ? 'gha' : 'ghp'}_${base62(BigInt(`0x${Buffer.from(random).toString('hex')}`), SECRET_DIGITS)}`;
  return head + base62(BigInt(crc32(head)), CHECK_DIGITS);
}

/** `undefined`: this is no token of ours, whatever else it is. */
export function kindOfToken(token: string): PrincipalKind | undefined {
  const match = SHAPE.exec(token);
  if (match === null) return undefined;
  const head = token.slice(0, -CHECK_DIGITS);
  if (base62(BigInt(crc32(head)), CHECK_DIGITS) !== match[3]) return undefined;
  return match[1] === 'a' ? 'agent' : 'person';
}

/** What is stored for bearer use (MCP). A plain hash is enough for 256 random bits. */
export function tokenHash(token: string): Uint8Array {
  return createHash('sha256').update(token).digest();
}

function base62(value: bigint, digits: number): string {
  let text = '';
  for (let rest = value, i = 0; i < digits; i++, rest /= 62n) text = (ALPHABET[Number(rest % 62n)] ?? '') + text;
  return text;
}
