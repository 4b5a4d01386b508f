// Gatehouse's own version, as its package says.
import { readFileSync } from 'node:fs';

export function ownVersion(): string {
  const facts: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof facts === 'object' && facts !== null && 'version' in facts && typeof facts.version === 'string' ? facts.version : '0.0.0';
}
