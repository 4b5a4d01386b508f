// The `gatehouse` command. Each command is one file beside this one; it is loaded only when it is asked for, so that `--help`
// does not start half the proxy. Source: architecture.md, "Command line".
import { GatehouseError } from '../errors.ts';
import { defaultHome } from '../store/profile.ts';
import { type Command, CommandFailed, type Output, UsageError } from './command.ts';
import { USAGE, usageOf } from './usage.ts';

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serveCommand,
  connection: async () => (await import('./connection.ts')).connectionCommand,
  agent: async () => (await import('./agent.ts')).agentCommand,
  me: async () => (await import('./me.ts')).meCommand,
  check: async () => (await import('./check.ts')).checkCommand,
  policy: async () => (await import('./policy-judge.ts')).policyWithJudge,
  audit: async () => (await import('./audit.ts')).auditCommand,
  classify: async () => notYet,
  holds: async () => notYet,
  mcp: async () => notYet,
};

async function notYet(): Promise<number> {
  throw new CommandFailed('not available yet');
}

export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** `argv`: what follows the program's name. Returns the exit code; never throws. */
export async function main(argv: readonly string[], { env, stdout, stderr }: Surroundings): Promise<number> {
  let name: string | undefined;
  try {
    const { home, keyFile, rest } = globalOptions(argv);
    const [first, ...args] = rest;
    if (first === '--help' || first === '-h' || first === 'help') {
      stdout.write(USAGE);
      return 0;
    }
    if (first === undefined) throw new UsageError('a command is missing');
    const load = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
    if (load === undefined) throw new UsageError(`unknown command \`${first}\``);
    name = first;
    if (args.includes('--help') || args.includes('-h')) {
      stdout.write(usageOf(name));
      return 0;
    }
    const command = await load();
    return await command(args, {
      home: home ?? defaultHome(process.platform, env),
      keyFile: keyFile ?? env['GATEHOUSE_KEY_FILE'],
      stdout,
      stderr,
    });
  } catch (error) {
    if (error instanceof UsageError) {
      stderr.write(`gatehouse: ${error.message}\n${name === undefined ? USAGE : usageOf(name)}`);
      return 2;
    }
    stderr.write(`gatehouse${name === undefined ? '' : ` ${name}`}: ${messageOf(error)}\n`);
    return 1;
  }
}

function messageOf(error: unknown): string {
  if (error instanceof CommandFailed) return error.message;
  if (error instanceof GatehouseError) return `${error.message} (${error.code})`;
  // A fault nobody foresaw: its own text could quote anything, so only where it came from is told.
  return `unexpected fault: ${error instanceof Error ? (error.stack ?? '').replace(error.message, '…') : typeof error}`;
}

/** `--home` and `--key-file` may stand before or after the command. */
function globalOptions(argv: readonly string[]): { home: string | undefined; keyFile: string | undefined; rest: string[] } {
  const found = new Map<string, string>();
  const rest: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    if (argument === '--') {
      rest.push(...argv.slice(i));
      break;
    }
    const match = /^--(home|key-file)(?:=(.*))?$/s.exec(argument);
    const [, option] = match ?? [];
    if (match === null || option === undefined) {
      rest.push(argument);
      continue;
    }
    const value = match[2] ?? argv[++i];
    if (value === undefined || value === '') throw new UsageError(`--${option} needs a value`);
    if (found.has(option)) throw new UsageError(`--${option} is given twice`);
    found.set(option, value);
  }
  return { home: found.get('home'), keyFile: found.get('key-file'), rest };
}

if (import.meta.main) {
  // A reader that went away (`| head`) is no fault.
  process.stdout.on('error', () => process.exit(0));
  process.exitCode = await main(process.argv.slice(2), process);
}
