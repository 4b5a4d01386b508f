// The clients written for Node: reads the script from stdin, describes an error of a driver.

import { readFileSync } from 'node:fs';
import type { ClientResult, ClientScript } from './contract.ts';

// Test programs: what comes in is what our own runner wrote.
export const readScript = (): ClientScript => JSON.parse(readFileSync(0, 'utf8')) as ClientScript;

export const printResults = (results: readonly ClientResult[]): boolean => process.stdout.write(JSON.stringify(results));

export function failure(error: unknown, phase: 'connect' | 'statement'): ClientResult {
  const { code, message, detail, hint } = error as { code?: string; message: string; detail?: string; hint?: string };
  return { ok: false, phase, sqlstate: code ?? null, message, detail: detail ?? null, hint: hint ?? null };
}
