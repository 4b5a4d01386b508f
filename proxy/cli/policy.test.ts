import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_BUNDLE } from '../policy/profile-bundle.ts';
import { policyWithJudge } from './policy-judge.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'gatehouse-policy-'));
});
afterEach(() => rmSync(home, { recursive: true }));

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await policyWithJudge(args, {
    home,
    keyFile: undefined,
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
  });
  return { code, out, err };
}

function ownBundle(file: string, from: string, to: string): string {
  const folder = join(home, 'policy');
  cpSync(DEFAULT_BUNDLE, folder, { recursive: true });
  const text = readFileSync(join(folder, file), 'utf8');
  expect(text).toContain(from);
  writeFileSync(join(folder, file), text.replace(from, to));
  return folder;
}

describe('gatehouse policy', () => {
  test('lints and tests the default bundle when the profile has none', async () => {
    expect(await run('lint')).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/gatehouse\/default 1: ok, \d+ policies, \d+ tests\n$/) as unknown,
    });
    expect(await run('test')).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/: [1-9]\d* passed, 0 failed, 0 skipped\n$/) as unknown,
    });
  });

  test('shows file, line, column and carets of a problem, and exits 1', async () => {
    const folder = ownBundle('policies/reading.cedar', '@reason("People may read', '@reson("People may read');
    const { code, err } = await run('lint');
    expect(code).toBe(1);
    expect(err).toMatch(/^\S*policies\/reading\.cedar:4:1: unknown annotation `@reson`; .*\n {2}@reson\("People.*\n {2}\^{20,}\n$/);
    expect(err.startsWith(join(folder, 'policies/reading.cedar'))).toBe(true);
    expect((await run('test', folder)).code).toBe(1);
  });

  test('exits 1 when a test of the bundle fails, at the test', async () => {
    ownBundle('policies/changing.cedar', '<= 100', '<= 99');
    const { code, err, out } = await run('test');
    expect([code, out.trim().endsWith('1 failed, 0 skipped')]).toEqual([1, true]);
    expect(err).toMatch(
      /tests\/policies\.yaml:\d+:\d+: `people change a few rows`: verdict: expected allow, got hold by large-change-needs-reason/,
    );
  });

  test('exits 1 for a folder that is no bundle, and 2 for anything else than lint and test', async () => {
    expect((await run('lint', join(home, 'nothing'))).code).toBe(1);
    for (const args of [[], ['lnit'], ['lint', 'a', 'b'], ['lint', '--json']])
      expect(await run(...args)).toMatchObject({ code: 2, err: expect.stringContaining('usage:') as unknown });
    expect(await run('simulate')).toEqual({ code: 2, out: '', err: 'policy simulate: not available yet\n' });
  });
});
