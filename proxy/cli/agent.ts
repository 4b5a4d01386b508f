// `gatehouse agent`: programs that come in under a name and a token of their own. Source: agents.md, "Identity".
import { resolve } from 'node:path';
import type { PrincipalRecord } from '../identity/directory.ts';
import { clientAccess, doorsOf, psqlLine } from './client-access.ts';
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
import { parseExpiry } from './expiry.ts';
import { connectionNames, openForCommand } from './open-profile.ts';

export const agentCommand: Command = async (args, context) => {
  const { run, rest } = subcommand(args, { add, list, revoke, pause, resume });
  return run(rest, context);
};

const JSON_OPTION = { json: { type: 'boolean' } } as const;

function add(args: readonly string[], context: CommandContext): number {
  const options = { ...JSON_OPTION, connections: { type: 'string' }, expires: { type: 'string' }, executable: { type: 'string' } } as const;
  const { values, positionals } = readArguments(args, options, ['NAME']);
  const [name = ''] = positionals;
  const wanted = [
    ...new Set(
      (values.connections ?? '')
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ),
  ];
  const [connection] = wanted;
  if (connection === undefined) throw new UsageError('--connections is missing');
  const expiresAt = values.expires === undefined ? undefined : parseExpiry(values.expires, Date.now());
  using profile = openForCommand(context);
  const known = connectionNames(profile.connections);
  const unknown = wanted.find((one) => !known.includes(one));
  if (unknown !== undefined) throw new CommandFailed(`there is no connection \`${unknown}\`; there are ${known.join(', ')}`);
  const added = profile.principals.addAgent({
    name,
    owner: profile.person,
    connections: wanted,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(values.executable === undefined ? {} : { executable: resolve(values.executable) }),
  });
  if (added.kind === 'refused') throw new CommandFailed(added.reason);
  const doors = doorsOf(profile.home);
  if (values.json === true) {
    printJson(context.stdout, clientAccess(doors, name, added.token, connection));
    return 0;
  }
  context.stdout.write(
    `Agent ${name} may use ${wanted.join(', ')}${expiresAt === undefined ? '' : ` until ${new Date(expiresAt).toISOString()}`}.\n\n` +
      `  token  ${added.token}\n\nThis is the only time that it is shown: Gatehouse keeps a verifier, not the token.\n` +
      `Give it to the client as its password:\n\n  ${psqlLine(doors, name, connection)}\n${doors.pid === undefined ? '\nNobody serves this profile now; start `gatehouse serve`.\n' : ''}`,
  );
  return 0;
}

function list(args: readonly string[], context: CommandContext): number {
  const { values } = readArguments(args, JSON_OPTION, []);
  using profile = openForCommand(context);
  const agents = profile.principals.list('agent');
  const facts = (agent: PrincipalRecord) => ({
    name: agent.name,
    status: profile.principals.statusOf(agent.name) ?? 'revoked',
    owner: agent.owner ?? '',
    connections: agent.connections,
    created: new Date(agent.createdAt).toISOString(),
    ...(agent.expiresAt === undefined ? {} : { expires: new Date(agent.expiresAt).toISOString() }),
    ...(agent.executable === undefined ? {} : { executable: agent.executable }),
  });
  const all = agents.map(facts);
  if (values.json === true) printJson(context.stdout, all);
  else if (all.length === 0) context.stdout.write('No agents yet: gatehouse agent add NAME --connections sample\n');
  else {
    const rows = all.map((agent) => [
      agent.name,
      agent.status,
      agent.connections.join(','),
      agent.owner,
      agent.expires?.slice(0, 16) ?? 'never',
    ]);
    printTable(context.stdout, ['name', 'status', 'connections', 'owner', 'expires'], rows);
    if (profile.principals.allAgentsPaused) context.stdout.write('\nAll agents are paused: gatehouse agent resume --all\n');
  }
  return 0;
}

function revoke(args: readonly string[], context: CommandContext): number {
  const { values, positionals } = readArguments(args, JSON_OPTION, ['NAME']);
  const [name = ''] = positionals;
  using profile = openForCommand(context);
  if (!profile.principals.revokeAgent(name, profile.person)) throw noSuch(profile.principals.get(name), name, 'revoked');
  return done(context, values.json, name, 'revoked');
}

function pause(args: readonly string[], context: CommandContext): number {
  return pauseOrResume(args, context, true);
}

function resume(args: readonly string[], context: CommandContext): number {
  return pauseOrResume(args, context, false);
}

/** Asking for a state that is so already is no failure: whoever pauses wants it paused. */
function pauseOrResume(args: readonly string[], context: CommandContext, paused: boolean): number {
  const all = args.includes('--all');
  const { values, positionals } = readArguments(args, { ...JSON_OPTION, all: { type: 'boolean' } }, all ? [] : ['NAME or --all']);
  const what = paused ? 'paused' : 'resumed';
  using profile = openForCommand(context);
  const { principals, person } = profile;
  if (all) {
    principals.pauseAllAgents(paused, person);
    return done(context, values.json, '*', what);
  }
  const [name = ''] = positionals;
  const agent = principals.get(name);
  if (agent?.kind !== 'agent' || agent.revokedAt !== undefined) throw noSuch(agent, name, what);
  if (paused) principals.pauseAgent(name, person);
  else principals.resumeAgent(name, person);
  if (!paused && principals.allAgentsPaused)
    context.stderr.write('all agents are paused: it stays so until `gatehouse agent resume --all`\n');
  return done(context, values.json, name, what);
}

function noSuch(record: PrincipalRecord | undefined, name: string, what: string): CommandFailed {
  if (record?.kind !== 'agent') return new CommandFailed(`there is no agent \`${name}\``);
  return new CommandFailed(`\`${name}\` is revoked already${what === 'revoked' ? '' : ' and can not come back; add a new agent'}`);
}

function done(context: CommandContext, json: boolean | undefined, name: string, status: string): number {
  if (json === true) printJson(context.stdout, { name, status });
  else context.stdout.write(`${name === '*' ? 'All agents' : name}: ${status}\n`);
  return 0;
}
