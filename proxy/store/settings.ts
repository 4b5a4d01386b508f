// `gatehouse.json`: the settings that a user may write. An unknown key is refused, so that a misspelt one is never silently
// without effect. Source: architecture.md, "Runtime and dependencies".
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { GatehouseError } from '../errors.ts';
import { writeFileAtomic } from './atomic-file.ts';

const port = z.int().min(0).max(65535);

const settingsSchema = z.strictObject({
  listen: z
    .strictObject({
      // Loopback only: the doors trust that the client is on this machine.
      host: z.literal('127.0.0.1').default('127.0.0.1'),
      /** 0 = any free port. */
      postgres: port.default(15432),
      mysql: port.default(13306),
      mcp: port.default(15433),
      app: port.default(15434),
    })
    .prefault({}),
  /** Groups of the person who owns this profile, as the policies name them. Agents never get them. */
  groups: z
    .array(z.string().regex(/^[A-Za-z0-9_.-]{1,63}$/))
    .max(64)
    .default([]),
});

export type Settings = z.infer<typeof settingsSchema>;

export function settingsFile(home: string): string {
  return join(home, 'gatehouse.json');
}

/** Defaults where the file or a key is missing. Throws `SETTINGS_INVALID`, naming the key. */
export function readSettings(home: string): Settings {
  const file = settingsFile(home);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return settingsSchema.parse({});
    throw new GatehouseError('SETTINGS_INVALID', `\`${file}\` can't be read`, { cause: error });
  }
  return parseSettings(text, file);
}

export function parseSettings(text: string, file = 'gatehouse.json'): Settings {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new GatehouseError('SETTINGS_INVALID', `\`${file}\` is not valid JSON`, { cause: error });
  }
  const result = settingsSchema.safeParse(value);
  if (!result.success) throw new GatehouseError('SETTINGS_INVALID', `\`${file}\`: ${describeIssues(result.error)}`);
  return result.data;
}

export function writeSettings(home: string, settings: z.input<typeof settingsSchema>): void {
  writeFileAtomic(settingsFile(home), `${JSON.stringify(settingsSchema.parse(settings), undefined, 2)}\n`);
}

/** One line for people: which key is wrong, and how; never the value. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .map((issue) => {
      const at = issue.path.map(String).join('.');
      if (issue.code === 'unrecognized_keys') {
        return `unknown key ${issue.keys.map((key) => `\`${at === '' ? key : `${at}.${key}`}\``).join(', ')}`;
      }
      return `\`${at}\`: ${issue.message.toLowerCase()}`;
    })
    .join('; ');
}
