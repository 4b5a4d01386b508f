// The profile folder: everything Gatehouse keeps on this machine, readable by its owner only. Source: architecture.md,
// "Command line" (`--home`) and "Runtime and dependencies" (settings).
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { GatehouseError } from '../errors.ts';
import { writeFileAtomic } from './atomic-file.ts';

/** Where a profile lives when `--home` does not say. */
export function defaultHome(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
  home: string = homedir(),
): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Gatehouse');
  if (platform === 'win32') return join(filled(env['APPDATA']) ?? join(home, 'AppData', 'Roaming'), 'Gatehouse');
  return join(filled(env['XDG_CONFIG_HOME']) ?? join(home, '.config'), 'gatehouse');
}

function filled(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

export interface Profile {
  /** Absolute path of the folder. */
  readonly home: string;
  /** Random, made with the folder, kept when it is moved: names the profile's entries in the OS keychain. */
  readonly id: string;
}

const ID_FILE = 'profile.id';

/** Opens the profile, creating the folder (0700) and its id when missing. Throws `PROFILE_UNSAFE` or `PROFILE_BROKEN`. */
export function openProfile(home: string): Profile {
  const folder = resolve(home);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  secureFolder(folder);
  return { home: folder, id: profileId(folder) };
}

function secureFolder(folder: string): void {
  if (process.platform === 'win32') return; // %APPDATA% is private by its access list
  const stat = statSync(folder);
  if (!stat.isDirectory()) throw new GatehouseError('PROFILE_UNSAFE', `\`${folder}\` is not a folder`);
  if (process.getuid !== undefined && stat.uid !== process.getuid()) {
    throw new GatehouseError('PROFILE_UNSAFE', `the profile folder \`${folder}\` belongs to another user`);
  }
  // Root's sample database runs as `nobody`, which must pass through: passing shows no name, and the files are closed.
  const passing = process.getuid?.() === 0 ? 0o011 : 0;
  if ((stat.mode & 0o077 & ~passing) === 0) return;
  // Others can look in. Tighten it only when it is ours by content: `--home /tmp` must not lock everybody out of /tmp.
  const entries = readdirSync(folder);
  if (entries.length > 0 && !entries.includes(ID_FILE) && !entries.includes('gatehouse.json')) {
    throw new GatehouseError(
      'PROFILE_UNSAFE',
      `\`${folder}\` is open to other users and holds other things; choose an empty folder as profile, or \`chmod 700\` it`,
    );
  }
  chmodSync(folder, 0o700);
}

function profileId(folder: string): string {
  const file = join(folder, ID_FILE);
  if (!existsSync(file)) {
    try {
      writeFileAtomic(file, `${randomUUID()}\n`, { exclusive: true });
    } catch (error) {
      // Another process made it in the same moment: theirs counts.
      if (!existsSync(file)) throw error;
    }
  }
  const id = readFileSync(file, 'utf8').trim();
  if (!/^[0-9a-f-]{36}$/.test(id)) throw new GatehouseError('PROFILE_BROKEN', `\`${file}\` does not hold a profile id`);
  return id;
}
