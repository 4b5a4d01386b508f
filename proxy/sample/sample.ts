// The sample database: a real PostgreSQL 18 with an invented shop, in the profile folder, for trying Gatehouse out.
// Source: design, "Runtime and dependencies", and issue 2, "Sample".
//
//   lock the folder → end a server left from a killed run → first time: make and fill the data → new password → start

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatehouseError } from '../errors.ts';
import { findEmbeddedPostgres, type PostgresBinaries } from './embedded-binaries.ts';
import { endLeftServer, lockFolder } from './folder-lock.ts';
import { runPostgresProgram, startPostgresProcess } from './postgres-process.ts';
import { plantSeed, readSeed } from './seed.ts';
import { placeBinaries, placeData } from './server-location.ts';
import { giveFolderTo, type UnprivilegedUser, unprivilegedUser } from './unprivileged-user.ts';

export interface Sample {
  readonly host: string;
  readonly port: number;
  /** Not a superuser: it owns the shop and nothing else. */
  readonly user: string;
  /** New at every start, and written nowhere. */
  readonly password: string;
  readonly database: string;
  readonly pid: number;
  /** Resolves when the server has ended, whether asked to or not. */
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
}

interface Place {
  readonly data: string;
  readonly marker: string;
  readonly binaries: PostgresBinaries;
  readonly user: UnprivilegedUser | undefined;
}

const ROLE = 'gatehouse';
const DATABASE = 'shop';
const HOST = '127.0.0.1';

// Only this role over loopback. The superuser has no password and no way in from outside.
const ACCESS = `host ${DATABASE} ${ROLE} ${HOST}/32 scram-sha-256\n`;

const SETTINGS = {
  timezone: 'UTC',
  log_timezone: 'UTC',
  shared_buffers: '64MB',
  max_connections: '60',
  // No replication from the sample, so that the first filling needs no log of its own.
  wal_level: 'minimal',
  max_wal_senders: '0',
  // Statements may hold values, and the server's output is kept for error messages.
  log_min_messages: 'fatal',
  log_min_error_statement: 'panic',
} as const;

/**
 * Starts the sample in its folder (one below the profile's), making and filling it the first time: some 4 s, later under 1 s.
 * Fails with SAMPLE_NO_BINARY, SAMPLE_IN_USE, SAMPLE_NO_USER, SAMPLE_SEED, POSTGRES_START or POSTGRES_PROGRAM.
 */
export async function startSample(options: { readonly folder: string; readonly log: (message: string) => void }): Promise<Sample> {
  const { log } = options;
  const user = unprivilegedUser();
  const binaries = placeBinaries(await findEmbeddedPostgres(), user);
  const folder = placeData(options.folder, user);
  const unlock = lockFolder(folder);
  try {
    const place: Place = { data: join(folder, 'data'), marker: join(folder, 'seeded.json'), binaries, user };
    if (await endLeftServer(place.data)) log('ended a sample database left from an earlier run');
    return await startLocked(place, log, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function startLocked(place: Place, log: (message: string) => void, unlock: () => void): Promise<Sample> {
  const seed = readSeed();
  const password = randomBytes(24).toString('hex');
  const fresh = readMarker(place.marker) !== seed.version;
  if (fresh) {
    log('making the sample database');
    await makeData(place);
  }
  // The server is not running yet: the password is set by PostgreSQL's single-user mode, which needs no login.
  await singleUser(place, [
    ...(fresh
      ? [
          `create role ${ROLE} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls`,
          `create database ${DATABASE} owner ${ROLE} template template0`,
          `alter database ${DATABASE} set search_path = shop, public`,
          `revoke connect on database ${DATABASE} from public`,
        ]
      : []),
    `alter role ${ROLE} password '${password}'`,
  ]);
  const login = { user: ROLE, password, database: DATABASE };
  const server = await startPostgresProcess({ ...place, settings: SETTINGS, probe: login });
  const atExit = (): void => {
    try {
      process.kill(server.pid, 'SIGINT');
    } catch {
      // It has ended already.
    }
  };
  process.once('exit', atExit);
  const stop = async (): Promise<void> => {
    await server.stop();
    process.removeListener('exit', atExit);
    unlock();
  };
  try {
    if (fresh) {
      await plantSeed(seed, { host: HOST, port: server.port, ...login });
      writeMarker(place.marker, seed.version);
      log('the sample database is filled');
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { host: HOST, port: server.port, ...login, pid: server.pid, ended: server.ended, stop };
}

// Invariant: the marker is written last, so data without it, or of another version, is unfinished and made anew.
async function makeData({ data, marker, binaries, user }: Place): Promise<void> {
  rmSync(marker, { force: true });
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { mode: 0o700 });
  if (user) giveFolderTo(user, data);
  const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  await runPostgresProgram(binaries.initdb, ['-D', data, '-U', 'postgres', '--auth=reject', '--no-instructions', ...locale], {
    user,
    cwd: data,
  });
  writeFileSync(join(data, 'pg_hba.conf'), ACCESS);
}

async function singleUser({ data, binaries, user }: Place, statements: readonly string[]): Promise<void> {
  // It ends with code 0 even when a statement fails, and says so only in its output.
  const settings = Object.entries({ ...SETTINGS, log_min_messages: 'error' }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const output = await runPostgresProgram(binaries.postgres, ['--single', '-D', data, ...settings, 'postgres'], {
    user,
    cwd: data,
    input: `${statements.join('\n')}\n`,
  });
  if (/^.*\b(ERROR|FATAL|PANIC): /mu.test(output)) {
    throw new GatehouseError('POSTGRES_PROGRAM', 'the sample database could not be prepared', { data: { output } });
  }
}

function readMarker(marker: string): string | undefined {
  if (!existsSync(marker)) return undefined;
  try {
    const read: unknown = JSON.parse(readFileSync(marker, 'utf8'));
    return read !== null && typeof read === 'object' && 'seed' in read && typeof read.seed === 'string' ? read.seed : undefined;
  } catch {
    return undefined;
  }
}

function writeMarker(marker: string, version: string): void {
  writeFileSync(`${marker}.new`, `${JSON.stringify({ seed: version })}\n`, { flush: true });
  renameSync(`${marker}.new`, marker);
}
