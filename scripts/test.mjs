// `npm test`: set-up, the static checks, then all tests. Arguments go to vitest (`npm test -- proxy/sql`), and then the static checks are
// left out. The last line is always: N passed, N failed, N skipped

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from './check.mjs';
import { ensurePackages } from './packages.mjs';
import { buildRenderer } from './renderer.mjs';
import { ROOT, setUp, toolEnvironment } from './setup.mjs';

const node = setUp();
buildRenderer(node);
const filter = process.argv.slice(2);
const missing = ensurePackages();
for (const { name, remedy } of missing) console.log(`Not here: ${name}. To run its tests too: ${remedy}`);

const totals = { passed: 0, failed: 0, skipped: 0 };
if (filter.length === 0) {
  const checks = await check(node);
  totals.passed += checks.passed;
  totals.failed += checks.failed;
}
await runTests();
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed > 0 ? 1 : 0;

async function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-report-'));
  const report = join(folder, 'report.json');
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...filter];
  const env = { ...toolEnvironment(node), GATEHOUSE_TEST_MISSING: JSON.stringify(missing) };
  const child = spawn(node, args, { cwd: ROOT, env, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  const code = await new Promise((done) => {
    child.once('error', () => done(1));
    child.once('exit', (status) => done(status ?? 1));
  });
  const failedBefore = totals.failed;
  let counted = 0;
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
    for (const file of testResults) {
      // A file that fails as a whole has no test that says so.
      if (file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed')) totals.failed++;
      for (const test of file.assertionResults) count(test.status, test.fullName);
      counted += file.assertionResults.length;
    }
  } catch (error) {
    console.error(`the tests left no report: ${error.message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  // Unhandled errors and a run that found nothing fail too, although no test did.
  if ((code !== 0 || counted === 0) && totals.failed === failedBefore) totals.failed++;
}

function count(status, name) {
  if (status === 'passed') totals.passed++;
  else if (status === 'failed') totals.failed++;
  else {
    totals.skipped++;
    console.log(`skipped: ${name}`);
  }
}
