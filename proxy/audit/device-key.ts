// The device's Ed25519 key, which signs the ledger's checkpoints. The secret lives in the secret store; the public half
// beside the ledger, so that `audit verify` needs no secret. Source: design, "Tamper evidence".
import { createHash, createPrivateKey, createPublicKey, randomFillSync, sign } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatehouseError } from '../errors.ts';
import type { SecretPort } from '../store/secret-port.ts';
import { formatVerifierKey, type LedgerSigner, parseVerifierKey, type VerifierKey } from './signed-note.ts';

export interface DeviceKey extends LedgerSigner {
  /** Stable name of this device, derived from its public key. */
  readonly device: string;
}

export const DEVICE_KEY_SECRET = 'device-key';
const PUBLIC_KEY_FILE = 'device-key.pub';
const SEED_BYTES = 32;
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Loads the key, or makes and stores one. A new key is added to the public file: what the old one signed stays checkable. */
export async function loadDeviceKey(options: { readonly folder: string; readonly secrets: Pick<SecretPort, 'get' | 'set'>; readonly random?: (bytes: Uint8Array) => void }): Promise<DeviceKey> {
  let seed = await options.secrets.get(DEVICE_KEY_SECRET);
  if (seed === undefined) {
    seed = new Uint8Array(SEED_BYTES);
    (options.random ?? randomFillSync)(seed);
    await options.secrets.set(DEVICE_KEY_SECRET, seed);
  }
  const key = deviceKeyFromSeed(seed);
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  if (!publicLines(options.folder).includes(key.verifierKey)) {
    appendFileSync(join(options.folder, PUBLIC_KEY_FILE), `${key.verifierKey}\n`, { mode: 0o600 });
  }
  return key;
}

export function deviceKeyFromSeed(seed: Uint8Array): DeviceKey {
  if (seed.length !== SEED_BYTES) throw new GatehouseError('SECRET_STORE', 'the stored device key is not 32 bytes');
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  const device = createHash('sha256').update(publicKey).digest('hex').slice(0, 16);
  const name = `gatehouse/${device}`;
  return { device, name, verifierKey: formatVerifierKey(name, publicKey), sign: (text) => sign(null, text, privateKey) };
}

/** The keys whose signatures count for the ledger in this folder. */
export function readVerifierKeys(folder: string): readonly VerifierKey[] {
  return publicLines(folder).map(parseVerifierKey).filter((key) => key !== undefined);
}

function publicLines(folder: string): readonly string[] {
  const file = join(folder, PUBLIC_KEY_FILE);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').filter((line) => line !== '');
}
