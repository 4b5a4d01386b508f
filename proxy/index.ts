// The composition root: the one place that wires the parts together. Source: design, "Architecture".
import { join } from 'node:path';

import { type App, startApp } from './api/app.ts';
import { askControl, listenControl } from './api/control.ts';
import { loadDeviceKey } from './audit/device-key.ts';
import { openLedger } from './audit/ledger.ts';
import type { LedgerPort } from './audit/ledger-port.ts';
import { Checkpoint, type ConfiguredConnection } from './checkpoint/checkpoint.ts';
import { type Explanation, explain } from './checkpoint/postgres/explain.ts';
import { GatehouseError } from './errors.ts';
import { osUser } from './identity/person.ts';
import { Principals } from './identity/principals.ts';
import type { PolicyEngine } from './policy/engine.ts';
import { readBundleTexts } from './policy/bundle-texts.ts';
import { loadPolicy } from './policy/profile-bundle.ts';
import { type Sample, startSample } from './sample/sample.ts';
import { Connections, SAMPLE_CONNECTION } from './store/connections.ts';
import { openProfile } from './store/profile.ts';
import { type ReadyFacts, runningProxy } from './store/run-file.ts';
import { openSecrets } from './store/secrets.ts';
import { ownVersion } from './store/own-version.ts';
import { readSettings } from './store/settings.ts';
import { listenPostgres, type PostgresDoor } from './wire/postgres/server.ts';
import { connectUpstream } from './wire/postgres/upstream.ts';
import { ensureTlsCertificate } from './wire/tls-certificate.ts';

export interface ProxyOptions {
  readonly home: string;
  readonly sample: boolean;
  readonly keyFile?: string;
  readonly log: (message: string) => void;
}

export interface RunningProxy {
  readonly ready: ReadyFacts;
  close(): Promise<void>;
  readonly failed: Promise<Error>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const PARSERS = 2;
const WATCH_MS = 200;

function sampleConnection(sample: Sample): ConfiguredConnection {
  const { host, port, user, password, database } = sample;
  return {
    facts: { name: SAMPLE_CONNECTION, environment: 'production', database },
    target: { host, port, user, password, database, tls: 'disable' },
  };
}

function appSample(sample: Sample): { name: string; database: string; target: ConfiguredConnection['target'] } {
  const { facts, target } = sampleConnection(sample);
  return { name: facts.name, database: facts.database, target };
}

async function configured(connections: Connections, sample: Sample | undefined, name: string): Promise<ConfiguredConnection | undefined> {
  if (name === SAMPLE_CONNECTION) return sample === undefined ? undefined : sampleConnection(sample);
  const connection = connections.get(name);
  const target = connection === undefined ? undefined : await connections.target(name);
  if (connection === undefined || target === undefined) return undefined;
  return { facts: { name, environment: connection.environment, database: connection.database }, target };
}

function checkpointOf(parts: {
  principals: Principals;
  groups: readonly string[];
  ledger: LedgerPort;
  policy: PolicyEngine;
  connection: (name: string) => Promise<ConfiguredConnection | undefined>;
}): Checkpoint {
  return new Checkpoint({
    principals: parts.principals,
    groups: parts.groups,
    ledger: parts.ledger,
    policy: () => parts.policy,
    connection: parts.connection,
    connect: (target) => connectUpstream(target, CONNECT_TIMEOUT_MS),
    parsers: PARSERS,
    now: () => Date.now(),
    monotonic: () => performance.now(),
  });
}

/**
 * Starts everything that a profile's proxy is made of. Rejects with a GatehouseError when a part can't start; what had been
 * started is closed again.
 */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const profile = openProfile(options.home);
  const settings = readSettings(profile.home);
  const secrets = openSecrets(profile, { keyFile: options.keyFile });
  const policy = loadPolicy(profile.home);
  const bundle = readBundleTexts(profile.home);
  // Closed in the opposite order, also when a later part can't start.
  const stack = new AsyncDisposableStack();
  let app: App | undefined;
  try {
    const ledgerFolder = join(profile.home, 'ledger');
    const key = await loadDeviceKey({ secrets });
    const ledger = stack.use(
      await openLedger({
        folder: ledgerFolder,
        device: key.device,
        signer: key,
        onState: (state) => {
          options.log(state.kind === 'ok' ? 'the ledger is written again' : `the ledger can not be written: ${state.reason}`);
          app?.ledgerState(state);
        },
      }),
    );
    if (ledger.findingAtStart !== undefined) options.log(`ledger: ${ledger.findingAtStart}`);
    ledger.append({
      code: 'GH-P-ACTIVE',
      facts: { bundle: policy.bundle.id, sequence: policy.bundle.sequence, version: policy.bundle.version, managed: policy.bundle.managed },
    });
    const principals = stack.use(Principals.open(profile.home));
    principals.ensurePerson(osUser());
    principals.carryEvents(async (event) => ledger.appendDurable(event).durable);
    principals.watch(WATCH_MS);
    const failed = Promise.withResolvers<Error>();
    let sample: Sample | undefined;
    if (options.sample) {
      const started = await startSample({ folder: join(profile.home, 'sample'), log: options.log });
      sample = started;
      let stopping = false;
      stack.defer(() => {
        stopping = true;
        return started.stop();
      });
      void started.ended.then(() => {
        if (!stopping) failed.resolve(new GatehouseError('SAMPLE_ENDED', 'the sample database ended unexpectedly'));
      });
    }
    const connections = new Connections(profile.home, secrets);
    const checkpoint = stack.use(
      checkpointOf({ principals, groups: settings.groups, ledger, policy, connection: (name) => configured(connections, sample, name) }),
    );
    const { host } = settings.listen;
    const door: PostgresDoor = await listenPostgres({
      gate: checkpoint,
      host,
      port: settings.listen.postgres,
      tls: ensureTlsCertificate(join(profile.home, 'tls'), new Date()),
      now: () => performance.now(),
      log: (event, facts) => options.log(`postgres door: ${event} ${JSON.stringify(facts)}`),
    });
    stack.defer(() => door.close());
    const served = await startApp({
      home: profile.home,
      version: ownVersion(),
      person: osUser(),
      groups: settings.groups,
      checkpoint,
      principals,
      ledger,
      ledgerFolder,
      policy: () => policy,
      bundle,
      connections,
      sample: sample === undefined ? undefined : appSample(sample),
      postgres: { host: door.host, port: door.port },
      host,
      listenPort: settings.listen.app,
      log: (event, facts) => options.log(`app: ${event} ${JSON.stringify(facts)}`),
    });
    app = stack.use(served);
    stack.use(
      await listenControl(profile.home, async (request) =>
        request.command === 'app'
          ? served.url()
          : explainAs({ checkpoint, principals, groups: settings.groups }, request.connection, request.as, request.sql),
      ),
    );
    const parts = stack.move();
    let closing: Promise<void> | undefined;
    return {
      ready: { ready: true, postgres: { host: door.host, port: door.port }, app: { url: served.url() } },
      failed: failed.promise,
      close: () => (closing ??= parts.disposeAsync()),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** A ledger for questions: nothing runs, so nothing is recorded. */
const UNRECORDED: LedgerPort = {
  state: { kind: 'ok' },
  busy: false,
  append: () => '',
  appendDurable: () => ({ id: '', durable: Promise.resolve() }),
};

interface Asked {
  readonly checkpoint: Checkpoint;
  readonly principals: Principals;
  readonly groups: readonly string[];
}

async function explainAs(parts: Asked, connection: string, as: string, sql: string): Promise<Explanation> {
  parts.principals.poll();
  const record = parts.principals.get(as);
  if (record === undefined) throw new GatehouseError('NO_PRINCIPAL', `there is no person or agent \`${as}\``);
  const services = await parts.checkpoint.servicesFor(connection);
  if (services === undefined) throw new GatehouseError('NO_CONNECTION', `there is no connection \`${connection}\``);
  const principal = {
    kind: record.kind,
    name: record.name,
    groups: record.kind === 'person' ? parts.groups : [],
    ...(record.owner === undefined ? {} : { owner: record.owner, ownerGroups: parts.groups }),
  };
  return explain(services, principal, sql, Date.now());
}

/** What would happen to a statement, and why. Nothing runs. Asks the running proxy where there is one. */
export async function checkStatement(options: {
  home: string;
  connection: string;
  as: string;
  sql: string;
  keyFile?: string;
}): Promise<unknown> {
  const profile = openProfile(options.home);
  const { connection, as, sql } = options;
  if (runningProxy(profile.home) !== undefined) return askControl(profile.home, { command: 'check', connection, as, sql });
  const settings = readSettings(profile.home);
  const connections = new Connections(profile.home, openSecrets(profile, { keyFile: options.keyFile }));
  await using stack = new AsyncDisposableStack();
  const principals = stack.use(Principals.open(profile.home));
  principals.ensurePerson(osUser());
  let sample: Sample | undefined;
  if (connection === SAMPLE_CONNECTION) {
    const started = await startSample({ folder: join(profile.home, 'sample'), log: () => undefined });
    sample = started;
    stack.defer(() => started.stop());
  }
  const policy = loadPolicy(profile.home);
  const checkpoint = stack.use(
    checkpointOf({
      principals,
      groups: settings.groups,
      ledger: UNRECORDED,
      policy,
      connection: (name) => configured(connections, sample, name),
    }),
  );
  return await explainAs({ checkpoint, principals, groups: settings.groups }, connection, as, sql);
}
