// Named connections: one file each in `<home>/connections/`, so that two processes never rewrite each other's. The password
// is not in the file; it goes to the secret store. Source: product.md ("connection"), promise 3.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { GatehouseError } from '../errors.ts';
import { syncFolder, writeFileAtomic } from './atomic-file.ts';
import { TLS_MODES, type TlsMode } from './connection-url.ts';
import type { SecretPort } from './secret-port.ts';
import { describeIssues } from './settings.ts';

export const ENVIRONMENTS = ['development', 'staging', 'production'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

const text = z.string().min(1).max(255);
const connectionSchema = z.strictObject({
  name: z.string(),
  engine: z.literal('postgres'),
  host: text,
  port: z.int().min(1).max(65535),
  user: text,
  database: text,
  tls: z.enum(TLS_MODES),
  caFile: z.string().refine(isAbsolute, 'must be an absolute path').optional(),
  environment: z.enum(ENVIRONMENTS),
});

export interface Connection {
  readonly name: string;
  readonly engine: 'postgres';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly tls: TlsMode;
  readonly caFile?: string;
  readonly environment: Environment;
}

/** Where statements go. Held in memory only; never logged. The checkpoint's `UpstreamTarget` has the same shape. */
export interface ConnectionTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly tls: TlsMode;
  readonly caFile?: string;
}

/** The sample's name: given by `serve --sample`, never to a stored connection. */
export const SAMPLE_CONNECTION = 'sample';

export function isConnectionName(name: string): boolean {
  return /^[a-z0-9_-]{1,63}$/.test(name);
}

export function connectionSecret(name: string): string {
  return `connection.${name}`;
}

export class Connections {
  readonly #folder: string;
  readonly #secrets: SecretPort;

  constructor(home: string, secrets: SecretPort) {
    this.#folder = join(home, 'connections');
    this.#secrets = secrets;
  }

  /** Sorted by name. Throws `CONNECTION_BROKEN` when a file is not what we wrote. */
  list(): readonly Connection[] {
    return this.#names().flatMap((name) => this.get(name) ?? []);
  }

  get(name: string): Connection | undefined {
    if (!isConnectionName(name)) return undefined;
    let content: string;
    try {
      content = readFileSync(this.#file(name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new GatehouseError('CONNECTION_BROKEN', `connection \`${name}\` can't be read`, { cause: error });
    }
    return parse(name, content);
  }

  /** Stores the password first: a connection that is listed can be used. Throws `CONNECTION_NAME` or `CONNECTION_EXISTS`. */
  async add(connection: Connection, password: string | undefined): Promise<void> {
    const { name } = connection;
    if (!isConnectionName(name)) throw new GatehouseError('CONNECTION_NAME', 'a connection name has 1 to 63 of a-z, 0-9, _ and -');
    if (name === SAMPLE_CONNECTION)
      throw new GatehouseError('CONNECTION_NAME', '`sample` is the name of the bundled sample; choose another');
    if (this.get(name) !== undefined) throw exists(name);
    const checked = connectionSchema.safeParse(connection);
    if (!checked.success) throw new GatehouseError('CONNECTION_BROKEN', describeIssues(checked.error));
    if (password !== undefined) await this.#secrets.set(connectionSecret(name), Buffer.from(password));
    else await this.#secrets.delete(connectionSecret(name));
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    try {
      writeFileAtomic(this.#file(name), `${JSON.stringify(checked.data, undefined, 2)}\n`, { exclusive: true });
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? exists(name) : error;
    }
  }

  /** The file goes first: what can't be listed can't be used. `false`: there was none. */
  async remove(name: string): Promise<boolean> {
    if (!isConnectionName(name) || !this.#names().includes(name)) return false;
    rmSync(this.#file(name), { force: true });
    syncFolder(this.#folder);
    await this.#secrets.delete(connectionSecret(name));
    return true;
  }

  /** Joins the connection with its password. `undefined`: no such connection. */
  async target(name: string): Promise<ConnectionTarget | undefined> {
    const connection = this.get(name);
    if (connection === undefined) return undefined;
    const secret = await this.#secrets.get(connectionSecret(name));
    const { host, port, user, database, tls, caFile } = connection;
    const password = secret === undefined ? undefined : Buffer.from(secret).toString('utf8');
    return { host, port, user, password, database, tls, ...(caFile === undefined ? {} : { caFile }) };
  }

  #file(name: string): string {
    return join(this.#folder, `${name}.json`);
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder)
        .filter((file) => file.endsWith('.json'))
        .map((file) => file.slice(0, -'.json'.length))
        .filter(isConnectionName)
        .sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}

function parse(name: string, content: string): Connection {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new GatehouseError('CONNECTION_BROKEN', `the file of connection \`${name}\` is not valid JSON`, { cause: error });
  }
  const result = connectionSchema.safeParse(value);
  if (!result.success) throw new GatehouseError('CONNECTION_BROKEN', `the file of connection \`${name}\`: ${describeIssues(result.error)}`);
  if (result.data.name !== name) throw new GatehouseError('CONNECTION_BROKEN', `the file of connection \`${name}\` names another one`);
  const { caFile, ...rest } = result.data;
  return { ...rest, ...(caFile === undefined ? {} : { caFile }) };
}

function exists(name: string): GatehouseError {
  return new GatehouseError('CONNECTION_EXISTS', `there is a connection \`${name}\` already; remove it first`);
}
