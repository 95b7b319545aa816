import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { Chroot } from '../../src/client/chroot.ts';
import { addressText, parseServerList } from '../../src/client/connect-string.ts';
import { HostList } from '../../src/client/host-list.ts';
import { CLIENT_LIMITS } from '../../src/client/limits.ts';
import { WatchRegistry } from '../../src/client/watch-registry.ts';
import { EVENT, WATCHER_TYPE } from '../../src/protocol/watch-types.ts';

describe('server lists', () => {
  for (const [text, servers, chroot] of [
    ['a', 'a:2181', ''],
    ['a:1,b:2', 'a:1 b:2', ''],
    [' a:1 , b ,', 'a:1 b:2181', ''],
    ['a/', 'a:2181', ''],
    ['a:1,b:2/x/y', 'a:1 b:2', '/x/y'],
    ['[::1]:2182,[fe80::1]', '[::1]:2182 [fe80::1]:2181', ''],
    ['a:65535', 'a:65535', ''],
  ] as const) {
    it(JSON.stringify(text), () => {
      const list = parseServerList(text);
      expect(list.servers.map(addressText).join(' ')).toBe(servers);
      expect(list.chroot).toBe(chroot);
    });
  }
  for (const text of [
    '',
    ',',
    '/x',
    'a:0',
    'a:65536',
    'a:x',
    'a:',
    ':1',
    '::1',
    '[::1',
    '[]:1',
    '[::1]x',
    'a/x/',
    'a/x//y',
    'a/../x',
  ]) {
    it(`${JSON.stringify(text)} is refused`, () => {
      expect(() => parseServerList(text)).toThrow(/bad server list/);
    });
  }
});

describe('chroot', () => {
  for (const [prefix, path, full] of [
    ['', '/', '/'],
    ['', '/a', '/a'],
    ['/app', '/', '/app'],
    ['/app', '/a', '/app/a'],
  ] as const) {
    it(`${prefix} with ${path}`, () => {
      const chroot = new Chroot(prefix);
      expect(chroot.full(path)).toBe(full);
      expect(chroot.strip(full)).toBe(path);
    });
  }
  it('a sibling that begins like it is outside', () => {
    const chroot = new Chroot('/app');
    expect(chroot.holds('/apple')).toBe(false);
    expect(chroot.strip('/apple/x')).toBe('/apple/x');
    expect(chroot.strip('/zookeeper/config')).toBe('/zookeeper/config');
  });
});

describe('the order of servers', () => {
  const servers = ['a', 'b', 'c', 'd'].map((host) => ({ host, port: 1 }));
  it('is shuffled, and each is tried once a round', () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const hosts = new HostList(servers, new Prng(seed));
      const round = servers.map(() => hosts.next().host);
      expect([...round].sort()).toEqual(['a', 'b', 'c', 'd']);
      expect(servers.map(() => hosts.next().host)).toEqual(round);
      orders.add(round.join(''));
    }
    expect(orders.size).toBeGreaterThan(10);
  });

  it('pauses grow with failed rounds to a limit, and begin anew after success', () => {
    const hosts = new HostList(servers.slice(0, 2), { below: (limit) => limit - 1 });
    const pauses: number[] = [];
    for (let i = 0; i < 40; i++) {
      hosts.failed();
      pauses.push(hosts.pauseMs());
    }
    expect(pauses.slice(0, 6)).toEqual([0, 100, 0, 200, 0, 400]);
    expect(Math.max(...pauses)).toBe(CLIENT_LIMITS.backoffMsMax);
    hosts.settled();
    expect(hosts.pauseMs()).toBeLessThan(CLIENT_LIMITS.reconnectJitterMs);
    expect(hosts.rounds).toBe(0);
  });
});

describe('the registry of watches', () => {
  const a = () => {};
  const b = () => {};
  const name = (sinks: Iterable<unknown>) =>
    [...sinks]
      .map((s) => (s === a ? 'a' : 'b'))
      .sort()
      .join('');

  for (const [kind, path, type, at, first, second] of [
    ['data', '/x', 'nodeDataChanged', '/x', 'a', ''],
    ['data', '/x', 'nodeCreated', '/x', 'a', ''],
    ['data', '/x', 'nodeDeleted', '/x', 'a', ''],
    ['data', '/x', 'nodeChildrenChanged', '/x', '', ''],
    ['data', '/x', 'nodeDataChanged', '/x/y', '', ''],
    ['exist', '/x', 'nodeCreated', '/x', 'a', ''],
    ['exist', '/x', 'nodeDeleted', '/x', 'a', ''],
    ['child', '/x', 'nodeChildrenChanged', '/x', 'a', ''],
    ['child', '/x', 'nodeDeleted', '/x', 'a', ''],
    ['child', '/x', 'nodeDataChanged', '/x', '', ''],
    ['persistent', '/x', 'nodeChildrenChanged', '/x', 'a', 'a'],
    ['persistent', '/x', 'nodeDataChanged', '/x', 'a', 'a'],
    ['persistent', '/x', 'nodeDataChanged', '/x/y', '', ''],
    ['persistentRecursive', '/x', 'nodeDataChanged', '/x', 'a', 'a'],
    ['persistentRecursive', '/x', 'nodeDataChanged', '/x/y/z', 'a', 'a'],
    ['persistentRecursive', '/', 'nodeDataChanged', '/x/y/z', 'a', 'a'],
    ['persistentRecursive', '/', 'nodeDataChanged', '/', 'a', 'a'],
    ['persistentRecursive', '/x', 'nodeDataChanged', '/xy', '', ''],
    ['persistentRecursive', '/x', 'nodeDataChanged', '/', '', ''],
    ['persistentRecursive', '/x', 'nodeChildrenChanged', '/x', '', ''],
    ['data', '/x', 'none', '/x', '', ''],
  ] as const) {
    it(`${kind} ${path}: ${type} ${at}`, () => {
      const r = new WatchRegistry();
      r.add(kind, path, a);
      expect(name(r.fire(EVENT[type], at))).toBe(first);
      expect(name(r.fire(EVENT[type], at))).toBe(second);
    });
  }

  it('removes by kind and by sink', () => {
    const r = new WatchRegistry();
    for (const kind of ['data', 'exist', 'child', 'persistent', 'persistentRecursive'] as const) {
      r.add(kind, '/x', a);
      r.add(kind, '/x', b);
    }
    expect(r.remove('/x', WATCHER_TYPE.data, a)).toEqual([{ type: EVENT.dataWatchRemoved, sinks: [a] }]);
    expect(r.has('/x', WATCHER_TYPE.data, a)).toBe(false);
    expect(r.has('/x', WATCHER_TYPE.data, b)).toBe(true);
    expect(r.hasOthers('/x', WATCHER_TYPE.data, b)).toBe(false);
    expect(r.hasOthers('/x', WATCHER_TYPE.data, a)).toBe(true);
    expect(r.remove('/x', WATCHER_TYPE.persistent)).toEqual([
      { type: EVENT.persistentWatchRemoved, sinks: [a, b] },
    ]);
    expect(r.remove('/y', WATCHER_TYPE.any)).toEqual([]);
    expect(r.remove('/x', WATCHER_TYPE.any)).toEqual([
      { type: EVENT.dataWatchRemoved, sinks: [b] },
      { type: EVENT.childWatchRemoved, sinks: [a, b] },
      { type: EVENT.persistentWatchRemoved, sinks: [a, b] },
    ]);
    expect(r.sinks(['data', 'exist', 'child', 'persistent', 'persistentRecursive']).size).toBe(0);
  });

  it('names like those of objects are plain paths', () => {
    const r = new WatchRegistry();
    expect(r.fire(EVENT.nodeCreated, '/__proto__').size).toBe(0);
    r.add('data', '__proto__', a);
    expect([...r.paths('data')]).toEqual(['__proto__']);
  });
});
