// Finds canaries in raw bytes that a client received: "zqxj" in any case, reversed, in hex, in base64 at any alignment, and
// sensitive numbers (7770…) as text or in PostgreSQL's binary formats. See the head of the corpus' schema.
import { createHash } from 'node:crypto';

const BASE64 = [0, 1, 2].map((shift) => {
  const padded = Buffer.concat([Buffer.alloc(shift), Buffer.from('zqxj')]).toString('base64');
  // Only the characters that depend on nothing but the canary.
  return padded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + 4) * 8) / 6));
});

/** Digests of clear values that could be looked up. */
const DIGESTS = ['md5', 'sha256'].flatMap((algorithm) =>
  ['zqxj-000000001', 'zqxj-000000001'.padEnd(24)].map((value) => createHash(algorithm).update(value).digest('hex')),
);

/** What leaked, or undefined. */
export function findCanary(bytes: Buffer): string | undefined {
  const raw = bytes.toString('latin1');
  const text = raw.toLowerCase();
  for (const needle of ['zqxj', 'jxqz', '7a71786a', 'z\0q\0x\0j']) if (text.includes(needle)) return needle;
  for (const needle of BASE64) if (raw.includes(needle)) return `base64 ${needle}`;
  for (const digest of DIGESTS) if (text.includes(digest) || bytes.includes(Buffer.from(digest, 'hex'))) return 'digest';
  const number = /(?<![\d.])7770\d{3,}/u.exec(text);
  if (number !== null) return `number ${number[0]}`;
  return binaryNumber(bytes);
}

/** int4 77700001…77700200, int8 and numeric 7770 0000 0000 0001… as PostgreSQL sends them in binary. */
function binaryNumber(bytes: Buffer): string | undefined {
  for (let i = 0; i + 8 <= bytes.length; i += 1) {
    const int4 = bytes.readInt32BE(i);
    // A field of four bytes: its length word stands in front.
    if (int4 > 77_700_000 && int4 <= 77_700_200 && i >= 4 && bytes.readInt32BE(i - 4) === 4) return 'binary int4';
    if (bytes[i] === 0x1e && bytes[i + 1] === 0x5a && bytes.readInt32BE(i + 2) === 0 && i >= 8) return 'binary numeric';
    const int8 = bytes.readBigInt64BE(i);
    if (int8 > 7_770_000_000_000_000n && int8 <= 7_770_000_000_001_000n) return 'binary int8';
  }
  return undefined;
}
