import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { schemaToJson } from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { DEFAULT_FOLDER, defaultFiles, engineOf, filesWithPolicies, problemsOf } from '../../test/support/bundle.ts';
import { ACTION_GROUPS } from '../sql/analysis.ts';
import { loadBundle, loadBundleFiles } from './bundle.ts';
import { MAX_FILE_BYTES } from './bundle-files.ts';

const folders: string[] = [];
function copyOfDefault(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bundle-'));
  folders.push(folder);
  cpSync(DEFAULT_FOLDER, folder, { recursive: true });
  return folder;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function messagesOf(folder: string): string {
  const loaded = loadBundle(folder);
  return 'problems' in loaded ? loaded.problems.map(({ file, message }) => `${file}: ${message}`).join('\n') : 'ok';
}

/** Replaces one text in one file of the default bundle; fails when it is not there. */
function edited(file: string, from: string, to: string): ReturnType<typeof defaultFiles> {
  const text = defaultFiles().get(file) ?? '';
  expect(text).toContain(from);
  return defaultFiles({ [file]: text.replace(from, to) });
}

describe('the schema', () => {
  test('has exactly the actions and groups of the analysis', () => {
    const json = schemaToJson(defaultFiles().get('schema.cedarschema') ?? '');
    if (json.type === 'failure') throw new Error('the schema does not parse');
    const groups: Record<string, string[]> = {};
    for (const [action, { memberOf, appliesTo }] of Object.entries(json.json['']?.actions ?? {})) {
      if ((appliesTo?.resourceTypes ?? []).length === 0) groups[action] ??= [];
      else (groups[memberOf?.[0]?.id ?? action] ??= []).push(action);
    }
    const sorted = (record: Readonly<Record<string, readonly string[]>>): unknown =>
      Object.entries(record)
        .map(([group, actions]) => [group, actions.toSorted()])
        .toSorted(([a = ''], [b = '']) => (String(a) < String(b) ? -1 : 1));
    expect(sorted(groups)).toEqual(sorted(ACTION_GROUPS));
  });

  test.each([
    ['an action that is missing', 'action export appliesTo', 'action exprt appliesTo', /action `export` is missing/],
    [
      'an action in another group',
      'action select, explain, copyOut, describe in [read]',
      'action select, explain, copyOut, describe in [write]',
      /must be in `read`/,
    ],
    ['a fact that is missing', '  estimatedRows?: Long,\n', '', /does not fit.*estimatedRows/],
    ['a fact that we never give', '  tainted: Bool,', '  tainted: Bool,\n  mood: String,', /does not fit.*mood/],
    ['a hierarchy that is cut', 'entity Schema in [Connection];', 'entity Schema;', /does not fit/],
    [
      'an action that agents do not have',
      'action export appliesTo {\n  principal: [Person, Agent],',
      'action export appliesTo {\n  principal: [Person],',
      /`export` on a table does not fit/,
    ],
  ])('refuses the bundle with %s', (_name, from, to, message) => {
    const files = new Map(edited('schema.cedarschema', from, to));
    for (const path of files.keys()) if (path.startsWith('policies/') || path.startsWith('tests/')) files.delete(path);
    files.set('policies/a.cedar', '@id("a") permit (principal, action == Action::"select", resource);');
    expect(problemsOf(files).join('\n')).toMatch(message);
  });
});

describe('strictness', () => {
  test.each([
    ['manifest.json', '"sequence": 1', '"sequnce": 1', 'manifest.json:5:3: unknown key `sequnce`'],
    ['manifest.json', '"formatVersion": 1', '"formatVersion": 2', 'manifest.json:2:20: `formatVersion`'],
    ['manifest.json', '"whenExpired": "read-only"', '"whenExpired": "readonly"', 'manifest.json:10:18: `whenExpired`'],
    ['manifest.json', '2099-01-01', '2020-01-01', 'manifest.json:8:16: `expiresAt`: not after `notBefore`'],
    ['manifest.json', '"sequence": 1,', '"sequence": 1, "sequence": 2,', 'manifest.json:5:'],
    ['manifest.json', '"sequence": 1,', 'sequence: 1,', 'manifest.json:5:3: not valid JSON'],
    ['settings.json', '"maxSessions": 20', '"maxSesions": 20', 'settings.json:15:7: unknown key `maxSesions`'],
    ['settings.json', '"maxSessions": 20', '"maxSessions": {"value": 20, "lockd": true}', 'settings.json:15:36: unknown key `lockd`'],
    [
      'settings.json',
      '"maxSessions": 20',
      '"maxSessions": {"value": -1, "locked": true}',
      'settings.json:15:32: `limits.agent.maxSessions.value`',
    ],
    ['settings.json', '"auditMode": "strict"', '"auditMode": "strickt"', 'settings.json:18:16: `auditMode`'],
    ['classification.yaml', 'clear:\n', 'claer:\n', ': unknown key `claer`'],
    ['classification.yaml', '{tag: pii.email, column: [mail,', '{tag: pii.emial, column: [mail,', ': no tag `pii.emial` under `tags`'],
    ['classification.yaml', 'mask: {date-trunc: year}', 'mask: {date-trunk: year}', ': unknown key `date-trunk`'],
    [
      'classification.yaml',
      'mask: {date-trunc: year}',
      'mask: {date-trunc: week}',
      'classification.yaml:10:39: `tags.pii.birth_date.mask.date-trunc`',
    ],
    ['classification.yaml', '  secret: {mask: redact', '  derived: {mask: none}\n  secret: {mask: redact', "is Gatehouse's own tag"],
    ['classification.yaml', 'column: [mail,', 'colum: [mail,', ': unknown key `colum`'],
    ['classification.yaml', 'clear:\n', 'cleanFunctions: [{schema: *x, name: y}]\nclear:\n', 'classification.yaml'],
    ['classification.yaml', 'column: [mail,', 'column: ["a**b", mail,', '`**` says no more than `*`'],
    ['tests/policies.yaml', 'expect: {verdict: allow, policies: [people-read]}', 'expect: {verdict: allowed}', 'tests/policies.yaml:16:23'],
    ['tests/policies.yaml', 'as: ana\n', 'as: anna\n', 'no principal `anna` in this file'],
    ['policies/reading.cedar', 'resource);', 'resource in Environment::"prod");', '"prod"'],
    ['policies/reading.cedar', 'Action::"read"', 'Action::"raed"', 'policies/reading.cedar:5:40: unrecognized action'],
    ['policies/reading.cedar', 'resource);', 'resource in Tag::"pii.emial");', 'the classification has no tag `pii.emial`'],
    ['policies/reading.cedar', 'resource);', 'resource) when { false };', 'policy is impossible'],
    ['policies/reading.cedar', 'permit (principal is Person', 'permit (principal is Persn', 'policies/reading.cedar:5:'],
    [
      'policies/reading.cedar',
      'permit (principal is Person, action in',
      'permit (principal == ?principal, action in',
      'policies/reading.cedar:5:22: templates',
    ],
    ['policies/reading.cedar', 'permit (principal is Person', 'permit ((principal is Person', 'policies/reading.cedar:5:'],
    ['policies/reading.cedar', '@id("agents-read")', '@id("people-write")', 'the id `people-write` is already used'],
  ])('%s with `%s` as `%s` says %s', (file, from, to, expected) => {
    const found = problemsOf(edited(file, from, to));
    expect(found.join('\n')).toContain(expected);
  });

  test('shows the place with carets, also behind characters of several bytes', () => {
    const [problem] = problemsOf(filesWithPolicies('// größer 👩‍🚒\n@id("ä") permit (principal, action, resource);\n'));
    expect(problem).toBe(
      'policies/test.cedar:2:1: every policy needs an `@id("…")` of small letters, digits and hyphens\n  @id("ä") permit (principal, action, resource);\n  ^^^^^^^^',
    );
    const [typed] = problemsOf(
      filesWithPolicies('@id("a") // ä\npermit (principal, action, resource) when { "ö" == "ö" && context.naem == 1 };'),
    );
    expect(typed).toMatch(/^policies\/test\.cedar:2:59: .*\n.*\n {60}\^{12}$/);
  });

  test('finds any unknown key, at any depth', () => {
    const settings: unknown = JSON.parse(defaultFiles().get('settings.json') ?? '');
    fc.assert(
      fc.property(
        fc.constantFrom([], ['limits'], ['limits', 'person'], ['limits', 'agent']),
        fc.string({ minLength: 1, maxLength: 8 }).filter((key) => !['limits', 'person', 'agent'].includes(key)),
        (path, key) => {
          const copy = structuredClone(settings);
          let at: unknown = copy;
          for (const part of path) at = (at as Record<string, unknown>)[part];
          Object.defineProperty(at, key, { value: 1, enumerable: true, configurable: true, writable: true });
          expect(problemsOf(defaultFiles({ 'settings.json': JSON.stringify(copy) })).join()).toContain('unknown key');
        },
      ),
      { numRuns: 25 },
    );
  });

  test('refuses a bundle without policies, and one that needs a newer version', () => {
    expect(problemsOf(filesWithPolicies('// nothing yet')).join()).toContain('no policy at all');
    const needs = (appVersion: string): boolean =>
      'problems' in loadBundleFiles(edited('manifest.json', '"0.1.0"', '"0.10.0"'), { appVersion });
    expect(['0.9.9', '0.10.0', '0.10.0-beta', '1.0.0', 'unknown'].map(needs)).toEqual([true, false, false, false, true]);
  });
});

describe('the folder', () => {
  test('is read when it is a bundle', () => {
    expect(messagesOf(copyOfDefault())).toBe('ok');
  });

  test.each([
    [
      'a file that has no place',
      (folder: string) => writeFileSync(join(folder, 'policy.cedar'), ''),
      'policy.cedar: unknown file in a bundle',
    ],
    [
      'a policy file of another kind',
      (folder: string) => writeFileSync(join(folder, 'policies', 'a.txt'), ''),
      'policies/a.txt: a file of this name',
    ],
    ['a missing file', (folder: string) => rmSync(join(folder, 'settings.json')), 'settings.json: missing'],
    [
      'a link',
      (folder: string) => symlinkSync('/etc/hostname', join(folder, 'policies', 'link.cedar')),
      'policies/link.cedar: not a regular file',
    ],
    [
      'a folder that is a link',
      (folder: string) => {
        rmSync(join(folder, 'tests'), { recursive: true });
        symlinkSync(join(DEFAULT_FOLDER, 'tests'), join(folder, 'tests'));
      },
      'tests: not a folder',
    ],
    [
      'a pipe',
      (folder: string) => execFileSync('mkfifo', [join(folder, 'policies', 'pipe.cedar')]),
      'policies/pipe.cedar: not a regular file',
    ],
    [
      'a file that is too large',
      (folder: string) => writeFileSync(join(folder, 'README.md'), 'x'.repeat(MAX_FILE_BYTES + 1)),
      'README.md: larger than',
    ],
    [
      'bytes that are no text',
      (folder: string) => writeFileSync(join(folder, 'policies', 'a.cedar'), Buffer.from([0xff, 0xfe])),
      'policies/a.cedar: not valid UTF-8',
    ],
  ])('is refused with %s', (_name, damage, expected) => {
    const folder = copyOfDefault();
    damage(folder);
    expect(messagesOf(folder)).toContain(expected);
  });

  test('is refused when it does not exist', () => {
    expect(messagesOf(join(tmpdir(), 'gatehouse-no-such-bundle'))).toContain('ENOENT');
  });
});

describe('the engine of a bundle', () => {
  test('has a version that changes with any text, limits per kind of principal, and the settings', () => {
    const one = engineOf(defaultFiles());
    expect(one.bundle).toMatchObject({ id: 'gatehouse/default', sequence: 1, managed: false });
    expect(engineOf(defaultFiles()).bundle.version).toBe(one.bundle.version);
    expect(engineOf(edited('policies/reading.cedar', 'People may read', 'All people may read')).bundle.version).not.toBe(
      one.bundle.version,
    );
    expect(one.limitsOf({ kind: 'agent', name: 'a', groups: [] })).toEqual({
      rowsPerStatement: 10_000,
      bytesPerStatement: 33_554_432,
      statementTimeoutMs: 30_000,
      maxStatementBytes: 1_048_576,
      maxSessions: 20,
    });
    expect(one.limitsOf({ kind: 'person', name: 'a', groups: [] }).statementTimeoutMs).toBe(600_000);
    expect(one.settings).toEqual({ auditMode: 'strict', auditParameters: 'types' });
  });

  test('knows which settings are locked', () => {
    const loaded = loadBundleFiles(edited('settings.json', '"maxSessions": 20', '"maxSessions": {"value": 3, "locked": true}'));
    expect('bundle' in loaded && [...loaded.bundle.locked]).toEqual(['limits.agent.maxSessions']);
    expect('ok' in loaded && loaded.ok.limitsOf({ kind: 'agent', name: 'a', groups: [] }).maxSessions).toBe(3);
  });
});
