// The first packet of a connection, before anything has a type byte. Pure. Source: PostgreSQL, "StartupMessage", "SSLRequest",
// "GSSENCRequest", "CancelRequest"; protocol versions 3.0 and 3.2.

const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;

export const PROTOCOL_3_0 = 196608;
export const PROTOCOL_3_2 = 196610;

/** As PostgreSQL: nothing that is sent before authentication may be larger. */
export const MAX_STARTUP_LENGTH = 10_000;

export interface Startup {
  readonly kind: 'startup';
  /** The version that is spoken: what was asked for, at most 3.2. */
  readonly version: number;
  /** NegotiateProtocolVersion is due: a newer minor version or unknown `_pq_.` options were asked for. */
  readonly negotiate: boolean;
  readonly unknownOptions: readonly string[];
  readonly user: string;
  readonly database: string;
  readonly applicationName: string | undefined;
  /** All but user, database and application_name. */
  readonly parameters: ReadonlyMap<string, string>;
}

export type FirstPacket =
  | { readonly kind: 'ssl' }
  | { readonly kind: 'gssenc' }
  | { readonly kind: 'cancel'; readonly processId: number; readonly key: Buffer }
  | Startup
  | { readonly kind: 'refused'; readonly sqlstate: string; readonly message: string };

function refused(sqlstate: string, message: string): FirstPacket {
  return { kind: 'refused', sqlstate, message };
}

/** Is this announced length possible at all? Asked when four bytes are there, before the rest is waited for. */
export function isStartupLength(length: number): boolean {
  return length >= 8 && length <= MAX_STARTUP_LENGTH;
}

/** `packet`: the whole packet, its length included. */
export function readFirstPacket(packet: Buffer): FirstPacket {
  if (packet.length < 8 || packet.readUInt32BE(0) !== packet.length) return refused('08P01', 'invalid length of startup packet');
  const code = packet.readUInt32BE(4);
  if (code === SSL_REQUEST || code === GSSENC_REQUEST) {
    if (packet.length !== 8) return refused('08P01', 'invalid length of startup packet');
    return { kind: code === SSL_REQUEST ? 'ssl' : 'gssenc' };
  }
  if (code === CANCEL_REQUEST) {
    // Protocol 3.2 allows keys of 4 to 256 bytes.
    if (packet.length < 16 || packet.length > 268) return refused('08P01', 'invalid length of cancel request');
    return { kind: 'cancel', processId: packet.readInt32BE(8), key: Buffer.from(packet.subarray(12)) };
  }
  if (code >>> 16 !== 3)
    return refused('0A000', `unsupported frontend protocol ${code >>> 16}.${code & 0xffff}: server supports 3.0 to 3.2`);
  return readParameters(packet, code);
}

function readParameters(packet: Buffer, code: number): FirstPacket {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const all = new Map<string, string>();
  const unknownOptions: string[] = [];
  let at = 8;
  try {
    for (;;) {
      const nameEnd = packet.indexOf(0, at);
      if (nameEnd < 0) return refused('08P01', 'invalid startup packet layout: expected terminator as last byte');
      if (nameEnd === at) break;
      const valueEnd = packet.indexOf(0, nameEnd + 1);
      if (valueEnd < 0) return refused('08P01', 'invalid startup packet layout: expected terminator as last byte');
      const name = decoder.decode(packet.subarray(at, nameEnd));
      if (name.startsWith('_pq_.')) unknownOptions.push(name);
      else all.set(name, decoder.decode(packet.subarray(nameEnd + 1, valueEnd)));
      at = valueEnd + 1;
    }
  } catch {
    return refused('22021', 'invalid byte sequence for encoding "UTF8" in the startup packet');
  }
  if (at !== packet.length - 1) return refused('08P01', 'invalid startup packet layout: expected terminator as last byte');
  const user = all.get('user') ?? '';
  if (user === '') return refused('28000', 'no PostgreSQL user name specified in startup packet');
  const replication = all.get('replication');
  if (replication !== undefined && !/^(false|off|no|0|f|n)$/i.test(replication))
    return refused('0A000', 'replication connections are not supported by Gatehouse');
  const database = all.get('database') ?? '';
  const applicationName = all.get('application_name');
  for (const name of ['user', 'database', 'application_name', 'replication']) all.delete(name);
  const version = Math.min(code, PROTOCOL_3_2);
  return {
    kind: 'startup',
    version,
    negotiate: code > PROTOCOL_3_2 || unknownOptions.length > 0,
    unknownOptions,
    user,
    database: database === '' ? user : database,
    applicationName,
    parameters: all,
  };
}
