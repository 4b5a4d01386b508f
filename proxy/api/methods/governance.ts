// Agents, the ledger, and the policies that rule.
import type { AgentInfo } from '../../../contracts/ui.ts';
import { explain } from '../../checkpoint/postgres/explain.ts';
import { GatehouseError } from '../../errors.ts';
import type { Handlers } from '../channel/requests.ts';
import { taggedColumns } from '../catalog/tree.ts';
import { type AppParts, personOf, servicesOf, visibilityOf } from '../parts.ts';
import { listConnections } from './connections.ts';
import { checkOf } from './editor.ts';

type Methods = Pick<
  Handlers,
  | 'agents.list'
  | 'agents.add'
  | 'agents.pause'
  | 'agents.resume'
  | 'agents.revoke'
  | 'agents.pauseAll'
  | 'audit.search'
  | 'audit.record'
  | 'audit.verify'
  | 'policy.info'
  | 'policy.tags'
  | 'policy.try'
>;

const DAY_MS = 86_400_000;

export function governanceMethods(parts: AppParts): Methods {
  const { principals, person, audit, bundle, policy } = parts;
  const known = (name: string): void => {
    if (principals.get(name)?.kind !== 'agent') throw new GatehouseError('NO_AGENT', `there is no agent \`${name}\``);
  };
  return {
    'agents.list': () => listAgents(parts),
    'agents.add'({ name, connections, expiresInDays }) {
      const existing = new Set(listConnections(parts).map((connection) => connection.name));
      const unknown = connections.find((one) => !existing.has(one));
      if (unknown !== undefined) throw new GatehouseError('NO_CONNECTION', `there is no connection \`${unknown}\``);
      const added = principals.addAgent({
        name,
        owner: person,
        connections: [...new Set(connections)],
        ...(expiresInDays === undefined ? {} : { expiresAt: parts.now() + expiresInDays * DAY_MS }),
      });
      if (added.kind === 'refused') throw new GatehouseError('AGENT_REFUSED', added.reason);
      const { token } = added;
      return { name, token, postgres: { ...parts.postgres, user: name, password: token, database: connections[0] ?? '' } };
    },
    'agents.pause'({ name }) {
      known(name);
      principals.pauseAgent(name, person);
      return null;
    },
    'agents.resume'({ name }) {
      known(name);
      principals.resumeAgent(name, person);
      return null;
    },
    'agents.revoke'({ name }) {
      known(name);
      principals.revokeAgent(name, person);
      return null;
    },
    'agents.pauseAll'({ paused }) {
      principals.pauseAllAgents(paused, person);
      return null;
    },
    'audit.search': (params) => audit.search(params),
    'audit.record': ({ seq }) => audit.record(seq),
    'audit.verify': () => audit.verify(),
    'policy.info'() {
      const engine = policy();
      const { id, sequence, managed } = engine.bundle;
      const limits = (kind: 'person' | 'agent'): Readonly<Record<string, number>> => ({
        ...engine.limitsOf({ kind, name: person, groups: [] }),
      });
      return {
        id,
        sequence,
        managed,
        folder: bundle.folder,
        policies: bundle.policies(),
        limits: { person: limits('person'), agent: limits('agent') },
      };
    },
    async 'policy.tags'({ connection }) {
      return taggedColumns(await visibilityOf(parts, connection));
    },
    async 'policy.try'({ connection, as, sql }) {
      const services = await servicesOf(parts, connection);
      const record = principals.get(as);
      if (record === undefined) throw new GatehouseError('NO_PRINCIPAL', `there is no person or agent \`${as}\``);
      const principal =
        record.kind === 'person'
          ? personOf(parts)
          : {
              kind: record.kind,
              name: record.name,
              groups: [],
              ...(record.owner === undefined ? {} : { owner: record.owner, ownerGroups: parts.groups }),
            };
      const explanation = await explain(services, principal, sql, parts.now(), undefined, record.kind === 'person' ? 'editor' : 'postgres');
      const { rewritten } = explanation;
      return { ...checkOf(explanation, sql), ...(rewritten === undefined ? {} : { rewritten }) };
    },
  };
}

async function listAgents({ principals, checkpoint, feed }: AppParts): Promise<AgentInfo[]> {
  // The counts are as good as the last look; a ledger that can't be read must not hide the agents.
  await feed.look().catch(() => undefined);
  const live = Map.groupBy(checkpoint.liveSessions(), ({ principal }) => principal);
  return principals.list('agent').map((agent) => {
    const sessions = live.get(agent.name) ?? [];
    const client = sessions.findLast((session) => session.client !== undefined)?.client;
    return {
      name: agent.name,
      owner: agent.owner ?? '',
      connections: agent.connections,
      status: principals.statusOf(agent.name) ?? 'revoked',
      createdAt: new Date(agent.createdAt).toISOString(),
      ...(agent.expiresAt === undefined ? {} : { expiresAt: new Date(agent.expiresAt).toISOString() }),
      sessions: sessions.length,
      ...(client === undefined ? {} : { client }),
      today: { ...feed.activityOf(agent.name) },
    };
  });
}
