// What all commands share: their surroundings, the two ways to fail, and strict reading of arguments.
import { type ParseArgsConfig, parseArgs } from 'node:util';

export interface Output {
  write(text: string): unknown;
}

export interface CommandContext {
  /** The profile folder. */
  readonly home: string;
  /** File with the key of the secret store, for machines without keychain. */
  readonly keyFile: string | undefined;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Exit code: 0 done, 1 the thing asked for failed, 2 usage. */
export type Command = (args: readonly string[], context: CommandContext) => Promise<number>;

/** Wrong arguments: the message and the command's usage on stderr, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The thing asked for can't be done: the message on stderr, exit code 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<O extends Options> = ReturnType<typeof parseArgs<{ args: string[]; options: O; allowPositionals: true; strict: true }>>;

/** `positionals`: names of the required arguments. Throws UsageError for anything more, less or unknown. */
export function readArguments<const O extends Options>(args: readonly string[], options: O, positionals: readonly string[]): Parsed<O> {
  let parsed: Parsed<O>;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Its messages are sentences for people; only the first one matters.
    throw new UsageError(error instanceof Error ? (error.message.split('. ')[0] ?? error.message) : 'wrong arguments');
  }
  const missing = positionals[parsed.positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  if (parsed.positionals.length > positionals.length) throw new UsageError('too many arguments');
  return parsed;
}

/** Picks a subcommand by the first argument. */
export function subcommand<T>(args: readonly string[], commands: Readonly<Record<string, T>>): { run: T; rest: readonly string[] } {
  const [name, ...rest] = args;
  const known = Object.keys(commands).join(', ');
  if (name === undefined) throw new UsageError(`which one: ${known}?`);
  const run = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (run === undefined) throw new UsageError(`unknown \`${name}\`; known are ${known}`);
  return { run, rest };
}

export function printJson(output: Output, value: unknown): void {
  output.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Columns aligned by their longest cell, no frame. */
export function printTable(output: Output, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [head.map((cell) => cell.toUpperCase()), ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  for (const line of lines)
    output.write(
      `${line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
}
