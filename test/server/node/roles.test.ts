import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.ts';
import { JuteReader } from '../../../src/jute/reader.ts';
import { OPEN_ACL } from '../../../src/protocol/acl.ts';
import * as m from '../../../src/protocol/messages.ts';
import { MultiRequest } from '../../../src/protocol/multi.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { ADD_WATCH_MODE } from '../../../src/protocol/watch-types.ts';
import { check, clientOf, roles } from './role-check.ts';
import type { Reply, RoleClient } from './role-client.ts';
import { RoleRig, TICK_MS } from './role-rig.ts';

const TIMEOUT_MS = 2 * TICK_MS;

describe.each(roles)('a client of the %s', (_role, memberOf) => {
  check('gets a session, and every answer in the order it asked', async (rig) => {
    const client = await clientOf(rig, memberOf(rig));
    expect(client.session).not.toBe(0n);
    client.create('/a', 0, '1');
    client.get('/a');
    client.set('/a', '2');
    client.get('/a');
    client.sync();
    client.set('/a', '3');
    client.get('/a');
    client.create('/a');
    client.send(OP.delete, m.DeleteRequest, { path: '/a', version: 7 });
    client.send(OP.deleteContainer, m.PathRequest, { path: '/a' });
    client.send(OP.reconfig);
    client.sync();
    client.sync();
    client.get('/b');
    await client.answer(client.create('/b'));
    const errs = client.heard;
    expect(errs).toEqual([
      '1 OK',
      '2 OK',
      '3 OK',
      '4 OK',
      '5 OK',
      '6 OK',
      '7 OK',
      '8 NODEEXISTS',
      '9 BADVERSION',
      '10 BADARGUMENTS',
      '11 RECONFIGDISABLED',
      '12 OK',
      '13 OK',
      '14 NONODE',
      '15 OK',
    ]);
    const seen = [2, 4, 7].map((xid) => dataOf(client.replies.find((r) => r.xid === xid) as Reply));
    expect(seen).toEqual(['1', '2', '3']);
    const zxids = client.replies.map((r) => r.zxid);
    expect([...zxids].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))).toEqual(zxids);
  });

  check('gets the results of a multi, typed as it asked', async (rig) => {
    const client = await clientOf(rig, memberOf(rig));
    const node = (path: string) => ({ path, data: null, acl: OPEN_ACL, flags: 0 });
    const done = await client.ask(OP.multi, MultiRequest, [
      { op: OP.create, req: node('/m') },
      { op: OP.create2, req: node('/m/x') },
      { op: OP.createContainer, req: { ...node('/m/c'), flags: 4 } },
      { op: OP.check, req: { path: '/m', version: 0 } },
    ]);
    expect([done.err, typesOf(done)]).toEqual(['OK', [OP.create, OP.create2, OP.create2, OP.check]]);
    const failed = await client.ask(OP.multi, MultiRequest, [
      { op: OP.create, req: node('/n') },
      { op: OP.delete, req: { path: '/nowhere', version: -1 } },
    ]);
    expect([failed.err, failed.body.length]).toEqual(['OK', 3 * 9 + 2 * 4]);
    expect(await client.read('/n')).toBe('NONODE');
  });

  check('that closes its session hears of its ephemerals, then the answer, then the end', async (rig) => {
    const client = await clientOf(rig, memberOf(rig));
    const other = await clientOf(rig, rig.follower);
    client.create('/e', 1);
    await client.answer(client.get('/e', true));
    await other.answer(other.sync());
    await other.answer(other.get('/e', true));
    client.send(OP.closeSession);
    client.create('/late', 1);
    await rig.until(() => client.closed);
    expect(client.heard).toEqual(['1 OK', '2 OK', 'event NodeDeleted /e', '3 OK']);
    await other.answer(other.sync());
    expect(other.heard).toContain('event NodeDeleted /e');
    expect([await other.read('/e'), await other.read('/late')]).toEqual(['NONODE', 'NONODE']);
    expect(rig.leader.store.database.sessions.has(client.session)).toBe(false);
  });

  check('hears of a change before it can see it', async (rig) => {
    const client = await clientOf(rig, memberOf(rig));
    const writer = await clientOf(rig, rig.observer);
    await client.answer(client.create('/w'));
    await client.ask(OP.addWatch, m.AddWatchRequest, {
      path: '/w',
      mode: ADD_WATCH_MODE.persistentRecursive,
    });
    await writer.answer(writer.sync());
    writer.set('/w', 'x');
    await writer.answer(writer.create('/w/c'));
    await client.answer(client.sync());
    expect(client.heard).toEqual([
      '1 OK',
      '2 OK',
      'event NodeDataChanged /w',
      'event NodeCreated /w/c',
      '3 OK',
    ]);
  });

  check('lives as long as it pings, and no longer', async (rig) => {
    const client = await clientOf(rig, memberOf(rig), { timeoutMs: TIMEOUT_MS });
    const other = await clientOf(rig, rig.follower, { timeoutMs: 20 * TICK_MS });
    await client.answer(client.create('/e', 1));
    for (let i = 0; i < 16; i++) {
      await rig.sleep(TIMEOUT_MS / 4);
      client.ping();
    }
    await other.answer(other.sync());
    expect([client.closed, await other.read('/e')]).toEqual([false, '']);
    const silentSince = rig.loop.monotonicMs();
    await rig.until(() => client.closed);
    expect(rig.loop.monotonicMs() - silentSince).toBeGreaterThan(TIMEOUT_MS - TICK_MS);
    expect(rig.loop.monotonicMs() - silentSince).toBeLessThan(TIMEOUT_MS + 3 * TICK_MS);
    await other.answer(other.sync());
    expect(await other.read('/e')).toBe('NONODE');
    const again = await clientOf(rig, memberOf(rig), client.ticket);
    expect([again.greeting?.sessionId, again.greeting?.timeOut]).toEqual([0n, 0]);
  });

  check('whose session nobody knows, or who does not know the password, gets no session', async (rig) => {
    const client = await clientOf(rig, memberOf(rig));
    const thief = await clientOf(rig, memberOf(rig), { session: client.session });
    const stranger = await clientOf(rig, memberOf(rig), {
      session: 0x7700n,
      passwd: rig.leader.parts.passwords.of(0x7700n),
    });
    expect([thief.session, stranger.session, client.closed]).toEqual([0n, 0n, false]);
  });

  check('that has seen more than this server is turned away', async (rig) => {
    const client = await clientOf(rig, memberOf(rig), { lastZxid: 2n << 32n });
    expect([client.closed, client.greeting]).toEqual([true, undefined]);
  });

  check('whose server leaves its role loses the connection', async (rig) => {
    const client = await clientOf(rig, memberOf(rig));
    const { behind } = memberOf(rig).gate;
    if (behind === undefined || !('stop' in behind)) throw new Error('nobody serves');
    await (behind as { stop(why: string): Promise<void> }).stop('an election');
    await rig.until(() => client.closed);
    expect(memberOf(rig).parts.port.outstandingShare).toBe(1);
  });
});

describe('servers of an ensemble', () => {
  check('show the same tree, whoever wrote', async (rig) => {
    const clients = [];
    for (const [, memberOf] of roles) clients.push(await clientOf(rig, memberOf(rig)));
    const random = new Prng(7);
    await (clients[0] as RoleClient).answer((clients[0] as RoleClient).create('/n'));
    for (let i = 0; i < 300; i++) {
      const client = random.pick(clients);
      const what = random.below(5);
      if (what === 0) client.create('/n/s-', 2 + random.below(2), String(i));
      else if (what === 1) client.sync();
      else if (what === 2) client.set('/n', `${i}`);
      else client.get('/n');
      if (random.chance(0.1)) await rig.sleep(random.below(4));
    }
    const last = clients.map((client) => client.answer(client.sync()));
    for (const answer of last) await answer;
    await rig.until(() => rig.settled);
    const trees = [rig.leader, ...rig.learners].map(({ store: { database } }) => [
      database.lastZxid,
      database.tree.digest.value(),
      database.tree.nodeCount,
      [...database.sessions.keys()],
    ]);
    expect(trees[1]).toEqual(trees[0]);
    expect(trees[2]).toEqual(trees[0]);
    for (const client of clients) {
      const xids = client.replies.map((r) => r.xid);
      expect(xids).toEqual(xids.map((_, i) => i + 1));
    }
    for (const it of [rig.leader, ...rig.learners]) expect(it.said('tree.digest-mismatch')).toBe(0);
  });

  check('a sync waits for what its learner has not applied yet', async (rig) => {
    const writer = await clientOf(rig, rig.leader);
    const reader = await clientOf(rig, rig.follower);
    await reader.answer(reader.create('/s', 0, 'old'));
    rig.follower.stalled = true;
    await writer.answer(writer.set('/s', 'new'));
    expect(await reader.read('/s')).toBe('old');
    const synced = reader.sync();
    const read = reader.get('/s');
    await rig.sleep(20);
    expect(reader.heard).toEqual(['1 OK', '2 OK']);
    rig.follower.goOn();
    expect((await reader.answer(synced)).err).toBe('OK');
    expect(dataOf(await reader.answer(read))).toBe('new');
  });

  check('a write behind a sync is not agreed upon before it', async (rig) => {
    const client = await clientOf(rig, rig.leader);
    const before = rig.leader.proposals.length;
    let confirmed = (): void => {};
    rig.leader.confirm = (done) => {
      confirmed = done;
    };
    client.sync();
    client.create('/after');
    await rig.sleep(20);
    expect([rig.leader.proposals.length, client.heard]).toEqual([before, []]);
    rig.leader.server.forwarded(rig.follower.link, {
      session: client.session,
      cxid: 1,
      op: OP.setData,
      body: Buffer.alloc(0),
      ids: [],
    });
    expect(rig.leader.proposals.length).toBe(before + 1);
    confirmed();
    await client.answer(2);
    expect(client.heard).toEqual(['1 OK', '2 OK']);
  });

  check(
    'requests under way are limited by the share of a server',
    async (rig) => {
      expect(rig.leader.parts.port.outstandingShare).toBe(2);
      const client = await clientOf(rig, rig.follower);
      rig.follower.stalled = true;
      for (let i = 0; i < 20; i++) client.create(`/t${i}`);
      await rig.sleep(50);
      expect(rig.follower.parts.port.outstanding).toBeLessThan(7);
      rig.follower.goOn();
      expect((await client.answer(20)).err).toBe('OK');
    },
    { definitions: ['globalOutstandingLimit=10'] },
  );

  check(
    'the last zxid of an epoch is never given out',
    async (rig) => {
      const client = await clientOf(rig, rig.leader);
      await client.answer(client.create('/last'));
      expect(rig.leader.proposals.at(-1)).toBe(0x1_ffff_fffen);
      client.create('/more');
      await rig.sleep(20);
      expect([rig.leader.steppedDown, rig.leader.proposals.length]).toEqual([
        'the epoch has no zxid left',
        2,
      ]);
    },
    { firstZxid: 0x1_ffff_fffcn },
  );

  it('what no learner may ask becomes an error, and nothing else', async () => {
    const rig = await RoleRig.start();
    const client = await clientOf(rig, rig.follower);
    await client.answer(client.create('/c'));
    const nodes = rig.leader.store.database.tree.nodeCount;
    const { session } = client;
    for (const op of [OP.deleteContainer, OP.getData, OP.auth, OP.check, 4711, OP.error, OP.createSession]) {
      const body = Buffer.from([0, 0]);
      rig.leader.server.forwarded(rig.follower.link, { session, cxid: 99, op, body, ids: [] });
    }
    await rig.until(() => rig.settled);
    expect(rig.leader.store.database.tree.nodeCount).toBe(nodes);
    expect(await client.read('/c')).toBe('');
  });
});

const dataOf = ({ body }: Reply): string => String(m.GetDataResponse.read(new JuteReader(body)).data);

const typesOf = ({ body }: Reply): number[] => {
  const types: number[] = [];
  const r = new JuteReader(body);
  for (;;) {
    const { type, done } = m.MultiHeader.read(r);
    if (done) return types;
    types.push(type);
    if (type === OP.create) r.readString();
    if (type === OP.create2) m.Create2Response.read(r);
  }
};
