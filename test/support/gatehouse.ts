// A whole Gatehouse for a test: the real composition root on a temporary profile, with connections to real servers.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { osUser } from '../../proxy/identity/person.ts';
import { Principals } from '../../proxy/identity/principals.ts';
import { startProxy } from '../../proxy/index.ts';
import { Connections, type Environment } from '../../proxy/store/connections.ts';
import { openProfile } from '../../proxy/store/profile.ts';
import { openSecrets } from '../../proxy/store/secrets.ts';
import { defaultFiles } from './bundle.ts';
import { readClassification } from './corpus.ts';

export interface Access {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface TestDatabase {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface TestGatehouse extends AsyncDisposable {
  readonly home: string;
  readonly host: string;
  readonly port: number;
  /** Opens a window of the app, once. */
  readonly appUrl: string;
  /** A new agent for the connections; its access is to the first one. */
  agent(name: string, ...connections: string[]): Access;
  /** The person of the profile. */
  person(connection: string): Access;
  addConnection(name: string, database: TestDatabase, environment?: Environment): Promise<void>;
  removeConnection(name: string): Promise<void>;
  /** Another process's view of the registry. */
  readonly principals: Principals;
  close(): Promise<void>;
}

/** The corpus' classification as a bundle's: everything tagged is fully redacted. */
export function corpusClassification(dialect: 'postgres' | 'mysql', more = ''): string {
  const tables = readClassification(dialect);
  const tags = new Set(Object.values(tables).flatMap((columns) => Object.values(columns)));
  const rules = Object.entries(tables).flatMap(([name, columns]) => {
    const [schema, table] = name.split('.');
    return Object.entries(columns).map(([column, tag]) => `  - {tag: ${tag}, schema: ${schema}, table: ${table}, column: ${column}}`);
  });
  return `tags:\n${[...tags].map((tag) => `  ${tag}: {mask: redact}`).join('\n')}\nrules:\n${rules.join('\n')}\n${more}`;
}

/** A fresh profile with a policy folder and a key file beside it. `files`: replaces files of the default bundle. */
export function newProfile(files: Readonly<Record<string, string | undefined>> = {}): {
  readonly home: string;
  readonly keyFile: string;
  readonly remove: () => void;
} {
  const home = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  openProfile(home);
  writeFileSync(join(home, 'gatehouse.json'), JSON.stringify({ listen: { postgres: 0, app: 0 } }));
  const keyFile = `${home}.key`;
  writeFileSync(keyFile, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  for (const [path, text] of defaultFiles({ ...withoutTests(), ...files })) {
    const file = join(home, 'policy', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return {
    home,
    keyFile,
    remove: () => {
      rmSync(home, { recursive: true, force: true });
      rmSync(keyFile, { force: true });
    },
  };
}

/** Starts a proxy on a fresh profile. `files`: replaces files of the default bundle. */
export async function startGatehouse(files: Readonly<Record<string, string | undefined>> = {}): Promise<TestGatehouse> {
  const { home, keyFile, remove } = newProfile(files);
  const connections = new Connections(home, openSecrets(openProfile(home), { keyFile }));
  const proxy = await startProxy({
    home,
    sample: false,
    keyFile,
    log: (message) => {
      if (process.env['GATEHOUSE_TEST_LOG'] !== undefined) console.error(message);
    },
  });
  const principals = Principals.open(home);
  const { host, port } = proxy.ready.postgres ?? { host: '', port: 0 };
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    principals.close();
    await proxy.close();
    remove();
  };
  return {
    home,
    appUrl: proxy.ready.app?.url ?? '',
    host,
    port,
    principals,
    agent(name, ...allowed) {
      const added = principals.addAgent({ name, owner: osUser(), connections: allowed });
      if (added.kind !== 'added') throw new Error(added.reason);
      return { host, port, user: name, password: added.token, database: allowed[0] ?? '' };
    },
    person(connection) {
      const token = principals.issuePersonToken(osUser(), 'test', 50);
      return { host, port, user: osUser(), password: token, database: connection };
    },
    async addConnection(name, database, environment = 'production') {
      const { password, ...rest } = database;
      await connections.add({ name, engine: 'postgres', ...rest, tls: 'disable', environment }, password);
    },
    async removeConnection(name) {
      await connections.remove(name);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The default bundle's own tests speak about its own classification. */
function withoutTests(): Record<string, undefined> {
  return Object.fromEntries([...defaultFiles().keys()].filter((path) => path.startsWith('tests/')).map((path) => [path, undefined]));
}
