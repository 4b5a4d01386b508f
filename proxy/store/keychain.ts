// The OS keychain through @napi-rs/keyring (the maintained, keytar-compatible successor of the archived keytar): macOS
// Keychain, Windows Credential Manager, and on Linux the Secret Service only: the kernel keyring it would fall back to
// forgets everything at a reboot.
import { createRequire } from 'node:module';
import { GatehouseError } from '../errors.ts';
import { checkSecretName, type SecretPort } from './secret-port.ts';

type Keyring = typeof import('@napi-rs/keyring');

const SERVICE = 'gatehouse';
const PINNED = { linux: { store: 'secret-service' } } as const;

/** `undefined`: this machine or session has no keychain. `profileId` keeps the profiles of one user apart. */
export function openKeychain(profileId: string): SecretPort | undefined {
  // Without a session bus the binding can only fail, and where a system bus is reachable it may wait for it.
  if (process.platform === 'linux' && (process.env['DBUS_SESSION_BUS_ADDRESS'] ?? '') === '') return undefined;
  let keyring: Keyring;
  try {
    keyring = createRequire(import.meta.url)('@napi-rs/keyring') as Keyring;
    // A read proves that the store is there and unlocked; constructing an entry alone does not on every platform.
    new keyring.Entry(SERVICE, `${profileId}/probe`, PINNED).getSecret();
  } catch {
    return undefined;
  }
  const entry = (name: string) => {
    checkSecretName(name);
    return new keyring.AsyncEntry(SERVICE, `${profileId}/${name}`, PINNED);
  };
  return {
    get: (name) =>
      guarded('read', async () => {
        const secret = await entry(name).getSecret();
        return secret === null || secret === undefined ? undefined : Uint8Array.from(secret);
      }),
    set: (name, value) => guarded('written', () => entry(name).setSecret(value)),
    delete: (name) =>
      guarded('written', async () => {
        await entry(name).deleteCredential();
      }),
  };
}

async function guarded<T>(what: 'read' | 'written', work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new GatehouseError('SECRET_STORE', `the OS keychain can't be ${what}`, { cause: error });
  }
}
