import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type Client,
  CREATOR_ALL_ACL,
  connect,
  EVENT,
  KeeperError,
  OPEN_ACL,
  PERMS,
  WATCHER_TYPE,
  type WatchEvent,
} from '../../src/client/index.ts';
import { closeAll, failure, open, text, until } from './clients.ts';
import { Relay } from './relay.ts';

/** A server for the suite: standalone, tick 500 ms, extended types on, empty. */
export interface SuiteServer {
  /** `host:port`. */
  readonly address: string;
  stop(): Promise<unknown>;
}

/** Every operation of the client and every kind of watch, to be run in a `describe` against a server. */
export function operationsSuite(start: () => Promise<SuiteServer>): void {
  let server: SuiteServer | undefined;
  let address = '';
  let client: Client;
  closeAll();
  beforeAll(async () => {
    server = await start();
    address = server.address;
    client = await open(address, { sessionTimeoutMs: 8000 });
  });
  afterAll(() => server?.stop());

  it('opens a session', () => {
    expect(client.state).toBe('connected');
    expect(client.sessionTimeoutMs).toBe(8000);
    expect(client.sessionId >> 56n).toBe(1n);
    expect(client.server).toBe(address);
  });

  it('creates nodes of every kind', async () => {
    expect(await client.create('/kinds', 'x')).toEqual({ path: '/kinds', stat: undefined });
    const withStat = await client.create('/kinds/stat', 'abc', { stat: true });
    expect(withStat).toMatchObject({
      path: '/kinds/stat',
      stat: { dataLength: 3, version: 0, ephemeralOwner: 0n },
    });
    const sequential = await client.create('/kinds/s-', null, { mode: 'persistentSequential' });
    expect(sequential.path).toBe('/kinds/s-0000000001');
    const digits = await client.create('/kinds/', null, { mode: 'persistentSequential', stat: true });
    expect(digits.path).toBe('/kinds/0000000002');
    const ephemeral = await client.create('/kinds/e', null, { mode: 'ephemeral', stat: true });
    expect(ephemeral.stat?.ephemeralOwner).toBe(client.sessionId);
    await client.create('/kinds/e-', null, { mode: 'ephemeralSequential' });
    const container = await client.create('/kinds/c', 'in', { mode: 'container' });
    expect(container).toMatchObject({ path: '/kinds/c', stat: { ephemeralOwner: 0n, dataLength: 2 } });
    const ttl = await client.create('/kinds/t', 'in', { mode: 'persistentTtl', ttlMs: 1_000_000 });
    expect(ttl).toMatchObject({ path: '/kinds/t', stat: { ephemeralOwner: 0n } });
    const both = await client.create('/kinds/t-', null, {
      mode: 'persistentSequentialTtl',
      ttlMs: 1_000_000,
    });
    expect(both.path).toMatch(/^\/kinds\/t-\d{10}$/);
    expect((await client.getEphemerals('/kinds')).sort()).toEqual(['/kinds/e', '/kinds/e-0000000004']);
    expect(await client.getEphemerals('/other')).toEqual([]);
  });

  it('reads and writes, in order when pipelined', async () => {
    await client.create('/rw', 'v0');
    const all = await Promise.all(
      Array.from({ length: 2000 }, (_, i) =>
        i % 2 === 0
          ? client.set('/rw', `v${i}`).then(() => '')
          : client.get('/rw').then(({ data }) => String(data)),
      ),
    );
    for (let i = 1; i < 2000; i += 2) expect(all[i]).toBe(`v${i - 1}`);
    const { data, stat } = await client.get('/rw');
    expect(String(data)).toBe('v1998');
    expect(stat.version).toBe(1000);
    expect(await client.exists('/rw')).toEqual(stat);
    expect(client.lastZxid).toBeGreaterThanOrEqual(stat.mzxid);
    await client.sync('/rw');
    await client.set('/rw', null);
    expect((await client.get('/rw')).data).toBeNull();
    await client.set('/rw', '');
    expect((await client.get('/rw')).data).toEqual(Buffer.alloc(0));
  });

  it('a value of almost a megabyte, and one that is too long', async () => {
    const big = Buffer.alloc(1_000_000, 'z');
    await client.create('/big', big);
    expect((await client.get('/big')).data?.equals(big)).toBe(true);
    expect(await failure(client.set('/big', Buffer.alloc(2_000_000)))).toMatchObject({
      errName: 'CONNECTIONLOSS',
    });
    expect((await client.get('/big')).data?.equals(big)).toBe(true);
  });

  it('lists and counts children', async () => {
    await client.create('/kids');
    await Promise.all(Array.from({ length: 500 }, (_, i) => client.create(`/kids/ü${i}`)));
    const { children, stat } = await client.getChildren('/kids');
    expect(children.sort()).toEqual(Array.from({ length: 500 }, (_, i) => `ü${i}`).sort());
    expect(stat.numChildren).toBe(500);
    expect(await client.getAllChildrenNumber('/kids')).toBe(500);
  });

  it("every refusal has its name and Apache's words", async () => {
    await client.create('/err');
    await client.create('/err/child');
    await client.create('/err/e', null, { mode: 'ephemeral' });
    for (const [promise, name, words] of [
      [client.get('/err/no'), 'NONODE', 'KeeperErrorCode = NoNode for /err/no'],
      [client.create('/err'), 'NODEEXISTS', 'KeeperErrorCode = NodeExists for /err'],
      [client.delete('/err'), 'NOTEMPTY', 'KeeperErrorCode = Directory not empty for /err'],
      [client.set('/err', 'x', 7), 'BADVERSION', 'KeeperErrorCode = BadVersion for /err'],
      [
        client.create('/err/e/x'),
        'NOCHILDRENFOREPHEMERALS',
        'KeeperErrorCode = NoChildrenForEphemerals for /err/e/x',
      ],
      [client.setAcl('/err', []), 'INVALIDACL', 'KeeperErrorCode = InvalidACL for /err'],
      [client.delete('/'), 'BADARGUMENTS', 'KeeperErrorCode = BadArguments for /'],
      [
        client.removeWatches('/err', WATCHER_TYPE.any),
        'NOWATCHER',
        'KeeperErrorCode = No such watcher for /err',
      ],
      [client.reconfig({ leaving: '1' }), 'RECONFIGDISABLED', 'KeeperErrorCode = Reconfig is disabled'],
    ] as const) {
      const error = await failure(promise);
      expect(error).toBeInstanceOf(KeeperError);
      expect(error).toMatchObject({ errName: name, message: words });
    }
  });

  it('ACLs and credentials', async () => {
    const owner = await open(address, { auth: [{ scheme: 'digest', auth: 'u:p' }] });
    await owner.create('/acl', 'secret', { acl: CREATOR_ALL_ACL });
    expect(await owner.getAcl('/acl')).toMatchObject({
      acl: [{ perms: PERMS.ALL, id: { scheme: 'digest', id: 'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=' } }],
    });
    expect(await failure(client.get('/acl'))).toMatchObject({ errName: 'NOAUTH' });
    expect(await owner.setAcl('/acl', OPEN_ACL, 0)).toMatchObject({ aversion: 1 });
    expect(String((await client.get('/acl')).data)).toBe('secret');
    expect(await owner.whoAmI()).toEqual([
      { authScheme: 'ip', user: '127.0.0.1' },
      { authScheme: 'digest', user: 'u' },
    ]);
    await owner.addAuth('digest', 'second:x');
    expect((await owner.whoAmI()).length).toBe(3);
    expect(await failure(owner.addAuth('nonsense', 'x'))).toMatchObject({ errName: 'AUTHFAILED' });
    expect(owner.state).toBe('authFailed');
  });

  it('multi: all or none; multiRead: each on its own', async () => {
    const results = await client
      .transaction()
      .create('/m', '0')
      .create('/m/s-', null, { mode: 'persistentSequential' })
      .create('/m/c', null, { mode: 'container' })
      .set('/m', '1', 0)
      .check('/m', 1)
      .delete('/m/c')
      .commit();
    expect(results).toMatchObject([
      { type: 'create', path: '/m' },
      { type: 'create', path: '/m/s-0000000000' },
      { type: 'create', path: '/m/c' },
      { type: 'set', stat: { version: 1 } },
      { type: 'check' },
      { type: 'delete' },
    ]);
    const error = await failure(
      client.transaction().set('/m', '2').check('/m', 9).delete('/m/s-0000000000').commit(),
    );
    expect(error).toMatchObject({
      errName: 'BADVERSION',
      path: '/m',
      results: [{ code: 0 }, { code: -103 }, { code: -2 }],
    });
    expect(await client.multi([])).toEqual([]);
    const reads = await client.multiRead([
      { type: 'get', path: '/m' },
      { type: 'children', path: '/m' },
      { type: 'get', path: '/m/none' },
    ]);
    expect(reads).toMatchObject([
      { type: 'get', data: Buffer.from('1'), stat: { version: 1 } },
      { type: 'children', children: ['s-0000000000'] },
      { type: 'error', code: -101 },
    ]);
  });

  it('a chroot, in paths, events, ephemerals and multi', async () => {
    await client.create('/base');
    await client.create('/baseless', null, { mode: 'ephemeral' });
    const inside = await open(`${address}/base`);
    const seen: string[] = [];
    expect(await inside.create('/a', 'x', { mode: 'ephemeral' })).toMatchObject({ path: '/a' });
    await inside.get('/a', (e) => seen.push(text(e)));
    await inside.getChildren('/', (e) => seen.push(text(e)));
    await client.delete('/base/a');
    await until(() => seen.length === 2, 'events');
    expect(seen.sort()).toEqual(['SyncConnected NodeChildrenChanged /', 'SyncConnected NodeDeleted /a']);
    await inside.create('/e', null, { mode: 'ephemeral' });
    expect(await inside.getEphemerals()).toEqual(['/e']);
    expect(await inside.multi([{ type: 'create', path: '/m' }])).toMatchObject([{ path: '/m' }]);
    expect(await failure(inside.get('/none'))).toMatchObject({ path: '/none' });
    expect((await inside.getConfig()).data).toBeInstanceOf(Buffer);
    expect((await inside.getChildren('/')).children.sort()).toEqual(['e', 'm']);
  });

  it('one-shot watches', async () => {
    const seen: string[] = [];
    const note = (e: WatchEvent) => void seen.push(text(e));
    await client.create('/w', '0');
    await client.get('/w', note);
    await client.set('/w', '1');
    await client.set('/w', '2');
    await client.exists('/w/x', note);
    await client.getChildren('/w', note);
    await client.create('/w/x');
    await client.get('/w/x', note);
    await client.getChildren('/w/x', note);
    await client.delete('/w/x');
    await client.sync('/');
    expect(seen).toEqual([
      'SyncConnected NodeDataChanged /w',
      'SyncConnected NodeCreated /w/x',
      'SyncConnected NodeChildrenChanged /w',
      'SyncConnected NodeDeleted /w/x',
    ]);
  });

  it('persistent watches, as callback and iterator, and their removal', async () => {
    await client.create('/p');
    await client.create('/p/a');
    const deep = await client.addWatch('/p', 'persistentRecursive');
    // On a path of its own: up to 3.8 a server keeps one kind of watch for each path.
    const flat = await client.addWatch('/p/a', 'persistent', client.watch());
    await client.set('/p/a', 'x');
    await client.create('/p/a/b');
    await client.set('/p', 'x');
    await client.sync('/');
    const taken = { deep: [] as string[], flat: [] as string[] };
    for (let i = 0; i < 3; i++) taken.deep.push(text((await deep.next()).value as WatchEvent));
    for (let i = 0; i < 2; i++) taken.flat.push(text((await flat.next()).value as WatchEvent));
    expect(taken).toEqual({
      deep: [
        'SyncConnected NodeDataChanged /p/a',
        'SyncConnected NodeCreated /p/a/b',
        'SyncConnected NodeDataChanged /p',
      ],
      flat: ['SyncConnected NodeDataChanged /p/a', 'SyncConnected NodeChildrenChanged /p/a'],
    });
    expect(await client.checkWatches('/p', WATCHER_TYPE.any)).toBe(true);
    await client.removeWatches('/p', WATCHER_TYPE.any);
    expect((await deep.next()).value).toMatchObject({ type: EVENT.persistentWatchRemoved, path: '/p' });
    expect(await client.checkWatches('/p', WATCHER_TYPE.any)).toBe(false);
    flat.close();
  });

  it('a one-shot watch does not end the persistent one on its path, also on servers that keep one kind a path', async () => {
    await client.create('/both');
    const kept: string[] = [];
    const once: string[] = [];
    const watch = await client.addWatch('/both', 'persistent');
    watch.on((e) => void kept.push(text(e)));
    for (const read of ['get', 'exists', 'getChildren'] as const) {
      await client[read]('/both', (e) => void once.push(`${read} ${text(e)}`));
    }
    await client.set('/both', '1');
    await client.set('/both', '2');
    await client.create('/both/x');
    await client.create('/both/y');
    await client.sync('/');
    expect(kept).toEqual([
      'SyncConnected NodeDataChanged /both',
      'SyncConnected NodeDataChanged /both',
      'SyncConnected NodeChildrenChanged /both',
      'SyncConnected NodeChildrenChanged /both',
    ]);
    expect(once.sort()).toEqual([
      'exists SyncConnected NodeDataChanged /both',
      'get SyncConnected NodeDataChanged /both',
      'getChildren SyncConnected NodeChildrenChanged /both',
    ]);
    watch.close();
  });

  it('a session is taken over with its password, and lost with its end', async () => {
    // Two clients with one session take it from each other for ever: the first is kept from coming back.
    const relay = await Relay.to(Number(address.split(':')[1]));
    const first = await open(relay.address, { localExpiry: false });
    await first.create('/owned', null, { mode: 'ephemeral' });
    relay.refuse = true;
    const session = { id: first.sessionId, passwd: first.sessionPasswd };
    const wrong = { ...session, passwd: Buffer.alloc(16, 1) };
    const thief = connect({ servers: address, session: wrong });
    expect(await failure(thief.connected(5000))).toMatchObject({ errName: 'SESSIONEXPIRED' });
    const second = await open(address, { session });
    expect(second.sessionId).toBe(first.sessionId);
    expect((await second.exists('/owned'))?.ephemeralOwner).toBe(first.sessionId);
    await second.close();
    expect(await client.exists('/owned')).toBeUndefined();
    relay.refuse = false;
    await until(() => first.state === 'expired', 'the end of the first');
    await relay.close();
  });
}
