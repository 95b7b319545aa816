import { describe, expect, it } from 'vitest';
import { OP } from '../../../src/protocol/opcodes.ts';
import { PACKET } from '../../../src/protocol/quorum.ts';
import { membershipText } from '../../../src/server/quorum/membership-text.ts';
import { ensemble, type FakePort, LeaderStage, show, z } from './leader-stage.ts';

/** A forwarded request. */
function request(op: number, cxid: number, body = ''): Buffer {
  const head = Buffer.alloc(16);
  head.writeBigInt64BE(77n, 0);
  head.writeInt32BE(cxid, 8);
  head.writeInt32BE(op, 12);
  return Buffer.concat([head, Buffer.from(body)]);
}

describe('the way to an established epoch', () => {
  it('needs a quorum at every step, itself included', () => {
    const stage = new LeaderStage({ servers: '1 2 3 4 5' }).start();
    const two = stage.connect(2).hello(5);
    expect(stage.take()).toEqual([]);
    const three = stage.connect(3).hello(7);
    expect(stage.take()).toEqual(['acceptEpoch 8', '2< LEADERINFO 8:0', '3< LEADERINFO 8:0']);
    two.ackEpoch(5, z(5, 10));
    expect(stage.take()).toEqual([]);
    three.ackEpoch(4, z(4, 3));
    // 4:3 is older than anything known here, so it is a snapshot for server 3.
    expect(stage.take()).toEqual([
      'enterEpoch 8',
      '2< DIFF 5:10',
      '2< NEWLEADER 8:0',
      '3< snapshot asked',
      '3< SNAP 5:10',
      '3< NEWLEADER 8:0',
    ]);
    two.ack(z(8, 0));
    expect(stage.take()).toEqual([]);
    three.ack(z(8, 0));
    expect(stage.take()).toEqual(['established 8', '2< UPTODATE -1', '3< UPTODATE -1']);
    expect(stage.leader.established).toBe(true);
  });

  it('is alone a quorum where it is the only voter', () => {
    const stage = new LeaderStage({ servers: '1' }).start();
    expect(stage.take()).toEqual(['acceptEpoch 6', 'enterEpoch 6', 'established 6']);
    stage.propose(1);
    stage.logged(z(6, 1));
    expect(stage.take()).toEqual(['committed 6:1']);
  });

  it('sends LEADERINFO and NEWLEADER as Apache does', () => {
    const stage = new LeaderStage();
    const two = stage.establish();
    const [leaderInfo, , newLeader] = two.sent;
    expect(leaderInfo?.data?.toString('hex')).toBe('00010000');
    expect(newLeader?.data?.toString()).toBe(membershipText(ensemble('1 2 3')));
  });

  it('does not count observers, strangers, or an ACKEPOCH of -1', () => {
    const stage = new LeaderStage({ servers: '1 2 3 4o', joiners: true }).start();
    stage.connect(4).hello(5, { observer: true });
    stage.connect(9).hello(5);
    expect(stage.take()).toEqual([]);
    const two = stage.connect(2).hello(5);
    expect(stage.take()).toContain('acceptEpoch 6');
    two.ackEpoch(-1, z(5, 10));
    expect(stage.take()).toEqual([]);
    stage.connect(3).hello(5).ackEpoch(5, z(5, 10));
    expect(stage.take()).toContain('enterEpoch 6');
  });

  it('does not let a stranger drive the epoch up', () => {
    const stage = new LeaderStage({ joiners: true }).start();
    const stranger = stage.connect(9).hello(0x7ffffff0);
    stage.connect(2).hello(5);
    expect(stage.take()).toContain('acceptEpoch 6');
    expect(stranger.closed).toMatch(/accepted epoch/);
  });

  it('makes way for a member that accepted a newer epoch, with the same promise', () => {
    const stage = new LeaderStage();
    stage.establish();
    const three = stage.connect(3).hello(9);
    expect(three.closed).toMatch(/accepted epoch 9/);
    expect(stage.take().slice(-2)).toEqual([
      'acceptEpoch 9',
      'stepDown: server 3 has accepted epoch 9, so one newer than that is needed',
    ]);
  });

  it.each([
    ['that says its history is of a newer epoch', 7n],
    ['whose history nobody heard of', undefined],
  ])('refuses a member %s, and goes on', (_, claimed) => {
    const stage = new LeaderStage();
    stage.establish();
    stage.claimed = claimed;
    expect(stage.connect(3).hello(9).closed).toMatch(/accepted epoch 9/);
    expect(stage.over).toBeUndefined();
  });

  it.each([
    ['a stranger', 9, 9],
    ['a member with an absurd one', 3, 5000],
  ])('refuses %s that accepted a newer epoch, and goes on', (_, sid, accepted) => {
    const stage = new LeaderStage({ joiners: true });
    stage.establish();
    expect(stage.connect(sid).hello(accepted).closed).toMatch(/accepted epoch/);
    expect(stage.over).toBeUndefined();
  });

  describe('with a member whose epoch is out of all proportion', () => {
    const absurd = 0x7ffffff0;
    it('chooses without it where there is a quorum, whoever comes first', () => {
      for (const order of [
        [2, 3, 4],
        [4, 2, 3],
        [2, 4, 3],
      ]) {
        const stage = new LeaderStage({ servers: '1 2 3 4 5' }).start();
        const ports = order.map((sid) => stage.connect(sid).hello(sid === 4 ? absurd : 700 + sid));
        stage.halfTicks(9);
        expect(stage.take()).toContain('acceptEpoch 704');
        const four = ports.find((port) => port.sid === 4);
        expect(four?.closed).toMatch(/accepted epoch 2147483632/);
        expect(stage.over).toBeUndefined();
      }
    });

    it('waits for others, and chooses with it where none come', () => {
      const stage = new LeaderStage().start();
      const two = stage.connect(2).hello(1500);
      stage.halfTicks(9);
      expect(stage.take()).toEqual([]);
      stage.halfTicks(1);
      expect(stage.take()).toEqual(['acceptEpoch 1501', '2< LEADERINFO 1501:0']);
      expect(two.closed).toBeUndefined();
    });

    it('heeds a leap that elections can make', () => {
      const stage = new LeaderStage().start();
      stage.connect(2).hello(1005);
      expect(stage.take()).toContain('acceptEpoch 1006');
    });
  });

  it('looks for a learner in the log before it decides, and not for one that left meanwhile', () => {
    const located: (() => void)[] = [];
    const readFrom = (from: bigint) =>
      [z(5, 3), z(5, 4), z(5, 5)]
        .filter((zxid) => zxid >= from)
        .map((zxid) => ({ zxid, bytes: Buffer.from('x') }))
        .values();
    const locate = (_: bigint, done: () => void): void => void located.push(done);
    const cached = [5, 6, 7, 8, 9, 10].map((n) => z(5, n));
    const stage = new LeaderStage({ cached, disk: { locate, readFrom } });
    stage.establish();
    const three = stage.connect(3).hello(5).ackEpoch(5, z(5, 3));
    expect(three.packets).toEqual(['LEADERINFO 6:0']);
    stage.leader.disconnected(three);
    const again = stage.connect(3).hello(5).ackEpoch(5, z(5, 3));
    for (const done of located.splice(0)) done();
    expect(three.packets).toEqual(['LEADERINFO 6:0']);
    expect(again.packets.slice(0, 4)).toEqual(['LEADERINFO 6:0', 'DIFF 5:10', 'PROPOSAL 5:4', 'COMMIT 5:4']);
    expect(again.packets.at(-1)).toBe('NEWLEADER 6:0');
  });

  it('gives latecomers the same epoch', () => {
    const stage = new LeaderStage();
    stage.establish();
    const three = stage.connect(3).hello(2).ackEpoch(2, z(5, 10));
    expect(three.packets).toEqual(['LEADERINFO 6:0', 'DIFF 5:10', 'NEWLEADER 6:0']);
    three.ack(z(6, 0));
    expect(three.packets.at(-1)).toBe('UPTODATE -1');
  });

  it.each([
    ['a longer history', 5, z(5, 11)],
    ['a newer epoch', 6, z(5, 1)],
  ])('leaves the leadership to a quorum with %s', (_, current, last) => {
    const stage = new LeaderStage({ acceptedEpoch: 7 }).start();
    const two = stage.connect(2).hello(7).ackEpoch(current, last);
    expect(two.closed).toMatch(/newer than that of its leader/);
    expect(stage.over).toMatch(/newer history/);
  });

  it('refuses a longer history, and waits with the others until there is a quorum that knows of it', () => {
    const stage = new LeaderStage({ servers: '1 2 3 4 5' }).start();
    const [two, three, four] = [2, 3, 4].map((sid) => stage.connect(sid).hello(5)) as [
      FakePort,
      FakePort,
      FakePort,
    ];
    two.ackEpoch(5, z(5, 99));
    expect(two.closed).toBeDefined();
    expect(stage.over).toBeUndefined();
    three.ackEpoch(5, z(5, 10));
    expect(stage.over).toMatch(/newer history/);
    expect(four.closed).toBeUndefined();
  });

  it('takes the mark of an epoch it has entered itself for no newer history', () => {
    const stage = new LeaderStage().start();
    stage
      .connect(2)
      .hello(5)
      .ackEpoch(5, z(5, 0) + 0n);
    const three = new LeaderStage({ last: z(4, 9), currentEpoch: 5 }).start().connect(2).hello(5);
    three.ackEpoch(5, z(5, 0));
    expect(three.closed).toBeUndefined();
  });

  it('cuts a longer history back that comes after a quorum has accepted (1154)', () => {
    const stage = new LeaderStage();
    stage.establish();
    const three = stage.connect(3).hello(5).ackEpoch(5, z(5, 12));
    expect(three.packets).toEqual(['LEADERINFO 6:0', 'TRUNC 5:10', 'NEWLEADER 6:0']);
  });

  it.each([
    ['epoch', (_: LeaderStage) => {}, /no quorum of followers has come/],
    ['acceptance', (s: LeaderStage) => void s.connect(2).hello(5), /accepted the epoch/],
    [
      'history',
      (s: LeaderStage) => void s.connect(2).hello(5).ackEpoch(5, z(5, 10)),
      /taken over the history/,
    ],
  ])('gives up when the %s takes longer than initLimit', (_, act, why) => {
    const stage = new LeaderStage().start();
    stage.halfTicks(10);
    act(stage);
    stage.halfTicks(19);
    if (why.source.startsWith('no quorum of')) {
      expect(stage.over).toMatch(why);
      return;
    }
    expect(stage.over === undefined || why.test(stage.over)).toBe(true);
    stage.halfTicks(2);
    expect(stage.over).toMatch(why);
  });

  it('takes over a reconfiguration that was under way, with quorums of both', () => {
    const pending = ensemble('1 4 5', z(5, 10));
    const stage = new LeaderStage({ pending }).start();
    stage.connect(2).hello(5);
    expect(stage.take()).toEqual([]);
    const four = stage.connect(4).hello(5);
    expect(stage.take()).toContain('acceptEpoch 6');
    four.ackEpoch(5, z(5, 10));
    expect(four.packets).toEqual(['LEADERINFO 6:0']);
  });
});

describe('strangers and bad packets', () => {
  const refused: [string, (s: LeaderStage) => FakePort, RegExp][] = [
    ['a stranger', (s) => s.connect(9).hello(5), /not in the configuration/],
    ['its own id', (s) => s.connect(1).hello(5), /own id/],
    ['a newer configuration', (s) => s.connect(3).hello(5, { config: 1n }), /configuration is newer/],
    ['another first packet', (s) => s.connect(3).ack(z(5, 1)), /began with a packet of type 3/],
    ['a packet only leaders send', (s) => s.join(3).says('PROPOSAL', z(6, 1)), /no packet of type 2/],
    ['a second introduction', (s) => s.join(3).hello(5), /no packet of type 11/],
    ['an introduction of 9 bytes', (s) => s.connect(3).hello(5, { bytes: 9 }), /introduction of 9 bytes/],
    ['a negative epoch', (s) => s.connect(3).says('FOLLOWERINFO', -1n, Buffer.alloc(20)), /accepted epoch/],
    ['a negative id', (s) => s.connect(3).says('FOLLOWERINFO', 0n, Buffer.alloc(20, 255)), /its id is -1/],
    [
      'an ACKEPOCH of 3 bytes',
      (s) => s.connect(3).hello(5).says('ACKEPOCH', 0n, Buffer.alloc(3)),
      /without an epoch/,
    ],
    ['a current epoch that is new', (s) => s.connect(3).hello(5).ackEpoch(6, z(6, 3)), /comes from epoch 6/],
    ['an ACK before NEWLEADER', (s) => s.connect(3).hello(5).ack(z(6, 0)), /before NEWLEADER/],
    ['an ACK of another epoch', (s) => s.join(3).ack(z(5, 0)), /ACK of epoch 5/],
    ['an ACK of what was never sent', (s) => s.join(3).ack(z(6, 1)), /was not sent/],
    [
      'a REQUEST before UPTODATE',
      (s) => s.connect(3).hello(5).says('REQUEST', -1n, request(1, 1)),
      /before UPTODATE/,
    ],
    ['a REQUEST too short', (s) => s.join(3).says('REQUEST', -1n, Buffer.alloc(15)), /without a request/],
    [
      'a REVALIDATE too short',
      (s) => s.join(3).says('REVALIDATE', -1n, Buffer.alloc(8)),
      /without a session/,
    ],
    ['torn touches', (s) => s.join(3).says('PING', z(6, 0), Buffer.alloc(13)), /touches of 13 bytes/],
  ];
  it.each(refused)('%s: that connection is closed, and the ensemble goes on', (_, act, why) => {
    const stage = new LeaderStage();
    const two = stage.establish();
    const port = act(stage);
    expect(port.closed).toMatch(why);
    expect(stage.named('quorum.peer-refused').at(-1)).toMatchObject({ port: 'quorum', remote: port.remote });
    expect(stage.over).toBeUndefined();
    expect(two.closed).toBeUndefined();
    // Whatever else arrives from it is not looked at.
    port.hello(5).ack(z(6, 1));
    const zxid = stage.propose(1);
    stage.logged(zxid);
    two.ack(zxid);
    expect(stage.leader.lastCommitted).toBe(zxid);
  });

  it('takes the newer of two connections of one server', () => {
    const stage = new LeaderStage();
    const two = stage.establish();
    const again = stage.connect(2).hello(6);
    expect(two.closed).toMatch(/another connection/);
    stage.leader.disconnected(two);
    again.ackEpoch(-1, z(5, 10)).ack(z(6, 0));
    expect(again.packets.at(-1)).toBe('UPTODATE -1');
  });

  it('lets a stranger follow without a vote where servers may join', () => {
    const stage = new LeaderStage({ joiners: true });
    stage.establish();
    const nine = stage.join(9);
    expect(nine.packets.at(-1)).toBe('UPTODATE -1');
    const zxid = stage.propose(1);
    stage.logged(zxid);
    nine.ack(zxid);
    expect(stage.leader.lastCommitted).toBe(z(6, 0));
  });

  it('speaks to learners of old, which never vote', () => {
    const stage = new LeaderStage();
    stage.establish();
    const three = stage.connect(3).says('FOLLOWERINFO', z(5, 10), Buffer.from([0, 0, 0, 0, 0, 0, 0, 3]));
    expect(stage.connect(4).says('FOLLOWERINFO', z(5, 10), null).closed).toMatch(/not in the configuration/);
    expect(three.packets).toEqual(['DIFF 5:10', 'NEWLEADER 6:0']);
    expect(three.sent.at(-1)?.data).toBeNull();
    three.ack(z(6, 0));
    const zxid = stage.propose(1);
    stage.logged(zxid);
    three.ack(zxid);
    expect(stage.leader.lastCommitted).toBe(z(6, 0));
  });
});

describe('broadcast', () => {
  it('commits in order, as soon as a quorum has it, its own disk being one', () => {
    const stage = new LeaderStage({ servers: '1 2 3 4o' });
    const two = stage.establish();
    const three = stage.join(3);
    const four = stage.join(4, z(5, 10), true);
    stage.take();
    stage.propose(1);
    stage.propose(2);
    expect(stage.take()).toEqual([
      '2< PROPOSAL 6:1',
      '3< PROPOSAL 6:1',
      '2< PROPOSAL 6:2',
      '3< PROPOSAL 6:2',
    ]);
    two.ack(z(6, 1));
    expect(stage.take()).toEqual([]);
    // One ACK stands for all before it: the own disk is slow, and not needed.
    three.ack(z(6, 2));
    expect(stage.take()).toEqual(['2< COMMIT 6:1', '3< COMMIT 6:1', '4< INFORM 6:1', 'committed 6:1']);
    stage.logged(z(6, 2));
    expect(stage.take()).toEqual(['2< COMMIT 6:2', '3< COMMIT 6:2', '4< INFORM 6:2', 'committed 6:2']);
    expect(four.sent.at(-1)?.data?.toString()).toBe('entry 6:2');
    expect(two.sent.find((p) => p.type === PACKET.PROPOSAL)?.data?.toString()).toBe('entry 6:1');
  });

  it('leads no longer when its own disk falls too far behind those of its followers', () => {
    // An entry has 9 bytes.
    const stage = new LeaderStage({ windowBytesMax: 95 });
    const two = stage.establish();
    const three = stage.join(3);
    const commit = (n: number): void => {
      stage.propose(n);
      for (const port of [two, three]) port.ack(z(6, n));
    };
    for (let n = 1; n <= 50; n++) {
      commit(n);
      stage.logged(z(6, n));
    }
    for (let n = 51; n <= 59; n++) commit(n);
    expect([stage.over, show(stage.leader.lastCommitted)]).toEqual([undefined, '6:59']);
    stage.propose(60);
    stage.propose(61);
    expect(stage.over).toMatch(/wait for this server's disk; the limit is 95/);
  });

  it('looks for a new epoch soon where a quorum has accepted this one and no longer says what it has', () => {
    const stage = new LeaderStage({ servers: '1 2 3 4 5' });
    stage.start();
    const two = stage.connect(2).hello(5);
    stage.connect(3).hello(5);
    expect(stage.leader.epoch).toBe(6n);
    stage.leader.disconnected(two);
    stage.connect(2).hello(6).ackEpoch(-1, z(5, 10));
    expect(stage.over).toBeUndefined();
    stage.halfTicks(1);
    stage.connect(4).hello(5).ackEpoch(5, z(5, 10));
    expect(stage.over).toBeUndefined();
    stage.halfTicks(1);
    expect(stage.over).toMatch(/a new one is needed/);
  });

  it('lets who has not said who it is go for who comes now', () => {
    const stage = new LeaderStage();
    stage.establish();
    const silent = Array.from({ length: 1_100 }, (_, i) => stage.connect(100 + i));
    expect(silent.filter((port) => port.closed !== undefined).length).toBe(101);
    expect(silent[0]?.closed).toMatch(/has not said who it is/);
    const three = stage.join(3);
    expect(three.packets.at(-1)).toBe('UPTODATE -1');
  });

  it('takes a proposal ACK that overtakes the ACK of NEWLEADER (4685)', () => {
    const stage = new LeaderStage({ servers: '1 2 3 4 5' });
    stage.start();
    const [two, three] = [2, 3].map((s) => stage.connect(s).hello(5)) as [FakePort, FakePort];
    for (const port of [two, three]) port.ackEpoch(5, z(5, 10));
    stage.connect(4);
    two.ack(z(6, 0));
    three.ack(z(6, 0));
    const five = stage.connect(5).hello(5).ackEpoch(5, z(5, 10));
    const zxid = stage.propose(1);
    stage.logged(zxid);
    five.ack(zxid);
    two.ack(zxid);
    // Until it has entered the epoch its word does not count.
    expect(stage.leader.lastCommitted).toBe(z(6, 0));
    five.ack(z(6, 0));
    expect(stage.leader.lastCommitted).toBe(zxid);
    expect(five.packets.slice(-3)).toEqual(['PROPOSAL 6:1', 'UPTODATE -1', 'COMMIT 6:1']);
  });

  it('sends one that comes later what is committed, what is under way, and then live traffic', () => {
    const stage = new LeaderStage({ servers: '1 2 3 4o' });
    const two = stage.establish();
    for (const n of [1, 2, 3, 4]) stage.propose(n);
    two.ack(z(6, 3));
    stage.logged(z(6, 2));
    // 6:3 is committed once this server has it; it is not.
    expect(stage.leader.lastCommitted).toBe(z(6, 2));
    const three = stage.connect(3).hello(5).ackEpoch(5, z(5, 10));
    expect(three.packets).toEqual([
      'LEADERINFO 6:0',
      'DIFF 6:2',
      'PROPOSAL 6:1',
      'COMMIT 6:1',
      'PROPOSAL 6:2',
      'COMMIT 6:2',
      'NEWLEADER 6:0',
      'PROPOSAL 6:3',
      'PROPOSAL 6:4',
    ]);
    const four = stage.connect(4).hello(5, { observer: true }).ackEpoch(5, z(5, 10));
    expect(four.packets.slice(-2)).toEqual(['COMMIT 6:2', 'NEWLEADER 6:0']);
    stage.take();
    stage.leader.logged(z(6, 3));
    expect(stage.take()).toEqual(['2< COMMIT 6:3', '3< COMMIT 6:3', '4< INFORM 6:3', 'committed 6:3']);
    // Committed and not applied: follows a snapshot as well.
    three.says('FOLLOWERINFO', 0n);
    const again = stage.connect(3).hello(6).ackEpoch(-1, 0n);
    expect(again.packets.slice(1)).toEqual([
      'SNAP 6:2',
      'PROPOSAL 6:3',
      'COMMIT 6:3',
      'NEWLEADER 6:0',
      'PROPOSAL 6:4',
    ]);
  });

  it('counts what a learner brings of what is under way, and lets it serve once that is committed', () => {
    const stage = new LeaderStage();
    const two = stage.establish();
    for (const n of [1, 2, 3]) stage.propose(n);
    two.ack(z(6, 2));
    stage.leader.disconnected(two);
    const again = stage.connect(2).hello(6).ackEpoch(-1, z(6, 2));
    expect(again.packets).toEqual(['LEADERINFO 6:0', 'DIFF 6:2', 'NEWLEADER 6:0', 'PROPOSAL 6:3']);
    again.ack(z(6, 0));
    expect(again.packets.at(-1)).toBe('PROPOSAL 6:3');
    stage.logged(z(6, 3));
    // Its own two are committed now; COMMITs go out for what it was sent only.
    expect(stage.leader.lastCommitted).toBe(z(6, 2));
    expect(again.packets.at(-1)).toBe('UPTODATE -1');
    again.ack(z(6, 3));
    expect(again.packets.at(-1)).toBe('COMMIT 6:3');
  });

  it('ends with the last counter of the epoch, which is committed first (1277)', () => {
    const stage = new LeaderStage();
    const two = stage.establish();
    const { leader } = stage;
    // The first four billion are not written out here.
    const inside = leader as unknown as {
      core: { lastProposed: bigint; lastCommitted: bigint; window: { start(z: bigint): void } };
    };
    inside.core.lastProposed = z(6, 0xfffffffc);
    inside.core.lastCommitted = z(6, 0xfffffffc);
    inside.core.window.start(z(6, 0xfffffffc));
    stage.propose(0xfffffffd);
    stage.propose(0xfffffffe);
    leader.logged(z(6, 0xfffffffe));
    two.ack(z(6, 0xfffffffd));
    expect(stage.over).toBeUndefined();
    two.ack(z(6, 0xfffffffe));
    expect(stage.over).toMatch(/used up/);
    expect(two.packets.at(-1)).toBe('COMMIT 6:4294967294');
  });

  it('never sends the counter ffffffff', () => {
    const stage = new LeaderStage();
    const two = stage.establish();
    const inside = stage.leader as unknown as {
      core: { lastProposed: bigint; window: { start(z: bigint): void } };
    };
    inside.core.lastProposed = z(6, 0xfffffffe);
    inside.core.window.start(z(6, 0xfffffffe));
    stage.propose(0xffffffff);
    expect(stage.over).toMatch(/used up/);
    expect(two.packets.at(-1)).toBe('UPTODATE -1');
  });

  it('proposes from within `established`, before UPTODATE', () => {
    const stage = new LeaderStage();
    stage.onEstablished = () => void stage.propose(1);
    const two = stage.start().connect(2).hello(5).ackEpoch(5, z(5, 10)).ack(z(6, 0));
    expect(two.packets.slice(-2)).toEqual(['PROPOSAL 6:1', 'UPTODATE -1']);
  });
});

describe('time', () => {
  it('pings every half tick; steps down when no quorum was heard of for syncLimit', () => {
    const stage = new LeaderStage();
    const two = stage.establish();
    stage.showPings = true;
    stage.halfTicks(1);
    expect(stage.take()).toEqual(['2< PING 6:0']);
    stage.halfTicks(40, () => void two.pong());
    expect(stage.over).toBeUndefined();
    stage.halfTicks(10);
    expect(stage.over).toBeUndefined();
    stage.halfTicks(2);
    expect(stage.over).toMatch(/no quorum of followers/);
  });

  it('steps down at the next tick when the followers are gone', () => {
    const stage = new LeaderStage();
    const two = stage.establish();
    stage.leader.disconnected(two);
    stage.halfTicks(2);
    expect(stage.over).toMatch(/no quorum/);
    // Nothing follows.
    stage.take();
    stage.halfTicks(4);
    stage.propose(1);
    expect(stage.take()).toEqual([]);
  });

  it('lets go of a follower that answers pings and acknowledges nothing', () => {
    const stage = new LeaderStage();
    const two = stage.establish();
    const three = stage.join(3);
    stage.logged(stage.propose(1));
    two.ack(z(6, 1));
    stage.halfTicks(8, () => void [two, three].map((p) => p.pong()));
    expect(three.closed).toBeUndefined();
    stage.halfTicks(6, () => void [two, three].map((p) => p.closed ?? p.pong()));
    expect(three.closed).toMatch(/does not acknowledge/);
    expect(two.closed).toBeUndefined();
    expect(stage.over).toBeUndefined();
  });
});

describe('what learners ask', () => {
  it('forwards requests, touches and revalidations', () => {
    const stage = new LeaderStage();
    const two = stage.establish();
    two.says('REQUEST', -1n, request(OP.create, 3, 'body'));
    const touches = Buffer.alloc(24);
    touches.writeBigInt64BE(-5n, 0);
    touches.writeInt32BE(4000, 8);
    touches.writeBigInt64BE(6n, 12);
    touches.writeInt32BE(5000, 20);
    two.says('PING', z(6, 0), touches);
    two.says('REVALIDATE', -1n, touches.subarray(0, 12));
    expect(stage.take()).toEqual([
      'request s2:1000 77 3 1 body',
      'touch -5 4000',
      'touch 6 5000',
      'revalidate -5 4000',
      '2< REVALIDATE -1',
    ]);
    expect(two.sent.at(-1)?.data?.toString('hex')).toBe('fffffffffffffffb01');
    stage.valid = false;
    two.says('REVALIDATE', -1n, touches.subarray(0, 12));
    expect(two.sent.at(-1)?.data?.[8]).toBe(0);
  });

  it('answers sync behind what was proposed before, and only when a quorum confirms', () => {
    const stage = new LeaderStage();
    const two = stage.establish();
    stage.showPings = true;
    stage.propose(1);
    stage.take();
    two.says('REQUEST', -1n, request(OP.sync, 4));
    expect(stage.take()).toEqual(['2< PING 6:1']);
    two.pong();
    expect(stage.take()).toEqual([]);
    two.ack(z(6, 1));
    stage.logged(z(6, 1));
    expect(stage.take()).toEqual(['2< COMMIT 6:1', 'committed 6:1', '2< SYNC 0:0']);
  });

  it('keeps so many bytes behind a sync, and then closes the connection', () => {
    const stage = new LeaderStage();
    const two = stage.establish();
    const large = request(OP.setData, 5, 'x'.repeat(1024 * 1024));
    for (let round = 0; round < 2; round++) {
      two.says('REQUEST', -1n, request(OP.sync, 4));
      for (let i = 0; i < 64; i++) two.says('REQUEST', -1n, large);
      expect(two.closed).toBeUndefined();
      if (round === 0) two.pong();
    }
    two.says('REQUEST', -1n, request(OP.setData, 6, 'x'));
    expect(two.closed).toMatch(/67108864 bytes of requests behind a sync/);
    expect(stage.over).toBeUndefined();
  });

  it('lets no session come back before what it left behind a sync was taken in', () => {
    const stage = new LeaderStage();
    const two = stage.establish();
    stage.take();
    two.says('REQUEST', -1n, request(OP.sync, 4));
    two.says('REQUEST', -1n, request(OP.create, 5));
    const asked = Buffer.alloc(12);
    asked.writeBigInt64BE(7n);
    two.says('REVALIDATE', -1n, asked);
    expect(stage.take().filter((line) => /request|revalidate/i.test(line))).toEqual([]);
    two.pong();
    const lines = stage.take().filter((line) => /request|revalidate/i.test(line));
    expect(lines).toEqual([
      expect.stringMatching(/^request/),
      'revalidate 7 0',
      expect.stringMatching(/REVALIDATE/),
    ]);
  });

  it('takes only answers to pings sent after the question', () => {
    const stage = new LeaderStage();
    const two = stage.establish();
    stage.halfTicks(1);
    let confirmed = 0;
    stage.leader.confirm(() => confirmed++);
    two.pong();
    expect(confirmed).toBe(0);
    stage.leader.confirm(() => confirmed++);
    two.pong();
    // The second question came after the ping of the first.
    expect(confirmed).toBe(1);
    two.pong();
    expect(confirmed).toBe(2);
  });

  it('does not count answers to pings from before UPTODATE', () => {
    const stage = new LeaderStage().start();
    const two = stage.connect(2).hello(5).ackEpoch(5, z(5, 10));
    stage.halfTicks(1);
    two.pong().ack(z(6, 0));
    let confirmed = 0;
    stage.leader.confirm(() => confirmed++);
    two.says('PING', 0n, null);
    expect(confirmed).toBe(0);
    two.pong();
    expect(confirmed).toBe(1);
  });

  it('goes on with a round when another follower takes the place of one that left', () => {
    const stage = new LeaderStage();
    const two = stage.establish();
    let confirmed = 0;
    stage.leader.confirm(() => confirmed++);
    stage.leader.disconnected(two);
    const three = stage.join(3);
    stage.halfTicks(1);
    three.pong();
    expect(confirmed).toBe(1);
  });

  it('confirms at once where it is alone', () => {
    const stage = new LeaderStage({ servers: '1' }).start();
    let confirmed = 0;
    stage.leader.confirm(() => confirmed++);
    expect(confirmed).toBe(1);
  });
});

describe('reconfiguration', () => {
  const change = (stage: LeaderStage, counter: number, servers: string) => {
    const membership = ensemble(servers, z(6, counter));
    stage.leader.propose(z(6, counter), Buffer.from('config'), membership);
  };

  it('needs quorums of both configurations from the proposal on, and only the new one after it', () => {
    const stage = new LeaderStage({ servers: '1 2 3', joiners: true });
    const two = stage.establish();
    const three = stage.join(3);
    const four = stage.join(4);
    stage.join(5);
    stage.propose(1);
    change(stage, 2, '1 4 5');
    stage.propose(3);
    stage.take();
    stage.logged(z(6, 3));
    two.ack(z(6, 3));
    // What came before the reconfiguration needs the old quorum alone.
    expect(stage.leader.lastCommitted).toBe(z(6, 1));
    stage.take();
    four.ack(z(6, 3));
    expect(stage.take()).toEqual([
      '2< COMMITANDACTIVATE 6:2',
      '3< COMMITANDACTIVATE 6:2',
      '4< COMMITANDACTIVATE 6:2',
      '5< COMMITANDACTIVATE 6:2',
      'committed 6:2',
      'activate 1,4,5 leader 1',
      '2< COMMIT 6:3',
      '3< COMMIT 6:3',
      '4< COMMIT 6:3',
      '5< COMMIT 6:3',
      'committed 6:3',
    ]);
    expect(four.sent.find((p) => p.type === PACKET.COMMITANDACTIVATE)?.data?.toString('hex')).toBe(
      '0000000000000001',
    );
    // As with Apache's leader, who is removed keeps following, without a vote.
    expect([two.closed, three.closed]).toEqual([undefined, undefined]);
    stage.propose(4);
    stage.take();
    two.ack(z(6, 4));
    three.ack(z(6, 4));
    expect(stage.leader.lastCommitted).toBe(z(6, 3));
  });

  it('names the voter that has logged most when it leaves itself, then steps down', () => {
    const stage = new LeaderStage({ servers: '1 2 3 4o' });
    const two = stage.establish();
    const three = stage.join(3);
    const four = stage.join(4, z(5, 10), true);
    stage.keepsLeading = false;
    change(stage, 1, '2 3 4o');
    stage.propose(2);
    three.ack(z(6, 2));
    stage.take();
    two.ack(z(6, 1));
    expect(stage.take()).toEqual([
      '2< COMMITANDACTIVATE 6:1',
      '3< COMMITANDACTIVATE 6:1',
      '4< INFORMANDACTIVATE 6:1',
      'committed 6:1',
      'activate 2,3,4 leader 3',
      'stepDown: the new configuration makes server 3 the leader',
    ]);
    expect(four.sent.at(-1)?.data?.toString('hex')).toBe(
      `0000000000000003${Buffer.from('config').toString('hex')}`,
    );
  });

  it('names another leader when its own address changes', () => {
    const stage = new LeaderStage();
    const two = stage.establish();
    stage.keepsLeading = false;
    change(stage, 1, '1m 2 3');
    stage.logged(z(6, 1));
    two.ack(z(6, 1));
    expect(stage.over).toMatch(/server 2/);
  });

  it('tells latecomers of a reconfiguration under way', () => {
    const stage = new LeaderStage({ joiners: true });
    stage.establish();
    change(stage, 1, '1 2 3 4');
    const four = stage.connect(4).hello(5).ackEpoch(5, z(5, 10));
    expect(four.packets.slice(-2)).toEqual(['NEWLEADER 6:0', 'PROPOSAL 6:1']);
    expect(four.sent.at(-2)?.data?.toString()).toBe(membershipText(ensemble('1 2 3 4', z(6, 1))));
  });

  it('refuses nobody for the version it has proposed itself', () => {
    const stage = new LeaderStage();
    stage.establish();
    change(stage, 1, '1 2 3');
    expect(stage.connect(3).hello(5, { config: z(6, 1) }).closed).toBeUndefined();
  });
});

describe('many observers at once', () => {
  it('brings ten up to date by snapshot at a time', () => {
    const stage = new LeaderStage({ last: z(5, 10) });
    stage.establish();
    const ports = Array.from({ length: 12 }, (_, i) =>
      stage
        .connect(100 + i)
        .hello(5, { observer: true })
        .ackEpoch(4, z(4, 1)),
    );
    expect(ports.map((p) => p.closed === undefined)).toEqual([...Array(10).fill(true), false, false]);
    ports[0]?.ack(z(6, 0));
    expect(stage.connect(200).hello(5, { observer: true }).ackEpoch(4, z(4, 1)).closed).toBeUndefined();
    expect(stage.named('learner.throttled')).toHaveLength(2);
  });
});
