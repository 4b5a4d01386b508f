// From the first byte of a connection to a proved name: encryption, startup packet, SCRAM-SHA-256.
// Source: PostgreSQL, "Start-up", "SSL Session Encryption", "SASL Authentication".
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { Refusal } from '../../checkpoint/gate.ts';
import type { ScramVerifier } from '../../identity/scram.ts';
import { ByteSource } from './byte-source.ts';
import { CLIENT, authenticationSasl, authenticationSaslContinue, negotiateProtocolVersion } from './messages.ts';
import { refusalResponse } from './refusal-response.ts';
import { finishScram, startScram } from './scram-server.ts';
import { isStartupLength, readFirstPacket } from './startup.ts';
import type { Startup } from './startup.ts';

const TLS_HANDSHAKE = 0x16;
/** ALPN's name of the protocol; required for direct TLS, so that no other protocol's client can be led here. */
const ALPN = 'postgresql';
const MECHANISM = 'SCRAM-SHA-256';
/** Nothing that a client sends before it is known may be larger. */
const MAX_MESSAGE = 10_000;

export type Greeting =
  | { readonly kind: 'startup'; readonly stream: Duplex; readonly source: ByteSource; readonly startup: Startup }
  | { readonly kind: 'cancel'; readonly processId: number; readonly key: Buffer; readonly stream: Duplex }
  | { readonly kind: 'refused'; readonly stream: Duplex; readonly refusal: Refusal };

function refused(stream: Duplex, sqlstate: string, message: string): Greeting {
  return { kind: 'refused', stream, refusal: { code: 'PROTOCOL', sqlstate, message, fatal: true } };
}

/** Throws StreamEnded (or a TLS error) when the client goes away. */
export async function greet(socket: Duplex, tls: SecureContext): Promise<Greeting> {
  let stream = socket;
  let source = new ByteSource(stream);
  let encrypted = false;
  const first = (await source.peek(1))[0];
  if (first === TLS_HANDSHAKE) {
    stream.unshift(source.detach());
    const secured = await secure(stream, tls);
    if (secured.alpnProtocol !== ALPN)
      return refused(secured, '08P01', 'received direct SSL connection request without ALPN protocol negotiation extension');
    stream = secured;
    source = new ByteSource(stream);
    encrypted = true;
  }
  let gssAsked = false;
  for (;;) {
    const length = (await source.peek(4)).readUInt32BE(0);
    if (!isStartupLength(length)) return refused(stream, '08P01', 'invalid length of startup packet');
    const packet = readFirstPacket(await source.take(length));
    switch (packet.kind) {
      case 'ssl': {
        if (encrypted) return refused(stream, '08P01', 'SSL was negotiated already');
        // Injection: what came unencrypted behind the request would be read as if it had come encrypted.
        if (source.left > 0) return refused(stream, '08P01', 'received unencrypted data after SSL request');
        source.detach();
        stream.write('S');
        stream = await secure(stream, tls);
        source = new ByteSource(stream);
        encrypted = true;
        break;
      }
      case 'gssenc':
        if (gssAsked || encrypted) return refused(stream, '08P01', 'GSSAPI encryption was refused already');
        gssAsked = true;
        stream.write('N');
        break;
      case 'cancel':
        source.detach();
        return { kind: 'cancel', processId: packet.processId, key: packet.key, stream };
      case 'refused':
        return refused(stream, packet.sqlstate, packet.message);
      case 'startup':
        return { kind: 'startup', stream, source, startup: packet };
    }
  }
}

async function secure(stream: Duplex, secureContext: SecureContext): Promise<TLSSocket> {
  const secured = new TLSSocket(stream, { isServer: true, secureContext, ALPNProtocols: [ALPN] });
  await new Promise<void>((resolve, reject) => {
    secured.once('secure', resolve);
    secured.once('error', reject);
    secured.once('close', () => reject(new Error('closed during the TLS handshake')));
  });
  // The listeners above are spent; a reset in between must not be thrown.
  secured.on('error', () => undefined);
  return secured;
}

/** `message`: the server's last SCRAM message, to be sent once the session is open. */
export type Proof =
  | { readonly kind: 'proved'; readonly message: string }
  | { readonly kind: 'failed'; readonly refusal: Refusal; readonly wrong: boolean };

export async function authenticate(stream: Duplex, source: ByteSource, startup: Startup, verifier: ScramVerifier): Promise<Proof> {
  const negotiation = startup.negotiate ? [negotiateProtocolVersion(startup.version, startup.unknownOptions)] : [];
  // Channel binding (-PLUS) is not offered.
  stream.write(Buffer.concat([...negotiation, authenticationSasl([MECHANISM])]));
  const initial = await readMessage(source);
  if (initial === undefined) return malformed('expected SASL response');
  const nameEnd = initial.indexOf(0);
  if (nameEnd < 0 || initial.length < nameEnd + 5) return malformed('malformed SASL response');
  if (initial.toString('latin1', 0, nameEnd) !== MECHANISM) return malformed('client selected an invalid SASL authentication mechanism');
  if (initial.readInt32BE(nameEnd + 1) !== initial.length - nameEnd - 5) return malformed('malformed SASL response');
  const start = startScram(initial.toString('utf8', nameEnd + 5), verifier, randomBytes(18).toString('base64'));
  if (start.kind === 'malformed') return malformed('malformed SCRAM message');
  stream.write(authenticationSaslContinue(start.exchange.message));
  const final = await readMessage(source);
  if (final === undefined) return malformed('expected SASL response');
  const end = finishScram(start.exchange, final.toString('utf8'));
  if (end.kind === 'malformed') return malformed('malformed SCRAM message');
  if (end.kind === 'proved') return { kind: 'proved', message: end.message };
  // The same words for a wrong token and an unknown name.
  return {
    kind: 'failed',
    wrong: true,
    refusal: { code: 'DENIED', sqlstate: '28P01', message: `password authentication failed for user "${startup.user}"`, fatal: true },
  };
}

function malformed(message: string): Proof {
  return { kind: 'failed', wrong: false, refusal: { code: 'PROTOCOL', sqlstate: '08P01', message, fatal: true } };
}

/** The body of the next message, which must be a SASL response; undefined when it is not. */
async function readMessage(source: ByteSource): Promise<Buffer | undefined> {
  const header = await source.peek(5);
  const length = header.readUInt32BE(1);
  if (header[0] !== CLIENT.Password || length < 4 || length > MAX_MESSAGE) return undefined;
  return (await source.take(length + 1)).subarray(5);
}

export function fatal(refusal: Refusal): Buffer {
  return refusalResponse(refusal, undefined, 'FATAL');
}
