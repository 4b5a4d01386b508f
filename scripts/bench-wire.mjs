// `npm run bench:wire`: speed of the PostgreSQL door beside a direct connection, pgbouncer and a plain TCP pass-through.
// Options go to test/bench/wire.ts; docs/performance.md explains them and what was measured.

import { join } from 'node:path';
import { runToEnd } from './child.mjs';
import { ensurePackages } from './packages.mjs';
import { ROOT, setUp } from './setup.mjs';

const node = setUp();
const missing = ensurePackages('bench');
for (const { name, remedy } of missing) console.error(`Missing: ${name}. ${remedy}`);
if (missing.length > 0) process.exit(1);
await runToEnd(node, [join(ROOT, 'test', 'bench', 'wire.ts'), ...process.argv.slice(2)]);
