// What the app's window wants to find again (tabs, texts, layout): one text, kept as it came, whole or not at all.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatehouseError } from '../errors.ts';
import { writeFileAtomic } from './atomic-file.ts';

const fileOf = (home: string): string => join(home, 'workspace.json');

/** Undefined when nothing was saved yet. */
export function loadWorkspace(home: string): string | undefined {
  try {
    return readFileSync(fileOf(home), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new GatehouseError('WORKSPACE_BROKEN', 'the saved workspace could not be read', { cause: error });
  }
}

export function saveWorkspace(home: string, content: string): void {
  try {
    writeFileAtomic(fileOf(home), content);
  } catch (error) {
    throw new GatehouseError('WORKSPACE_NOT_SAVED', 'the workspace could not be saved', { cause: error });
  }
}
