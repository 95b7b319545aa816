import { describe, expect, test } from 'vitest';
import { Cluster, ensembleText } from './elector-cluster.ts';

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
});
