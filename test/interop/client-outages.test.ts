/** zkt's client and the outages of Apache ZooKeeper: cuts, silence, kill -9, the loss of a quorum. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, CREATOR_ALL_ACL, connect, type WatchEvent } from '../../src/client/index.ts';
import { closeAll, failure, open, sleep, text, until } from '../client/clients.ts';
import { Relay } from '../client/relay.ts';
import { type ApacheServer, findApache, freePort, startApache } from './apache.ts';

closeAll();

describe.skipIf(findApache() === undefined)('over a bad network', () => {
  let server: ApacheServer;
  let client: Client;
  beforeAll(async () => {
    server = await startApache({ config: ['tickTime=500'] });
    client = await open(server.address);
  });
  afterAll(() => server?.remove());

  it('a cut connection heals; a cut longer than the timeout is the end, and ephemerals go', async () => {
    const relay = await Relay.to(server.port);
    try {
      const cut = await open(relay.address, { sessionTimeoutMs: 2000, localExpiry: false });
      const seen: string[] = [];
      cut.onEvent((e) => seen.push(text(e)));
      await cut.create('/cut', null, { mode: 'ephemeral' });
      relay.drop();
      await until(() => cut.state === 'connecting', 'the loss');
      await until(() => cut.state === 'connected', 'the return');
      expect(await cut.exists('/cut')).toBeDefined();
      await sleep(3000);
      expect(cut.state).toBe('connected');
      relay.refuse = true;
      relay.drop();
      await sleep(4000);
      expect(await client.exists('/cut')).toBeUndefined();
      relay.refuse = false;
      await until(() => cut.state === 'expired', 'expiry');
      expect(seen).toEqual([
        'Disconnected None null',
        'SyncConnected None null',
        'Disconnected None null',
        'Expired None null',
      ]);
    } finally {
      await relay.close();
    }
  });

  it('a server that hangs is noticed before the session is over', async () => {
    const relay = await Relay.to(server.port);
    try {
      const cut = await open(relay.address, { sessionTimeoutMs: 3000 });
      relay.freeze();
      const begun = performance.now();
      await until(() => cut.state === 'connecting', 'silence', 4000);
      expect(performance.now() - begun).toBeLessThan(2700);
      relay.drop();
      await until(() => cut.state === 'connected', 'the return');
    } finally {
      await relay.close();
    }
  });
});

describe.skipIf(findApache() === undefined)('over a kill -9 of Apache', () => {
  it('the session, its ephemerals, credentials and watches come back', async () => {
    const port = await freePort();
    let server = await startApache({ port });
    const dataDir = server.dataDir;
    const seen: string[] = [];
    const client = await open(`127.0.0.1:${port}`, {
      sessionTimeoutMs: 20_000,
      auth: [{ scheme: 'digest', auth: 'u:p' }],
    });
    try {
      await client.create('/e', null, { mode: 'ephemeral' });
      for (const path of ['/data', '/kids', '/gone', '/same'])
        await client.create(path, null, { acl: CREATOR_ALL_ACL });
      const note = (e: WatchEvent) => void seen.push(text(e));
      await client.get('/data', note);
      await client.getChildren('/kids', note);
      await client.exists('/born', note);
      await client.get('/gone', note);
      await client.get('/same', note);
      const watch = await client.addWatch('/same', 'persistentRecursive');
      const later: string[] = [];
      watch.on((e) => void later.push(text(e)));
      const id = client.sessionId;

      await server.kill();
      await until(() => client.state === 'connecting', 'the loss');
      const waiting = client.create('/written-while-down', 'x');
      // Meanwhile somebody else changes things: on another port, so that the client does not come back too
      // early.
      const elsewhere = await startApache({ dataDir });
      const other = await open(elsewhere.address, { auth: [{ scheme: 'digest', auth: 'u:p' }] });
      await other.set('/data', '1');
      await other.create('/kids/x');
      await other.create('/born');
      await other.delete('/gone');
      await other.close();
      await elsewhere.remove();
      server = await startApache({ port, dataDir });
      await until(() => client.state === 'connected', 'the return');

      expect(await waiting).toMatchObject({ path: '/written-while-down' });
      expect(client.sessionId).toBe(id);
      expect((await client.exists('/e'))?.ephemeralOwner).toBe(id);
      expect((await client.whoAmI()).length).toBe(2);
      expect(seen.sort()).toEqual([
        'SyncConnected NodeChildrenChanged /kids',
        'SyncConnected NodeCreated /born',
        'SyncConnected NodeDataChanged /data',
        'SyncConnected NodeDeleted /gone',
      ]);
      expect(later).toEqual(['SyncConnected None null gap disconnected']);
      await client.set('/same', 'x');
      await client.sync('/');
      expect(later.at(-1)).toBe('SyncConnected NodeDataChanged /same');
    } finally {
      await client.close();
      await server.remove();
    }
  });
});

describe.skipIf(findApache() === undefined)('an ensemble without a quorum', () => {
  it('serves reads to who accepts that, and the client moves when there is a leader', async () => {
    const ports = await Promise.all(Array.from({ length: 9 }, () => freePort()));
    const lines = [1, 2, 3].map(
      (id) => `server.${id}=127.0.0.1:${ports[id + 2]}:${ports[id + 5]};127.0.0.1:${ports[id - 1]}`,
    );
    const start = (id: number) =>
      startApache({
        port: ports[id - 1] as number,
        myid: id,
        config: ['tickTime=500', 'localSessionsEnabled=true', 'localSessionsUpgradingEnabled=true', ...lines],
        properties: { 'readonlymode.enabled': 'true' },
        noWait: true,
      });
    const servers = [await start(1)];
    const list = ports
      .slice(0, 3)
      .map((port) => `127.0.0.1:${port}`)
      .join(',');
    const client = connect({ servers: list, readOnly: true, sessionTimeoutMs: 8000 });
    try {
      await until(() => client.state === 'connectedReadOnly', 'read-only mode', 40_000);
      expect((await client.getChildren('/')).children).toEqual(['zookeeper']);
      expect(await failure(client.create('/a'))).toMatchObject({ errName: 'NOTREADONLY' });
      servers.push(await start(2), await start(3));
      await until(() => client.state === 'connected', 'a leader', 40_000);
      await client.create('/a', null, { mode: 'ephemeral' });
      expect(await client.exists('/a')).toBeDefined();
    } finally {
      await client.close();
      await Promise.all(servers.map((server) => server.remove()));
    }
  }, 120_000);
});
