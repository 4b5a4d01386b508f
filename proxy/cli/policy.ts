// `gatehouse policy lint|test [FOLDER]`: what is wrong with a bundle, and does it answer as its tests say.
// Exit codes: 0 done, 1 problems or failed tests, 2 usage. Source: design, "Command line", "What admins can do".
import { join } from 'node:path';
import { loadBundle } from '../policy/bundle.ts';
import { type Judge, runBundleTests, type TestReport } from '../policy/bundle-tests.ts';
import { type Problem, renderProblem } from '../policy/problem.ts';
import { bundleFolder } from '../policy/profile-bundle.ts';

export interface PolicyCommandIo {
  /** The profile folder: its `policy` folder is the bundle when none is named. */
  readonly home: string;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** Judges statements for `policy test`; without it they are reported as skipped. */
  readonly judge?: Judge;
}

const USAGE = `usage: gatehouse policy lint [FOLDER]
       gatehouse policy test [FOLDER]
`;
const LATER = ['pack', 'sign', 'verify', 'simulate', 'publish'];

export async function policyCommand(args: readonly string[], io: PolicyCommandIo): Promise<number> {
  const [command = '', folder, ...rest] = args;
  if (LATER.includes(command)) {
    io.stderr.write(`policy ${command}: not available yet\n`);
    return 2;
  }
  if ((command !== 'lint' && command !== 'test') || rest.length > 0 || folder?.startsWith('-') === true) {
    io.stderr.write(USAGE);
    return 2;
  }
  const place = folder ?? bundleFolder(io.home);
  const loaded = loadBundle(place);
  if ('problems' in loaded) {
    io.stderr.write(problemText(place, loaded.problems));
    return 1;
  }
  const { bundle, ok: engine } = loaded;
  const tests = bundle.tests.reduce((sum, file) => sum + file.tests.length, 0);
  const name = `${engine.bundle.id} ${engine.bundle.sequence}`;
  if (command === 'lint') {
    io.stdout.write(`${place}: ${name}: ok, ${bundle.policies.size} policies, ${tests} tests\n`);
    return 0;
  }
  const reports = await runBundleTests(engine, bundle.tests, io.judge);
  const of = (outcome: TestReport['outcome']): readonly TestReport[] => reports.filter((report) => report.outcome === outcome);
  for (const report of of('skipped')) io.stdout.write(`skipped: ${report.file}: ${report.name}\n`);
  io.stderr.write(
    problemText(
      place,
      of('failed').flatMap(({ problem }) => (problem === undefined ? [] : [problem])),
    ),
  );
  io.stdout.write(`${place}: ${name}: ${of('passed').length} passed, ${of('failed').length} failed, ${of('skipped').length} skipped\n`);
  if (reports.length === 0) io.stderr.write(`${place}: no tests\n`);
  return of('failed').length > 0 || reports.length === 0 ? 1 : 0;
}

function problemText(folder: string, problems: readonly Problem[]): string {
  return problems.map((problem) => `${renderProblem({ ...problem, file: join(folder, problem.file) })}\n`).join('');
}
