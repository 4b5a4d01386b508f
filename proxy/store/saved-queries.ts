// Saved queries: one `.sql` file each in `<home>/queries`, so that they can be read, edited and versioned without Gatehouse.
// A name may hold anything; what a file name can't is written as %XX, and read back.
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { GatehouseError } from '../errors.ts';
import { writeFileAtomic } from './atomic-file.ts';

export interface SavedQuery {
  readonly name: string;
  readonly sql: string;
}

const ENDING = '.sql';
/** File systems allow 255; the temporary name of a save is longer than the file's. */
const MAX_NAME_BYTES = 220;
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MAX_QUERIES = 5_000;
/** Names of devices on Windows, whatever follows the first dot. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/iu;

export class SavedQueries {
  readonly #folder: string;

  constructor(home: string) {
    this.#folder = join(home, 'queries');
  }

  /** By name. Files that are too large or no files are left out. */
  list(): SavedQuery[] {
    const queries: SavedQuery[] = [];
    for (const file of this.#files().slice(0, MAX_QUERIES)) {
      try {
        const facts = lstatSync(join(this.#folder, file));
        if (!facts.isFile() || facts.size > MAX_FILE_BYTES) continue;
        queries.push({ name: nameOf(file), sql: readFileSync(join(this.#folder, file), 'utf8') });
      } catch {
        // Removed meanwhile, or not ours to read.
      }
    }
    return queries.sort((a, b) => a.name.localeCompare(b.name, 'en'));
  }

  /** Replaces one of that name. Throws QUERY_NAME or QUERY_NOT_SAVED. */
  save(name: string, sql: string): void {
    const file = fileOf(name);
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeFileAtomic(join(this.#folder, file), sql);
    } catch (error) {
      throw new GatehouseError('QUERY_NOT_SAVED', 'the query could not be saved', { cause: error });
    }
  }

  remove(name: string): void {
    for (const file of this.#files()) if (nameOf(file) === name) rmSync(join(this.#folder, file), { force: true });
  }

  #files(): string[] {
    try {
      return readdirSync(this.#folder).filter((file) => file.endsWith(ENDING) && !file.startsWith('.'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new GatehouseError('QUERIES_BROKEN', 'the saved queries could not be read', { cause: error });
    }
  }
}

const percent = (text: string): string =>
  Buffer.from(text, 'utf8').reduce((all, byte) => `${all}%${byte.toString(16).toUpperCase().padStart(2, '0')}`, '');

function fileOf(name: string): string {
  const plain = name.replace(/[^\p{L}\p{M}\p{N} _().,+=-]/gu, percent).replace(/^[ .]|[ .]$/gu, percent);
  const safe = DEVICE.test(plain) ? percent(plain.charAt(0)) + plain.slice(1) : plain;
  if (!name.isWellFormed() || Buffer.byteLength(safe) > MAX_NAME_BYTES)
    throw new GatehouseError('QUERY_NAME', 'this name is too long for a file, or not text');
  return safe + ENDING;
}

function nameOf(file: string): string {
  const base = file.slice(0, -ENDING.length);
  try {
    return decodeURIComponent(base);
  } catch {
    return base;
  }
}
