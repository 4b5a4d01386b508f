// Tests that need a program of the system ask here: `test.skipIf(isMissing('psql'))(…)`. What is missing was found and named by
// scripts/packages.mjs. On the build server nothing may be skipped, so there a missing program fails the test file instead.

import { z } from 'zod';

export type Requirement = 'postgresql-15' | 'psql' | 'psycopg2' | 'psycopg3' | 'openssl' | 'jdk' | 'jdbc';

const Missing = z.array(z.object({ name: z.string(), optional: z.boolean(), remedy: z.string() }));

export function isMissing(...requirements: Requirement[]): boolean {
  const missing = Missing.parse(JSON.parse(process.env['GATEHOUSE_TEST_MISSING'] ?? '[]')).filter(({ name }) =>
    requirements.some((requirement) => requirement === name),
  );
  const needed = missing.find(({ optional }) => !optional);
  if (needed && process.env['CI']) throw new Error(`${needed.name} is missing and nothing may be skipped here: ${needed.remedy}`);
  return missing.length > 0;
}
