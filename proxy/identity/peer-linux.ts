// Linux: the client's socket is a line of /proc/net/tcp or tcp6 that holds an inode; the process that has this inode open is the
// peer (proc(5)). Look-ups that wait at the same time share one walk over /proc; the walk yields to the event loop, and starts with
// processes that were peers before, because the same few clients connect again and again.
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Endpoint, PeerProcess } from './peer-process.ts';

/** Milliseconds of walking before others get their turn. */
const SLICE_MS = 0.5;
const REMEMBERED = 32;

interface Wanted {
  /** As it stands in /proc/net/tcp, for IPv4. */
  readonly v4: string | undefined;
  /** As it stands in /proc/net/tcp6. */
  readonly v6: string;
  readonly signal: AbortSignal;
  readonly resolve: (peer: PeerProcess | undefined) => void;
}

class LinuxPeers {
  #waiting: Wanted[] = [];
  #running = false;
  /** Pids that were peers, the latest last. */
  readonly #recent = new Set<number>();

  find(local: Endpoint, remote: Endpoint, signal: AbortSignal): Promise<PeerProcess | undefined> {
    return new Promise((resolve) => {
      this.#waiting.push({ ...keysOf(local, remote), signal, resolve });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Connections accepted in one turn of the event loop share the first walk too.
    await setImmediate();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#walk(batch);
      } catch {
        // Unreadable /proc: everybody gets `undefined` below.
      }
      for (const wanted of batch) wanted.resolve(undefined); // no effect on those that were found
    }
    this.#running = false;
  }

  async #walk(batch: readonly Wanted[]): Promise<void> {
    const open = new Map<string, { wanted: Wanted; uid: number }>();
    const add = (wanted: Wanted, socket: { inode: string; uid: number } | undefined) => {
      if (socket !== undefined) open.set(`socket:[${socket.inode}]`, { wanted, uid: socket.uid });
    };
    if (batch.some(({ v4 }) => v4 !== undefined)) {
      const table = await readFile('/proc/net/tcp', 'latin1');
      for (const wanted of batch) add(wanted, wanted.v4 === undefined ? undefined : findSocket(table, wanted.v4));
    }
    if (open.size < batch.length) {
      const table = await readFile('/proc/net/tcp6', 'latin1').catch(() => '');
      for (const wanted of batch) add(wanted, findSocket(table, wanted.v6));
    }
    const uids = new Set([...open.values()].map(({ uid }) => uid));
    let sliceEnd = performance.now() + SLICE_MS;
    for (const pid of this.#candidates()) {
      if (open.size === 0) return;
      for (const link of socketsOf(pid, uids)) {
        if (performance.now() > sliceEnd) {
          await setImmediate();
          sliceEnd = performance.now() + SLICE_MS;
          for (const [inode, { wanted }] of open) if (wanted.signal.aborted) open.delete(inode);
        }
        const found = open.get(link);
        if (found === undefined) continue;
        open.delete(link);
        this.#remember(pid);
        found.wanted.resolve({ pid, ...executableOf(pid) });
      }
    }
  }

  /** Known peers first, then the youngest processes: a fresh client has a high pid. */
  *#candidates(): Generator<number> {
    const recent = [...this.#recent].reverse();
    yield* recent;
    const pids = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .sort((a, b) => b - a);
    for (const pid of pids) if (!recent.includes(pid)) yield pid;
  }

  #remember(pid: number): void {
    this.#recent.delete(pid);
    this.#recent.add(pid);
    const [oldest] = this.#recent;
    if (this.#recent.size > REMEMBERED && oldest !== undefined) this.#recent.delete(oldest);
  }
}

export const linuxPeers = new LinuxPeers();

/** Targets of a process's descriptors. Nothing for a process of another user than the sockets', one that we may not read, or that is gone. */
function* socketsOf(pid: number, uids: ReadonlySet<number>): Generator<string> {
  let descriptors: string[];
  try {
    if (!uids.has(statSync(`/proc/${pid}`).uid)) return;
    descriptors = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return;
  }
  for (const descriptor of descriptors) {
    try {
      yield readlinkSync(`/proc/${pid}/fd/${descriptor}`);
    } catch {
      // closed meanwhile
    }
  }
}

function executableOf(pid: number): { executable?: string } {
  try {
    return { executable: readlinkSync(`/proc/${pid}/exe`) };
  } catch {
    return {};
  }
}

const MAPPED = '::ffff:';

/**
 * Seen from the client: its local end is our remote one. An IPv4 connection may be an IPv6 socket on either side (Java's clients
 * are, a listener on `::` too), and is then listed with mapped addresses.
 */
function keysOf(local: Endpoint, remote: Endpoint): { v4: string | undefined; v6: string } {
  const plain = (address: string) => (address.toLowerCase().startsWith(MAPPED) ? address.slice(MAPPED.length) : address);
  const ends = [remote, local].map(({ address, port }) => ({ address: plain(address), port }));
  const v4 = ends.every(({ address }) => !isIPv6(address));
  const text = (prefix: string) => ends.map(({ address, port }) => procAddress({ address: prefix + address, port })).join(' ');
  return { v4: v4 ? text('') : undefined, v6: text(v4 ? MAPPED : '') };
}

/** Columns: sl, local_address, rem_address, st, tx:rx, tr:when, retrnsmt, uid, timeout, inode. `key`: the two addresses. */
export function findSocket(table: string, key: string): { inode: string; uid: number } | undefined {
  // The pair of addresses is unique among established connections; a text search is much faster than splitting every line.
  const at = table.indexOf(` ${key} `);
  if (at === -1) return undefined;
  const end = table.indexOf('\n', at);
  const columns = table.slice(at + 1, end === -1 ? undefined : end).split(/ +/);
  const [uid, inode] = [columns[6], columns[8]];
  // No inode: no process has it open any more.
  return uid === undefined || inode === undefined || inode === '0' ? undefined : { uid: Number(uid), inode };
}

/** `127.0.0.1:5432` → `0100007F:1538`: each 32-bit word of the address in the byte order of the machine (all of ours are little-endian). */
export function procAddress({ address, port }: Endpoint): string {
  const bytes = isIPv6(address) ? v6Bytes(address) : address.split('.').map(Number);
  let hex = '';
  for (let word = 0; word < bytes.length; word += 4) {
    for (let i = 3; i >= 0; i--) hex += (bytes[word + i] ?? 0).toString(16).padStart(2, '0');
  }
  return `${hex}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}

function v6Bytes(address: string): number[] {
  const plain = (address.split('%')[0] ?? '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) =>
    [a, b, c, d]
      .map((part) => Number(part).toString(16).padStart(2, '0'))
      .join('')
      .replace(/^(.{4})/, '$1:'),
  );
  const [head = '', tail] = plain.split('::');
  const words = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const before = words(head);
  const after = tail === undefined ? [] : words(tail);
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return all.flatMap((word) => [word >> 8, word & 0xff]);
}
