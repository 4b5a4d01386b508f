import { X509Certificate } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ensureTlsCertificate, makeCertificate } from './tls-certificate.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const NOW = new Date('2026-11-22T12:00:00Z');

test('a made certificate is signed by its own key, names this machine and is no authority', () => {
  const { cert } = makeCertificate(NOW);
  const certificate = new X509Certificate(cert);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkHost('localhost')).toBe('localhost');
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(certificate.checkIP('::1')).toBe('::1');
  expect(certificate.checkHost('example.com')).toBeUndefined();
  expect(certificate.ca).toBe(false);
  expect(Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)).toBe(825 * 86_400_000);
});

test('OpenSSL reads and verifies it', () => {
  const file = join(folder, 'made.pem');
  writeFileSync(file, makeCertificate(new Date()).cert);
  expect(execFileSync('openssl', ['verify', '-CAfile', file, file], { encoding: 'utf8' })).toContain('OK');
});

test('it is kept, its key readable by its owner only, and made anew when it ends soon or is damaged', () => {
  const kept = join(folder, 'kept');
  const first = ensureTlsCertificate(kept, NOW);
  expect(statSync(join(kept, 'tls-key.pem')).mode & 0o777).toBe(0o600);
  expect(ensureTlsCertificate(kept, NOW).cert).toBe(first.cert);
  const second = ensureTlsCertificate(kept, new Date(NOW.getTime() + 810 * 86_400_000));
  expect(second.cert).not.toBe(first.cert);
  writeFileSync(first.certFile, 'damaged');
  expect(ensureTlsCertificate(kept, NOW).cert).toContain('BEGIN CERTIFICATE');
});
