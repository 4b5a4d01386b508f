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
      return JSON.stringify(value);
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
  let text = '{';
  for (const name of Object.keys(members).sort()) {
    const member = members[name];
    if (member === undefined) continue;
    if (text.length > 1) text += ',';
    text += `${JSON.stringify(name)}:${canonical(member)}`;
  }
  return `${text}}`;
}
