// The process at the other end of a loopback connection: recorded, never trusted.

export interface PeerProcess {
  readonly pid: number;
  readonly executable?: string;
  readonly signer?: string;
}
