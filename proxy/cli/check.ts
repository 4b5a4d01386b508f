// `gatehouse check`: what would happen to a statement, and why, without running it. Source: policies.md, "What admins can do".
import { openProfile } from '../store/profile.ts';
import { type Command, printJson, readArguments, UsageError } from './command.ts';

export const checkCommand: Command = async (args, context) => {
  const { values, positionals } = readArguments(args, { connection: { type: 'string' }, as: { type: 'string' } }, ['"SQL"']);
  const [sql = ''] = positionals;
  const { connection, as } = values;
  if (connection === undefined) throw new UsageError('--connection is missing');
  if (as === undefined) throw new UsageError('--as is missing');
  const { home } = openProfile(context.home);
  const { checkStatement } = await import('../index.ts');
  const keyFile = context.keyFile;
  printJson(context.stdout, await checkStatement({ home, connection, as, sql, ...(keyFile === undefined ? {} : { keyFile }) }));
  return 0;
};
