// Reads a bundle's folder into memory: only known places, only regular files, all of it capped. Everything after this works
// on the texts, so a bundle from an archive takes the same path. Source: design, "Policies", Bundle.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Problem, problemOf } from './problem.ts';

/** Texts by path inside the bundle (`policies/reading.cedar`), sorted by path. */
export type BundleFiles = ReadonlyMap<string, string>;

export const MAX_FILE_BYTES = 1024 * 1024;
export const MAX_BUNDLE_BYTES = 8 * 1024 * 1024;
export const MAX_FILES = 300;

const REQUIRED = ['manifest.json', 'schema.cedarschema', 'classification.yaml', 'settings.json'];
const OPTIONAL = ['manifest.jws', 'CHANGES.md', 'README.md'];
/** Folders and what may be in them; names are plain so that a path means the same everywhere. */
const FOLDERS: Readonly<Record<string, RegExp>> = {
  policies: /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.cedar$/,
  tests: /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(?:yaml|json|sql)$/,
};

export type FilesRead = { readonly ok: BundleFiles } | { readonly problems: readonly Problem[] };

/** Reads `folder`. Never follows links; an entry that has no place in a bundle refuses it. */
export function readBundleFolder(folder: string): FilesRead {
  const files = new Map<string, string>();
  const problems: Problem[] = [];
  let bytes = 0;
  const take = (path: string): void => {
    const full = join(folder, path);
    const facts = lstatSync(full);
    if (!facts.isFile()) return void problems.push(problemOf(path, 'not a regular file'));
    if (facts.size > MAX_FILE_BYTES) return void problems.push(problemOf(path, `larger than ${MAX_FILE_BYTES} bytes`));
    const content = readFileSync(full);
    bytes += content.length;
    if (content.length > MAX_FILE_BYTES || bytes > MAX_BUNDLE_BYTES)
      return void problems.push(problemOf(path, `the bundle is larger than ${MAX_BUNDLE_BYTES} bytes`));
    if (files.size >= MAX_FILES) return void problems.push(problemOf(path, `more than ${MAX_FILES} files`));
    const text = decode(content);
    if (text === undefined) return void problems.push(problemOf(path, 'not valid UTF-8'));
    files.set(path, text);
  };
  try {
    for (const entry of readdirSync(folder).sort()) {
      const allowed = Object.hasOwn(FOLDERS, entry) ? FOLDERS[entry] : undefined;
      if (allowed !== undefined) {
        if (!lstatSync(join(folder, entry)).isDirectory()) problems.push(problemOf(entry, 'not a folder'));
        else
          for (const name of readdirSync(join(folder, entry)).sort()) {
            const path = `${entry}/${name}`;
            if (allowed.test(name)) take(path);
            else problems.push(problemOf(path, `a file of this name has no place in \`${entry}\``));
          }
      } else if (REQUIRED.includes(entry) || OPTIONAL.includes(entry)) take(entry);
      else problems.push(problemOf(entry, 'unknown file in a bundle'));
      if (problems.length > 20) break;
    }
  } catch (error) {
    problems.push(problemOf('.', `the folder can't be read (${errorCode(error)})`));
    return { problems };
  }
  for (const path of REQUIRED)
    if (!files.has(path) && !problems.some((problem) => problem.file === path)) problems.push(problemOf(path, 'missing'));
  return problems.length > 0 ? { problems } : { ok: files };
}

/** SHA-256 over paths and contents: another bundle, another version. Lengths keep parts from running into each other. */
export function digestOf(files: BundleFiles): string {
  const hash = createHash('sha256');
  for (const [path, text] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${path.length}:${path}${Buffer.byteLength(text)}:`).update(text);
  return hash.digest('hex');
}

function decode(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return undefined;
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unreadable';
}
