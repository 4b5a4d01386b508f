import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactStatement } from './redact.ts';

const SECRET = 'hunter2Planted';

/** Each statement holds SECRET (or a form of it); none may keep it. */
const PLANTED: readonly string[] = [
  `CREATE ROLE bob LOGIN PASSWORD '${SECRET}'`,
  `create user bob with encrypted password '${SECRET}' valid until '2030-01-01'`,
  `ALTER ROLE bob PASSWORD E'${SECRET}'`,
  `ALTER ROLE bob PASSWORD U&'${SECRET}'`,
  `ALTER ROLE bob PASSWORD $$${SECRET}$$`,
  `ALTER ROLE bob PASSWORD $tag$${SECRET}$tag$`,
  `ALTER ROLE bob /* hi */ PASSWORD -- there\n '${SECRET}'`,
  `ALTER ROLE bob PASSWORD 'first'\n'${SECRET}'`,
  `ALTER ROLE bob PASSWORD '${SECRET}`,
  `ALTER ROLE bob PASSWORD 'it''s ${SECRET}'`,
  `ALTER ROLE bob SET password TO '${SECRET}'`,
  `ALTER ROLE "password" PASSWORD '${SECRET}'`,
  `CREATE USER bob IDENTIFIED BY '${SECRET}'`,
  `CREATE USER bob IDENTIFIED BY "${SECRET}"`,
  `CREATE USER 'bob'@'%' IDENTIFIED WITH caching_sha2_password BY '${SECRET}'`,
  `CREATE USER 'bob'@'%' IDENTIFIED WITH sha256 BY '${SECRET}'`,
  `GRANT ALL ON *.* TO 'bob'@'%' IDENTIFIED BY PASSWORD '*${SECRET}'`,
  `SET PASSWORD FOR 'bob'@'localhost' = '${SECRET}'`,
  `SET PASSWORD = PASSWORD('${SECRET}')`,
  `CREATE USER MAPPING FOR bob SERVER s OPTIONS (user 'bob', password '${SECRET}')`,
  `ALTER USER MAPPING FOR bob SERVER s OPTIONS (SET password '${SECRET}')`,
  `CREATE USER MAPPING FOR bob SERVER s OPTIONS ("password" '${SECRET}')`,
  `CREATE SUBSCRIPTION s CONNECTION 'host=h user=u password=${SECRET} dbname=d' PUBLICATION p`,
  `SELECT dblink_connect('host=h password=''${SECRET} x'' user=u')`,
  `SELECT dblink_connect(E'host=h password=\\'${SECRET} x\\' user=u')`,
  `SELECT dblink('postgresql://u:${SECRET}@h/d', 'select 1')`,
  `SELECT 'postgres://u:p@${SECRET}@h/d'`,
  `-- postgres://u:${SECRET}@h/d\nselect 1`,
  `/* password=${SECRET} */ select 1`,
  `SELECT 'Authorization: Bearer ${SECRET}'`,
  `SELECT 'gha_${SECRET}', 'ghp_${SECRET}'`,
  `select 1 -- gha_${SECRET}`,
  `SELECT 'eyJhbGciOiJIUzI1NiJ9.eyJ${SECRET}.${SECRET}'`,
  `SELECT '-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----'`,
  `UPDATE users SET password = '${SECRET}' WHERE id = 1`,
  `UPDATE users SET password = crypt('${SECRET}', gen_salt('bf')) WHERE id = 1`,
  `UPDATE users SET password = md5('salt' || '${SECRET}') WHERE id = 1`,
  `SELECT pgp_sym_decrypt(c.data, '${SECRET}') FROM c`,
  `SELECT hmac(x.y, ('${SECRET}'), 'sha256') FROM x`,
  `SELECT set_config('app.api_token', '${SECRET}', false)`,
  `SET app.client_secret = '${SECRET}'`,
  `SELECT jsonb_build_object('password', '${SECRET}')`,
  `SELECT '{"user": "bob", "password": "${SECRET}"}'::jsonb`,
  `SELECT * FROM users WHERE api_key IN ('a', '${SECRET}')`,
  `DO $$ BEGIN EXECUTE 'ALTER ROLE bob PASSWORD ''${SECRET}'''; END $$`,
  `DO $x$ BEGIN ALTER ROLE bob PASSWORD '${SECRET}'; END $x$`,
  `EXECUTE format('ALTER ROLE bob PASSWORD %L', '${SECRET} password')`.replace(`'${SECRET} password'`, `'x'`) + ` -- pwd=${SECRET}`,
  `SELECT 'a\\' , PASSWORD '${SECRET}' , ' b'`,
  `ALTER ROLE bob PASSWORD 'x\\'${SECRET}'`,
  `selec oops ALTER ROLE bob PASSWORD '${SECRET}' (((`,
];

describe('redactStatement', () => {
  it.each(PLANTED)('keeps no planted secret: %s', (statement) => {
    const redacted = redactStatement(statement);
    expect(redacted).not.toContain(SECRET);
    expect(redacted).toContain('[redacted]');
  });

  it('keeps everything around the secret', () => {
    expect(redactStatement(`ALTER ROLE bob PASSWORD '${SECRET}' VALID UNTIL '2030-01-01'`)).toBe(
      `ALTER ROLE bob PASSWORD '[redacted]' VALID UNTIL '2030-01-01'`,
    );
    expect(redactStatement(`SELECT dblink('postgresql://u:${SECRET}@h/d', 'select 1')`)).toBe(
      `SELECT dblink('postgresql://u:[redacted]@h/d', 'select 1')`,
    );
    expect(redactStatement(`create user mapping for u server s options (user 'bob', password '${SECRET}')`)).toBe(
      `create user mapping for u server s options (user 'bob', password '[redacted]')`,
    );
    expect(redactStatement(`select 'host=h password=${SECRET} dbname=d'`)).toBe(`select 'host=h password=[redacted] dbname=d'`);
    expect(redactStatement(`do $$ begin execute 'alter role b password ''${SECRET}'''; end $$`)).toBe(
      `do $$ begin execute 'alter role b password ''[redacted]'''; end $$`,
    );
  });

  it.each([
    `select name, email from customers where id = 7 and note = 'it''s fine'`,
    `select password, token from accounts where password is null and note = 'kept'`,
    `select u.password = v.password from u join v using (id) where u.name = 'kept'`,
    `comment on column users.password is 'kept'`,
    `select 'https://example.com/path?x=1@y'`,
    `select token_type from t where token_type = 'kept'`,
    `select pass_rate from exams where subject = 'kept'`,
  ])('leaves alone what is no secret: %s', (statement) => {
    expect(redactStatement(statement)).toBe(statement);
  });

  it('is stable: redacting twice changes nothing more', () => {
    for (const statement of PLANTED) {
      const once = redactStatement(statement);
      expect(redactStatement(once)).toBe(once);
    }
  });

  it('never throws and never keeps a role password, whatever surrounds it', () => {
    const noise = fc.string({ unit: fc.constantFrom(...`'"$\\-/*();, \n`, 'a', 'é', '$x$', '😀', ' password ', 'E'), maxLength: 12 });
    fc.assert(
      fc.property(noise, (after) => {
        expect(redactStatement(`ALTER ROLE bob PASSWORD '${SECRET}'${after}`)).not.toContain(SECRET);
      }),
    );
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        redactStatement(before + after);
      }),
    );
  });
});
