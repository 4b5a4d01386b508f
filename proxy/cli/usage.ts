// Usage texts, one table: docs/command-line.md explains what they only name.

const LINES: Readonly<Record<string, readonly string[]>> = {
  serve: ['serve [--sample]'],
  connection: [
    'connection add NAME URL [--environment development|staging|production] [--password-stdin] [--json]',
    'connection list [--json]',
    'connection remove NAME [--json]',
    'connection test NAME [--json]',
  ],
  agent: [
    'agent add NAME --connections A,B [--expires 30d] [--executable PATH] [--json]',
    'agent list [--json]',
    'agent revoke NAME [--json]',
    'agent pause NAME|--all [--json]',
    'agent resume NAME|--all [--json]',
  ],
  me: ['me [--json]'],
  check: ['check --connection NAME --as PRINCIPAL "SQL"'],
  policy: ['policy lint|test|pack|sign|verify|simulate|publish …'],
  audit: ['audit tail|search|verify|export …'],
  classify: ['classify CONNECTION [--apply]'],
  holds: ['holds list|approve|deny …'],
  mcp: ['mcp --agent NAME'],
};

const GLOBAL = `
Everywhere: --home DIR       the profile (default: the user's configuration folder)
            --key-file PATH  key of the secret store on machines without a keychain (or GATEHOUSE_KEY_FILE)
`;

export const USAGE = `usage: gatehouse COMMAND\n${Object.values(LINES)
  .flat()
  .map((line) => `  ${line}\n`)
  .join('')}${GLOBAL}`;

export function usageOf(command: string): string {
  return `usage:\n${(LINES[command] ?? []).map((line) => `  gatehouse ${line}\n`).join('')}${GLOBAL}`;
}
