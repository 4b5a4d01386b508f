import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Connection, Connections } from './connections.ts';
import { MemorySecrets } from '../../test/support/memory-secrets.ts';

const shop: Connection = {
  name: 'shop',
  engine: 'postgres',
  host: 'db',
  port: 5432,
  user: 'app',
  database: 'shop',
  tls: 'require',
  environment: 'production',
};

describe('connections', () => {
  let home: string;
  let secrets: MemorySecrets;
  let connections: Connections;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'gatehouse-'));
    secrets = new MemorySecrets();
    connections = new Connections(home, secrets);
  });
  afterEach(() => rmSync(home, { recursive: true }));

  it('are listed by name and joined with their password only as a target', async () => {
    await connections.add(shop, 'planted-secret');
    await connections.add({ ...shop, name: 'books' }, undefined);
    expect(connections.list().map((c) => c.name)).toEqual(['books', 'shop']);
    expect(await connections.target('shop')).toEqual({
      host: 'db',
      port: 5432,
      user: 'app',
      password: 'planted-secret',
      database: 'shop',
      tls: 'require',
    });
    expect((await connections.target('books'))?.password).toBeUndefined();
    expect(await connections.target('nothing')).toBeUndefined();
  });

  it('never have their password in a file', async () => {
    await connections.add(shop, 'planted-secret');
    const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const contents = files.map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'));
    expect(contents.filter((content) => content.includes('planted-secret'))).toEqual([]);
    expect(statSync(join(home, 'connections', 'shop.json')).mode & 0o077).toBe(0);
  });

  it('are gone with their password once removed, and a new one of that name does not inherit it', async () => {
    await connections.add(shop, 'planted-secret');
    expect(await connections.remove('shop')).toBe(true);
    expect(await connections.remove('shop')).toBe(false);
    expect(connections.get('shop')).toBeUndefined();
    await connections.add(shop, undefined);
    expect((await connections.target('shop'))?.password).toBeUndefined();
  });

  it.each(['', 'Shop', 'a/b', '..', '../shop', 'a.b', 'x'.repeat(64), 'sample'])('can not be called `%s`', async (name) => {
    await expect(connections.add({ ...shop, name }, undefined)).rejects.toMatchObject({ code: 'CONNECTION_NAME' });
  });

  it('are not overwritten', async () => {
    await connections.add(shop, 'first');
    await expect(connections.add({ ...shop, host: 'other' }, 'second')).rejects.toMatchObject({ code: 'CONNECTION_EXISTS' });
    expect(await connections.target('shop')).toMatchObject({ host: 'db', password: 'first' });
  });

  it('are refused when their file has an unknown key, is not JSON, or names another connection', async () => {
    await connections.add(shop, undefined);
    const file = join(home, 'connections', 'shop.json');
    for (const content of [JSON.stringify({ ...shop, sslkey: 'x' }), '{', JSON.stringify({ ...shop, name: 'books' })]) {
      writeFileSync(file, content);
      expect(() => connections.get('shop')).toThrowError(expect.objectContaining({ code: 'CONNECTION_BROKEN' }));
    }
  });
});
