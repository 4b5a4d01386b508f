// An immutable picture of all principals, built from principals.db: what sign-in asks, without touching the disk.
import { kindOfToken, type PrincipalKind, tokenHash } from './tokens.ts';
import type { Database } from '../store/sqlite.ts';
import type { ScramKeys, ScramVerifier } from './scram.ts';

export interface PrincipalRecord {
  readonly kind: PrincipalKind;
  /** `user` on the wire. */
  readonly name: string;
  /** For agents: the person on whose behalf it acts. */
  readonly owner?: string;
  /** Names of the connections that an agent may use; people may use all. */
  readonly connections: readonly string[];
  /** Executable that the token was made for; recorded and compared, never trusted. */
  readonly executable?: string;
  /** Milliseconds since the epoch, as all times here. */
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  readonly pausedAt?: number;
}

export type PrincipalStatus = 'active' | 'paused' | 'revoked' | 'expired';

export interface TokenRecord {
  readonly id: string;
  readonly principal: string;
  readonly label: string;
  readonly createdAt: number;
}

interface PrincipalRow {
  name: string;
  kind: PrincipalKind;
  owner: string | null;
  connections: string;
  executable: string | null;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  paused_at: number | null;
}

interface TokenRow {
  id: string;
  principal: string;
  label: string;
  created_at: number;
  hash: Uint8Array;
  iterations: number;
  salt: Uint8Array;
  stored_key: Uint8Array;
  server_key: Uint8Array;
}

export interface Directory {
  readonly allAgentsPaused: boolean;
  readonly principals: ReadonlyMap<string, PrincipalRecord>;
  /** Live tokens, newest first. */
  readonly tokens: readonly TokenRecord[];
  readonly verifiers: ReadonlyMap<string, ScramVerifier>;
  /** By hash in hex. */
  readonly byHash: ReadonlyMap<string, string>;
}

export const ALL_PAUSED = 'agents_paused_at';

export function readDirectory(database: Database): Directory {
  // A plain read transaction: one moment's picture, and no waiting for another process that writes.
  database.exec('BEGIN');
  try {
    const principals = database.prepare<PrincipalRow>('SELECT * FROM principals ORDER BY name').all();
    const tokens = database.prepare<TokenRow>('SELECT * FROM tokens WHERE revoked_at IS NULL ORDER BY created_at DESC, rowid DESC').all();
    const paused = database.prepare('SELECT 1 FROM meta WHERE key = ?').get(ALL_PAUSED);
    return {
      allAgentsPaused: paused !== undefined,
      principals: new Map(principals.map((row) => [row.name, recordOf(row)])),
      tokens: tokens.map((row) => ({ id: row.id, principal: row.principal, label: row.label, createdAt: row.created_at })),
      verifiers: verifiersOf(tokens),
      byHash: new Map(tokens.map((row) => [Buffer.from(row.hash).toString('hex'), row.principal])),
    };
  } finally {
    database.exec('COMMIT');
  }
}

export function statusIn(directory: Directory, name: string, now: number): PrincipalStatus | undefined {
  const record = directory.principals.get(name);
  if (record === undefined) return undefined;
  if (record.revokedAt !== undefined) return 'revoked';
  if (record.expiresAt !== undefined && record.expiresAt <= now) return 'expired';
  if (record.pausedAt !== undefined || (record.kind === 'agent' && directory.allAgentsPaused)) return 'paused';
  return 'active';
}

export function principalOfToken(directory: Directory, token: string): PrincipalRecord | undefined {
  const kind = kindOfToken(token);
  if (kind === undefined) return undefined;
  // Looked up by a hash that its sender can't steer: the time of the look-up tells nothing about the token.
  const record = directory.principals.get(directory.byHash.get(Buffer.from(tokenHash(token)).toString('hex')) ?? '');
  return record?.kind === kind ? record : undefined;
}

/** Names whose record, tokens or pause differ between two pictures. */
export function changedNames(before: Directory, after: Directory): string[] {
  const names = new Set([...before.principals.keys(), ...after.principals.keys()]);
  return [...names].filter((name) => facts(before, name) !== facts(after, name));
}

function facts(directory: Directory, name: string): string {
  const record = directory.principals.get(name);
  const tokens = directory.tokens.filter((token) => token.principal === name).map((token) => token.id);
  return JSON.stringify([record, tokens, record?.kind === 'agent' && directory.allAgentsPaused]);
}

function recordOf(row: PrincipalRow): PrincipalRecord {
  return {
    kind: row.kind,
    name: row.name,
    ...(row.owner === null ? {} : { owner: row.owner }),
    connections: JSON.parse(row.connections) as string[],
    ...(row.executable === null ? {} : { executable: row.executable }),
    createdAt: row.created_at,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
    ...(row.paused_at === null ? {} : { pausedAt: row.paused_at }),
  };
}

/** `rows`: newest first. All tokens of a principal have one salt, see `saltOf`; one made otherwise can't be an alternative. */
function verifiersOf(rows: readonly TokenRow[]): Map<string, ScramVerifier> {
  const verifiers = new Map<string, ScramVerifier>();
  for (const row of rows) {
    const keys: ScramKeys = { storedKey: row.stored_key, serverKey: row.server_key };
    const newest = verifiers.get(row.principal);
    if (newest === undefined) verifiers.set(row.principal, { iterations: row.iterations, salt: row.salt, ...keys });
    else if (newest.iterations === row.iterations && Buffer.compare(newest.salt, row.salt) === 0) {
      verifiers.set(row.principal, { ...newest, alternatives: [...(newest.alternatives ?? []), keys] });
    }
  }
  return verifiers;
}
