// Message types and builders of protocol 3. Source: PostgreSQL, "Message Formats". Names are the specification's.

/** Types of messages that a client sends. */
export const CLIENT = {
  Bind: 0x42,
  Close: 0x43,
  CopyData: 0x64,
  CopyDone: 0x63,
  CopyFail: 0x66,
  Describe: 0x44,
  Execute: 0x45,
  Flush: 0x48,
  FunctionCall: 0x46,
  Parse: 0x50,
  Password: 0x70,
  Query: 0x51,
  Sync: 0x53,
  Terminate: 0x58,
} as const;

/** Types of messages that a server sends. */
export const SERVER = {
  BindComplete: 0x32,
  CloseComplete: 0x33,
  CommandComplete: 0x43,
  CopyBothResponse: 0x57,
  CopyData: 0x64,
  CopyDone: 0x63,
  CopyInResponse: 0x47,
  CopyOutResponse: 0x48,
  DataRow: 0x44,
  EmptyQueryResponse: 0x49,
  ErrorResponse: 0x45,
  NoData: 0x6e,
  NoticeResponse: 0x4e,
  NotificationResponse: 0x41,
  ParameterDescription: 0x74,
  ParameterStatus: 0x53,
  ParseComplete: 0x31,
  PortalSuspended: 0x73,
  ReadyForQuery: 0x5a,
  RowDescription: 0x54,
} as const;

/** `S` and `P` in Describe and Close. */
export const STATEMENT = 0x53;
export const PORTAL = 0x50;

export const FLUSH = Buffer.from([CLIENT.Flush, 0, 0, 0, 4]);
export const TERMINATE = Buffer.from([CLIENT.Terminate, 0, 0, 0, 4]);

/** A message of type byte, length and the parts of its body. */
export function message(type: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 4;
  for (const part of parts) length += part.length;
  const out = Buffer.allocUnsafe(length + 1);
  out[0] = type;
  out.writeUInt32BE(length, 1);
  let at = 5;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function int32(value: number): Buffer {
  const out = Buffer.allocUnsafe(4);
  out.writeInt32BE(value);
  return out;
}

/** A string with its terminating NUL; a NUL inside would shift all that follows, so it ends there. */
export function cstring(text: string): Buffer {
  const end = text.indexOf('\0');
  return Buffer.from(`${end < 0 ? text : text.slice(0, end)}\0`, 'utf8');
}

const NUL = Buffer.from([0]);

export function query(text: Uint8Array): Buffer {
  return message(CLIENT.Query, text, NUL);
}

/** `name`: with its NUL; `tail`: number and type OIDs of the parameters, as the client sent them. */
export function parse(name: Uint8Array, text: Uint8Array, tail: Uint8Array): Buffer {
  return message(CLIENT.Parse, name, text, NUL, tail);
}

/** `name`: with its NUL. */
export function describePortal(name: Uint8Array): Buffer {
  return message(CLIENT.Describe, Buffer.from([PORTAL]), name);
}

export function copyFail(reason: string): Buffer {
  return message(CLIENT.CopyFail, cstring(reason));
}

export function authenticationOk(): Buffer {
  return message(0x52, int32(0));
}

export function authenticationSasl(mechanisms: readonly string[]): Buffer {
  return message(0x52, int32(10), ...mechanisms.map(cstring), NUL);
}

export function authenticationSaslContinue(data: string): Buffer {
  return message(0x52, int32(11), Buffer.from(data));
}

export function authenticationSaslFinal(data: string): Buffer {
  return message(0x52, int32(12), Buffer.from(data));
}

export function parameterStatus(name: string, value: string): Buffer {
  return message(SERVER.ParameterStatus, cstring(name), cstring(value));
}

export function backendKeyData(processId: number, key: Uint8Array): Buffer {
  return message(0x4b, int32(processId), key);
}

export function readyForQuery(status: 'I' | 'T' | 'E'): Buffer {
  return message(SERVER.ReadyForQuery, Buffer.from(status));
}

/** Sent when a client asks for a newer minor version or for options that we do not know; servers send the whole version number. */
export function negotiateProtocolVersion(version: number, options: readonly string[]): Buffer {
  return message(0x76, int32(version), int32(options.length), ...options.map(cstring));
}

/** The 16 bytes (more with a long key of protocol 3.2) that ask to cancel; it has no type byte. */
export function cancelRequest(processId: number, key: Uint8Array): Buffer {
  return Buffer.concat([int32(12 + key.length), int32(80877102), int32(processId), key]);
}
