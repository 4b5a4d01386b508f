import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomic } from './atomic-file.ts';
import { defaultHome, openProfile } from './profile.ts';
import { removeRunFile, runningProxy, writeRunFile } from './run-file.ts';
import { parseSettings, readSettings, writeSettings } from './settings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const mode = (path: string) => statSync(path).mode & 0o777;
const broken = (code: string): unknown => expect.objectContaining({ code });

describe('the profile folder', () => {
  it('has a default place on each system', () => {
    expect(defaultHome('linux', { XDG_CONFIG_HOME: '/x' }, '/home/ada')).toBe('/x/gatehouse');
    expect(defaultHome('linux', { XDG_CONFIG_HOME: '' }, '/home/ada')).toBe('/home/ada/.config/gatehouse');
    expect(defaultHome('darwin', {}, '/Users/ada')).toBe('/Users/ada/Library/Application Support/Gatehouse');
    expect(defaultHome('win32', { APPDATA: '/r' }, '/u')).toBe('/r/Gatehouse');
  });

  it('is made private and keeps its id', () => {
    const { id, home } = openProfile(join(folder, 'a', 'b'));
    expect(mode(home)).toBe(0o700);
    expect(openProfile(home).id).toBe(id);
    chmodSync(home, 0o755);
    openProfile(home);
    expect(mode(home)).toBe(0o700);
  });

  it('is not taken, nor its permissions changed, when it is an open folder with other things', () => {
    const shared = join(folder, 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o755);
    writeFileSync(join(shared, 'thesis.txt'), '');
    expect(() => openProfile(shared)).toThrow(broken('PROFILE_UNSAFE'));
    expect(mode(shared)).toBe(0o755);
  });

  it('has files that are replaced whole and leave no temporary behind', () => {
    const file = join(folder, 'x');
    writeFileAtomic(file, 'one');
    writeFileAtomic(file, 'two');
    expect(() => writeFileAtomic(file, 'three', { exclusive: true })).toThrow(broken('EEXIST'));
    expect(readdirSync(folder)).toEqual(['x']);
    expect(mode(file)).toBe(0o600);
  });
});

describe('settings', () => {
  it('default where nothing is written, and are read back as written', () => {
    expect(readSettings(folder).listen).toEqual({ host: '127.0.0.1', postgres: 15432, mysql: 13306, mcp: 15433, app: 15434 });
    writeSettings(folder, { listen: { postgres: 0 }, groups: ['dba'] });
    expect(readSettings(folder)).toMatchObject({ listen: { postgres: 0, mysql: 13306 }, groups: ['dba'] });
  });

  it.each([
    ['{"listen":{"postgress":1}}', '`listen.postgress`'],
    ['{"listen":{"host":"0.0.0.0"}}', '`listen.host`'],
    ['{"listen":{"postgres":70000}}', '`listen.postgres`'],
    ['{"listen":{"postgres":"5432"}}', '`listen.postgres`'],
    ['[]', 'gatehouse.json'],
    ['{', 'not valid JSON'],
  ])('%s is refused by name', (text, says) => {
    expect(() => parseSettings(text)).toThrow(broken('SETTINGS_INVALID'));
    expect(() => parseSettings(text)).toThrow(says);
  });
});

describe('run.json', () => {
  const ready = { ready: true, postgres: { host: '127.0.0.1', port: 4 }, app: { url: 'http://127.0.0.1:9/#token=planted' } } as const;

  it('tells where the running proxy listens, until it is removed by its own process', () => {
    expect(runningProxy(folder)).toBeUndefined();
    writeRunFile(folder, ready);
    expect(runningProxy(folder)).toEqual({ pid: process.pid, ready: { ready: true, postgres: ready.postgres } });
    removeRunFile(folder, 1);
    expect(runningProxy(folder)).toBeDefined();
    removeRunFile(folder);
    expect(runningProxy(folder)).toBeUndefined();
  });

  it('is ignored when its process is gone, when the pid is another process by now, or when it is damaged', () => {
    writeRunFile(folder, ready, 2 ** 22 + 5);
    expect(runningProxy(folder)).toBeUndefined();
    writeFileSync(join(folder, 'run.json'), JSON.stringify({ pid: process.pid, started: '1', ready: { ready: true } }));
    expect(runningProxy(folder) === undefined).toBe(process.platform === 'linux');
    writeFileSync(join(folder, 'run.json'), '{"pid":');
    expect(runningProxy(folder)).toBeUndefined();
  });
});
