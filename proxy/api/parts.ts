// What the app's API is made of: the proxy's parts as the composition root hands them over, and its own.
import type { Hello } from '../../contracts/ui.ts';
import type { LedgerPort } from '../audit/ledger-port.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { JudgeServices } from '../checkpoint/postgres/context.ts';
import type { Visibilities, Visibility } from '../checkpoint/postgres/visibility.ts';
import { GatehouseError } from '../errors.ts';
import type { Principals } from '../identity/principals.ts';
import type { PolicyEngine, Principal } from '../policy/engine.ts';
import type { BundleTexts } from '../policy/bundle-texts.ts';
import type { Connections } from '../store/connections.ts';
import type { History } from '../store/history.ts';
import type { SavedQueries } from '../store/saved-queries.ts';
import type { UpstreamTarget } from '../checkpoint/gate.ts';
import type { AuditFeed } from './audit/audit-feed.ts';
import type { AuditQueries } from './audit/audit-queries.ts';
import type { Exports } from './copy/exports.ts';
import type { Runs } from './run/runs.ts';

/** From the composition root. */
export interface ProxyParts {
  readonly home: string;
  readonly version: string;
  /** Name of the profile's person. */
  readonly person: string;
  readonly groups: readonly string[];
  readonly checkpoint: Checkpoint;
  readonly principals: Principals;
  readonly ledger: LedgerPort;
  readonly ledgerFolder: string;
  readonly policy: () => PolicyEngine;
  readonly bundle: BundleTexts;
  readonly connections: Connections;
  /** The bundled sample database, when it is served. */
  readonly sample: { readonly name: string; readonly database: string; readonly target: UpstreamTarget } | undefined;
  readonly postgres: { readonly host: string; readonly port: number };
}

export interface AppParts extends ProxyParts {
  readonly runs: Runs;
  readonly exports: Exports;
  readonly visibilities: Visibilities;
  readonly feed: AuditFeed;
  readonly audit: AuditQueries;
  readonly history: History;
  readonly queries: SavedQueries;
  readonly hello: () => Hello;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The person as policies know them. */
export function personOf(parts: ProxyParts): Principal {
  return { kind: 'person', name: parts.person, groups: parts.groups };
}

/** Rejects with NO_CONNECTION. */
export async function servicesOf(parts: ProxyParts, connection: string): Promise<JudgeServices> {
  const services = await parts.checkpoint.servicesFor(connection);
  if (services === undefined) throw new GatehouseError('NO_CONNECTION', `there is no connection \`${connection}\``);
  return services;
}

export async function visibilityOf(parts: AppParts, connection: string): Promise<Visibility> {
  return parts.visibilities.of(await servicesOf(parts, connection), personOf(parts), 'editor', parts.now());
}
