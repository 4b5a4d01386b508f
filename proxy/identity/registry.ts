// Changes to people, agents and tokens. Each is one transaction that also leaves its event in the outbox: there is no change
// without a trace, and no trace of a change that did not happen. Source: agents.md, "Identity".
import { randomUUID } from 'node:crypto';
import { GatehouseError } from '../errors.ts';
import type { Database } from '../store/sqlite.ts';
import { ALL_PAUSED } from './directory.ts';
import type { Outbox } from './outbox.ts';
import { SCRAM_ITERATIONS, saltOf, scramKeys } from './scram.ts';
import { formatToken, type PrincipalKind, tokenHash } from './tokens.ts';

export interface RegistryContext {
  readonly database: Database;
  readonly outbox: Outbox;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Cryptographic randomness. */
  readonly random: (bytes: number) => Uint8Array;
}

export interface NewAgent {
  readonly name: string;
  readonly owner: string;
  readonly connections: readonly string[];
  readonly expiresAt?: number;
  readonly executable?: string;
}

export type AgentAdded = { readonly kind: 'added'; readonly token: string } | { readonly kind: 'refused'; readonly reason: string };

function isAgentName(name: string): boolean {
  return /^[a-z0-9][a-z0-9_.-]{0,62}$/.test(name);
}

export function addAgent(context: RegistryContext, agent: NewAgent): AgentAdded {
  const { name, owner, connections, expiresAt, executable } = agent;
  if (!isAgentName(name)) return refused('an agent name has 1 to 63 of a-z, 0-9, `_`, `.` and `-`, and starts with a letter or digit');
  if (connections.length === 0) return refused('an agent needs at least one connection');
  const at = context.now();
  if (expiresAt !== undefined && expiresAt <= at) return refused('the expiry is in the past');
  const token = newToken(context, name, 'agent');
  return context.database.transaction((): AgentAdded => {
    const taken = context.database
      .prepare<{ kind: string; revoked_at: number | null }>('SELECT kind, revoked_at FROM principals WHERE lower(name) = lower(?)')
      .get(name);
    if (taken?.kind === 'person') return refused(`\`${name}\` is the name of a person here`);
    // A name stands for one principal for ever: the audit must not hold two agents that can't be told apart.
    if (taken !== undefined)
      return refused(`there ${taken.revoked_at === null ? 'is' : 'was'} an agent \`${name}\` already; choose another name`);
    context.database
      .prepare('INSERT INTO principals (name, kind, owner, connections, executable, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(name, 'agent', owner, JSON.stringify(connections), executable ?? null, at, expiresAt ?? null);
    insertToken(context, name, 'first', token, at);
    context.outbox.put(
      {
        code: 'GH-I-AGENT-ADD',
        facts: {
          agent: name,
          owner,
          connections: connections.join(','),
          token: token.id,
          ...(expiresAt === undefined ? {} : { expires: new Date(expiresAt).toISOString() }),
        },
      },
      at,
    );
    return { kind: 'added', token: token.text };
  });
}

function refused(reason: string): AgentAdded {
  return { kind: 'refused', reason };
}

/** Makes the person known. Throws `PRINCIPAL_NAME` when an agent has that name. */
export function ensurePerson(context: RegistryContext, name: string): void {
  if (!/^[^\p{Cc}]{1,63}$/u.test(name))
    throw new GatehouseError('PRINCIPAL_NAME', 'the name of the operating system user can not be used as a principal');
  context.database.transaction(() => {
    const taken = context.database
      .prepare<{ name: string; kind: string }>('SELECT name, kind FROM principals WHERE lower(name) = lower(?)')
      .get(name);
    if (taken === undefined)
      context.database.prepare("INSERT INTO principals (name, kind, created_at) VALUES (?, 'person', ?)").run(name, context.now());
    else if (taken.kind !== 'person' || taken.name !== name)
      throw new GatehouseError('PRINCIPAL_NAME', `another principal is called \`${taken.name}\``);
  });
}

/** `false`: there is no such agent, or it was in that state already. */
export function revokeAgent(context: RegistryContext, name: string, by: string): boolean {
  return change(context, name, by, 'revoke');
}

export function pauseAgent(context: RegistryContext, name: string, by: string): boolean {
  return change(context, name, by, 'pause');
}

export function resumeAgent(context: RegistryContext, name: string, by: string): boolean {
  return change(context, name, by, 'resume');
}

const CHANGES = {
  revoke: { code: 'GH-I-AGENT-REVOKE', set: 'revoked_at = ?', when: '' },
  pause: { code: 'GH-I-AGENT-PAUSE', set: 'paused_at = ?', when: 'AND paused_at IS NULL' },
  resume: { code: 'GH-I-AGENT-PAUSE', set: 'paused_at = ?', when: 'AND paused_at IS NOT NULL' },
} as const;

function change(context: RegistryContext, name: string, by: string, what: keyof typeof CHANGES): boolean {
  const at = context.now();
  const { code, set, when } = CHANGES[what];
  return context.database.transaction(() => {
    const update = context.database.prepare(
      `UPDATE principals SET ${set} WHERE name = ? AND kind = 'agent' AND revoked_at IS NULL ${when}`,
    );
    if (update.run(what === 'resume' ? null : at, name) === 0) return false;
    if (what === 'revoke')
      context.database.prepare('UPDATE tokens SET revoked_at = ? WHERE principal = ? AND revoked_at IS NULL').run(at, name);
    context.outbox.put({ code, facts: { agent: name, change: what, by } }, at);
    return true;
  });
}

/** Pauses or resumes all agents, those that are added later too. `false`: it was so already. */
export function pauseAllAgents(context: RegistryContext, paused: boolean, by: string): boolean {
  const at = context.now();
  return context.database.transaction(() => {
    const changed = paused
      ? context.database
          .prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING')
          .run(ALL_PAUSED, Buffer.from(String(at)))
      : context.database.prepare('DELETE FROM meta WHERE key = ?').run(ALL_PAUSED);
    if (changed === 0) return false;
    context.outbox.put({ code: 'GH-I-AGENT-PAUSE', facts: { agent: '*', change: paused ? 'pause' : 'resume', by } }, at);
    return true;
  });
}

/** A further token for a person. Of those with the same label the newest `keep` stay, the older are revoked. */
export function issuePersonToken(context: RegistryContext, name: string, label: string, keep: number): string {
  const at = context.now();
  const token = newToken(context, name, 'person');
  context.database.transaction(() => {
    insertToken(context, name, label, token, at);
    const stale =
      'SELECT id FROM tokens WHERE principal = ? AND label = ? AND revoked_at IS NULL ORDER BY created_at DESC, rowid DESC LIMIT -1 OFFSET ?';
    context.database.prepare(`UPDATE tokens SET revoked_at = ? WHERE id IN (${stale})`).run(at, name, label, keep);
    context.outbox.put({ code: 'GH-I-TOKEN', facts: { principal: name, change: 'issue', token: token.id, label, by: name } }, at);
  });
  return token.text;
}

interface NewToken {
  readonly id: string;
  readonly text: string;
  readonly salt: Uint8Array;
  readonly keys: ReturnType<typeof scramKeys>;
}

/** Before the transaction: the key derivation takes milliseconds, and the database is locked for others meanwhile. */
function newToken(context: RegistryContext, principal: string, kind: PrincipalKind): NewToken {
  const text = formatToken(kind, context.random(32));
  const salt = saltOf(profileSecret(context.database), principal);
  return { id: randomUUID(), text, salt, keys: scramKeys(text, salt) };
}

function insertToken(context: RegistryContext, principal: string, label: string, token: NewToken, at: number): void {
  context.database
    .prepare(
      'INSERT INTO tokens (id, principal, label, created_at, hash, iterations, salt, stored_key, server_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    )
    .run(token.id, principal, label, at, tokenHash(token.text), SCRAM_ITERATIONS, token.salt, token.keys.storedKey, token.keys.serverKey);
}

export function profileSecret(database: Database): Uint8Array {
  const row = database.prepare<{ value: Uint8Array }>("SELECT value FROM meta WHERE key = 'profile_secret'").get();
  if (row === undefined) throw new GatehouseError('PRINCIPALS_BROKEN', '`principals.db` has lost its secret');
  return row.value;
}
