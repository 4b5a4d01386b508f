import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunningProxy } from '../index.ts';
import { runningProxy } from '../store/run-file.ts';
import { serve } from './serve.ts';

const ready = { ready: true, postgres: { host: '127.0.0.1', port: 4 } } as const;

describe('serve', () => {
  let home: string;
  let printed: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'gatehouse-'));
    printed = '';
  });
  afterEach(() => rmSync(home, { recursive: true }));

  function begin(more: Partial<RunningProxy> = {}): { ended: Promise<number>; stop: () => void; closed: () => boolean } {
    let closed = false;
    const service: RunningProxy = {
      ready,
      failed: new Promise(() => undefined),
      close: async () => {
        // While it drains nobody must be sent to its ports any more.
        expect(existsSync(join(home, 'run.json'))).toBe(false);
        closed = true;
      },
      ...more,
    };
    const stop = Promise.withResolvers<undefined>();
    const output = { write: (text: string) => (printed += text) };
    const context = { home, keyFile: undefined, stdout: output, stderr: { write: () => true } };
    const ended = serve(context, { sample: true, startProxy: async () => service, stop: stop.promise });
    return { ended, stop: () => stop.resolve(undefined), closed: () => closed };
  }

  const untilReady = () => expect.poll(() => printed).toBe(`${JSON.stringify(ready)}\n`);

  it('prints one line, tells other processes its ports, drains when asked to stop', async () => {
    const { ended, stop, closed } = begin();
    await untilReady();
    expect(runningProxy(home)?.ready.postgres?.port).toBe(4);
    stop();
    expect(await ended).toBe(0);
    expect(closed()).toBe(true);
    expect(runningProxy(home)).toBeUndefined();
  });

  it('ends with the fault when the proxy can not go on', async () => {
    const { ended, closed } = begin({ failed: Promise.resolve(new Error('the sample died')) });
    await expect(ended).rejects.toThrow('the sample died');
    expect(closed()).toBe(true);
    expect(runningProxy(home)).toBeUndefined();
  });

  it('does not start twice on one profile', async () => {
    const first = begin();
    await untilReady();
    await expect(begin().ended).rejects.toThrow(`by process ${process.pid}`);
    first.stop();
    expect(await first.ended).toBe(0);
  });
});
