import { describe, expect, it } from 'vitest';
import { ZktError } from '../../src/base/errors.ts';
import type { NodeData } from '../../src/client/api.ts';
import { isKeeperError, KeeperError } from '../../src/client/keeper-error.ts';
import { connected, text } from './connected.ts';
import { FakeServer } from './fake-server.ts';
import { World } from './world.ts';

describe('operations', () => {
  it('create, get, set, exists, children, delete', async () => {
    const { client, done } = await connected();
    expect(await done(client.create('/a', 'one'))).toEqual({ path: '/a', stat: undefined });
    expect(await done(client.get('/a'))).toMatchObject({
      data: Buffer.from('one'),
      stat: { version: 0, czxid: 1n },
    });
    expect(await done(client.set('/a', Buffer.from('two')))).toMatchObject({ version: 1 });
    expect(await done(client.exists('/a'))).toMatchObject({ mzxid: 2n });
    expect(await done(client.exists('/b'))).toBeUndefined();
    expect(await done(client.getChildren('/'))).toMatchObject({ children: ['a'] });
    expect(await done(client.delete('/a'))).toBeUndefined();
    expect(client.lastZxid).toBe(3n);
  });

  it('null data differs from empty', async () => {
    const { client, done } = await connected();
    await done(client.create('/n'));
    await done(client.create('/e', ''));
    expect((await done(client.get('/n'))).data).toBeNull();
    expect((await done(client.get('/e'))).data).toEqual(Buffer.alloc(0));
  });

  it('a refusal has code, name, path and the words of Apache', async () => {
    const { client, done } = await connected();
    const error = await done(client.get('/no')).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(KeeperError);
    expect(error).toMatchObject({
      code: -101,
      errName: 'NONODE',
      path: '/no',
      message: 'KeeperErrorCode = NoNode for /no',
    });
    expect(isKeeperError(error, 'NONODE')).toBe(true);
    expect(isKeeperError(error, 'NOAUTH')).toBe(false);
  });

  it('mistakes of the caller are told and not sent', async () => {
    const { client, server, done } = await connected();
    const before = server.zxid;
    for (const [what, wrong] of [
      ['Path must start with / character', () => client.get('a')],
      ['Path must not end with / character', () => client.create('/a/')],
      ['ttlMs belongs to the TTL modes', () => client.create('/a', null, { ttlMs: 5 })],
      ['ttlMs belongs to the TTL modes', () => client.create('/a', null, { mode: 'persistentTtl' })],
      ['ttlMs must be', () => client.create('/a', null, { mode: 'persistentTtl', ttlMs: 0 })],
      ['ttlMs must be', () => client.create('/a', null, { mode: 'persistentTtl', ttlMs: 2 ** 41 })],
      ['Path must start', () => client.multi([{ type: 'delete', path: 'x' }])],
    ] as const) {
      const error = await done(wrong() as Promise<unknown>).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ZktError);
      expect(error).toMatchObject({ code: 'ZKT_USAGE', message: expect.stringContaining(what) });
    }
    expect(server.zxid).toBe(before);
  });

  it('callers without types get an error too, and the connection lives on', async () => {
    const { client, done } = await connected();
    for (const wrong of [
      () => client.get(7 as unknown as string),
      () => client.create('/a', 7 as unknown as string),
      () => client.create('/a', null, { acl: [{ perms: 1 }] as never }),
      () => client.create('/a', null, { mode: 'eternal' as never }),
      () => client.addWatch('/a', 'eternal' as never),
      () => client.addAuth(7 as never, 'x'),
      () => client.get('/', 7 as never),
    ]) {
      await expect(done(wrong() as Promise<unknown>)).rejects.toThrow();
    }
    expect(await done(client.create('/a'))).toMatchObject({ path: '/a' });
    expect(client.state).toBe('connected');
  });

  it('small values do not keep the chunk they came in', async () => {
    const { client, done } = await connected();
    await done(client.create('/a', 'x'));
    const all = await done(Promise.all(Array.from({ length: 1000 }, () => client.get('/a'))));
    const { data } = all[999] as NodeData;
    expect(data?.buffer.byteLength).toBeLessThan(16_384);
  });

  it('operations before the connection wait for it', async () => {
    const world = new World();
    const server = new FakeServer(world);
    const client = world.client();
    const first = client.create('/a', '1');
    const second = client.get('/a');
    await world.settle();
    expect((await first).path).toBe('/a');
    expect(String((await second).data)).toBe('1');
    expect(server.applied).toEqual(['create /a 1']);
  });
});

describe('chroot', () => {
  it('is put before every path and taken off what comes back', async () => {
    const { client, server, done, events, world } = await connected({ servers: 'zk/app/one' });
    server.change('create', '/app', null);
    server.change('create', '/app/one', null);
    expect(client.chroot).toBe('/app/one');
    expect(await done(client.create('/x', '1'))).toMatchObject({ path: '/x' });
    expect(server.nodes.has('/app/one/x')).toBe(true);
    await done(client.get('/x', true));
    await done(client.getChildren('/', true));
    await done(client.exists('/app', true));
    server.change('set', '/app/one/x', Buffer.from('2'));
    server.change('delete', '/app/one/x', null);
    server.change('create', '/app/one/app', null);
    await world.settle();
    expect(events).toEqual([
      'SyncConnected NodeDataChanged /x',
      'SyncConnected NodeChildrenChanged /',
      'SyncConnected NodeCreated /app',
    ]);
    const error = await done(client.get('/x')).catch((e: unknown) => e);
    expect(error).toMatchObject({ path: '/x' });
    await expect(done(client.delete('/'))).resolves.toBeUndefined();
    expect(server.applied.at(-1)).toBe('delete / ');
  });
});

describe('the session', () => {
  it('tells its states, and ends once', async () => {
    const { client, server, world, done, events } = await connected();
    const states: string[] = [];
    const off = client.onState((state) => states.push(state));
    server.dropAll();
    await world.pass(1000);
    await done(client.close());
    await done(client.close());
    off();
    expect(states).toEqual(['connecting', 'connected', 'closed']);
    expect(events.at(-1)).toBe('Closed None null');
    expect(server.sessions.size).toBe(0);
    expect(world.pendingTimers).toBe(0);
    await expect(done(client.get('/'))).rejects.toMatchObject({ errName: 'SESSIONEXPIRED' });
    await expect(client.connected()).rejects.toMatchObject({ errName: 'SESSIONEXPIRED' });
  });

  it('expires when the server says so; everything waiting is told', async () => {
    const { client, server, world, events } = await connected();
    const heard: string[] = [];
    const asked = client.exists('/a', (e) => heard.push(text(e)));
    await world.settle();
    await asked;
    server.expire(client.sessionId);
    await world.settle();
    const lost = expect(client.get('/')).rejects.toMatchObject({ errName: 'SESSIONEXPIRED' });
    await world.pass(5000);
    await lost;
    expect(client.state).toBe('expired');
    expect(events).toEqual(['Disconnected None null', 'Expired None null']);
    expect(heard).toEqual(['Expired None null']);
    expect(world.pendingTimers).toBe(0);
  });

  it('is taken over by whoever has id and password', async () => {
    const { client, world, done } = await connected();
    await done(client.create('/a'));
    const heir = world.client({ session: { id: client.sessionId, passwd: client.sessionPasswd } });
    await world.settle();
    expect(heir.sessionId).toBe(client.sessionId);
    const thief = world.client({ session: { id: client.sessionId, passwd: Buffer.alloc(16, 9) } });
    await world.settle();
    expect(thief.state).toBe('expired');
  });

  it('fails for good when a credential is refused', async () => {
    const { client, server, world, done } = await connected({ auth: [{ scheme: 'digest', auth: 'a:b' }] });
    expect(server.auths).toEqual(['digest a:b']);
    await done(client.addAuth('digest', 'c:d'));
    server.dropAll();
    await world.pass(1000);
    expect(server.auths).toEqual(['digest a:b', 'digest c:d', 'digest a:b', 'digest c:d']);
    await expect(done(client.addAuth('bad', 'x'))).rejects.toMatchObject({ errName: 'AUTHFAILED' });
    expect(client.state).toBe('authFailed');
    await expect(done(client.get('/'))).rejects.toMatchObject({ errName: 'AUTHFAILED' });
  });

  it('moves from a read-only server to a read-write one', async () => {
    const world = new World();
    const one = new FakeServer(world, 1);
    const two = new FakeServer(world, 2);
    one.readOnly = true;
    two.refusing = true;
    const client = world.client({ servers: 'zk:1,zk:2', readOnly: true });
    await world.pass(500);
    expect(client.state).toBe('connectedReadOnly');
    two.refusing = false;
    await world.pass(5000);
    expect([client.state, client.server]).toEqual(['connected', 'zk:2']);
  });

  it('pings while idle, and leaves a server that is silent', async () => {
    const { client, server, world } = await connected({ sessionTimeoutMs: 3000 });
    await world.pass(60_000);
    expect(client.state).toBe('connected');
    const before = [...server.links];
    server.mute = true;
    await world.pass(2100);
    server.mute = false;
    await world.pass(500);
    expect(client.state).toBe('connected');
    expect(before.some((link) => server.links.has(link))).toBe(false);
  });
});

describe('connected()', () => {
  it('gives up after a time, with the last reason', async () => {
    const world = new World();
    const client = world.client();
    const waiting = client.connected(500).catch((e: unknown) => e);
    await world.pass(600);
    expect(await waiting).toMatchObject({
      code: 'ZKT_CONNECT',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(client.state).toBe('connecting');
  });

  it('or after every server was tried', async () => {
    const world = new World();
    const client = world.client({ servers: 'zk:1,zk:2,zk:3' });
    const waiting = client.connected(60_000, 1).catch((e: unknown) => e);
    await world.settle();
    await world.pass(10);
    expect(await waiting).toMatchObject({ code: 'ZKT_CONNECT' });
    await client.close();
    expect(world.pendingTimers).toBe(0);
  });

  it('finds the one server that works', async () => {
    const world = new World();
    new FakeServer(world, 2);
    const client = world.client({ servers: 'zk:1,zk:2,zk:3' });
    const waiting = client.connected();
    await world.pass(1000);
    await waiting;
    expect(client.server).toBe('zk:2');
  });
});

describe('load', () => {
  it('a burst larger than the limit of unsent output is sent piece by piece', async () => {
    const { client, server, done } = await connected();
    await done(client.create('/a'));
    const data = Buffer.alloc(100_000);
    const sets = Array.from({ length: 100 }, () => client.set('/a', data));
    const stats = await done(Promise.all(sets));
    expect(stats.map((s) => s.version)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(server.applied.length).toBe(101);
  });

  it('more operations than allowed are refused, not queued', async () => {
    const { client, done } = await connected({ outstandingMax: 10 });
    const all = Array.from({ length: 11 }, () => client.exists('/'));
    await expect(done(Promise.allSettled(all))).resolves.toMatchObject([
      ...Array(10).fill({ status: 'fulfilled' }),
      { status: 'rejected', reason: { code: 'ZKT_CLIENT_BUSY' } },
    ]);
  });
});
