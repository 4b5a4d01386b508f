// `gatehouse serve`: the headless proxy. One JSON line on stdout when all doors listen; SIGTERM or SIGINT drains and exits 0.
import type { ProxyOptions, RunningProxy } from '../index.ts';
import { openProfile } from '../store/profile.ts';
import { removeRunFile, runningProxy, writeRunFile } from '../store/run-file.ts';
import { type Command, type CommandContext, CommandFailed, readArguments } from './command.ts';

export const serveCommand: Command = async (args, context) => {
  const { values } = readArguments(args, { sample: { type: 'boolean' } }, []);
  // Before the start: a signal in the middle of it must still end in an orderly close.
  const stop = stopSignal();
  return serve(context, { sample: values.sample ?? false, startProxy: (await import('../index.ts')).startProxy, stop });
};

/** `stop`: resolves when the proxy shall end. */
export async function serve(
  context: CommandContext,
  { sample, startProxy, stop }: { sample: boolean; startProxy: (options: ProxyOptions) => Promise<RunningProxy>; stop: Promise<undefined> },
): Promise<number> {
  const { home } = openProfile(context.home);
  const other = runningProxy(home);
  if (other !== undefined) throw new CommandFailed(`this profile is served already, by process ${other.pid}`);
  const service = await startProxy({
    home,
    sample,
    ...(context.keyFile === undefined ? {} : { keyFile: context.keyFile }),
    log: (message) => context.stderr.write(`${message}\n`),
  });
  try {
    writeRunFile(home, service.ready);
    context.stdout.write(`${JSON.stringify(service.ready)}\n`);
    const fault = await Promise.race([stop, service.failed]);
    if (fault !== undefined) throw fault;
  } finally {
    removeRunFile(home);
    await service.close();
  }
  return 0;
}

/** Resolves at the first signal. The second one ends the process at once: somebody does not want to wait for the drain. */
function stopSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (): void => {
      if (asked) process.exit(1);
      asked = true;
      resolve(undefined);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
