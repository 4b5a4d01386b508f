// The server's side of SCRAM-SHA-256, without channel binding. Pure: the nonce is a parameter. Source: RFC 5802, RFC 7677.
import { checkProof, type ScramVerifier } from '../../identity/scram.ts';

export interface ScramExchange {
  readonly message: string;
  readonly verifier: ScramVerifier;
  readonly nonce: string;
  readonly gs2Header: string;
  readonly clientFirstBare: string;
}

export type ScramStart = { readonly kind: 'continue'; readonly exchange: ScramExchange } | { readonly kind: 'malformed' };
export type ScramEnd = { readonly kind: 'proved'; readonly message: string } | { readonly kind: 'failed' } | { readonly kind: 'malformed' };

/**
 * `n`: the client knows no channel binding; `y`: it knows, and believes that we do not, which is true as -PLUS is never
 * offered. `p` asks for a binding that was not offered. An authorization identity (`a=`) is not supported, as in PostgreSQL.
 */
const CLIENT_FIRST = /^([ny],,)((?:n=([^,]*)),r=([\x21-\x2b\x2d-\x7e]+)(?:,[a-zA-Z]=[^,]*)*)$/;
const CLIENT_FINAL = /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[a-oq-zA-Z]=[^,]*)*),p=([A-Za-z0-9+/]+={0,2})$/;

/** `serverNonce`: printable characters without comma. */
export function startScram(clientFirst: string, verifier: ScramVerifier, serverNonce: string): ScramStart {
  const match = CLIENT_FIRST.exec(clientFirst);
  const [, gs2Header, clientFirstBare, , clientNonce] = match ?? [];
  if (gs2Header === undefined || clientFirstBare === undefined || clientNonce === undefined) return { kind: 'malformed' };
  const nonce = clientNonce + serverNonce;
  const message = `r=${nonce},s=${Buffer.from(verifier.salt).toString('base64')},i=${verifier.iterations}`;
  return { kind: 'continue', exchange: { message, verifier, nonce, gs2Header, clientFirstBare } };
}

export function finishScram(exchange: ScramExchange, clientFinal: string): ScramEnd {
  const match = CLIENT_FINAL.exec(clientFinal);
  const [, withoutProof, binding, nonce, proofText] = match ?? [];
  if (withoutProof === undefined || binding === undefined || nonce === undefined || proofText === undefined) return { kind: 'malformed' };
  if (binding !== Buffer.from(exchange.gs2Header).toString('base64')) return { kind: 'malformed' };
  if (nonce !== exchange.nonce) return { kind: 'malformed' };
  const proof = Buffer.from(proofText, 'base64');
  if (proof.length !== 32) return { kind: 'malformed' };
  const authMessage = `${exchange.clientFirstBare},${exchange.message},${withoutProof}`;
  const serverSignature = checkProof(exchange.verifier, authMessage, proof);
  if (serverSignature === undefined) return { kind: 'failed' };
  return { kind: 'proved', message: `v=${Buffer.from(serverSignature).toString('base64')}` };
}
