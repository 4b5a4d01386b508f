// What is known of the process at the other end of a loopback connection: recorded, never trusted.

export interface PeerProcess {
  readonly pid: number;
  readonly executable?: string;
  readonly signer?: string;
}

/** One end of a TCP connection as `net.Socket` gives it (`localAddress`, `localPort`). */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}
