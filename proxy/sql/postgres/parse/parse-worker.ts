// Runs PostgreSQL's own parser (WASM) in a worker thread with a raised stack. Anything but a syntax error may leave the
// instance dead (a trapped WASM stack does), so such a worker says `trapped` and is thrown away by the pool.
import { parentPort } from 'node:worker_threads';
import { fingerprintSync, hasSqlDetails, loadModule, normalizeSync, parseSync, scanSync } from 'libpg-query';
import type { Node, ParsedStatement, ParseOutcome } from './parsed.ts';
import { unwrap } from './parsed.ts';

export interface ParseRequest {
  readonly id: number;
  readonly text: string;
  readonly byteLength: number;
  readonly maxDepth: number;
}

export type ParseReply = { readonly id: number; readonly outcome: ParseOutcome } | { readonly id: number; readonly trapped: true };

/** Object levels of a tree, without recursion: a deep tree must not exhaust this thread's stack. */
function deeperThan(root: unknown, limit: number): boolean {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    const next: unknown[] = [];
    for (const value of level) {
      for (const child of Object.values(value as object)) if (typeof child === 'object' && child !== null) next.push(child);
    }
    level = next;
  }
  return false;
}

function parse(request: ParseRequest): ParseOutcome {
  const { text } = request;
  const result = parseSync(text);
  if (deeperThan(result, request.maxDepth)) return { kind: 'limit', message: 'the statement is nested too deeply to be checked' };
  const statements: ParsedStatement[] = [];
  for (const raw of result.stmts ?? []) {
    if (raw.stmt === undefined) continue;
    const start = raw.stmt_location ?? 0;
    const length = raw.stmt_len ?? 0;
    statements.push({
      node: raw.stmt as Node,
      type: unwrap(raw.stmt as Node).type,
      start,
      end: length === 0 ? request.byteLength : start + length,
    });
  }
  const scanned = scanSync(text).tokens;
  const tokens = new Int32Array(scanned.length * 4);
  scanned.forEach((token, i) => tokens.set([token.start, token.end, token.tokenType, token.keywordKind], i * 4));
  return { kind: 'parsed', parsed: { statements, tokens, fingerprint: fingerprintSync(text), normalised: normalizeSync(text) } };
}

/** The parser counts an error's place in characters, all else in bytes. */
function byteOffset(text: string, character: number): number {
  let at = 0;
  for (let left = character; left > 0 && at < text.length; left -= 1) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return Buffer.byteLength(text.slice(0, at));
}

await loadModule();
parentPort?.on('message', (request: ParseRequest) => {
  let reply: ParseReply;
  try {
    reply = { id: request.id, outcome: parse(request) };
  } catch (error) {
    reply =
      hasSqlDetails(error) && error.sqlDetails !== undefined
        ? {
            id: request.id,
            outcome: {
              kind: 'syntax',
              message: error.sqlDetails.message,
              position: byteOffset(request.text, error.sqlDetails.cursorPosition),
            },
          }
        : { id: request.id, trapped: true };
  }
  parentPort?.postMessage(reply);
});
parentPort?.postMessage('ready');
