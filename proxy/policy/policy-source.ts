// Cuts a `.cedar` file into policies with their places, and refuses text that Cedar's parser would not survive.
// Source: Cedar policy grammar (annotations, effect, scope, conditions, `;`); strings in double quotes, comments `//`.
import { type Problem, problemAt } from './problem.ts';

export interface PolicySource {
  readonly file: string;
  readonly fileText: string;
  /** UTF-16 offsets of the policy in the file, from its first annotation to its semicolon. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

// Cedar's parser recurses. A trap of the WASM instance (seen from 100 to 300 open brackets, or 320 to 640 chained operators)
// leaves it unusable until the process ends, so what could reach that depth never gets to it.
export const MAX_DEPTH = 24;
export const MAX_TOKENS = 500;

const OPENING = new Set(['(', '[', '{']);
const CLOSING = new Set([')', ']', '}']);
// One token each: white space, comment, string, word, `::` and the like as single characters.
const TOKEN = /\s+|\/\/[^\n]*|"(?:[^"\\]|\\[^])*"|[A-Za-z0-9_]+|[^]/y;

export type Cut = { readonly ok: readonly PolicySource[] } | { readonly problems: readonly Problem[] };

export function cutPolicies(file: string, text: string): Cut {
  const policies: PolicySource[] = [];
  let start = -1;
  let depth = 0;
  let tokens = 0;
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0] ?? '';
    if (token === '') break;
    if (/^\s/.test(token) || token.startsWith('//')) continue;
    if (start < 0) start = at;
    tokens += 1;
    if (OPENING.has(token)) depth += 1;
    else if (CLOSING.has(token)) depth -= 1;
    if (token === '?')
      return { problems: [problemAt(file, text, at, at + 1, 'templates (`?principal`, `?resource`) are not used in bundles')] };
    if (depth > MAX_DEPTH) return { problems: [problemAt(file, text, at, at + 1, `nested more than ${MAX_DEPTH} deep`)] };
    if (tokens > MAX_TOKENS)
      return { problems: [problemAt(file, text, start, start + 1, `a policy of more than ${MAX_TOKENS} words and signs`)] };
    if (token === ';') {
      policies.push({ file, fileText: text, start, end: at + 1, text: text.slice(start, at + 1) });
      start = -1;
      depth = 0;
      tokens = 0;
    }
  }
  if (start >= 0) return { problems: [problemAt(file, text, start, start + 1, 'this policy has no `;` at its end')] };
  return { ok: policies };
}

/** The same caps for a schema, which is one text. */
export function schemaSurvives(file: string, text: string): Problem | undefined {
  let depth = 0;
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0] ?? '';
    if (token === '') break;
    if (OPENING.has(token) || token === '<') depth += 1;
    else if (CLOSING.has(token) || token === '>') depth -= 1;
    if (depth > MAX_DEPTH) return problemAt(file, text, at, at + 1, `nested more than ${MAX_DEPTH} deep`);
  }
  return undefined;
}

/** A problem inside a policy: offsets are relative to the policy's text. */
export function problemInPolicy(source: PolicySource, start: number, end: number, message: string): Problem {
  return problemAt(source.file, source.fileText, source.start + start, source.start + end, message);
}

/** Where an annotation stands in the policy's text; its start when it is not found. */
export function annotationPlace(source: PolicySource, key: string): readonly [number, number] {
  const pattern = /\/\/[^\n]*|@\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:\(\s*"(?:[^"\\]|\\[^])*"\s*\))?|\b(?:permit|forbid)\b/g;
  for (const match of source.text.matchAll(pattern)) {
    if (match[1] === key) return [match.index, match.index + match[0].trimEnd().length];
    if (match[0] === 'permit' || match[0] === 'forbid') break;
  }
  return [0, 1];
}
