// Connection URLs (`postgres://user:password@host:port/database?sslmode=…`) as libpq reads them, pure. Source: PostgreSQL
// manual, "Connection URIs". What we would not honour is refused, not ignored. Errors never quote the URL: it holds a password.
import { isIP } from 'node:net';
import { GatehouseError } from '../errors.ts';

export const TLS_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

export interface ParsedConnectionUrl {
  readonly engine: 'postgres';
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly tls: TlsMode;
  readonly caFile?: string;
}

const POSTGRES_PORT = 5432;
// authority = [user[:password]@]host[:port]; the last `@` ends the user information, a host in brackets is IPv6.
const SHAPE = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?(\[[^\]/?#]*\]|[^:/?#@]*)(?::([^/?#@]*))?(?:\/([^?#]*))?(?:\?([^#]*))?$/i;

/** `osUser`: libpq's default for user, which is in turn the default for database. Throws `CONNECTION_URL`. */
export function parseConnectionUrl(url: string, osUser: string): ParsedConnectionUrl {
  const match = SHAPE.exec(url.trim());
  if (match === null) throw invalid('this is not a connection URL; expected postgres://user:password@host:port/database');
  const [, scheme = '', userInfo, hostPart = '', portPart, path = '', query = ''] = match;
  if (!['postgres', 'postgresql'].includes(scheme.toLowerCase())) {
    throw invalid(`unsupported scheme \`${scheme}\`; expected postgres:// or postgresql://`);
  }
  const { user: givenUser, password } = credentials(userInfo);
  const host = hostOf(hostPart);
  const user = givenUser ?? osUser;
  const database = path === '' ? user : decode(path, 'database');
  if (database.includes('/')) throw invalid('the database name holds a `/`');
  const { sslmode, sslrootcert } = parametersOf(query);
  // `system` is libpq's word for the operating system's own trust store, which is what no file means.
  const caFile = sslrootcert === undefined || sslrootcert === 'system' ? undefined : sslrootcert;
  return {
    engine: 'postgres',
    host,
    port: portOf(portPart),
    user,
    password,
    database,
    tls: sslmode ?? defaultTls(host, caFile),
    ...(caFile === undefined ? {} : { caFile }),
  };
}

/** Off this machine a credential only travels to a server that proved who it is; libpq's own default (`prefer`) would not ask. */
function defaultTls(host: string, caFile: string | undefined): TlsMode {
  return caFile === undefined && isLoopback(host) ? 'prefer' : 'verify-full';
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function credentials(userInfo: string | undefined): { user: string | undefined; password: string | undefined } {
  if (userInfo === undefined || userInfo === '') return { user: undefined, password: undefined };
  const colon = userInfo.indexOf(':');
  const user = decode(colon === -1 ? userInfo : userInfo.slice(0, colon), 'user');
  const password = colon === -1 ? '' : decode(userInfo.slice(colon + 1), 'password');
  return { user: user === '' ? undefined : user, password: password === '' ? undefined : password };
}

function hostOf(part: string): string {
  if (part.startsWith('[')) {
    const address = part.slice(1, -1);
    if (isIP(address.split('%')[0] ?? '') !== 6) throw invalid('the host in brackets is not an IPv6 address');
    return address;
  }
  const host = decode(part, 'host');
  if (host === '') return 'localhost';
  if (host.includes(',')) throw invalid('several hosts in one URL are not supported; add one connection each');
  if (host.startsWith('/')) throw invalid('Unix sockets are not supported; use host and port');
  if (!/^[A-Za-z0-9._-]+$/.test(host)) throw invalid('the host name holds characters that a host name cannot have');
  return host.toLowerCase();
}

function portOf(part: string | undefined): number {
  if (part === undefined || part === '') return POSTGRES_PORT;
  const port = /^\d{1,5}$/.test(part) ? Number(part) : 0;
  if (port < 1 || port > 65535) throw invalid('the port is not a number from 1 to 65535');
  return port;
}

function parametersOf(query: string): { sslmode?: TlsMode; sslrootcert?: string } {
  const found: { sslmode?: TlsMode; sslrootcert?: string } = {};
  const seen = new Set<string>();
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decode(equals === -1 ? part : part.slice(0, equals), 'parameter');
    const value = equals === -1 ? '' : decode(part.slice(equals + 1), 'parameter');
    if (seen.has(name)) throw invalid(`parameter \`${printable(name)}\` is given twice`);
    seen.add(name);
    if (name === 'sslmode') found.sslmode = tlsMode(value);
    else if (name === 'sslrootcert' && value !== '') found.sslrootcert = value;
    else throw invalid(`unknown parameter \`${printable(name)}\`; known are sslmode and sslrootcert`);
  }
  return found;
}

function tlsMode(value: string): TlsMode {
  const mode = TLS_MODES.find((known) => known === value);
  if (mode === undefined) throw invalid(`unknown sslmode \`${printable(value)}\`; known are ${TLS_MODES.join(', ')}`);
  return mode;
}

function decode(text: string, what: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch (error) {
    throw new GatehouseError('CONNECTION_URL', `the ${what} is not valid percent-encoding`, { cause: error });
  }
  // A NUL would cut the startup message short.
  if (decoded.includes('\0')) throw invalid(`the ${what} holds a NUL`);
  return decoded;
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 40);
}

function invalid(message: string): GatehouseError {
  return new GatehouseError('CONNECTION_URL', message);
}
