import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openProfile } from './profile.ts';
import { openSecrets } from './secrets.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const broken = (code: string): unknown => expect.objectContaining({ code });

describe('secrets', () => {
  let folder: string;
  let keyFile: string;
  const home = () => openProfile(join(folder, 'profile'));
  const open = () => openSecrets(home(), { keyFile });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-'));
    keyFile = join(folder, 'key');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('sealed with a key file survive the process and are not readable in the profile', async () => {
    await open().set('connection.shop', bytes('planted-secret'));
    expect(await open().get('connection.shop')).toEqual(bytes('planted-secret'));
    expect(await open().get('connection.other')).toBeUndefined();
    for (const file of readdirSync(join(home().home, 'secrets'))) {
      expect(readFileSync(join(home().home, 'secrets', file)).includes('planted-secret')).toBe(false);
    }
    await open().delete('connection.shop');
    expect(await open().get('connection.shop')).toBeUndefined();
  });

  it('do not open after any one bit of the file was changed', async () => {
    await open().set('a', bytes('planted-secret'));
    const file = join(home().home, 'secrets', readdirSync(join(home().home, 'secrets'))[0] ?? '');
    const sealed = readFileSync(file);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(file, changed);
      await expect(open().get('a')).rejects.toMatchObject({ code: 'SECRET_STORE' });
    }
  });

  it('do not open under the name of another secret or with another key', async () => {
    const store = open();
    await store.set('a', bytes('A'));
    const secretFolder = join(home().home, 'secrets');
    const fileOfA = readdirSync(secretFolder)[0] ?? '';
    await store.set('b', bytes('B'));
    const fileOfB = readdirSync(secretFolder).find((file) => file !== fileOfA) ?? '';
    renameSync(join(secretFolder, fileOfA), join(secretFolder, fileOfB));
    await expect(store.get('b')).rejects.toMatchObject({ code: 'SECRET_STORE' });
    await store.set('a', bytes('A'));
    writeFileSync(keyFile, Buffer.alloc(32, 7).toString('base64'));
    await expect(open().get('a')).rejects.toMatchObject({ code: 'SECRET_STORE' });
  });

  it('refuse a key file that others can read, that lies in the profile, that is short, or that went missing', async () => {
    expect(() => openSecrets(home(), { keyFile: join(home().home, 'key') })).toThrow(broken('KEY_FILE'));
    await open().set('a', bytes('A'));
    expect(statSync(keyFile).mode & 0o077).toBe(0);
    chmodSync(keyFile, 0o640);
    expect(open).toThrow(broken('KEY_FILE'));
    chmodSync(keyFile, 0o600);
    writeFileSync(keyFile, 'c2hvcnQ=');
    expect(open).toThrow(broken('KEY_FILE'));
    rmSync(keyFile);
    expect(open).toThrow(broken('KEY_FILE'));
    expect(existsSync(keyFile)).toBe(false);
  });

  it('are sealed with a key in the profile where there is neither keychain nor key file', async () => {
    const store = openSecrets(home(), { keychain: false });
    expect(store.backend).toBe('profile');
    await store.set('connection.shop', bytes('planted-secret'));
    expect(await openSecrets(home(), { keychain: false }).get('connection.shop')).toEqual(bytes('planted-secret'));
    for (const file of readdirSync(join(home().home, 'secrets'))) {
      expect(readFileSync(join(home().home, 'secrets', file)).includes('planted-secret')).toBe(false);
    }
    expect(statSync(join(home().home, 'secrets.key')).mode & 0o077).toBe(0);
  });
});
