// Secrets as files sealed with AES-256-GCM, for machines without a keychain. The key is in a file of its own that is named on
// the command line and lies outside of the profile, so that a copied or backed-up profile is not a copied secret.
// Sealed file: 1 byte version, 12 bytes nonce, ciphertext, 16 bytes tag; the secret's name is authenticated with it, so that a
// file can't stand in for another.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { GatehouseError } from '../errors.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { checkSecretName, type SecretPort } from './secret-port.ts';

const VERSION = 1;
const NONCE = 12;
const TAG = 16;

/**
 * Reads the 32-byte key (base64) from a file that only we can read. A missing file is made, unless the profile already holds
 * sealed secrets: then the name is wrong, and a fresh key would only hide that. Throws `KEY_FILE`.
 */
export function readKeyFile(path: string, home: string): Uint8Array {
  const file = resolve(path);
  if (!existsSync(file)) {
    if (existsSync(join(home, 'secrets')))
      throw new GatehouseError('KEY_FILE', `there is no key file \`${file}\`, but secrets sealed with one`);
    if (!existsSync(dirname(file))) throw new GatehouseError('KEY_FILE', `there is no folder \`${dirname(file)}\` for the key file`);
    refuseInside(file, home);
    writeFileAtomic(file, `${randomBytes(32).toString('base64')}\n`);
  }
  refuseInside(file, home);
  const stat = statSync(file);
  if (!stat.isFile()) throw new GatehouseError('KEY_FILE', `\`${file}\` is not a file`);
  if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
    throw new GatehouseError('KEY_FILE', `other users can read the key file \`${file}\`; \`chmod 600\` it`);
  }
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
  if (key.byteLength !== 32) throw new GatehouseError('KEY_FILE', `the key file \`${file}\` does not hold 32 bytes in base64`);
  return key;
}

function refuseInside(file: string, home: string): void {
  const folder = realpathSync(home);
  const path = existsSync(file) ? realpathSync(file) : join(realpathSync(dirname(file)), 'key');
  const inside = relative(folder, path);
  if (inside !== '..' && !inside.startsWith(`..${sep}`) && resolve(folder, inside) === path) {
    throw new GatehouseError('KEY_FILE', 'the key file must lie outside of the profile folder');
  }
}

export class SealedFiles implements SecretPort {
  readonly #folder: string;
  readonly #key: Uint8Array;

  constructor(folder: string, key: Uint8Array) {
    this.#folder = folder;
    this.#key = key;
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    checkSecretName(name);
    let sealed: Buffer;
    try {
      sealed = readFileSync(this.#file(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new GatehouseError('SECRET_STORE', "a sealed secret can't be read", { cause: error });
    }
    return this.#open(name, sealed);
  }

  async set(name: string, value: Uint8Array): Promise<void> {
    checkSecretName(name);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    cipher.setAAD(associated(name));
    const body = Buffer.concat([cipher.update(value), cipher.final()]);
    writeFileAtomic(this.#file(name), Buffer.concat([Buffer.of(VERSION), nonce, body, cipher.getAuthTag()]));
  }

  async delete(name: string): Promise<void> {
    checkSecretName(name);
    rmSync(this.#file(name), { force: true });
  }

  #open(name: string, sealed: Buffer): Uint8Array {
    if (sealed.byteLength < 1 + NONCE + TAG || sealed[0] !== VERSION)
      throw new GatehouseError('SECRET_STORE', 'a sealed secret is damaged');
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(1, 1 + NONCE), { authTagLength: TAG });
      decipher.setAAD(associated(name));
      decipher.setAuthTag(sealed.subarray(-TAG));
      return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(1 + NONCE, -TAG)), decipher.final()]));
    } catch (error) {
      throw new GatehouseError('SECRET_STORE', 'a sealed secret does not open: damaged, or another key file', { cause: error });
    }
  }

  /** Hashed: file systems fold case and forbid characters that names may have. */
  #file(name: string): string {
    return join(this.#folder, `${createHash('sha256').update(name).digest('hex').slice(0, 32)}.sealed`);
  }
}

function associated(name: string): Buffer {
  return Buffer.from(`gatehouse secret v${VERSION}\0${name}`);
}
