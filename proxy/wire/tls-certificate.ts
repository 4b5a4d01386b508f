// The doors' certificate: made on this machine, for this machine, self-signed with an ECDSA P-256 key that never leaves its
// folder. Clients that want to verify it name the file in their settings. Source: RFC 5280 (X.509 v3), RFC 5758 (ECDSA).
import { X509Certificate, createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../store/atomic-file.ts';
import { bitString, boolean, integer, objectIdentifier, octetString, sequence, set, tagged, time, utf8String } from './der.ts';

export interface TlsCertificate {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  /** For a client's `sslrootcert`. */
  readonly certFile: string;
}

const DAY = 86_400_000;
/** The longest that all platforms' verifiers accept. */
const VALID_DAYS = 825;
const RENEW_DAYS = 30;

const ECDSA_WITH_SHA256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
const COMMON_NAME = '2.5.4.3';

/** Reads the certificate kept in `folder`, or makes one when there is none, it is damaged, or it ends soon. */
export function ensureTlsCertificate(folder: string, now: Date): TlsCertificate {
  const keyFile = join(folder, 'tls-key.pem');
  const certFile = join(folder, 'tls-cert.pem');
  const kept = readKept(keyFile, certFile, now);
  if (kept !== undefined) return { ...kept, certFile };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const made = makeCertificate(now);
  // The key first: a certificate without its key would be found damaged and replaced, which is harmless.
  writeFileAtomic(keyFile, made.key);
  writeFileAtomic(certFile, made.cert);
  return { ...made, certFile };
}

function readKept(keyFile: string, certFile: string, now: Date): { readonly key: string; readonly cert: string } | undefined {
  try {
    const key = readFileSync(keyFile, 'utf8');
    const cert = readFileSync(certFile, 'utf8');
    const certificate = new X509Certificate(cert);
    const fits = certificate.checkPrivateKey(createPrivateKey(key));
    const current =
      Date.parse(certificate.validFrom) <= now.getTime() && Date.parse(certificate.validTo) - now.getTime() > RENEW_DAYS * DAY;
    return fits && current ? { key, cert } : undefined;
  } catch {
    return undefined;
  }
}

export function makeCertificate(now: Date): { readonly key: string; readonly cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const toBeSigned = unsignedCertificate(publicKey, now);
  const signature = sign('sha256', toBeSigned, { key: privateKey, dsaEncoding: 'der' });
  const certificate = sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  };
}

function unsignedCertificate(publicKey: KeyObject, now: Date): Buffer {
  const name = sequence(set(sequence(objectIdentifier(COMMON_NAME), utf8String('Gatehouse on this computer'))));
  const publicKeyInfo = publicKey.export({ type: 'spki', format: 'der' });
  // Clocks of clients may be a little behind ours.
  const validity = sequence(time(new Date(now.getTime() - DAY)), time(new Date(now.getTime() + (VALID_DAYS - 1) * DAY)));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return sequence(
    tagged(0, true, integer(Buffer.from([2]))),
    integer(serial),
    ECDSA_WITH_SHA256,
    name,
    validity,
    name,
    publicKeyInfo,
    tagged(3, true, extensions(publicKeyInfo)),
  );
}

function extensions(publicKeyInfo: Buffer): Buffer {
  const extension = (oid: string, critical: boolean, value: Buffer): Buffer =>
    sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
  const dns = (host: string): Buffer => tagged(2, false, Buffer.from(host));
  const address = (bytes: readonly number[]): Buffer => tagged(7, false, Buffer.from(bytes));
  return sequence(
    // Not an authority: trusting this certificate trusts nothing else.
    extension('2.5.29.19', true, sequence()),
    // digitalSignature
    extension('2.5.29.15', true, bitString(Buffer.from([0x80]), 7)),
    // serverAuth
    extension('2.5.29.37', false, sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.14', false, octetString(createHash('sha1').update(publicKeyInfo).digest())),
    extension(
      '2.5.29.17',
      false,
      sequence(dns('localhost'), address([127, 0, 0, 1]), address([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
    ),
  );
}
