// Makes the corpus's generated statements. Its small language: texts in single quotes (with \uXXXX), `* count`, joined by `+`; or
// "a COM_QUERY of N MiB + M bytes that ends in: SQL", a statement padded in front with a comment to that total of bytes.

export function generateSql(expression: string): string {
  const padded = /^a COM_QUERY of (\d+) MiB \+ (\d+) bytes that ends in: (.+)$/su.exec(expression);
  if (padded) {
    const [, mebibytes, bytes, sql = ''] = padded;
    // COM_QUERY itself is the payload's first byte.
    const padding = Number(mebibytes) * 1024 * 1024 + Number(bytes) - 1 - '/**/ '.length - Buffer.byteLength(sql);
    return `/*${'x'.repeat(padding)}*/ ${sql}`;
  }
  const term = /'((?:[^'\\]|\\u[0-9a-fA-F]{4})*)'(?: \* ([\d_]+))?(?: \+ |$)/uy;
  let sql = '';
  while (term.lastIndex < expression.length) {
    const match = term.exec(expression);
    if (!match) throw new Error(`cannot read the corpus expression \`${expression}\``);
    const [, quoted = '', count = '1'] = match;
    const text = quoted.replace(/\\u([0-9a-fA-F]{4})/gu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    sql += text.repeat(Number(count.replaceAll('_', '')));
  }
  return sql;
}
