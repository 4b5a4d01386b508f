// `npm start`: the app on the sample database, in the browser, and how to connect an agent.

import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { endWith, startChild } from './child.mjs';
import { buildRenderer } from './renderer.mjs';
import { ROOT, setUp } from './setup.mjs';

const AGENT = 'copilot';
const node = setUp();
buildRenderer(node);
const main = join(ROOT, 'proxy', 'cli', 'main.ts');
const options = process.argv.slice(2);
// `--home DIR` and its like hold for the commands below as well.
const home = options.includes('--home') ? ['--home', options[options.indexOf('--home') + 1]] : [];

const proxy = startChild(node, [main, 'serve', '--sample', ...options.filter((option) => option !== '--no-open')], 'pipe');
createInterface({ input: proxy.stdout }).on('line', (line) => {
  const ready = parse(line);
  if (ready?.ready) explain(ready);
  else console.log(line);
});
await endWith(proxy);

function explain(ready) {
  const me = gatehouse('me', '--json');
  const agent = gatehouse('agent', 'add', AGENT, '--connections', 'sample', '--json');
  const opened = openInBrowser(ready.app.url);
  console.log(
    `\nGatehouse is ${opened ? 'open in your browser' : 'ready; open it in a browser'} (this address works once):\n  ${ready.app.url}`,
  );
  console.log(`\nPostgreSQL door on ${ready.postgres.host}:${ready.postgres.port}, sample database \`sample\`.`);
  if (me) console.log(`\nAs yourself:\n  ${psql(me.postgres)}`);
  if (agent) console.log(`\nAs an agent (\`${AGENT}\`, made just now; its token is shown only here):\n  ${psql(agent.postgres)}`);
  else console.log('\nFor an agent of its own:\n  npm run --silent gatehouse -- agent add NAME --connections sample --json');
  console.log(`
Then try, as the agent:
  select id, full_name, email, city from shop.customers limit 5;
  update shop.orders set status = 'cancelled' where status = 'pending';
and see what was recorded:
  npm run --silent gatehouse -- ${[...home, 'audit', 'tail'].join(' ')}

Ctrl-C ends it.`);
}

/** Opens the address in the desktop's browser. Without a desktop there is nothing to open it in. */
function openInBrowser(url) {
  const windowless = process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY;
  if (windowless || process.env.CI || options.includes('--no-open')) return false;
  const [program, ...args] = { darwin: ['open', url], win32: ['rundll32', 'url.dll,FileProtocolHandler', url] }[process.platform] ?? [
    'xdg-open',
    url,
  ];
  return spawnSync(program, args, { stdio: 'ignore', timeout: 5_000 }).status === 0;
}

function psql({ host, port, user, password, database }) {
  return `PGPASSWORD='${password}' psql "host=${host} port=${port} user=${user} dbname=${database} sslmode=require"`;
}

function gatehouse(...args) {
  const run = spawnSync(node, [main, ...args, ...home], { encoding: 'utf8' });
  return run.status === 0 ? parse(run.stdout) : undefined;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
