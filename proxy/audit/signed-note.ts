// Signed checkpoints of the ledger, as text that other tools read. Source: C2SP signed-note (Ed25519, type 0x01) and C2SP
// tlog-checkpoint. One difference, said in docs/audit.md: the third line is the hash of the chain's last record, not the
// root of a Merkle tree.
import { createHash, createPublicKey, verify } from 'node:crypto';

const ED25519 = 0x01;
const KEY_ID_BYTES = 4;
const PUBLIC_KEY_BYTES = 32;
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex');
/** A note with more signature lines than this is refused unread; the specification asks for at least 16. */
const MAX_SIGNATURES = 16;

export interface LedgerSigner {
  /** Key name, used as the checkpoints' origin: no white space, no `+`. */
  readonly name: string;
  /** The public key as C2SP writes it: `name+keyid+base64(type || key)`. */
  readonly verifierKey: string;
  /** Ed25519 over the bytes. */
  sign(text: Uint8Array): Uint8Array;
}

export interface Checkpoint {
  readonly origin: string;
  /** Number of records, which is the last one's seq. */
  readonly size: number;
  /** The last record's hash, in hex. */
  readonly head: string;
}

/** A verifier key, ready to check with. */
export interface VerifierKey {
  readonly name: string;
  readonly id: string;
  readonly publicKey: Uint8Array;
}

export function formatVerifierKey(name: string, publicKey: Uint8Array): string {
  return `${name}+${keyId(name, publicKey).toString('hex')}+${Buffer.from([ED25519, ...publicKey]).toString('base64')}`;
}

export function parseVerifierKey(text: string): VerifierKey | undefined {
  // Only the last part, base64, may hold a `+` itself.
  const [, name, id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text.trim()) ?? [];
  if (name === undefined || id === undefined || encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const publicKey = bytes.subarray(1);
  if (bytes[0] !== ED25519 || publicKey.length !== PUBLIC_KEY_BYTES || keyId(name, publicKey).toString('hex') !== id) return undefined;
  return { name, id, publicKey };
}

/** The whole note: text, blank line, signature line. */
export function signCheckpoint(checkpoint: Checkpoint, signer: LedgerSigner): string {
  const key = parseVerifierKey(signer.verifierKey);
  if (key === undefined) throw new TypeError('the signer has no valid verifier key');
  const text = checkpointText(checkpoint);
  const signature = Buffer.concat([Buffer.from(key.id, 'hex'), signer.sign(Buffer.from(text, 'utf8'))]);
  return `${text}\n\u2014 ${key.name} ${signature.toString('base64')}\n`;
}

export function checkpointText(checkpoint: Checkpoint): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${Buffer.from(checkpoint.head, 'hex').toString('base64')}\n`;
}

export type NoteResult =
  | { readonly kind: 'verified'; readonly checkpoint: Checkpoint; readonly key: VerifierKey }
  /** No signature of a key we know. */
  | { readonly kind: 'unknown-key' }
  | { readonly kind: 'bad-signature' }
  | { readonly kind: 'malformed' };

/** A note counts when at least one known key signed it and no signature of a known key is wrong. */
export function verifyCheckpoint(note: string, keys: readonly VerifierKey[]): NoteResult {
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return { kind: 'malformed' };
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2, -1).split('\n');
  const checkpoint = parseText(text);
  if (checkpoint === undefined || lines.length > MAX_SIGNATURES) return { kind: 'malformed' };
  let signer: VerifierKey | undefined;
  for (const line of lines) {
    const [, name, encoded] = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
    if (name === undefined || encoded === undefined) return { kind: 'malformed' };
    const bytes = Buffer.from(encoded, 'base64');
    const id = bytes.subarray(0, KEY_ID_BYTES).toString('hex');
    const key = keys.find((candidate) => candidate.name === name && candidate.id === id);
    if (key === undefined) continue;
    if (!verify(null, Buffer.from(text, 'utf8'), publicKeyObject(key.publicKey), bytes.subarray(KEY_ID_BYTES)))
      return { kind: 'bad-signature' };
    signer = key;
  }
  return signer === undefined ? { kind: 'unknown-key' } : { kind: 'verified', checkpoint, key: signer };
}

function parseText(text: string): Checkpoint | undefined {
  const [origin, size, root, ...rest] = text.slice(0, -1).split('\n');
  if (origin === undefined || origin === '' || size === undefined || root === undefined || rest.includes('')) return undefined;
  if (!/^(?:0|[1-9]\d{0,14})$/.test(size) || !/^[A-Za-z0-9+/]{43}=$/.test(root)) return undefined;
  return { origin, size: Number(size), head: Buffer.from(root, 'base64').toString('hex') };
}

function keyId(name: string, publicKey: Uint8Array): Buffer {
  return createHash('sha256')
    .update(`${name}\n`)
    .update(Buffer.from([ED25519]))
    .update(publicKey)
    .digest()
    .subarray(0, KEY_ID_BYTES);
}

function publicKeyObject(raw: Uint8Array): ReturnType<typeof createPublicKey> {
  return createPublicKey({ key: Buffer.concat([SPKI_ED25519, raw]), format: 'der', type: 'spki' });
}
