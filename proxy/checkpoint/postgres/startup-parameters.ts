// The startup packet's parameters as the SET statements that they stand for, so that one rule judges both. What is not
// understood is refused. Source: PostgreSQL, "StartupMessage", and the `-c` form of `options`.

const PINNED_ENCODING = new Set(['utf8', 'utf-8', 'unicode', "'utf8'", "'utf-8'"]);

export type Startup =
  | { readonly kind: 'statements'; readonly statements: readonly string[] }
  | { readonly kind: 'refused'; readonly what: string };

const quote = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** Names that may stand in a SET without quotes; others are refused. */
const NAME = /^[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?$/iu;

function assignment(name: string, value: string): string | undefined {
  if (!NAME.test(name)) return undefined;
  if (name.toLowerCase() !== 'search_path') return `SET ${name} = ${quote(value)}`;
  // A list of names, each with or without quotes.
  const schemas = value.split(',').map((part) => part.trim());
  if (!schemas.every((schema) => /^(?:[a-z_][a-z0-9_$]*|"(?:[^"\0]|"")+")$/iu.test(schema))) return undefined;
  return `SET search_path = ${schemas.join(', ')}`;
}

/** Words of `options`: separated by white space, a backslash takes the next character as it is. */
function words(options: string): string[] {
  const found: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < options.length; i += 1) {
    const character = options.charAt(i);
    if (/\s/u.test(character)) {
      if (word !== undefined) found.push(word);
      word = undefined;
    } else if (character === '\\') {
      i += 1;
      word = (word ?? '') + options.charAt(i);
    } else word = (word ?? '') + character;
  }
  if (word !== undefined) found.push(word);
  return found;
}

function optionAssignments(options: string): [string, string][] | undefined {
  const found: [string, string][] = [];
  const list = words(options);
  for (let i = 0; i < list.length; i += 1) {
    const word = list[i] ?? '';
    const setting = word === '-c' ? list[++i] : word.startsWith('-c') ? word.slice(2) : word.startsWith('--') ? word.slice(2) : undefined;
    const at = setting?.indexOf('=') ?? -1;
    if (setting === undefined || at < 1) return undefined;
    found.push([setting.slice(0, at).replaceAll('-', '_'), setting.slice(at + 1)]);
  }
  return found;
}

export function startupStatements(parameters: ReadonlyMap<string, string>, applicationName: string | undefined): Startup {
  const statements: string[] = [];
  if (applicationName !== undefined && applicationName !== '')
    statements.push(`SET application_name = ${quote(applicationName.slice(0, 63))}`);
  const assignments: [string, string][] = [];
  for (const [name, value] of parameters) {
    if (name === 'options') {
      const found = optionAssignments(value);
      if (found === undefined) return { kind: 'refused', what: 'startup `options` may only hold -c name=value' };
      assignments.push(...found);
    } else assignments.push([name, value]);
  }
  for (const [name, value] of assignments) {
    if (name.toLowerCase() === 'client_encoding') {
      // The session's encoding is UTF8 already.
      if (PINNED_ENCODING.has(value.toLowerCase())) continue;
      return { kind: 'refused', what: `client_encoding must be UTF8, not \`${value.slice(0, 30)}\`` };
    }
    const statement = assignment(name, value);
    if (statement === undefined) return { kind: 'refused', what: `startup parameter \`${name.slice(0, 60)}\` is not understood` };
    statements.push(statement);
  }
  return { kind: 'statements', statements };
}
