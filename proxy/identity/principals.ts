// Who may sign in, and are they still allowed to: the port between principals.db and the doors. Answers come from memory; what
// another process (the command line) changes is noticed by polling SQLite's data_version, and listeners are told, so that the
// checkpoint can end sessions well within the second that agents.md promises.
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../store/sqlite.ts';
import {
  changedNames,
  type Directory,
  type PrincipalRecord,
  type PrincipalStatus,
  principalOfToken,
  readDirectory,
  statusIn,
  type TokenRecord,
} from './directory.ts';
import { type IdentityEvent, Outbox } from './outbox.ts';
import { openPrincipalsDatabase } from './principals-db.ts';
import * as registry from './registry.ts';
import { mockVerifier, type ScramVerifier } from './scram.ts';

/** `names`: principals whose rights, tokens or pause changed, or that expired. */
export type ChangeListener = (names: readonly string[]) => void;

export interface PrincipalsOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly random?: (bytes: number) => Uint8Array;
}

const POLL_MS = 200;
/** So many polls in a row may fail before nobody is trusted any more. */
const FAILURES_TOLERATED = 3;

export class Principals implements Disposable {
  readonly #file: string;
  readonly #inode: number;
  readonly #database: Database;
  readonly #context: registry.RegistryContext;
  readonly #secret: Uint8Array;
  readonly #listeners = new Set<ChangeListener>();
  readonly #now: () => number;
  #directory: Directory;
  #version: unknown;
  #checkedAt: number;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #append: ((event: IdentityEvent) => Promise<void>) | undefined;

  private constructor(home: string, options: PrincipalsOptions) {
    this.#file = join(home, 'principals.db');
    this.#now = options.now ?? Date.now;
    this.#database = openPrincipalsDatabase(home);
    this.#inode = statSync(this.#file).ino;
    this.#context = { database: this.#database, outbox: new Outbox(this.#database), now: this.#now, random: options.random ?? randomBytes };
    this.#secret = registry.profileSecret(this.#database);
    this.#version = this.#database.pragma('data_version');
    this.#directory = readDirectory(this.#database);
    this.#checkedAt = this.#now();
  }

  /** Opens `<home>/principals.db`, creating it when missing. */
  static open(home: string, options: PrincipalsOptions = {}): Principals {
    return new Principals(home, options);
  }

  get(name: string): PrincipalRecord | undefined {
    return this.#directory.principals.get(name);
  }

  list(kind?: PrincipalRecord['kind']): readonly PrincipalRecord[] {
    return [...this.#directory.principals.values()].filter((record) => kind === undefined || record.kind === kind);
  }

  get allAgentsPaused(): boolean {
    return this.#directory.allAgentsPaused;
  }

  /** Live tokens, newest first. */
  tokensOf(name: string): readonly TokenRecord[] {
    return this.#directory.tokens.filter((token) => token.principal === name);
  }

  /** `undefined`: no such principal. While the database can't be read everybody is `paused`: a revocation could be in it. */
  statusOf(name: string): PrincipalStatus | undefined {
    const status = statusIn(this.#directory, name, this.#now());
    return status === 'active' && this.#failures > FAILURES_TOLERATED ? 'paused' : status;
  }

  /** The verifier for a claimed name; for an unknown one (or a revoked one, whose tokens are gone) a stable false one. */
  verifierFor(name: string): ScramVerifier {
    return this.#directory.verifiers.get(name) ?? this.mockVerifierFor(name);
  }

  /** For rate-limited names: the same salt as the real verifier, and nothing proves against it. */
  mockVerifierFor(name: string): ScramVerifier {
    return mockVerifier(this.#secret, name);
  }

  /** Bearer sign-in. Says whose token it is, not whether they may come in: ask `statusOf`. */
  byToken(token: string): PrincipalRecord | undefined {
    return principalOfToken(this.#directory, token);
  }

  /** Returns the function that ends the subscription. A listener must not throw. */
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Starts looking for changes by other processes and for expiries. */
  watch(intervalMs: number = POLL_MS): void {
    this.#timer ??= setInterval(() => this.poll(), intervalMs).unref();
  }

  /** One look: reloads when another connection wrote, and tells listeners. */
  poll(): void {
    const now = this.#now();
    const before = this.#failures > FAILURES_TOLERATED;
    try {
      // A file that was replaced under us would never show another change.
      if (statSync(this.#file).ino !== this.#inode) throw new Error('principals.db was replaced');
      const version = this.#database.pragma('data_version');
      if (version !== this.#version) {
        this.#reload();
        this.#version = version;
      }
      this.#failures = 0;
    } catch {
      this.#failures += 1;
    }
    this.#deliver();
    if (this.#failures > FAILURES_TOLERATED !== before) this.#tell([...this.#directory.principals.keys()]);
    const since = this.#checkedAt;
    this.#checkedAt = now;
    this.#tell(
      this.list().flatMap(({ name, expiresAt }) => (expiresAt !== undefined && expiresAt > since && expiresAt <= now ? [name] : [])),
    );
  }

  ensurePerson(name: string): void {
    if (this.get(name)?.kind === 'person') return;
    registry.ensurePerson(this.#context, name);
    this.#reload();
  }

  addAgent(agent: registry.NewAgent): registry.AgentAdded {
    return this.#changed(registry.addAgent(this.#context, agent));
  }

  revokeAgent(name: string, by: string): boolean {
    return this.#changed(registry.revokeAgent(this.#context, name, by));
  }

  pauseAgent(name: string, by: string): boolean {
    return this.#changed(registry.pauseAgent(this.#context, name, by));
  }

  resumeAgent(name: string, by: string): boolean {
    return this.#changed(registry.resumeAgent(this.#context, name, by));
  }

  pauseAllAgents(paused: boolean, by: string): boolean {
    return this.#changed(registry.pauseAllAgents(this.#context, paused, by));
  }

  issuePersonToken(name: string, label: string, keep: number): string {
    return this.#changed(registry.issuePersonToken(this.#context, name, label, keep));
  }

  /** Leaves an event that is not about principals (a connection was added) for the ledger. */
  report(event: IdentityEvent): void {
    this.#database.transaction(() => this.#context.outbox.put(event, this.#now()));
    this.#deliver();
  }

  /** Hands all waiting events over once; see `Outbox.drain`. */
  drainOutbox(append: (event: IdentityEvent) => Promise<void>): Promise<number> {
    return this.#context.outbox.drain(append);
  }

  /** From now on carries events into the ledger as they come; while `append` rejects they wait, and `watch` tries again. */
  carryEvents(append: (event: IdentityEvent) => Promise<void>): void {
    this.#append = append;
    this.#deliver();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#append = undefined;
    this.#listeners.clear();
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Our own commits leave data_version as it is. */
  #changed<T>(result: T): T {
    this.#reload();
    this.#deliver();
    return result;
  }

  #deliver(): void {
    if (this.#append === undefined) return;
    // A failure is not lost: the event stays in the outbox and the next poll tries again.
    this.#context.outbox.drain(this.#append).catch(() => undefined);
  }

  #reload(): void {
    const before = this.#directory;
    this.#directory = readDirectory(this.#database);
    this.#tell(changedNames(before, this.#directory));
  }

  #tell(names: readonly string[]): void {
    if (names.length === 0) return;
    for (const listener of this.#listeners) listener(names);
  }
}
