// Which policy bundle rules: a folder named in the profile (`policy/`), else the default one that ships with Gatehouse.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GatehouseError } from '../errors.ts';
import { loadBundle } from './bundle.ts';
import type { PolicyEngine } from './engine.ts';

export const DEFAULT_BUNDLE = fileURLToPath(new URL('../../policies/default', import.meta.url));

export const bundleFolder = (home: string): string => (existsSync(join(home, 'policy')) ? join(home, 'policy') : DEFAULT_BUNDLE);

/** Loads the profile's bundle. Throws POLICY_REFUSED: without a bundle nothing may run. */
export function loadPolicy(home: string): PolicyEngine {
  const loaded = loadBundle(bundleFolder(home));
  if ('ok' in loaded) return loaded.ok;
  const [first] = loaded.problems;
  throw new GatehouseError(
    'POLICY_REFUSED',
    `the policy bundle is refused: ${first === undefined ? 'unknown problem' : `${first.file}:${first.line}: ${first.message}`}`,
  );
}
