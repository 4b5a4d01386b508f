// What a client needs to come in: addresses of the doors, and the principal's name and token in the form of each protocol.
import { runningProxy } from '../store/run-file.ts';
import { readSettings } from '../store/settings.ts';

interface DatabaseDoor {
  readonly host: string;
  readonly port: number;
}

export interface Doors {
  /** Of the running proxy; undefined: nobody serves this profile and the ports are the configured ones. */
  readonly pid: number | undefined;
  readonly postgres: DatabaseDoor;
  readonly mysql: DatabaseDoor;
  readonly mcpUrl: string;
}

export function doorsOf(home: string): Doors {
  const { listen } = readSettings(home);
  const running = runningProxy(home);
  return {
    pid: running?.pid,
    postgres: running?.ready.postgres ?? { host: listen.host, port: listen.postgres },
    mysql: running?.ready.mysql ?? { host: listen.host, port: listen.mysql },
    mcpUrl: running?.ready.mcp?.url ?? `http://${listen.host}:${listen.mcp}/mcp`,
  };
}

/** The JSON of `agent add` and `me`: stable, scripts depend on it. */
export function clientAccess(doors: Doors, name: string, token: string, connection: string): Record<string, unknown> {
  const credentials = { user: name, password: token, database: connection };
  return {
    name,
    token,
    postgres: { host: doors.postgres.host, port: doors.postgres.port, ...credentials },
    mysql: { host: doors.mysql.host, port: doors.mysql.port, ...credentials },
    mcp: { url: doors.mcpUrl, headers: { Authorization: `Bearer ${token}` } },
  };
}

/** A psql call without the token: arguments are visible to every process of the machine. */
export function psqlLine(doors: Doors, name: string, connection: string): string {
  return `psql "host=${doors.postgres.host} port=${doors.postgres.port} user=${name} dbname=${connection}"`;
}
