// The parts of a profile that a command works on, opened together and closed when the command ends.
import { osUser } from '../identity/person.ts';
import { Principals } from '../identity/principals.ts';
import { Connections, SAMPLE_CONNECTION } from '../store/connections.ts';
import { openProfile } from '../store/profile.ts';
import { openSecrets, type SecretStore } from '../store/secrets.ts';
import type { CommandContext } from './command.ts';

export interface OpenedProfile extends Disposable {
  readonly home: string;
  /** The OS user: who runs this command, and the owner of the agents made by it. */
  readonly person: string;
  readonly principals: Principals;
  readonly secrets: SecretStore;
  readonly connections: Connections;
}

export function openForCommand(context: CommandContext): OpenedProfile {
  const profile = openProfile(context.home);
  const secrets = openSecrets(profile, { keyFile: context.keyFile });
  const principals = Principals.open(profile.home);
  try {
    const person = osUser();
    principals.ensurePerson(person);
    return {
      home: profile.home,
      person,
      principals,
      secrets,
      connections: new Connections(profile.home, secrets),
      [Symbol.dispose]: () => principals.close(),
    };
  } catch (error) {
    principals.close();
    throw error;
  }
}

/** Names that a principal may be given: what was added, and the sample, which comes and goes with `serve --sample`. */
export function connectionNames(connections: Connections): string[] {
  return [SAMPLE_CONNECTION, ...connections.list().map(({ name }) => name)];
}
