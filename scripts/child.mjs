// Runs one program in our place: streams are shared, signals are passed on, and we end as it ends.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** Starts a program that gets our signals. `stdout` is 'inherit', or 'pipe' to read it. */
export function startChild(program, args, stdout = 'inherit') {
  const child = spawn(program, args, { stdio: ['inherit', stdout, 'inherit'] });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // Ctrl-C in a terminal reaches the child by itself: a second one would mean "at once".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  return child;
}

/** Waits for the end of a child and ends this process the same way. */
export async function endWith(child) {
  process.exitCode = await new Promise((done) => {
    child.once('error', (error) => {
      console.error(`cannot start: ${error.message}`);
      done(1);
    });
    child.once('exit', (code, signal) => done(code ?? 128 + constants.signals[signal]));
  });
  process.exit();
}

export const runToEnd = (program, args) => endWith(startChild(program, args));
