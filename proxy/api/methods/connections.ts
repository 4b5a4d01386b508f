// Connections, the schema tree and its columns.
import { accessSync, constants } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { ConnectionInfo } from '../../../contracts/ui.ts';
import { GatehouseError } from '../../errors.ts';
import { parseConnectionUrl } from '../../store/connection-url.ts';
import type { Handlers } from '../channel/requests.ts';
import { columnsOf, schemaTree } from '../catalog/tree.ts';
import { testConnection } from '../connection-test.ts';
import { type AppParts, servicesOf, visibilityOf } from '../parts.ts';

type Methods = Pick<
  Handlers,
  'connections.list' | 'connections.add' | 'connections.remove' | 'connections.test' | 'schema.tree' | 'schema.columns' | 'schema.refresh'
>;

export function connectionMethods(parts: AppParts): Methods {
  const { connections, principals, person, sample, runs } = parts;
  return {
    'connections.list': () => listConnections(parts),
    async 'connections.add'({ name, url, environment }) {
      const { password, ...parsed } = parseConnectionUrl(url, person);
      if (parsed.caFile !== undefined) readable(parsed.caFile);
      await connections.add({ name, ...parsed, environment }, password);
      const { host, port, user, database, tls } = parsed;
      principals.report({
        code: 'GH-X-CONFIG',
        facts: { connection: name, change: 'add', host, port, user, database, tls, environment, by: person },
      });
      return { name, environment, engine: 'postgres', database, sample: false };
    },
    async 'connections.remove'({ name }) {
      if (name === sample?.name)
        throw new GatehouseError('CONNECTION_NAME', 'the sample connection comes with Gatehouse and can not be removed');
      if (!(await connections.remove(name))) throw new GatehouseError('NO_CONNECTION', `there is no connection \`${name}\``);
      principals.report({ code: 'GH-X-CONFIG', facts: { connection: name, change: 'remove', by: person } });
      runs.closeConnection(name);
      return null;
    },
    async 'connections.test'({ name }) {
      const target = name === sample?.name ? sample.target : await connections.target(name);
      if (target === undefined) throw new GatehouseError('NO_CONNECTION', `there is no connection \`${name}\``);
      const result = await testConnection(target);
      if (!result.ok) return { ok: false, message: result.error };
      return {
        ok: true,
        message: `PostgreSQL ${result.version} answers to ${result.user}${result.encrypted ? ' over TLS' : ', not encrypted'}`,
      };
    },
    async 'schema.tree'({ connection }) {
      return schemaTree(await visibilityOf(parts, connection));
    },
    async 'schema.columns'({ connection, schema, relation }) {
      const visibility = await visibilityOf(parts, connection);
      const found = visibility.catalog.relation(schema, relation);
      if (found === undefined) throw new GatehouseError('NO_RELATION', 'there is no such table or view');
      return columnsOf(visibility, found);
    },
    async 'schema.refresh'({ connection }) {
      const { service } = await servicesOf(parts, connection);
      service.invalidate();
      await service.catalog();
      return null;
    },
  };
}

export function listConnections({ connections, sample }: AppParts): ConnectionInfo[] {
  const own = connections
    .list()
    .map(({ name, environment, database }): ConnectionInfo => ({ name, environment, engine: 'postgres', database, sample: false }));
  if (sample === undefined) return own;
  return [{ name: sample.name, environment: 'production', engine: 'postgres', database: sample.database, sample: true }, ...own];
}

function readable(file: string): void {
  try {
    if (!isAbsolute(file)) throw new Error('relative');
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw new GatehouseError('CONNECTION_URL', 'sslrootcert must be the absolute path of a file that can be read', { cause: error });
  }
}
