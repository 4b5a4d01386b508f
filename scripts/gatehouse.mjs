// The `gatehouse` command from a checkout: proxy/cli/main.ts under the pinned Node, with this process's arguments, streams, signals and
// exit code. Nothing of its own goes to stdout.

import { join } from 'node:path';
import { runToEnd } from './child.mjs';
import { ROOT, setUp } from './setup.mjs';

await runToEnd(setUp(), [join(ROOT, 'proxy', 'cli', 'main.ts'), ...process.argv.slice(2)]);
