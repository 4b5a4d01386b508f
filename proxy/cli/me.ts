// `gatehouse me`: the person, and with `--json` a token for their own native tools. Source: architecture.md, "Command line".
import { askControl } from '../api/control.ts';
import { personToken } from '../identity/person.ts';
import { readSettings } from '../store/settings.ts';
import { clientAccess, doorsOf, psqlLine } from './client-access.ts';
import { type Command, printJson, readArguments } from './command.ts';
import { connectionNames, openForCommand } from './open-profile.ts';

export const meCommand: Command = async (args, context) => {
  const { values } = readArguments(args, { json: { type: 'boolean' } }, []);
  using profile = openForCommand(context);
  const { person, principals, secrets, home } = profile;
  const doors = doorsOf(home);
  const names = connectionNames(profile.connections);
  // The first of one's own; the sample while there is none.
  const connection = names[1] ?? names[0] ?? '';
  if (values.json === true) {
    printJson(context.stdout, clientAccess(doors, person, await personToken(principals, secrets, person), connection));
    return 0;
  }
  const app = await appUrl(home, doors.pid !== undefined);
  const agents = principals.list('agent').filter(({ name }) => principals.statusOf(name) === 'active').length;
  const groups = readSettings(home).groups.join(', ');
  context.stdout.write(
    `You are ${person}${groups === '' ? '' : ` (${groups})`}.\n\n` +
      `  profile      ${home}\n` +
      `  secrets      ${{ keychain: 'in the keychain', 'key-file': 'sealed with the key file', profile: 'sealed with a key in the profile' }[secrets.backend]}\n` +
      `  proxy        ${doors.pid === undefined ? 'not running' : `running (pid ${doors.pid})`}\n` +
      `  postgres     ${doors.postgres.host}:${doors.postgres.port}\n` +
      `  mysql        ${doors.mysql.host}:${doors.mysql.port}\n` +
      `  mcp          ${doors.mcpUrl}\n` +
      `  app          ${app ?? 'not running'}\n` +
      `  connections  ${names.join(', ')}\n` +
      `  agents       ${agents} active\n\n` +
      `Your tools come in as you, with your token as password (gatehouse me --json):\n\n  ${psqlLine(doors, person, connection)}\n`,
  );
  return 0;
};

/** An address that opens one window within ten minutes; only the running proxy can give it. */
async function appUrl(home: string, running: boolean): Promise<string | undefined> {
  if (!running) return undefined;
  try {
    const url = await askControl(home, { command: 'app' });
    return typeof url === 'string' ? url : undefined;
  } catch {
    return undefined;
  }
}
