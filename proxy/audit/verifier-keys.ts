// The public halves of the keys that signed this ledger, one line each, beside it: `audit verify` needs no secret.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseVerifierKey, type VerifierKey } from './signed-note.ts';

const PUBLIC_KEY_FILE = 'device-key.pub';

/** The keys whose signatures count for the ledger in this folder. */
export function readVerifierKeys(folder: string): readonly VerifierKey[] {
  return lines(folder)
    .map(parseVerifierKey)
    .filter((key) => key !== undefined);
}

/** Adds a key, never removes one: what an earlier key signed stays checkable. */
export function addVerifierKey(folder: string, verifierKey: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!lines(folder).includes(verifierKey)) appendFileSync(join(folder, PUBLIC_KEY_FILE), `${verifierKey}\n`, { mode: 0o600 });
}

function lines(folder: string): readonly string[] {
  const file = join(folder, PUBLIC_KEY_FILE);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}
