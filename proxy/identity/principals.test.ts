import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemorySecrets } from '../../test/support/memory-secrets.ts';
import type { IdentityEvent } from './outbox.ts';
import { personToken } from './person.ts';
import { Principals } from './principals.ts';
import { checkProof, type ScramVerifier } from './scram.ts';

let home: string;
let now: number;
let open: Principals[];
const database = () => {
  const principals = Principals.open(home, { now: () => now });
  open.push(principals);
  return principals;
};
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'gatehouse-'));
  now = Date.UTC(2026, 0, 1);
  open = [];
});
afterEach(() => {
  for (const principals of open) principals.close();
  rmSync(home, { recursive: true });
});

const hmac = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest();
function signsIn(verifier: ScramVerifier, password: string): boolean {
  const clientKey = hmac(pbkdf2Sync(password, verifier.salt, verifier.iterations, 32, 'sha256'), 'Client Key');
  const signature = hmac(createHash('sha256').update(clientKey).digest(), 'm');
  return checkProof(verifier, 'm', Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] ?? 0)))) !== undefined;
}

function withAgent(name = 'bot', more: { expiresAt?: number } = {}): { principals: Principals; token: string } {
  const principals = database();
  principals.ensurePerson('ada');
  const added = principals.addAgent({ name, owner: 'ada', connections: ['sample'], ...more });
  if (added.kind !== 'added') throw new Error(added.reason);
  return { principals, token: added.token };
}

describe('an agent', () => {
  it('signs in with its token and with no other', () => {
    const { principals, token } = withAgent();
    expect(signsIn(principals.verifierFor('bot'), token)).toBe(true);
    expect(signsIn(principals.verifierFor('bot'), `${token}x`)).toBe(false);
    expect(signsIn(principals.verifierFor('ada'), token)).toBe(false);
    expect(signsIn(principals.mockVerifierFor('bot'), token)).toBe(false);
    expect(principals.byToken(token)).toMatchObject({ kind: 'agent', name: 'bot', owner: 'ada', connections: ['sample'] });
    expect(principals.byToken(token.replace('gha_', 'ghp_'))).toBeUndefined();
    expect(principals.byToken('')).toBeUndefined();
  });

  it('has no token in the profile, and the file is for its owner only', () => {
    const { principals, token } = withAgent();
    principals.close();
    open = [];
    for (const file of readdirSync(home)) {
      expect(readFileSync(join(home, file)).includes(token.slice(4, 40))).toBe(false);
      expect(statSync(join(home, file)).mode & 0o077).toBe(0);
    }
  });

  it('looks from outside like a name that does not exist, before, while and after it exists', () => {
    const { principals } = withAgent();
    const { salt, iterations } = principals.mockVerifierFor('later');
    principals.addAgent({ name: 'later', owner: 'ada', connections: ['sample'] });
    expect(principals.verifierFor('later')).toMatchObject({ salt, iterations });
    principals.revokeAgent('later', 'ada');
    expect(principals.verifierFor('later')).toMatchObject({ salt, iterations });
    expect(principals.verifierFor('nobody')).toEqual(principals.verifierFor('nobody'));
  });

  it('is active, paused, revoked or expired', () => {
    const { principals, token } = withAgent('bot', { expiresAt: now + 1000 });
    expect(principals.statusOf('bot')).toBe('active');
    expect(principals.pauseAgent('bot', 'ada')).toBe(true);
    expect(principals.pauseAgent('bot', 'ada')).toBe(false);
    expect(principals.statusOf('bot')).toBe('paused');
    expect(principals.resumeAgent('bot', 'ada')).toBe(true);
    now += 1000;
    expect(principals.statusOf('bot')).toBe('expired');
    expect(principals.revokeAgent('bot', 'ada')).toBe(true);
    expect(principals.revokeAgent('bot', 'ada')).toBe(false);
    expect(principals.resumeAgent('bot', 'ada')).toBe(false);
    expect(principals.statusOf('bot')).toBe('revoked');
    expect(signsIn(principals.verifierFor('bot'), token)).toBe(false);
    expect(principals.byToken(token)).toBeUndefined();
    expect(principals.statusOf('nobody')).toBeUndefined();
  });

  it('is paused with all others, people are not, and one that is added meanwhile is paused too', () => {
    const { principals } = withAgent();
    principals.pauseAgent('bot', 'ada');
    expect(principals.pauseAllAgents(true, 'ada')).toBe(true);
    expect(principals.pauseAllAgents(true, 'ada')).toBe(false);
    principals.addAgent({ name: 'late', owner: 'ada', connections: ['sample'] });
    expect([principals.statusOf('late'), principals.statusOf('ada'), principals.allAgentsPaused]).toEqual(['paused', 'active', true]);
    principals.pauseAllAgents(false, 'ada');
    expect([principals.statusOf('late'), principals.statusOf('bot')]).toEqual(['active', 'paused']);
  });

  it.each(['', 'Bot', 'a b', '-x', 'x'.repeat(64), 'a/b', "a'b", 'bot', 'ada'])('can not be called `%s` next to bot and ada', (name) => {
    const { principals } = withAgent();
    expect(principals.addAgent({ name, owner: 'ada', connections: ['sample'] }).kind).toBe('refused');
  });

  it('never gets the name of a revoked one', () => {
    const { principals } = withAgent();
    principals.revokeAgent('bot', 'ada');
    expect(principals.addAgent({ name: 'bot', owner: 'ada', connections: ['sample'] })).toMatchObject({ kind: 'refused' });
  });

  it('needs a connection and an expiry to come', () => {
    const { principals } = withAgent();
    expect(principals.addAgent({ name: 'x', owner: 'ada', connections: [] }).kind).toBe('refused');
    expect(principals.addAgent({ name: 'x', owner: 'ada', connections: ['sample'], expiresAt: now }).kind).toBe('refused');
    expect(principals.list('agent').map((agent) => agent.name)).toEqual(['bot']);
  });
});

describe('a person', () => {
  it("can not be revoked or paused as an agent, nor take an agent's name", () => {
    const { principals } = withAgent();
    expect(principals.revokeAgent('ada', 'ada')).toBe(false);
    expect(principals.pauseAgent('ada', 'ada')).toBe(false);
    expect(() => principals.ensurePerson('bot')).toThrowError(expect.objectContaining({ code: 'PRINCIPAL_NAME' }));
    expect(() => principals.ensurePerson('Ada')).toThrowError(expect.objectContaining({ code: 'PRINCIPAL_NAME' }));
  });

  it('gets the same token again where it can be kept', async () => {
    const { principals } = withAgent();
    const secrets = new MemorySecrets();
    const token = await personToken(principals, secrets, 'ada');
    expect(await personToken(principals, secrets, 'ada')).toBe(token);
    expect(signsIn(principals.verifierFor('ada'), token)).toBe(true);
    expect(principals.byToken(token)?.name).toBe('ada');
  });

  it('gets a fresh token where the store was lost, and the last four work', async () => {
    const { principals } = withAgent();
    const tokens: string[] = [];
    for (let i = 0; i < 5; i++) {
      now += 1;
      tokens.push(await personToken(principals, new MemorySecrets(), 'ada'));
    }
    expect(tokens.map((token) => signsIn(principals.verifierFor('ada'), token))).toEqual([false, true, true, true, true]);
    expect(principals.tokensOf('ada')).toHaveLength(4);
  });
});

describe('a change by another process', () => {
  it('is noticed at the next look, and listeners are told whom it is about', () => {
    const { principals } = withAgent();
    const told: string[][] = [];
    const end = principals.onChange((names) => told.push([...names]));
    const other = database();
    other.addAgent({ name: 'second', owner: 'ada', connections: ['sample'] });
    expect(principals.get('second')).toBeUndefined();
    principals.poll();
    other.revokeAgent('bot', 'ada');
    principals.poll();
    principals.poll();
    other.pauseAllAgents(true, 'ada');
    principals.poll();
    expect(told).toEqual([['second'], ['bot'], ['bot', 'second']]);
    expect(principals.statusOf('bot')).toBe('revoked');
    end();
    other.pauseAllAgents(false, 'ada');
    principals.poll();
    expect(told).toHaveLength(3);
  });

  it('is noticed without asking once it watches', async () => {
    const { principals } = withAgent();
    const told = new Promise((resolve) => principals.onChange(resolve));
    principals.watch(5);
    database().revokeAgent('bot', 'ada');
    expect(await told).toEqual(['bot']);
  });

  it('and an expiry are told once', () => {
    const { principals } = withAgent('bot', { expiresAt: now + 1000 });
    const told: string[][] = [];
    principals.onChange((names) => told.push([...names]));
    now += 999;
    principals.poll();
    now += 1;
    principals.poll();
    principals.poll();
    expect(told).toEqual([['bot']]);
  });

  it('can not go unseen: when the file was replaced nobody is trusted any more', () => {
    const { principals } = withAgent();
    const told: string[][] = [];
    principals.onChange((names) => told.push([...names]));
    renameSync(join(home, 'principals.db'), join(home, 'old.db'));
    for (let i = 0; i < 4; i++) principals.poll();
    expect([principals.statusOf('bot'), principals.statusOf('ada')]).toEqual(['paused', 'paused']);
    expect(told).toEqual([['ada', 'bot']]);
    renameSync(join(home, 'old.db'), join(home, 'principals.db'));
    principals.poll();
    expect(principals.statusOf('bot')).toBe('active');
  });
});

describe('the outbox', () => {
  it('holds an event for each change and none for what did not happen, in order, without secrets', async () => {
    const { principals, token } = withAgent();
    principals.revokeAgent('nobody', 'ada');
    principals.pauseAgent('bot', 'ada');
    principals.addAgent({ name: 'bot', owner: 'ada', connections: ['sample'] });
    const own = principals.issuePersonToken('ada', 'me', 1);
    const events: IdentityEvent[] = [];
    expect(await principals.drainOutbox(async (event) => void events.push(event))).toBe(3);
    expect(events.map((event) => [event.code, event.facts['change']])).toEqual([
      ['GH-I-AGENT-ADD', undefined],
      ['GH-I-AGENT-PAUSE', 'pause'],
      ['GH-I-TOKEN', 'issue'],
    ]);
    expect(events[0]?.facts).toMatchObject({ agent: 'bot', owner: 'ada', connections: 'sample', at: '2026-01-01T00:00:00.000Z' });
    expect(JSON.stringify(events)).not.toContain(token);
    expect(JSON.stringify(events)).not.toContain(own);
    expect(await principals.drainOutbox(async () => undefined)).toBe(0);
  });

  it('keeps what the ledger did not take, and gives it again under the same number', async () => {
    const { principals } = withAgent();
    principals.pauseAgent('bot', 'ada');
    const numbers: unknown[] = [];
    let fails = true;
    const append = async (event: IdentityEvent) => {
      numbers.push(event.facts['outbox']);
      if (fails) throw new Error('disk full');
    };
    await expect(principals.drainOutbox(append)).rejects.toThrow('disk full');
    fails = false;
    expect(await principals.drainOutbox(append)).toBe(2);
    expect(numbers).toEqual([1, 1, 2]);
  });

  it('reaches a running proxy from another process', async () => {
    const { principals } = withAgent();
    await principals.drainOutbox(async () => undefined);
    const arrived = new Promise<IdentityEvent>((resolve) => principals.carryEvents(async (event) => resolve(event)));
    principals.watch(5);
    database().report({ code: 'GH-X-CONFIG', facts: { connection: 'shop', change: 'add', by: 'ada' } });
    expect(await arrived).toMatchObject({ code: 'GH-X-CONFIG', facts: { connection: 'shop' } });
  });
});
