// Starts `append-child.ts` and listens to what it was promised.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./append-child.ts', import.meta.url));

export class ChildLedger {
  readonly acknowledged: string[] = [];
  readonly lines: string[] = [];
  rejected = 0;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  /** `fileBytes`: no file may grow beyond it, as on a full disk (the soft limit; it can be lifted later). */
  constructor(folder: string, options: { readonly lanes?: number; readonly fileBytes?: number; readonly queueBytes?: number } = {}) {
    const node = [process.execPath, SCRIPT, folder, String(options.lanes ?? 1), String(options.queueBytes ?? 67_108_864)];
    const [command = '', ...args] = options.fileBytes === undefined ? node : ['prlimit', `--fsize=${options.fileBytes}:unlimited`, ...node];
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = once(this.#process, 'close');
    if (this.#process.stdout === null) throw new Error('no stdout');
    createInterface(this.#process.stdout).on('line', (line) => {
      if (line.startsWith('ack ')) this.acknowledged.push(line.slice(4));
      else if (line.startsWith('reject ')) this.rejected++;
      this.lines.push(line);
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  /** Lets it close the ledger in order. */
  async finish(): Promise<void> {
    this.#process.stdin?.end();
    await this.#ended;
  }
}
