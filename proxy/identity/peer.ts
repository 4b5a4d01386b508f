// The process at the other end of a loopback connection: recorded, never trusted. Start the look-up when a connection is
// accepted and await it when the session opens: it runs beside the handshake, is bounded in time, and its failure is `undefined`.
import { linuxPeers } from './peer-linux.ts';
import { macPeer, windowsPeer } from './peer-commands.ts';
import type { Endpoint, PeerProcess } from './peer-process.ts';

export type { Endpoint, PeerProcess } from './peer-process.ts';

/** Milliseconds until an answer is given up; Linux needs a few, the commands of the other systems some hundred. */
const BUDGET_MS = 1_500;

/**
 * `local`: our end, `remote`: the client's, both of the accepted socket. Never rejects. `undefined`: not found (the process is
 * another user's, in another container, or gone), or not in time.
 */
export async function peerOf(
  local: Endpoint,
  remote: Endpoint,
  platform: NodeJS.Platform = process.platform,
): Promise<PeerProcess | undefined> {
  const signal = AbortSignal.timeout(BUDGET_MS);
  try {
    if (platform === 'linux') return await linuxPeers.find(local, remote, signal);
    if (platform === 'darwin') return await macPeer(local, remote, signal);
    if (platform === 'win32') return await windowsPeer(local, remote, signal);
    return undefined;
  } catch {
    return undefined;
  }
}
