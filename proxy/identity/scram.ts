// SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677): what is stored instead of a token.

export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}
