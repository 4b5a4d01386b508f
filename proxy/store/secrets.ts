// Where secrets live: the OS keychain; or files sealed with a key that is named on the command line; or with one in the profile.
// Which one is decided once, at start, and can be told to people. Source: architecture.md, "Secrets"; promise 3.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatehouseError } from '../errors.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { openKeychain } from './keychain.ts';
import type { Profile } from './profile.ts';
import type { SecretPort } from './secret-port.ts';
import { readKeyFile, SealedFiles } from './sealed-files.ts';

export type { SecretPort } from './secret-port.ts';

export type SecretBackend = 'keychain' | 'key-file' | 'profile';

export interface SecretStore extends SecretPort {
  readonly backend: SecretBackend;
}

/**
 * A key file, when named, wins over the keychain: whoever names one wants the same behaviour on every machine.
 * `keychain`: false keeps the process away from the keychain (tests).
 */
export function openSecrets(profile: Profile, options: { keyFile?: string | undefined; keychain?: boolean } = {}): SecretStore {
  if (options.keyFile !== undefined && options.keyFile !== '') {
    return stored('key-file', new SealedFiles(join(profile.home, 'secrets'), readKeyFile(options.keyFile, profile.home)));
  }
  const keychain = options.keychain === false ? undefined : openKeychain(profile.id);
  if (keychain !== undefined) return stored('keychain', keychain);
  return stored('profile', new SealedFiles(join(profile.home, 'secrets'), profileKey(profile.home)));
}

function stored(backend: SecretBackend, port: SecretPort): SecretStore {
  return {
    backend,
    get: (name) => port.get(name),
    set: (name, value) => port.set(name, value),
    delete: (name) => port.delete(name),
  };
}

/**
 * Without a keychain and without a key file of the user's, the key is made in the profile, readable by its owner only. That
 * keeps secrets out of files in clear and away from other users; it does not protect them from who can read the whole profile
 * as its owner. Headless servers and scripts depend on passwords that survive the command that stored them.
 */
function profileKey(home: string): Uint8Array {
  const file = join(home, 'secrets.key');
  if (!existsSync(file)) {
    try {
      writeFileAtomic(file, `${randomBytes(32).toString('base64')}\n`, { exclusive: true });
    } catch (error) {
      // Another process of the profile was first.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
  if (key.byteLength !== 32)
    throw new GatehouseError('SECRET_STORE', `\`${file}\` is damaged; add the connections again after removing it`);
  return key;
}
