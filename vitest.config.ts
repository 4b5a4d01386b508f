// Two projects: `unit` (beside the code, also with small real servers) and `conformance` (whole product, real drivers; slow).

import { defineConfig } from 'vitest/config';

const shared = {
  environment: 'node',
  globalSetup: ['test/support/global-setup.ts'],
  pool: 'forks',
  testTimeout: 30_000,
  hookTimeout: 120_000,
} as const;

export default defineConfig({
  test: {
    // Two cores and real servers: more processes at once only makes each of them slow.
    maxWorkers: 2,
    passWithNoTests: false,
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['{contracts,policies,proxy,scripts}/**/*.test.{ts,mjs}', 'test/{support,corpus}/**/*.test.ts'],
        },
      },
      {
        test: {
          ...shared,
          name: 'conformance',
          include: ['test/{conformance,e2e}/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
