// Canonical JSON: one byte string for one value, so that a hash of it can be checked anywhere. Source: RFC 8785 (JCS).
// Sorted member names (UTF-16 code units), no white space, ECMAScript's own number and string forms.

/**
 * Members whose value is `undefined` are left out, as they are from any JSON. What JSON cannot say (NaN, infinities,
 * bigint, class instances) throws a TypeError: a guess would make a hash that nobody can reproduce.
 */
export function canonical(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('canonical JSON has no form for a number that is not finite');
      // What JSON.stringify writes too: ECMAScript's Number::toString, which RFC 8785 names.
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? array(value) : object(value);
    default:
      throw new TypeError(`canonical JSON has no form for a ${typeof value}`);
  }
}

function array(values: readonly unknown[]): string {
  let text = '[';
  for (let index = 0; index < values.length; index++) {
    if (index > 0) text += ',';
    text += canonical(values[index]);
  }
  return `${text}]`;
}

function object(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('canonical JSON takes plain objects only');
  const members = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(members);
  if (!isSorted(names)) names.sort();
  let text = '{';
  for (const name of names) {
    const member = members[name];
    if (member === undefined) continue;
    text += (text.length > 1 ? ',' : '') + label(name) + canonical(member);
  }
  return `${text}}`;
}

// Outcomes are written for every statement, and sorting three or four names is most of that.
function isSorted(names: readonly string[]): boolean {
  for (let index = 1; index < names.length; index++) {
    if ((names[index - 1] ?? '') > (names[index] ?? '')) return false;
  }
  return true;
}

const LABELS = new Map<string, string>();
/** Member names are few; values that are used as names (facts) must not fill the memory. */
const MAX_LABELS = 500;

function label(name: string): string {
  const known = LABELS.get(name);
  if (known !== undefined) return known;
  const text = `${JSON.stringify(name)}:`;
  if (LABELS.size < MAX_LABELS) LABELS.set(name, text);
  return text;
}
