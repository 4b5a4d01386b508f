// `gatehouse connection`: the databases that Gatehouse leads to. The password goes to the secret store and is never printed.
import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { osUser } from '../identity/person.ts';
import { parseConnectionUrl } from '../store/connection-url.ts';
import { ENVIRONMENTS, type Environment, isConnectionName } from '../store/connections.ts';
import {
  type Command,
  type CommandContext,
  CommandFailed,
  printJson,
  printTable,
  readArguments,
  subcommand,
  UsageError,
} from './command.ts';
import { testConnection } from '../api/connection-test.ts';
import { openForCommand } from './open-profile.ts';

export const connectionCommand: Command = async (args, context) => {
  const { run, rest } = subcommand(args, { add, list, remove, test });
  return run(rest, context);
};

const JSON_OPTION = { json: { type: 'boolean' } } as const;

async function add(args: readonly string[], context: CommandContext): Promise<number> {
  const options = { ...JSON_OPTION, environment: { type: 'string' }, 'password-stdin': { type: 'boolean' } } as const;
  const { values, positionals } = readArguments(args, options, ['NAME', 'URL']);
  const [name = '', url = ''] = positionals;
  if (!isConnectionName(name)) throw new UsageError('a connection name has 1 to 63 of a-z, 0-9, _ and -');
  const environment = environmentOf(values.environment);
  const { password: fromUrl, caFile: givenCaFile, ...parsed } = parseConnectionUrl(url, osUser());
  if (fromUrl !== undefined && values['password-stdin'] === true) throw new UsageError('the password is given twice');
  const caFile = givenCaFile === undefined ? undefined : readable(resolve(givenCaFile));
  using profile = openForCommand(context);
  const password = values['password-stdin'] === true ? (await text(process.stdin)).replace(/\r?\n$/, '') : fromUrl;
  if (password !== undefined && profile.secrets.backend === 'profile') {
    context.stderr.write(
      'no keychain here: the password is sealed with a key in the profile folder; --key-file PATH keeps that key elsewhere\n',
    );
  }
  const connection = { name, ...parsed, ...(caFile === undefined ? {} : { caFile }), environment };
  await profile.connections.add(connection, password);
  const { host, port, user, database, tls } = connection;
  profile.principals.report({
    code: 'GH-X-CONFIG',
    facts: { connection: name, change: 'add', host, port, user, database, tls, environment, by: profile.person },
  });
  if (values.json === true) printJson(context.stdout, connection);
  else
    context.stdout.write(
      `${name}: ${user}@${host}:${port}/${database}, ${environment}, TLS ${tls}\n\nTry it: gatehouse connection test ${name}\n`,
    );
  return 0;
}

/** What nobody said is treated as production: the strictest rules. */
function environmentOf(given: string | undefined): Environment {
  if (given === undefined) return 'production';
  const environment = ENVIRONMENTS.find((known) => known === given);
  if (environment === undefined) throw new UsageError(`unknown environment; known are ${ENVIRONMENTS.join(', ')}`);
  return environment;
}

function readable(file: string): string {
  try {
    accessSync(file, constants.R_OK);
    return file;
  } catch {
    throw new CommandFailed(`the certificate file \`${file}\` can't be read`);
  }
}

function list(args: readonly string[], context: CommandContext): number {
  const { values } = readArguments(args, JSON_OPTION, []);
  using profile = openForCommand(context);
  const all = profile.connections.list();
  if (values.json === true) printJson(context.stdout, all);
  else if (all.length === 0)
    context.stdout.write('No connections yet: gatehouse connection add NAME postgres://user:password@host/database\n');
  else {
    const rows = all.map((one) => [one.name, one.environment, `${one.host}:${one.port}`, one.database, one.user, one.tls]);
    printTable(context.stdout, ['name', 'environment', 'server', 'database', 'user', 'tls'], rows);
  }
  return 0;
}

async function remove(args: readonly string[], context: CommandContext): Promise<number> {
  const { values, positionals } = readArguments(args, JSON_OPTION, ['NAME']);
  const [name = ''] = positionals;
  using profile = openForCommand(context);
  if (!(await profile.connections.remove(name))) throw new CommandFailed(`there is no connection \`${name}\``);
  profile.principals.report({ code: 'GH-X-CONFIG', facts: { connection: name, change: 'remove', by: profile.person } });
  const agents = profile.principals.list('agent').filter((agent) => agent.revokedAt === undefined && agent.connections.includes(name));
  if (agents.length > 0) {
    context.stderr.write(
      `these agents could use it, and could use a new one of that name: ${agents.map((agent) => agent.name).join(', ')}\n`,
    );
  }
  if (values.json === true) printJson(context.stdout, { name, status: 'removed' });
  else context.stdout.write(`${name}: removed\n`);
  return 0;
}

async function test(args: readonly string[], context: CommandContext): Promise<number> {
  const { values, positionals } = readArguments(args, JSON_OPTION, ['NAME']);
  const [name = ''] = positionals;
  using profile = openForCommand(context);
  const target = await profile.connections.target(name);
  if (target === undefined) throw new CommandFailed(`there is no connection \`${name}\``);
  const result = await testConnection(target);
  if (values.json === true) printJson(context.stdout, { name, ...result });
  else if (result.ok)
    context.stdout.write(
      `${name}: PostgreSQL ${result.version} answers to ${result.user}${result.encrypted ? ' over TLS' : ', not encrypted'}\n`,
    );
  else context.stderr.write(`${name}: ${result.error}\n`);
  return result.ok ? 0 : 1;
}
