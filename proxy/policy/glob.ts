// Name patterns: `*` is any text, `?` one character, letters of either case are equal. Nothing else is special.

export const MAX_PATTERN = 100;
const MAX_STARS = 6;

/** Why a pattern can't be used, or undefined. */
export function globFlaw(pattern: string): string | undefined {
  if (pattern === '' || pattern.length > MAX_PATTERN) return `a pattern has 1 to ${MAX_PATTERN} characters`;
  if (pattern.includes('**')) return '`**` says no more than `*`';
  if (pattern.split('*').length - 1 > MAX_STARS) return `a pattern has at most ${MAX_STARS} \`*\``;
  return undefined;
}

/** Does the pattern name exactly one name? */
export function isExact(pattern: string): boolean {
  return !/[*?]/.test(pattern);
}

/** A test for any of these patterns. */
export function compileGlobs(patterns: readonly string[]): (name: string) => boolean {
  const exact = new Set(patterns.filter(isExact).map((pattern) => pattern.toLowerCase()));
  const wild = patterns.filter((pattern) => !isExact(pattern));
  const expression = wild.length === 0 ? undefined : new RegExp(`^(?:${wild.map(source).join('|')})$`, 'su');
  return (name) => {
    const folded = name.toLowerCase();
    return exact.has(folded) || expression?.test(folded) === true;
  };
}

function source(pattern: string): string {
  return pattern
    .toLowerCase()
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
}
