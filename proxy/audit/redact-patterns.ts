// Secrets that show by their own form, wherever they stand in a text: URLs with a password, tokens, keys, `password=…`.
// Source: design, "What is recorded" (text that can hold secrets is redacted before it is written).

export const REDACTED = '[redacted]';

/** Ends of names whose value is a secret: `password`, `db_password`, `api_key`, `app.client_secret`. */
const SECRET_NAME = String.raw`(?:[A-Za-z0-9]+_)*(?:password|passwd|passcode|passphrase|pwd|pass|secret|token|apikey|api_key|access_key|secret_key|private_key|encryption_key|credential|credentials)`;
const SECRET_NAME_ALONE = new RegExp(`^(?:.*\\.)?${SECRET_NAME}$`, 'i');

/** Cheap test that passes nearly all statements by: none of the forms below, nor a secret's name, can be in the text. */
const SUSPICIOUS = /pass|pwd|identified|secret|token|apikey|_key|credential|crypt|hmac|:\/\/|gh[a-z]_|bearer|basic |eyj|xox|sk-|glpat|BEGIN [A-Z ]*PRIVATE/i;

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // scheme://user:password@host. Greedy up to the last `@`, since a password may hold one.
  [/([a-z][a-z0-9+.-]*:\/\/[^\s:@/'"]*:)([^\s'"]+)(?=@)/gi, `$1${REDACTED}`],
  // scheme://token@host
  [/([a-z][a-z0-9+.-]*:\/\/)([A-Za-z0-9_-]{20,})(?=@)/gi, `$1${REDACTED}`],
  // Gatehouse's own tokens (ghp_, gha_) and those of GitHub, which share the form.
  [/\b(gh[a-z]_)[A-Za-z0-9_-]{4,}/g, `$1${REDACTED}`],
  [/\b(bearer\s+|basic\s+)[A-Za-z0-9._~+/=-]{8,}/gi, `$1${REDACTED}`],
  [/\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/g, REDACTED],
  [/\b(xox[a-z]-|sk-|glpat-)[A-Za-z0-9_-]{8,}/g, `$1${REDACTED}`],
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
];

// `password=x`, `"password": "x"`, `pwd='a b'`: only inside literals and comments, where it cannot be an SQL expression.
const ASSIGNMENT = new RegExp(String.raw`(\b${SECRET_NAME}["']*\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|''(?:[^']|'')*?''(?!')|\\'(?:[^'\\]|\\[^'])*\\'|'(?:[^'\\]|\\.|'')*'?|[^\s;,&'"})]+)`, 'gi');

export function mayHoldSecret(text: string): boolean {
  return SUSPICIOUS.test(text);
}

export function isSecretName(name: string): boolean {
  return SECRET_NAME_ALONE.test(name);
}

/** Redacts what is a secret by its own form. */
export function redactForms(text: string): string {
  let result = text;
  for (const [pattern, replacement] of PATTERNS) result = result.replace(pattern, replacement);
  return result;
}

/** Redacts the values of `name=value` pairs with a secret's name: for connection strings, JSON and comments. */
export function redactAssignments(text: string): string {
  return text.replace(ASSIGNMENT, (_whole, name: string) => name + REDACTED);
}
