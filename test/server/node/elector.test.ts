import { describe, expect, test } from 'vitest';
import { Quorums } from '../../../src/server/quorum/quorums.ts';
import { Cluster, ensembleText, Member, membershipOf } from './elector-cluster.ts';

const THREE = ensembleText(3);

describe('electors of an ensemble', () => {
  test.each([1, 2, 3, 4, 5])(
    'three servers that start together agree, and at once (seed %i)',
    async (seed) => {
      const c = new Cluster(seed, THREE);
      for (const sid of [1, 2, 3]) await c.start(sid);
      for (const sid of [1, 2, 3]) c.member(sid).look();
      await c.decided(1, 2, 3);
      expect(c.outcome(1, 2, 3)).toBe('F3 F3 L3');
      for (const sid of [1, 2, 3]) expect(c.member(sid).ms).toBeLessThan(50);
    },
  );

  test.each([
    ['1 2 3', 'F2 L2 F2'],
    ['1 3 2', 'F3 F3 L3'],
    ['2 1 3', 'F2 L2 F2'],
    ['3 2 1', 'F3 F3 L3'],
  ])('started one after the other, in the order %s', async (order, outcome) => {
    const c = new Cluster(7, THREE);
    for (const sid of order.split(' ').map(Number)) {
      const member = await c.start(sid);
      member.look();
      await c.pass(2000);
    }
    await c.decided(1, 2, 3);
    expect(c.outcome(1, 2, 3)).toBe(outcome);
  });

  test('the newest data wins over the larger id, the newer epoch over the newer data', async () => {
    const c = new Cluster(1, THREE);
    for (const sid of [1, 2, 3]) await c.start(sid);
    c.member(1).look({ zxid: 0x1_0000_0005n, peerEpoch: 2n });
    c.member(2).look({ zxid: 0x1_0000_0009n, peerEpoch: 1n });
    c.member(3).look({ zxid: 0x1_0000_0004n, peerEpoch: 1n });
    await c.decided(1, 2, 3);
    expect(c.outcome(1, 2, 3)).toBe('L1 F1 F1');
    const rules = c
      .member(3)
      .named('election.vote-changed')
      .map((e) => e.fields);
    expect(rules.at(-1)).toMatchObject({ leader: 1n, rule: 'epoch' });
  });

  test('the leader dies: the others agree within milliseconds', async () => {
    const c = new Cluster(3, THREE);
    for (const sid of [1, 2, 3]) await c.start(sid);
    for (const sid of [1, 2, 3]) c.member(sid).look();
    await c.decided(1, 2, 3);
    await c.pass(10_000);
    c.member(3).process.kill();
    for (const sid of [1, 2]) c.member(sid).elector.roleEnded();
    await c.pass(1);
    for (const sid of [1, 2]) c.member(sid).look({ zxid: 5n, peerEpoch: 1n });
    await c.decided(1, 2);
    expect(c.outcome(1, 2)).toBe('F2 L2');
    expect(Math.max(c.member(1).ms, c.member(2).ms)).toBeLessThan(20);
  });

  test('a server that comes back joins the leader that stands, although it has more', async () => {
    const c = new Cluster(4, THREE);
    for (const sid of [1, 2]) await c.start(sid);
    for (const sid of [1, 2]) c.member(sid).look({ zxid: 5n, peerEpoch: 3n });
    await c.decided(1, 2);
    for (const sid of [1, 2]) c.member(sid).elector.epochEstablished(4n);
    await c.pass(5000);
    const late = await c.start(3);
    late.look({ zxid: 0x3_0000_0099n, peerEpoch: 3n });
    await c.decided(3);
    expect(late.decision).toMatchObject({ state: 'FOLLOWING', leader: 2n, peerEpoch: 4n });
    expect(late.ms).toBeLessThan(50);
  });

  test('a minority never decides', async () => {
    const c = new Cluster(5, ensembleText(5));
    for (const sid of [1, 2]) await c.start(sid);
    for (const sid of [1, 2]) c.member(sid).look();
    await c.pass(100_000);
    expect(c.outcome(1, 2)).toBe('? ?');
    const third = await c.start(4);
    third.look();
    await c.decided(1, 2, 4);
    expect(c.outcome(1, 2, 4)).toBe('F4 F4 L4');
    expect(third.ms).toBeLessThan(1200);
  });

  test('observers follow nobody and observe the leader', async () => {
    const c = new Cluster(6, ensembleText(3, 2));
    for (const sid of [1, 2, 3, 4, 5]) await c.start(sid);
    for (const sid of [1, 2, 3]) c.member(sid).look();
    c.member(4).look({ participant: false, zxid: 99n, peerEpoch: 9n });
    await c.decided(1, 2, 3, 4);
    c.member(5).look({ participant: false });
    await c.decided(5);
    expect(c.outcome(1, 2, 3, 4, 5)).toBe('F3 F3 L3 O3 O3');
  });

  test('decided is never called from inside look', async () => {
    const c = new Cluster(8, ensembleText(1));
    const member = await c.start(1);
    member.look();
    expect(member.decision).toBeUndefined();
    await c.decided(1);
    expect(c.outcome(1)).toBe('L1');
  });

  test('a designated leader is followed by everybody at once', async () => {
    const c = new Cluster(9, THREE);
    for (const sid of [1, 2, 3]) await c.start(sid);
    for (const sid of [1, 2, 3]) c.member(sid).look();
    await c.decided(1, 2, 3);
    for (const sid of [1, 2, 3]) {
      c.member(sid).elector.epochEstablished(1n);
      c.member(sid).elector.adopt(2n);
      c.member(sid).look({ peerEpoch: 1n });
    }
    await c.decided(1, 2, 3);
    expect(c.outcome(1, 2, 3)).toBe('F2 L2 F2');
  });

  test('a newer configuration is heard of, and the election goes on under it', async () => {
    const c = new Cluster(10, THREE);
    const newer = ensembleText(4).replace('version=0', 'version=100000005');
    const quorums = new Quorums(membershipOf(newer));
    for (const sid of [2, 3, 4]) {
      await c.start(sid, {}, quorums);
      c.member(sid).look();
    }
    await c.decided(2, 3, 4);
    const old = await c.start(1);
    old.onGossip = (text) => old.elector.configure(new Quorums(membershipOf(text)));
    old.look();
    await c.decided(1);
    expect(old.gossip).toEqual([newer]);
    expect(c.outcome(1, 2, 3, 4)).toBe('F4 F4 F4 L4');
  });

  test('a joiner that nobody knows is answered, and finds the leader', async () => {
    const c = new Cluster(11, THREE);
    for (const sid of [1, 2, 3]) await c.start(sid);
    for (const sid of [1, 2, 3]) c.member(sid).look();
    await c.decided(1, 2, 3);
    for (const sid of [1, 2, 3]) c.member(sid).elector.epochEstablished(1n);
    const joiner = await c.start(5, {}, new Quorums(membershipOf(ensembleText(3, 2))));
    joiner.look({ participant: false });
    await c.decided(5);
    expect(joiner.decision).toMatchObject({ state: 'OBSERVING', leader: 3n, peerEpoch: 1n });
    const small = await c.start(4, {}, new Quorums(membershipOf(ensembleText(3, 2))));
    small.look({ participant: false });
    await c.decided(4);
    expect(small.decision?.leader).toBe(3n);
  });

  test('a port in use is tried again, then an error that says which', async () => {
    const c = new Cluster(12, THREE);
    await c.start(1);
    const second = new Member(c, 1, c.quorums, { bindTries: 3, bindPauseMs: 500 });
    const from = c.loop.monotonicMs();
    let error: unknown;
    second.elector.open().catch((thrown: unknown) => {
      error = thrown;
    });
    await c.until(() => error !== undefined);
    expect(error).toMatchObject({ code: 'ZKT_PORT_IN_USE', context: { port: 3801 } });
    expect(c.loop.monotonicMs() - from).toBeGreaterThan(1000);
  });

  test('a port that becomes free in time is opened', async () => {
    const c = new Cluster(13, THREE);
    const first = await c.start(1);
    c.loop.after(1500, () => first.process.kill());
    await c.start(1, { bindTries: 0, bindPauseMs: 200 });
    expect(c.loop.monotonicMs()).toBeGreaterThan(1500);
  });

  test('a server that moves is found at its new address', async () => {
    const c = new Cluster(14, THREE);
    for (const sid of [1, 2, 3]) await c.start(sid);
    const moved = new Quorums(
      membershipOf(THREE.replace(':3803', ':3903').replace('version=0', 'version=1')),
    );
    for (const sid of [1, 2, 3]) c.member(sid).elector.configure(moved);
    await c.pass(100);
    for (const sid of [1, 2, 3]) c.member(sid).look();
    await c.decided(1, 2, 3);
    expect(c.outcome(1, 2, 3)).toBe('F3 F3 L3');
  });

  test('after close nothing more is said', async () => {
    const c = new Cluster(15, THREE);
    for (const sid of [1, 2]) await c.start(sid);
    const one = c.member(1);
    one.look();
    let closed = false;
    one.elector.close().then(() => {
      closed = true;
    });
    c.member(2).look();
    await c.until(() => closed);
    await c.pass(5000);
    expect(c.outcome(1, 2)).toBe('? ?');
    expect(one.process.openSockets).toBe(0);
  });

  test('elections over and over leave no connection behind', async () => {
    const c = new Cluster(16, ensembleText(5));
    for (const sid of [1, 2, 3, 4, 5]) await c.start(sid);
    for (let i = 0; i < 20; i++) {
      for (const sid of [1, 2, 3, 4, 5]) {
        if (i > 0) c.member(sid).elector.roleEnded();
        c.member(sid).look({ zxid: BigInt((i * sid) % 7) });
      }
      await c.decided(1, 2, 3, 4, 5);
      const leaders = new Set([1, 2, 3, 4, 5].map((sid) => c.member(sid).decision?.leader));
      expect([i, leaders.size]).toEqual([i, 1]);
    }
    await c.pass(20_000);
    for (const sid of [1, 2, 3, 4, 5]) expect(c.member(sid).process.openSockets).toBe(4);
  });

  test('notifications and decisions are told as events, with the whole vote', async () => {
    const c = new Cluster(17, THREE);
    for (const sid of [1, 2, 3]) await c.start(sid);
    for (const sid of [1, 2, 3]) c.member(sid).look({ zxid: BigInt(sid), peerEpoch: 4n });
    await c.decided(1, 2, 3);
    const one = c.member(1);
    const vote = { state: 'LOOKING', leader: 1n, zxid: 1n, peerEpoch: 4, round: 1, version: 2 };
    expect(one.named('election.notification-sent').map((e) => e.fields)).toContainEqual({ to: 3n, ...vote });
    const heard = c
      .member(3)
      .named('election.notification-received')
      .map((e) => e.fields as { from: bigint });
    const said = one.named('election.notification-sent').map((e) => e.fields as { to: bigint });
    const fromOne = heard.filter((f) => f.from === 1n);
    expect(fromOne.length).toBeGreaterThan(0);
    for (const { from, ...words } of fromOne) expect(said).toContainEqual({ to: from + 2n, ...words });
    const [decided] = one.named('election.decided');
    expect(decided?.fields).toMatchObject({
      state: 'FOLLOWING',
      leader: 3n,
      zxid: 3n,
      peerEpoch: 4,
      round: 1,
    });
  });

  test('once there is a leader, a dead server is not dialled any more', async () => {
    const c = new Cluster(18, THREE);
    for (const sid of [1, 2]) await c.start(sid);
    for (const sid of [1, 2]) c.member(sid).look();
    await c.decided(1, 2);
    await c.pass(100);
    const tried = c.member(1).named('election.unreachable').length;
    await c.pass(60_000);
    expect(c.member(1).named('election.unreachable').length).toBe(tried);
  });
});
