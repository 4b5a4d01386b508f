// The same door for callers inside this process: a stream in place of a socket, and a name that needs no proof because the
// caller is the profile's own app. From there on it is a session like any other. Source: design, "The one path".
import { type Duplex, duplexPair } from 'node:stream';
import type { Gate, GateSession, Refusal, StatementPlan, UpstreamTarget } from '../../checkpoint/gate.ts';
import type { Door } from '../../../contracts/audit.ts';
import * as refusals from './refusals.ts';
import { DEFAULT_LIMITS } from './session-state.ts';
import { Session } from './session.ts';
import { connectUpstream, type Upstream } from './upstream.ts';

export interface InProcessOptions {
  readonly gate: Gate;
  readonly door: Door;
  readonly user: string;
  readonly connection: string;
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly log: (event: string, facts: Readonly<Record<string, string>>) => void;
  /** Told of every judged text before the first byte of its answer: the statements in order, or the refusal. */
  readonly judged: (outcome: readonly StatementPlan[] | Refusal) => void;
}

export interface InProcessSession {
  /** Of the checkpoint; names the session in the ledger. */
  readonly id: string;
  /** The client's end: signed in and ready for a query already. */
  readonly stream: Duplex;
  /** As a CancelRequest; resolves when the database has taken it. */
  cancel(): Promise<void>;
  end(): void;
}

const SWEEP_MS = 100;

/** Never rejects: what goes wrong is a refusal. */
export async function openInProcess(
  options: InProcessOptions,
): Promise<{ readonly kind: 'opened'; readonly session: InProcessSession } | { readonly kind: 'refused'; readonly refusal: Refusal }> {
  const { gate, door, user, connection, applicationName } = options;
  const opened = await gate.open({ door, user, connection, applicationName, address: 'in-process', parameters: new Map() });
  if (opened.kind === 'refused') return opened;
  const watched = watching(opened.session, options.judged);
  let upstream: Upstream | undefined;
  try {
    upstream = await connectUpstream(opened.upstream as UpstreamTarget, options.connectTimeoutMs);
    const opening = upstream;
    await watched.initialise((sql) => opening.run(sql));
    for (const [name, value] of opening.parameters) {
      const refusal = watched.parameterStatus(name, value);
      if (refusal === undefined) continue;
      upstream.destroy();
      watched.close();
      return { kind: 'refused', refusal };
    }
    return { kind: 'opened', session: start(options, watched, upstream) };
  } catch (error) {
    upstream?.destroy();
    watched.close();
    options.log('open-failed', { session: watched.id, error: error instanceof Error ? error.name : typeof error });
    return { kind: 'refused', refusal: refusals.unreachable() };
  }
}

function start(options: InProcessOptions, gate: GateSession, upstream: Upstream): InProcessSession {
  const [ours, theirs] = duplexPair();
  // Either end may be destroyed while the other still writes.
  ours.on('error', () => undefined);
  theirs.on('error', () => undefined);
  const sweep = setInterval(() => session.sweep(options.now()), SWEEP_MS).unref();
  const session = new Session({
    client: theirs,
    received: Buffer.alloc(0),
    upstream: upstream.handOver(),
    gate,
    limits: DEFAULT_LIMITS,
    log: options.log,
    closed: () => clearInterval(sweep),
  });
  gate.ready('I');
  session.start();
  return {
    id: gate.id,
    stream: ours,
    cancel: () => session.cancelRequested(),
    end: () => session.end(refusals.shuttingDown()),
  };
}

/** The gate's session, with an ear on its judgements. */
function watching(session: GateSession, judged: InProcessOptions['judged']): GateSession {
  const tell = <T extends Awaited<ReturnType<GateSession['judge']>>>(judgement: T): T => {
    judged(judgement.kind === 'forward' ? judgement.statements : judgement.refusal);
    return judgement;
  };
  return {
    id: session.id,
    ended: session.ended,
    initialise: (run) => session.initialise(run),
    judge(text, form) {
      const judgement = session.judge(text, form);
      return judgement instanceof Promise ? judgement.then(tell) : tell(judgement);
    },
    recheck: (original, judgement) => session.recheck(original, judgement),
    checkResult: (plan, columns) => session.checkResult(plan, columns),
    execute: (plan, parameters) => session.execute(plan, parameters),
    failed: () => session.failed(),
    ready: (status) => session.ready(status),
    parameterStatus: (name, value) => session.parameterStatus(name, value),
    close: () => session.close(),
  };
}
