import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GlobalOptions } from '../../../src/cli/settings/global-options.ts';
import { DEFAULT_SERVERS, settle } from '../../../src/cli/settings/settings.ts';

let dir: string;
let file: (name: string, text: string, mode?: number) => string;

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'zkt-settings-'));
  mkdirSync(path.join(dir, 'zkt'));
  file = (name, text, mode = 0o600) => {
    const at = path.join(dir, 'zkt', name);
    writeFileSync(at, text);
    chmodSync(at, mode);
    return at;
  };
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const settled = (options: GlobalOptions = {}, env: Record<string, string> = {}) =>
  settle(options, { XDG_CONFIG_HOME: dir, ...env });
const refused = (options: GlobalOptions, env: Record<string, string>, code: string, part: string) =>
  expect(() => settled(options, env)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(part) }),
  );

describe('settings', () => {
  test('option, then environment, then profile, then default', () => {
    rmSync(path.join(dir, 'zkt', 'profiles.json'), { force: true });
    expect(settled()).toMatchObject({
      servers: DEFAULT_SERVERS,
      readOnly: false,
      timeoutMs: 10_000,
      output: 'table',
    });
    file(
      'profiles.json',
      '{"default":{"servers":"d:1","timeoutMs":7},"prod":{"servers":"p:1","readOnly":true}}',
    );
    expect(settled()).toMatchObject({ servers: 'd:1', timeoutMs: 7 });
    expect(settled({ profile: 'prod' })).toMatchObject({ servers: 'p:1', readOnly: true });
    expect(settled({}, { ZKT_PROFILE: 'prod' })).toMatchObject({ servers: 'p:1' });
    expect(settled({ profile: 'prod' }, { ZKT_SERVERS: 'e:1' })).toMatchObject({
      servers: 'e:1',
      readOnly: true,
    });
    expect(settled({ servers: 'f:1' }, { ZKT_SERVERS: 'e:1' })).toMatchObject({ servers: 'f:1' });
  });

  test('flags in the environment', () => {
    for (const yes of ['1', 'true', 'yes']) expect(settled({}, { ZKT_READ_ONLY: yes }).readOnly).toBe(true);
    for (const no of ['0', 'false', 'NO', ''])
      expect(settled({}, { ZKT_READ_ONLY: no }).readOnly).toBe(false);
    refused({}, { ZKT_TIMEOUT: 'soon' }, 'ZKT_USAGE', 'ZKT_TIMEOUT');
  });

  test('credentials come from a file nobody else reads, or from the environment', () => {
    const auth = file('auth', '# mine\n\ndigest:user:pass:word\n ip:x \n');
    expect(settled({ authFile: auth }).auth).toEqual([
      { scheme: 'digest', auth: 'user:pass:word' },
      { scheme: 'ip', auth: 'x' },
    ]);
    expect(settled({}, { ZKT_AUTH: 'digest:u:p' }).auth).toEqual([{ scheme: 'digest', auth: 'u:p' }]);
    refused({ authFile: file('open', 'digest:u:p', 0o644) }, {}, 'ZKT_FILE', 'chmod 600');
    refused({ authFile: path.join(dir, 'none') }, {}, 'ZKT_FILE', 'does not exist');
    refused({ authFile: file('bad', 'nonsense') }, {}, 'ZKT_USAGE', 'bad:1');
    refused({}, { ZKT_AUTH: 'nonsense' }, 'ZKT_USAGE', 'scheme:auth');
  });

  test('a wrong profile is told with its file', () => {
    file('profiles.json', '{"a":{"servers":1},"b":{"serverz":"x"},"c":3,"d":{"timeoutMs":-1}}');
    refused({ profile: 'a' }, {}, 'ZKT_CONFIG_UNREADABLE', 'servers must be a string');
    refused({ profile: 'b' }, {}, 'ZKT_CONFIG_UNREADABLE', 'unknown key serverz');
    refused({ profile: 'c' }, {}, 'ZKT_CONFIG_UNREADABLE', 'expected an object');
    refused({ profile: 'd' }, {}, 'ZKT_USAGE', 'timeoutMs');
    refused({ profile: '__proto__' }, {}, 'ZKT_CONFIG_MISSING', 'a, b, c, d');
    file('profiles.json', '[');
    refused({}, {}, 'ZKT_CONFIG_UNREADABLE', 'profiles.json');
    rmSync(path.join(dir, 'zkt', 'profiles.json'));
    refused({ profile: 'x' }, {}, 'ZKT_CONFIG_UNREADABLE', 'does not exist');
  });
});
