// The built window (dist/renderer), read from disk. Only regular files below the folder; the address is taken apart here, so
// that nothing outside can be named.
import { createReadStream, lstatSync, realpathSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import type { ReadStream } from 'node:fs';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

export interface StaticFile {
  readonly type: string;
  readonly bytes: number;
  /** Its name holds a hash of its content. */
  readonly immutable: boolean;
  open(): ReadStream;
}

/** One segment of an address: no way up, no hidden files, nothing that another system reads as a path. */
const SEGMENT = /^(?!\.)[A-Za-z0-9._@~+-]+$/;

/** `path`: the address' path as sent. Undefined when there is no such file. */
export function findStatic(root: string, path: string): StaticFile | undefined {
  const segments = path === '/' ? ['index.html'] : path.slice(1).split('/');
  if (!path.startsWith('/') || !segments.every((segment) => SEGMENT.test(segment))) return undefined;
  const type = TYPES[extname(segments.at(-1) ?? '')];
  if (type === undefined) return undefined;
  const file = join(root, ...segments);
  try {
    // A link that leads out of the folder is not followed.
    if (!realpathSync(file).startsWith(realpathSync(root) + sep)) return undefined;
    const facts = lstatSync(file);
    if (!facts.isFile()) return undefined;
    return { type, bytes: facts.size, immutable: segments[0] === 'assets', open: () => createReadStream(file) };
  } catch {
    return undefined;
  }
}

export const NOT_BUILT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Gatehouse</title>
<body><h1>Gatehouse</h1><p>The window has not been built yet. Run <code>npm run build</code>, then load this page again.</p></body></html>
`;
