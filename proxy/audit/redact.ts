// Takes secrets out of a statement's text before it is written anywhere: passwords of roles, options and connection
// strings, keys given to functions, tokens, URLs. Source: design, "What is recorded". It works on words and literals, not
// on a parse tree, because refused and unparsable statements are recorded too. It rather takes too much than too little:
// what is redacted is only the record, never what runs. What it cannot know: a secret in a plain literal without a name
// beside it (`values ('hunter2')`).
import { isSecretName, mayHoldSecret, REDACTED, redactAssignments, redactForms } from './redact-patterns.ts';
import { type Piece, pieces } from './sql-pieces.ts';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Words that may stand between a secret's name and its literal (`PASSWORD TO '…'`, `IDENTIFIED WITH x BY '…'`). */
const CONNECTING_WORDS = new Set(['to', 'by', 'as', 'with', 'for', 'default', 'using', 'in', 'like', 'ilike', 'password', 'cast']);
const CONNECTING_PUNCTUATION = new Set(['=', ':', '>', '<', '!', '(', ',', '@', '|', '[', '+']);
/** Functions whose every literal may be a key or a password. */
const KEYED_FUNCTIONS =
  /^(?:crypt|hmac|encrypt|encrypt_iv|decrypt|decrypt_iv|pgp_(?:sym|pub)_(?:en|de)crypt(?:_bytea)?|aes_(?:en|de)crypt)$/i;
/** Literals hold SQL that holds literals; deeper than this is taken out whole. */
const MAX_DEPTH = 4;

/** The text without its secrets; the very same string when it holds none. */
export function redactStatement(text: string): string {
  return redact(text, 0);
}

function redact(text: string, depth: number): string {
  if (!mayHoldSecret(text)) return text;
  if (depth > MAX_DEPTH) return REDACTED;
  const found = edits(text, false, depth);
  // `\'` ends a literal or does not, depending on the server and its settings: take out what either reading shows.
  if (text.includes("\\'")) found.push(...edits(text, true, depth));
  return redactForms(apply(text, found));
}

/** How one reading of the text walks: after a secret's name, literals are secrets until something else comes. */
function edits(text: string, backslash: boolean, depth: number): Edit[] {
  const found: Edit[] = [];
  const all = [...pieces(text, backslash)].filter((piece) => {
    if (piece.kind === 'comment')
      found.push(...changed(text, piece.start, piece.end, redactAssignments(text.slice(piece.start, piece.end))));
    return piece.kind !== 'comment';
  });
  let armed = false;
  let afterWith = false;
  let open = 0;
  let keyedUntil = -1;
  for (const [index, piece] of all.entries()) {
    const inner = text.slice(piece.innerStart, piece.innerEnd);
    if (piece.kind === 'punctuation') {
      if (inner === '(') open++;
      if (inner === ')') {
        open--;
        if (open <= keyedUntil) keyedUntil = -1;
      }
      armed &&= CONNECTING_PUNCTUATION.has(inner);
    } else if (piece.kind === 'word') {
      const word = inner.toLowerCase();
      const calls = isOpening(text, all[index + 1]);
      if (calls && KEYED_FUNCTIONS.test(word) && keyedUntil < 0) keyedUntil = open;
      if (word === 'identified' || isSecretName(word)) armed = true;
      else armed &&= calls || afterWith || CONNECTING_WORDS.has(word);
      afterWith = armed && word === 'with';
    } else if (armed || keyedUntil >= 0) {
      found.push({ start: piece.start, end: piece.end, text: piece.kind === 'quoted' ? `"${REDACTED}"` : `'${REDACTED}'` });
    } else if (isSecretName(inner)) {
      armed = true;
    } else if (piece.kind !== 'quoted') {
      found.push(...changed(text, piece.innerStart, piece.innerEnd, literal(inner, piece.kind === 'dollar', depth)));
    }
  }
  return found;
}

/** A literal may be a connection string, JSON, or SQL for EXECUTE or a function's body. */
function literal(inner: string, verbatim: boolean, depth: number): string {
  if (!mayHoldSecret(inner)) return inner;
  const plain = verbatim ? inner : inner.replaceAll("''", "'").replaceAll("\\'", "'");
  const clean = redactAssignments(redact(plain, depth + 1));
  return clean === plain ? inner : verbatim ? clean : clean.replaceAll("'", "''");
}

function isOpening(text: string, piece: Piece | undefined): boolean {
  return piece !== undefined && piece.kind === 'punctuation' && text.charAt(piece.start) === '(';
}

function changed(text: string, start: number, end: number, after: string): Edit[] {
  return after === text.slice(start, end) ? [] : [{ start, end, text: after }];
}

/** Applies the edits; where two readings overlap, all that either touches goes. */
function apply(text: string, found: readonly Edit[]): string {
  const merged: Edit[] = [];
  for (const edit of [...found].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = merged.at(-1);
    if (last === undefined || edit.start >= last.end) merged.push(edit);
    else if (edit.start !== last.start || edit.end !== last.end || edit.text !== last.text) {
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, edit.end), text: `'${REDACTED}'` };
    }
  }
  let result = '';
  let at = 0;
  for (const edit of merged) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}
