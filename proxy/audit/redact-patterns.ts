// Secrets that show by their own form, wherever they stand in a text: URLs with a password, tokens, keys, `password=…`.
// Source: design, "What is recorded" (text that can hold secrets is redacted before it is written).

export const REDACTED = '[redacted]';

/** Ends of names whose value is a secret: `password`, `db_password`, `api_key`, `app.client_secret`. */
// Every quantifier here is bounded or starts at a fixed place: a client chooses the text, so no pattern may take quadratic time.
const SECRET_NAME = String.raw`(?:[A-Za-z0-9]{1,64}_){0,8}(?:password|passwd|passcode|passphrase|pwd|pass|secret|token|apikey|api_key|access_key|secret_key|private_key|encryption_key|credential|credentials)`;
const SECRET_NAME_ALONE = new RegExp(`(?:^|\\.)${SECRET_NAME}$`, 'i');
const MAX_NAME = 128;

/** Cheap test that passes nearly all statements by: none of the forms below, nor a secret's name, can be in the text. */
const SUSPICIOUS =
  /pass|pwd|identified|secret|token|apikey|_key|credential|crypt|hmac|:\/\/|gh[a-z]_|bearer|basic |eyj|xox|sk-|glpat|BEGIN [A-Z ]{0,30}PRIVATE/i;

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // Gatehouse's own tokens (ghp_, gha_) and those of GitHub, which share the form.
  [/\b(gh[a-z]_)[A-Za-z0-9_-]{4,}/g, `$1${REDACTED}`],
  [/\b(bearer\s+|basic\s+)[A-Za-z0-9._~+/=-]{8,}/gi, `$1${REDACTED}`],
  [/(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/g, REDACTED],
  [/\b(xox[a-z]-|sk-|glpat-)[A-Za-z0-9_-]{8,}/g, `$1${REDACTED}`],
  [/-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)/g, REDACTED],
];

// The whole run is taken once, so the search is linear; what is inside is cut by position.
const URL = /([a-z][a-z0-9+.-]{0,30}:\/\/)([^\s'"]*)/gi;
const TOKEN_AS_USER = /^[A-Za-z0-9_-]{20,}$/;

// `password=x`, `"password": "x"`, `pwd='a b'`: only inside literals and comments, where it cannot be an SQL expression.
const ASSIGNMENT = new RegExp(
  String.raw`((?<![A-Za-z0-9_])${SECRET_NAME}["']{0,3}\s{0,8}[:=]\s{0,8})("(?:[^"\\]|\\.)*"?|''(?:[^']|'')*?''(?!')|\\'(?:[^'\\]|\\[^'])*\\'|'(?:[^'\\]|\\.|'')*'?|[^\s;,&'"})]+)`,
  'gi',
);

export function mayHoldSecret(text: string): boolean {
  return SUSPICIOUS.test(text);
}

export function isSecretName(name: string): boolean {
  return name.length <= MAX_NAME && SECRET_NAME_ALONE.test(name);
}

/** Redacts what is a secret by its own form. */
export function redactForms(text: string): string {
  let result = text.includes('://') ? text.replace(URL, (_whole, scheme: string, rest: string) => scheme + redactUserInfo(rest)) : text;
  for (const [pattern, replacement] of PATTERNS) result = result.replace(pattern, replacement);
  return result;
}

/** Redacts the values of `name=value` pairs with a secret's name: for connection strings, JSON and comments. */
export function redactAssignments(text: string): string {
  return text.replace(ASSIGNMENT, (_whole, name: string) => name + REDACTED);
}

/** `user:password@…` or `token@…` after the scheme. Up to the last `@`, since a password may hold one. */
function redactUserInfo(rest: string): string {
  const at = rest.lastIndexOf('@');
  const userInfo = rest.slice(0, Math.max(at, 0));
  const user = /^[^:/]*/.exec(userInfo)?.[0] ?? '';
  if (userInfo.charAt(user.length) === ':') return `${user}:${REDACTED}${rest.slice(at)}`;
  return TOKEN_AS_USER.test(userInfo) ? REDACTED + rest.slice(at) : rest;
}
