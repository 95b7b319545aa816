/** Where the HTTP admin is, and who may ask it. */
import { describe, expect, test } from 'vitest';
import { ZktError } from '../../../src/base/errors.ts';
import { isSecret } from '../../../src/server/config/keys.ts';
import { type LoadOptions, loadConfig } from '../../../src/server/config/load-config.ts';
import type { AdminConfig } from '../../../src/server/config/server-config.ts';
import { textDisk } from './memory-disk.ts';

const TOKEN = 'sesame-sesame-sesame';
const FILES = {
  '/token': ` ${TOKEN}\n`,
  '/short': 'sesame\n',
  '/two': `${TOKEN}\n${TOKEN}\n`,
  '/empty': '',
};

const admin = (options: LoadOptions): AdminConfig => loadConfig(textDisk(FILES), options).admin;
const given = (...definitions: string[]): AdminConfig => admin({ definitions });

const refusal = (...definitions: string[]): string => {
  try {
    given(...definitions);
  } catch (thrown) {
    if (thrown instanceof ZktError) return `${thrown.code} ${thrown.message}`;
    throw thrown;
  }
  return 'no error';
};

describe('the HTTP admin', () => {
  test('without a word about it', () => {
    expect(admin({})).toEqual({
      enabled: true,
      host: '127.0.0.1',
      port: 8080,
      portGiven: false,
      commandUrl: '/commands',
      idleTimeoutMs: 30_000,
      token: undefined,
    });
  });

  test('of a member without a configuration is beside its neighbours', () => {
    expect([1, 2, 3].map((id) => admin({ id }).port)).toEqual([8081, 8082, 8083]);
    expect(admin({ id: 2 }).portGiven).toBe(false);
    expect(admin({ id: 2, definitions: ['admin.serverPort=9000'] })).toMatchObject({
      port: 9000,
      portGiven: true,
    });
    expect(admin({ port: 0 })).toMatchObject({ port: 8080 });
  });

  test.each<[string, Partial<AdminConfig>]>([
    ['admin.enableServer=false', { enabled: false }],
    ['admin.serverPort=0', { port: 0, portGiven: true }],
    ['admin.serverPort=8080', { port: 8080, portGiven: true }],
    ['zookeeper.admin.serverPort=9', { port: 9, portGiven: true }],
    ['admin.serverAddress=localhost', { host: 'localhost' }],
    ['admin.serverAddress=127.0.0.2', { host: '127.0.0.2' }],
    ['admin.serverAddress=[::1]', { host: '::1' }],
    ['admin.commandURL=/zk/v1', { commandUrl: '/zk/v1' }],
    ['admin.idleTimeout=5', { idleTimeoutMs: 5 }],
    [`zkt.adminToken=${TOKEN}`, { token: TOKEN, host: '127.0.0.1' }],
    ['zkt.adminTokenFile=/token', { token: TOKEN }],
  ])('%s', (line, expected) => {
    expect(given(line)).toMatchObject(expected);
  });

  test.each([
    '0.0.0.0',
    '::',
    '10.0.0.1',
    'zk1.example',
    'localhost.example',
    '128.0.0.1',
    '127.0.0.1.example',
  ])('on %s needs a token, or must be off', (host) => {
    const line = `admin.serverAddress=${host}`;
    expect(refusal(line)).toMatch(/^ZKT_CONFIG_LINE .*expected a token \(zkt\.adminTokenFile/);
    expect(given(line, 'zkt.adminTokenFile=/token')).toMatchObject({ host, token: TOKEN });
    expect(given(line, 'admin.enableServer=false').enabled).toBe(false);
  });

  test.each<[string, RegExp]>([
    ['admin.serverPort=65536', /ZKT_CONFIG_LINE/],
    ['admin.commandURL=commands', /a path such as/],
    ['admin.commandURL=/', /a path such as/],
    ['admin.commandURL=/a/', /a path such as/],
    ['admin.commandURL=/a b', /a path such as/],
    ['admin.commandURL=/<script>', /a path such as/],
    ['zkt.adminToken=short', /16 to 512/],
    ['zkt.adminToken=with blank with blank', /16 to 512/],
    ['zkt.adminTokenFile=/short', /a file of 16 to 512/],
    ['zkt.adminTokenFile=/empty', /a file of 16 to 512/],
    ['zkt.adminTokenFile=/two', /a file of 16 to 512/],
    ['zkt.adminTokenFile=/gone', /ZKT_CONFIG_UNREADABLE .*\/gone/],
  ])('%s is refused', (line, why) => {
    expect(refusal(line)).toMatch(why);
    expect(refusal(line)).not.toMatch(/=short|with blank/);
  });

  test('two tokens are one too many', () => {
    expect(refusal(`zkt.adminToken=${TOKEN}`, 'zkt.adminTokenFile=/token')).toMatch(/expected one token/);
  });

  test('a token is not to be shown', () => {
    expect([isSecret('zkt.adminToken'), isSecret('zookeeper.zkt.adminToken')]).toEqual([true, true]);
    expect([isSecret('zkt.adminTokenFile'), isSecret('connection_throttle_tokens')]).toEqual([false, false]);
  });
});
