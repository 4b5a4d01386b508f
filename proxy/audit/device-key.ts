// The device's Ed25519 key, which signs the ledger's checkpoints. The secret half lives in the secret store; the ledger
// writes the public half down beside itself. Source: design, "Tamper evidence".
import { createHash, createPrivateKey, createPublicKey, randomFillSync, sign } from 'node:crypto';
import { GatehouseError } from '../errors.ts';
import type { SecretPort } from '../store/secret-port.ts';
import { formatVerifierKey, type LedgerSigner } from './signed-note.ts';

export interface DeviceKey extends LedgerSigner {
  /** Stable name of this device, derived from its public key. */
  readonly device: string;
}

/** Its name in the secret store. */
const DEVICE_KEY = 'device-key';
const SEED_BYTES = 32;
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Loads the key, or makes and stores one. */
export async function loadDeviceKey(options: {
  readonly secrets: Pick<SecretPort, 'get' | 'set'>;
  readonly random?: (bytes: Uint8Array) => void;
}): Promise<DeviceKey> {
  let seed = await options.secrets.get(DEVICE_KEY);
  if (seed === undefined) {
    seed = new Uint8Array(SEED_BYTES);
    (options.random ?? randomFillSync)(seed);
    await options.secrets.set(DEVICE_KEY, seed);
  }
  return deviceKeyFromSeed(seed);
}

/** `seed`: the 32 secret bytes of RFC 8032. */
export function deviceKeyFromSeed(seed: Uint8Array): DeviceKey {
  if (seed.length !== SEED_BYTES) throw new GatehouseError('SECRET_STORE', 'the stored device key is not 32 bytes');
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-SEED_BYTES);
  const device = createHash('sha256').update(publicKey).digest('hex').slice(0, 16);
  const name = `gatehouse/${device}`;
  return { device, name, verifierKey: formatVerifierKey(name, publicKey), sign: (text) => sign(null, text, privateKey) };
}
