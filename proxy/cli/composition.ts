// What the command line needs of the composition root, `proxy/index.ts`. It is loaded only by the commands that need it: it
// brings the whole proxy with it.
import type { ReadyFacts } from '../store/run-file.ts';
import { CommandFailed } from './command.ts';

export interface RunningService {
  readonly ready: ReadyFacts;
  /** Lets running statements end, then closes everything. Idempotent. */
  close(): Promise<void>;
  /** Resolves with the reason when the proxy can't go on by itself. */
  readonly failed?: Promise<Error>;
}

export interface Composition {
  startProxy(options: { home: string; sample: boolean; keyFile?: string; log: (message: string) => void }): Promise<RunningService>;
  /** Verdict, masks, policies and remedies for one statement, as JSON. Nothing runs. Throws a GatehouseError when it can't be asked. */
  checkStatement(options: { home: string; connection: string; as: string; sql: string; keyFile?: string }): Promise<unknown>;
}

const ROOT = new URL('../index.ts', import.meta.url).href;

export async function composition<K extends keyof Composition>(name: K): Promise<Composition[K]> {
  const root = (await import(ROOT)) as Partial<Composition>;
  const part = root[name];
  if (part === undefined) throw new CommandFailed('not available yet');
  return part;
}
