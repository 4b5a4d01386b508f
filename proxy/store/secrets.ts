// Where secrets live: the OS keychain; or files sealed with a key that is named on the command line; or only in memory.
// Which one is decided once, at start, and can be told to people. Source: architecture.md, "Secrets"; promise 3.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { GatehouseError } from '../errors.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { openKeychain } from './keychain.ts';
import type { Profile } from './profile.ts';
import { checkSecretName, type SecretPort } from './secret-port.ts';
import { readKeyFile, SealedFiles } from './sealed-files.ts';

export type { SecretPort } from './secret-port.ts';

export type SecretBackend = 'keychain' | 'key-file' | 'session';

export interface SecretStore extends SecretPort {
  readonly backend: SecretBackend;
  /** Does what is set now survive this process? */
  readonly persistent: boolean;
}

/** The device's signing key: needed from one start to the next even where no store persists. */
export const DEVICE_KEY = 'device-key';

/**
 * A key file, when named, wins over the keychain: whoever names one wants the same behaviour on every machine.
 * `keychain`: false keeps the process away from the keychain (tests).
 */
export function openSecrets(profile: Profile, options: { keyFile?: string | undefined; keychain?: boolean } = {}): SecretStore {
  if (options.keyFile !== undefined && options.keyFile !== '') {
    return stored('key-file', new SealedFiles(join(profile.home, 'secrets'), readKeyFile(options.keyFile, profile.home)));
  }
  const keychain = options.keychain === false ? undefined : openKeychain(profile.id);
  return keychain === undefined ? new SessionSecrets(profile.home) : stored('keychain', keychain);
}

function stored(backend: SecretBackend, port: SecretPort): SecretStore {
  return {
    backend,
    persistent: true,
    get: (name) => port.get(name),
    set: (name, value) => port.set(name, value),
    delete: (name) => port.delete(name),
  };
}

/**
 * Memory only, but for the device key, which is kept in `<home>/device.key` (0600) in clear. It signs this profile's own
 * ledger; whoever can read that file can rewrite the ledger next to it as well, so clear text here gives nothing away that the
 * folder's permissions do not protect already. Database passwords are never kept this way.
 */
export class SessionSecrets implements SecretStore {
  readonly backend = 'session';
  readonly persistent = false;
  readonly #values = new Map<string, Uint8Array>();
  readonly #home: string | undefined;

  constructor(home?: string) {
    this.#home = home;
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    checkSecretName(name);
    const file = this.#clearFile(name);
    if (file === undefined) return this.#values.get(name)?.slice();
    try {
      return new Uint8Array(Buffer.from(readFileSync(file, 'utf8').trim(), 'base64'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new GatehouseError('SECRET_STORE', `\`${file}\` can't be read`, { cause: error });
    }
  }

  async set(name: string, value: Uint8Array): Promise<void> {
    checkSecretName(name);
    const file = this.#clearFile(name);
    if (file === undefined) this.#values.set(name, value.slice());
    else {
      mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
      writeFileAtomic(file, `${Buffer.from(value).toString('base64')}\n`);
    }
  }

  async delete(name: string): Promise<void> {
    checkSecretName(name);
    const file = this.#clearFile(name);
    if (file === undefined) this.#values.delete(name);
    else rmSync(file, { force: true });
  }

  #clearFile(name: string): string | undefined {
    return name === DEVICE_KEY && this.#home !== undefined ? join(this.#home, 'device.key') : undefined;
  }
}
