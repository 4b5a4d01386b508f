// The database's side: TLS modes and cancelling, against a server that offers TLS and one that does not.
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres } from '../../../test/support/postgres-server.ts';
import type { TestPostgres } from '../../../test/support/postgres-server.ts';
import { unprivilegedUser } from '../../sample/unprivileged-user.ts';
import type { UpstreamTarget } from '../../checkpoint/gate.ts';
import { makeCertificate } from '../tls-certificate.ts';
import { RawClient, error, m, types } from './testing/raw-client.ts';
import { connectUpstream } from './upstream.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-upstream-'));
let withTls: TestPostgres;
let without: TestPostgres;

beforeAll(async () => {
  const { key, cert } = makeCertificate(new Date());
  writeFileSync(join(folder, 'key.pem'), key, { mode: 0o600 });
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'other.pem'), makeCertificate(new Date()).cert);
  const user = unprivilegedUser();
  if (user !== undefined) for (const file of ['', 'key.pem', 'cert.pem']) chownSync(join(folder, file), user.uid, user.gid);
  withTls = await startPostgres({
    version: 15,
    settings: { ssl: 'on', ssl_cert_file: join(folder, 'cert.pem'), ssl_key_file: join(folder, 'key.pem') },
  });
  without = await startPostgres({ version: 15 });
});
afterAll(async () => {
  await withTls.stop();
  await without.stop();
  rmSync(folder, { recursive: true, force: true });
});

function target(server: TestPostgres, tls: UpstreamTarget['tls'], more: Partial<UpstreamTarget> = {}): UpstreamTarget {
  return { ...server.config(), tls, ...more };
}

async function usesTls(to: UpstreamTarget): Promise<string | null | undefined> {
  const upstream = await connectUpstream(to, 5_000);
  try {
    return (await upstream.run('select ssl::text from pg_stat_ssl where pid = pg_backend_pid()'))[0]?.[0];
  } finally {
    upstream.destroy();
  }
}

test('each TLS mode does what libpq’s does', async () => {
  expect(await usesTls(target(withTls, 'disable'))).toBe('false');
  expect(await usesTls(target(withTls, 'prefer'))).toBe('true');
  expect(await usesTls(target(withTls, 'require'))).toBe('true');
  expect(await usesTls(target(without, 'prefer'))).toBe('false');
  await expect(usesTls(target(without, 'require'))).rejects.toMatchObject({ code: 'UPSTREAM_CONNECT', data: { reason: 'no-tls' } });
  const caFile = join(folder, 'cert.pem');
  for (const mode of ['verify-ca', 'verify-full'] as const) {
    expect(await usesTls(target(withTls, mode, { caFile }))).toBe('true');
    await expect(usesTls(target(withTls, mode, { caFile: join(folder, 'other.pem') }))).rejects.toMatchObject({ code: 'UPSTREAM_CONNECT' });
    await expect(usesTls(target(withTls, mode))).rejects.toMatchObject({ code: 'UPSTREAM_CONNECT' });
  }
});

test('a wrong password is a failure without the password in it, and nothing of the environment is used instead', async () => {
  process.env['PGPASSWORD'] = withTls.password;
  process.env['PGOPTIONS'] = '-c work_mem=7MB';
  try {
    const wrong: unknown = await connectUpstream(target(withTls, 'require', { password: 'not-it' }), 5_000).catch(
      (fault: unknown) => fault,
    );
    expect(String(wrong)).not.toContain('not-it');
    await expect(connectUpstream(target(without, 'disable', { password: undefined }), 5_000)).rejects.toMatchObject({
      code: 'UPSTREAM_CONNECT',
    });
    const upstream = await connectUpstream(target(withTls, 'require'), 5_000);
    expect(await upstream.run('show work_mem')).toEqual([['4MB']]);
    upstream.destroy();
  } finally {
    delete process.env['PGPASSWORD'];
    delete process.env['PGOPTIONS'];
  }
});

test.each(['disable', 'require'] as const)(
  'after the hand-over the stream carries the session, and cancel reaches it (%s)',
  async (tls) => {
    const upstream = await connectUpstream(target(withTls, tls), 5_000);
    expect(upstream.parameters.get('server_version')).toMatch(/^15/);
    await upstream.run("set application_name = 'changed'");
    expect(upstream.parameters.get('application_name')).toBe('changed');
    const connection = upstream.handOver();
    const raw = new RawClient(connection.stream, connection.received);
    raw.send(m.query('select 1'));
    expect(types(await raw.until())).toBe('TDCZ');
    raw.send(m.query("do $$ begin raise notice 'it runs'; perform pg_sleep(60); end $$"));
    await raw.wait(() => raw.frames.some((frame) => frame.type === 'N'));
    await connection.cancel();
    expect(error(await raw.until())['C']).toBe('57014');
    raw.destroy();
  },
);
