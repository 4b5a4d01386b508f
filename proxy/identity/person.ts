// The person of a profile: the operating system's user. Source: agents.md; issue "The path of a statement", Identity.
import { userInfo } from 'node:os';
import type { SecretPort } from '../store/secret-port.ts';
import type { Principals } from './principals.ts';

export function osUser(): string {
  return userInfo().username;
}

const TOKEN_SECRET = 'person.token';
const TOKEN_LABEL = 'me';
/** The tools set up last go on working when the secret store was lost and a new token had to be made. */
const TOKENS_KEPT = 4;

/**
 * A working token of the person's own. Only a verifier is in principals.db, so the token itself is kept in the secret store and
 * given again; a fresh one is issued where the store has none that works.
 */
export async function personToken(principals: Principals, secrets: SecretPort, name: string): Promise<string> {
  const stored = await secrets.get(TOKEN_SECRET);
  const kept = stored === undefined ? undefined : Buffer.from(stored).toString('utf8');
  if (kept !== undefined && principals.byToken(kept)?.name === name) return kept;
  const token = principals.issuePersonToken(name, TOKEN_LABEL, TOKENS_KEPT);
  await secrets.set(TOKEN_SECRET, Buffer.from(token));
  return token;
}
