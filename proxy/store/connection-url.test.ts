import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatehouseError } from '../errors.ts';
import { parseConnectionUrl } from './connection-url.ts';

const parse = (url: string) => parseConnectionUrl(url, 'ada');

/** `undefined`: it was accepted. Any other error than a refusal is thrown on. */
function refusalOf(url: string): string | undefined {
  try {
    parse(url);
    return undefined;
  } catch (error) {
    if (error instanceof GatehouseError) return error.message;
    throw error;
  }
}

describe('a connection URL', () => {
  it('gives every part', () => {
    expect(parse('postgres://app:s3cret@db.example.com:6432/shop?sslmode=require')).toEqual({
      engine: 'postgres',
      host: 'db.example.com',
      port: 6432,
      user: 'app',
      password: 's3cret',
      database: 'shop',
      tls: 'require',
    });
  });

  it('has the defaults of libpq for host, port, user and database', () => {
    expect(parse('postgresql://')).toMatchObject({ host: 'localhost', port: 5432, user: 'ada', password: undefined, database: 'ada' });
    expect(parse('postgres://app@db')).toMatchObject({ user: 'app', database: 'app' });
  });

  it('asks a server off this machine to prove who it is, unless told otherwise', () => {
    expect(parse('postgres://u@127.0.0.1/d').tls).toBe('prefer');
    expect(parse('postgres://u@[::1]/d').tls).toBe('prefer');
    expect(parse('postgres://u@db.example.com/d').tls).toBe('verify-full');
    expect(parse('postgres://u@127.evil.example/d').tls).toBe('verify-full');
    expect(parse('postgres://u@localhost/d?sslrootcert=/ca.pem')).toMatchObject({ tls: 'verify-full', caFile: '/ca.pem' });
    expect(parse('postgres://u@db/d?sslrootcert=system')).not.toHaveProperty('caFile');
  });

  it('decodes percent-encoding in every part', () => {
    expect(parse('postgres://a%40b:p%3A%2F%3F%23%5B%5D%40%25@h/my%20db?sslrootcert=%2Fa%20b.pem')).toMatchObject({
      user: 'a@b',
      password: 'p:/?#[]@%',
      database: 'my db',
      caFile: '/a b.pem',
    });
  });

  it('takes an IPv6 host in brackets', () => {
    expect(parse('postgres://u:p@[2001:db8::1]:5433/d')).toMatchObject({ host: '2001:db8::1', port: 5433, password: 'p' });
  });

  it.each([
    ['mysql://u:hunter2@h/d', 'scheme'],
    ['u:hunter2@h/d', 'connection URL'],
    ['postgres://u:hunter2@h:0/d', 'port'],
    ['postgres://u:hunter2@h:65536/d', 'port'],
    ['postgres://u:hunter2@h:5x/d', 'port'],
    ['postgres://u:hunter2@a,b/d', 'several hosts'],
    ['postgres://u:hunter2@%2Fvar%2Frun/d', 'Unix sockets'],
    ['postgres://u:hunter2@[nonsense]/d', 'IPv6'],
    ['postgres://u:hunter2@h/a%2Fb', '`/`'],
    ['postgres://u:hunter2@h/d?sslmode=allow', 'sslmode'],
    ['postgres://u:hunter2@h/d?options=-c%20x', '`options`'],
    ['postgres://u:hunter2@h/d?sslmode=require&sslmode=disable', 'twice'],
    ['postgres://u:hunter2%zz@h/d', 'percent-encoding'],
    ['postgres://u:hunter2@h/d%00', 'NUL'],
  ])('%s is refused, and the message quotes no password', (url, says) => {
    const message = refusalOf(url) ?? '';
    expect(message).toContain(says);
    expect(message).not.toContain('hunter2');
  });

  it('gives back any user, password and database that was encoded into it', () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1 }).filter((s) => !s.includes('\0') && !s.includes('/') && s.isWellFormed());
    fc.assert(
      fc.property(part, part, part, (user, password, database) => {
        const e = encodeURIComponent;
        expect(parse(`postgres://${e(user)}:${e(password)}@h:1/${e(database)}`)).toMatchObject({ user, password, database });
      }),
    );
  });

  it('never fails with anything but a refusal', () => {
    fc.assert(
      fc.property(fc.string(), (tail) => {
        expect(() => refusalOf(`postgres://${tail}`)).not.toThrow();
      }),
    );
  });
});
