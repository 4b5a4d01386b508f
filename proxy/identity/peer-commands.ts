// macOS and Windows tell the peer of a connection through their own commands: lsof(8), ps(1), Get-NetTCPConnection. Slower than
// Linux's /proc; the caller bounds the time. Nothing from the network reaches a command line but two port numbers.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Endpoint, PeerProcess } from './peer-process.ts';

const run = promisify(execFile);

export async function macPeer(local: Endpoint, remote: Endpoint, signal: AbortSignal): Promise<PeerProcess | undefined> {
  const { stdout } = await run('/usr/sbin/lsof', ['-nP', `-iTCP:${remote.port}`, '-sTCP:ESTABLISHED', '-Fpn'], { signal });
  const pid = pidInLsof(stdout, local.port, remote.port);
  if (pid === undefined) return undefined;
  const { stdout: path } = await run('/bin/ps', ['-o', 'comm=', '-p', String(pid)], { signal }).catch(() => ({ stdout: '' }));
  return { pid, ...(path.trim() === '' ? {} : { executable: path.trim() }) };
}

/** `-F` output: a line `pPID` per process, then `fFD` and `nADDRESS->ADDRESS` per file. Both ends are listed; the client's starts with its own port. */
export function pidInLsof(output: string, localPort: number, remotePort: number): number | undefined {
  let pid: number | undefined;
  for (const line of output.split('\n')) {
    if (line.startsWith('p')) pid = Number(line.slice(1));
    const ends = /^n\S+:(\d+)->\S+:(\d+)$/.exec(line);
    if (ends !== null && Number(ends[1]) === remotePort && Number(ends[2]) === localPort) return pid;
  }
  return undefined;
}

export async function windowsPeer(local: Endpoint, remote: Endpoint, signal: AbortSignal): Promise<PeerProcess | undefined> {
  const script =
    `$c = Get-NetTCPConnection -State Established -LocalPort ${Number(remote.port)} -RemotePort ${Number(local.port)} -ErrorAction Stop | Select-Object -First 1; ` +
    '$c.OwningProcess; (Get-Process -Id $c.OwningProcess -ErrorAction SilentlyContinue).Path';
  const { stdout } = await run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', script], { signal, windowsHide: true });
  return peerInPowerShell(stdout);
}

/** First line the pid, second the path, which is empty for processes of other users. */
export function peerInPowerShell(output: string): PeerProcess | undefined {
  const [pid = '', path = ''] = output.split(/\r?\n/).map((line) => line.trim());
  if (!/^\d+$/.test(pid) || pid === '0') return undefined;
  return { pid: Number(pid), ...(path === '' ? {} : { executable: path }) };
}
