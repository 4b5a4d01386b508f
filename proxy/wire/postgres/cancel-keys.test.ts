import { expect, test } from 'vitest';
import { CancelKeys } from './cancel-keys.ts';
import { PROTOCOL_3_0, PROTOCOL_3_2 } from './startup.ts';

test('only the right key of a living session cancels, with keys of the version’s length', async () => {
  const keys = new CancelKeys();
  let cancelled = 0;
  const cancel = async (): Promise<void> => {
    cancelled++;
  };
  const old = keys.issue(PROTOCOL_3_0, cancel);
  const long = keys.issue(PROTOCOL_3_2, cancel);
  expect([old.key.length, long.key.length]).toEqual([4, 32]);
  await keys.cancel(old.processId, long.key);
  await keys.cancel(long.processId, long.key.subarray(0, 4));
  await keys.cancel(old.processId + 1, old.key);
  await keys.cancel(long.processId, Buffer.alloc(32));
  expect(cancelled).toBe(0);
  await keys.cancel(old.processId, Buffer.from(old.key));
  await keys.cancel(long.processId, Buffer.from(long.key));
  expect(cancelled).toBe(2);
  keys.revoke(old.processId);
  await keys.cancel(old.processId, old.key);
  expect(cancelled).toBe(2);
});
