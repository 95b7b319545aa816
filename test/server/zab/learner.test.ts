import { describe, expect, it } from 'vitest';
import { OP } from '../../../src/protocol/opcodes.ts';
import { entry, z } from './entries.ts';
import { LearnerStage } from './learner-stage.ts';

const INFO_2 = '0000000000000002' + '00010000' + '0000000000000000';

describe('the epoch', () => {
  const check = (
    name: string,
    epochs: { accepted: bigint; current: bigint },
    leader: bigint,
    expected: string[],
  ): void =>
    it(name, () => {
      const stage = new LearnerStage({ acceptedEpoch: epochs.accepted, currentEpoch: epochs.current });
      stage.machine.start(0);
      expect(stage.take()).toEqual([`FOLLOWERINFO <${epochs.accepted},0> ${INFO_2}`]);
      expect(stage.packet('LEADERINFO', leader << 32n, Buffer.from('00010000', 'hex'))).toEqual(expected);
    });

  check('newer: accepted on disk, then told', { accepted: 4n, current: 3n }, 5n, [
    'accept 5',
    'ACKEPOCH <4,9> 00000003',
  ]);
  check('accepted before: does not count twice', { accepted: 5n, current: 4n }, 5n, [
    'ACKEPOCH <4,9> ffffffff',
  ]);
  check('older: left', { accepted: 6n, current: 4n }, 5n, [
    'leave: epoch 5 is over: this server has accepted 6',
  ]);

  it('an observer says so', () => {
    const stage = new LearnerStage({ kind: 'observer', configVersion: 7n });
    stage.machine.start(0);
    expect(stage.take()).toEqual([`OBSERVERINFO <4,0> ${INFO_2.slice(0, -1)}7`]);
  });

  it('another first packet ends it', () => {
    const stage = new LearnerStage();
    stage.machine.start(0);
    stage.take();
    expect(stage.packet('DIFF', z(4, 9))).toEqual(['leave: a packet of type 13 where LEADERINFO was due']);
  });

  it('a leader from before 3.4 begins with NEWLEADER and ends with UPTODATE', () => {
    const stage = new LearnerStage();
    stage.machine.start(0);
    stage.take();
    expect(stage.packet('NEWLEADER', z(5, 0))).toEqual(['accept 5']);
    expect(stage.packet('DIFF', z(4, 10))).toEqual([]);
    expect(stage.propose(z(4, 10))).toEqual(['append <4,10>']);
    stage.commit(z(4, 10));
    expect(stage.packet('UPTODATE', -1n)).toEqual([]);
    expect(stage.logged(z(4, 10))).toEqual([
      'enter 5',
      'ACK <5,0>',
      'activate none, leader unchanged',
      'apply <4,10>',
      'serve 5',
    ]);
  });
});

describe('synchronisation', () => {
  it('nothing is missing', () => {
    const stage = new LearnerStage().greet();
    expect(stage.packet('DIFF', z(4, 9))).toEqual([]);
    expect(stage.packet('NEWLEADER', z(5, 0), Buffer.from('config'))).toEqual([
      'seen config',
      'enter 5',
      'ACK <5,0>',
    ]);
    expect(stage.packet('UPTODATE', -1n)).toEqual([
      'activate config, leader unchanged',
      'ACK <5,0>',
      'serve 5',
    ]);
  });

  it('2355: the position moves with what is on disk, not with DIFF', () => {
    const stage = new LearnerStage().greet();
    stage.packet('DIFF', z(4, 11));
    expect(stage.propose(z(4, 10))).toEqual(['append <4,10>']);
    expect(stage.commit(z(4, 10))).toEqual([]);
    expect(stage.logged(z(4, 10))).toEqual(['apply <4,10>']);
    stage.propose(z(4, 11));
    stage.commit(z(4, 11));
    stage.machine.disconnected('gone');
    expect(stage.take()).toEqual(['leave: gone']);
  });

  it('3911, 3023, 4643, 4646, 4785: the history is on disk before the epoch and before the ACK', () => {
    const stage = new LearnerStage().greet();
    stage.packet('DIFF', z(4, 11));
    for (const zxid of [z(4, 10), z(4, 11)]) {
      stage.propose(zxid);
      stage.commit(zxid);
    }
    expect(stage.packet('NEWLEADER', z(5, 0))).toEqual([]);
    expect(stage.logged(z(4, 10))).toEqual(['apply <4,10>']);
    expect(stage.logged(z(4, 11))).toEqual(['enter 5', 'ACK <5,0>', 'apply <4,11>']);
  });

  it('2872, 3104: a snapshot is on disk before anything is logged behind it, and all of it before the ACK', () => {
    const stage = new LearnerStage().greet();
    expect(stage.packet('SNAP', z(5, 3))).toEqual(['receive snapshot <5,3>']);
    stage.machine.snapshotTaken(z(5, 3));
    expect(stage.take()).toEqual(['save snapshot']);
    expect(stage.propose(z(5, 4))).toEqual([]);
    expect(stage.commit(z(5, 4))).toEqual([]);
    expect(stage.packet('NEWLEADER', z(5, 0))).toEqual([]);
    expect(stage.saved()).toEqual(['append <5,4>']);
    expect(stage.logged(z(5, 4))).toEqual(['enter 5', 'ACK <5,0>', 'apply <5,4>']);
  });

  it('3306, 4846: a node may come before its ACL: what completes the snapshot is saved with it, not before', () => {
    const stage = new LearnerStage().greet();
    stage.lacks = 'ACL 7';
    stage.packet('SNAP', z(5, 3));
    stage.machine.snapshotTaken(z(5, 3));
    expect(stage.take()).toEqual([]);
    expect(stage.propose(z(5, 4))).toEqual([]);
    expect(stage.commit(z(5, 4))).toEqual(['absorb <5,4>']);
    expect(stage.propose(z(5, 5))).toEqual([]);
    expect(stage.propose(z(5, 6))).toEqual([]);
    expect(stage.commit(z(5, 5))).toEqual(['absorb <5,5>']);
    stage.lacks = undefined;
    expect(stage.packet('NEWLEADER', z(5, 0))).toEqual(['save snapshot']);
    expect(stage.commit(z(5, 6))).toEqual([]);
    expect(stage.saved()).toEqual(['append <5,6>']);
    expect(stage.logged(z(5, 6))).toEqual(['enter 5', 'ACK <5,0>', 'ACK <5,6>', 'apply <5,6>']);
    expect(stage.packet('UPTODATE', -1n)).toContain('serve 5');
  });

  it('what a snapshot has comes behind it once more, from a leader of Apache, until NEWLEADER', () => {
    const stage = new LearnerStage().greet();
    stage.packet('SNAP', z(5, 9));
    stage.machine.snapshotTaken(z(5, 9));
    stage.take();
    for (const n of [7, 8, 9]) {
      expect(stage.propose(z(5, n))).toEqual([]);
      expect(stage.commit(z(5, n))).toEqual([]);
    }
    expect(stage.inform(z(5, 9))).toEqual([]);
    stage.propose(z(5, 10));
    stage.commit(z(5, 10));
    expect(stage.packet('NEWLEADER', z(5, 0))).toEqual([]);
    expect(stage.saved()).toEqual(['append <5,10>']);
    expect(stage.logged(z(5, 10))).toEqual(['enter 5', 'ACK <5,0>', 'apply <5,10>']);
    expect(stage.propose(z(5, 9))).toEqual(['leave: 0x500000009 does not follow 0x50000000a']);
  });

  it('a snapshot that is not whole at NEWLEADER is never saved: what was on disk stays', () => {
    const stage = new LearnerStage().greet();
    stage.lacks = 'ACL 7';
    stage.packet('SNAP', z(5, 3));
    stage.machine.snapshotTaken(z(5, 3));
    stage.propose(z(5, 4));
    expect(stage.commit(z(5, 4))).toEqual(['absorb <5,4>']);
    expect(stage.packet('NEWLEADER', z(5, 0))).toEqual(['leave: its snapshot is not whole: ACL 7']);
  });

  it('a snapshot alone is acknowledged once it is saved', () => {
    const stage = new LearnerStage().greet();
    stage.packet('SNAP', z(4, 12));
    stage.machine.snapshotTaken(z(4, 12));
    expect(stage.packet('NEWLEADER', z(5, 0))).toEqual(['save snapshot']);
    expect(stage.saved()).toEqual(['enter 5', 'ACK <5,0>']);
  });

  it('1549, 3701: TRUNC is durable before anything else; what follows goes behind the cut', () => {
    const stage = new LearnerStage().greet();
    expect(stage.packet('TRUNC', z(4, 7))).toEqual(['truncate <4,7>']);
    expect(stage.propose(z(4, 8))).toEqual(['append <4,8>']);
    const failing = new LearnerStage().greet();
    failing.truncate = () => {
      throw new Error('no space');
    };
    expect(() => failing.packet('TRUNC', z(4, 7))).toThrow('no space');
  });

  it('TRUNC to what was never here: the next try tells where the history ends', () => {
    const stage = new LearnerStage().greet();
    stage.truncatesTo = z(3, 2);
    expect(stage.packet('TRUNC', z(4, 7))).toEqual([
      'truncate <4,7>',
      'leave: there is no 0x400000007 here: TRUNC has left 0x300000002',
    ]);
  });

  it('4685: an ACK of a proposal never overtakes that of NEWLEADER', () => {
    const stage = new LearnerStage().greet();
    stage.packet('DIFF', z(4, 9));
    expect(stage.propose(z(4, 10))).toEqual(['append <4,10>']);
    expect(stage.logged(z(4, 10))).toEqual([]);
    stage.propose(z(4, 11));
    expect(stage.packet('NEWLEADER', z(5, 0))).toEqual([]);
    expect(stage.propose(z(5, 1))).toEqual(['append <5,1>']);
    expect(stage.logged(z(5, 1))).toEqual(['enter 5', 'ACK <5,0>', 'ACK <4,10>', 'ACK <4,11>', 'ACK <5,1>']);
  });

  it("4394: COMMIT' behind NEWLEADER for a PROPOSAL' before it", () => {
    const stage = new LearnerStage().greet();
    stage.packet('DIFF', z(4, 9));
    stage.propose(z(5, 1));
    stage.logged(z(5, 1));
    expect(stage.packet('NEWLEADER', z(5, 0))).toEqual(['enter 5', 'ACK <5,0>', 'ACK <5,1>']);
    expect(stage.commit(z(5, 1))).toEqual(['apply <5,1>']);
    expect(stage.packet('UPTODATE', -1n)).toEqual([
      'activate none, leader unchanged',
      'ACK <5,0>',
      'serve 5',
    ]);
  });

  it('serves only once what was committed before UPTODATE is applied', () => {
    const stage = new LearnerStage().greet();
    stage.packet('DIFF', z(4, 9));
    stage.packet('NEWLEADER', z(5, 0));
    stage.propose(z(5, 1));
    stage.commit(z(5, 1));
    stage.propose(z(5, 2));
    expect(stage.packet('UPTODATE', -1n)).toEqual(['activate none, leader unchanged', 'ACK <5,0>']);
    expect(stage.logged(z(5, 1))).toEqual(['ACK <5,1>', 'apply <5,1>', 'serve 5']);
  });

  it('leaves when the configuration gives it another role', () => {
    const stage = new LearnerStage().greet();
    stage.packet('DIFF', z(4, 9));
    stage.packet('NEWLEADER', z(5, 0), Buffer.from('c'));
    stage.keepsRole = false;
    expect(stage.packet('UPTODATE', -1n)).toEqual([
      'activate c, leader unchanged',
      "leave: the leader's configuration gives this server another role or leader",
    ]);
  });

  it('answers no PING before its ACK of NEWLEADER', () => {
    const stage = new LearnerStage().greet();
    expect(stage.packet('PING', 0n)).toEqual([]);
    stage.packet('DIFF', z(4, 10));
    stage.propose(z(4, 10));
    expect(stage.packet('PING', 0n)).toEqual([]);
    stage.packet('NEWLEADER', z(5, 0));
    expect(stage.packet('PING', 0n)).toEqual([]);
    stage.logged(z(4, 10));
    expect(stage.packet('PING', 0n)).toEqual(['PING <0,0> ']);
  });
});

describe('broadcast', () => {
  it('one sync of the log acknowledges all that it covers', () => {
    const stage = new LearnerStage().serving();
    for (let i = 1; i <= 3; i++) stage.propose(z(5, i));
    expect(stage.commit(z(5, 1))).toEqual([]);
    expect(stage.logged(z(5, 2))).toEqual(['ACK <5,1>', 'ACK <5,2>', 'apply <5,1>']);
    expect(stage.commit(z(5, 2))).toEqual(['apply <5,2>']);
    expect(stage.commit(z(5, 3))).toEqual([]);
    expect(stage.logged(z(5, 3))).toEqual(['ACK <5,3>', 'apply <5,3>']);
  });

  it('an observer logs what it is told, and acknowledges nothing', () => {
    const stage = new LearnerStage({ kind: 'observer' }).serving();
    expect(stage.inform(z(5, 1))).toEqual(['append <5,1>']);
    expect(stage.logged(z(5, 1))).toEqual(['apply <5,1>']);
  });

  it('an observer without a log applies at once, in order', () => {
    const stage = new LearnerStage({ kind: 'observer', logInforms: false }).greet();
    stage.packet('DIFF', z(4, 10));
    stage.propose(z(4, 10));
    stage.commit(z(4, 10));
    expect(stage.inform(z(4, 11))).toEqual([]);
    expect(stage.logged(z(4, 10))).toEqual(['apply <4,10>', 'apply <4,11>']);
    expect(stage.inform(z(4, 12))).toEqual(['apply <4,12>']);
  });

  it('a reconfiguration: seen when proposed, in force when applied', () => {
    const stage = new LearnerStage().serving();
    expect(stage.propose(z(5, 1), 'config 2', OP.reconfig)).toEqual(['seen config 2', 'append <5,1>']);
    expect(stage.packet('COMMITANDACTIVATE', z(5, 1), stage.designates(3n))).toEqual([]);
    expect(stage.logged(z(5, 1))).toEqual(['ACK <5,1>', 'apply <5,1>', 'activate config 2, leader 3']);
    const observer = new LearnerStage({ kind: 'observer' }).serving();
    const data = observer.designates(1n, entry(z(5, 1), 'config 3', OP.reconfig).bytes);
    expect(observer.packet('INFORMANDACTIVATE', z(5, 1), data)).toEqual(['seen config 3', 'append <5,1>']);
    observer.keepsRole = false;
    expect(observer.logged(z(5, 1))).toEqual([
      'apply <5,1>',
      'activate config 3, leader 1',
      'leave: a reconfiguration gives this server another role or leader (1)',
    ]);
  });

  it('SYNC waits for the commits before it', () => {
    const stage = new LearnerStage().serving();
    expect(stage.packet('SYNC', 0n)).toEqual(['synced']);
    stage.propose(z(5, 1));
    stage.commit(z(5, 1));
    expect(stage.packet('SYNC', 0n)).toEqual([]);
    stage.propose(z(5, 2));
    expect(stage.packet('SYNC', 0n)).toEqual([]);
    expect(stage.logged(z(5, 2))).toEqual(['ACK <5,1>', 'ACK <5,2>', 'apply <5,1>', 'synced', 'synced']);
  });

  it('forwards requests, revalidations, touches', () => {
    const stage = new LearnerStage({ pingBytesMax: 30 }).serving();
    stage.machine.request(0x12n, 7, OP.create, Buffer.from('ab'), [{ scheme: 'ip', id: 'x' }]);
    stage.machine.revalidate(0x12n, 4000);
    expect(stage.take()).toEqual([
      'REQUEST 0000000000000012' + '00000007' + '00000001' + '6162',
      'REVALIDATE 0000000000000012' + '00000fa0',
    ]);
    expect(stage.packet('REVALIDATE', -1n, Buffer.from('000000000000001201', 'hex'))).toEqual([
      'revalidated 18 true',
    ]);
    stage.touches = new Map([
      [1n, 10],
      [2n, 20],
      [3n, 30],
    ]);
    // More than a packet holds: one answer bears the ping's zxid, so that the leader counts one.
    expect(stage.packet('PING', z(5, 0))).toEqual([
      'PING <0,0> 0000000000000001' + '0000000a' + '0000000000000002' + '00000014',
      'PING <5,0> 0000000000000003' + '0000001e',
    ]);
  });
});

describe('a leader that breaks the order is left', () => {
  const check = (name: string, does: (stage: LearnerStage) => string[], why: RegExp): void =>
    it(name, () => {
      const stage = new LearnerStage().serving();
      stage.propose(z(5, 1));
      const lines = does(stage);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(why);
      // 4712: nothing leaks from a role that was left.
      stage.machine.logged(z(5, 1));
      stage.machine.tick(1e9);
      stage.machine.disconnected('late');
      stage.machine.request(1n, 1, 1, Buffer.alloc(0), []);
      stage.machine.revalidate(1n, 1);
      stage.machine.snapshotSaved();
      expect(stage.commit(z(5, 1))).toEqual([]);
    });

  check(
    'COMMIT of nothing',
    (s) => s.commit(z(5, 9)),
    /COMMIT of 0x500000009; the oldest proposal is 0x500000001/,
  );
  check('a hole', (s) => s.propose(z(5, 3)), /0x500000003 does not follow 0x500000001/);
  check('the same again', (s) => s.propose(z(5, 1)), /does not follow/);
  check('an older one', (s) => s.propose(z(4, 10)), /does not follow/);
  check('an epoch mark', (s) => s.propose(z(6, 0)), /does not follow/);
  check('no transaction', (s) => s.packet('PROPOSAL', z(5, 2)), /without a header/);
  check('another zxid inside', (s) => s.packet('PROPOSAL', z(5, 2), entry(z(5, 3)).bytes), /another zxid/);
  check(
    'a type that no log can hold',
    (s) => s.packet('PROPOSAL', z(5, 2), entry(z(5, 2), 'x', 77).bytes),
    /unknown type 77/,
  );
  check(
    'a torn transaction',
    (s) => s.packet('PROPOSAL', z(5, 2), entry(z(5, 2)).bytes.subarray(0, 36)),
    /cannot be read/,
  );
  check('NEWLEADER again', (s) => s.packet('NEWLEADER', z(5, 0)), /NEWLEADER/);
  check('UPTODATE again', (s) => s.packet('UPTODATE', -1n), /UPTODATE in state serving/);
  check('an unknown packet', (s) => s.packet('REQUEST', -1n), /type 1 in the stream/);
  check(
    'COMMITANDACTIVATE without a leader',
    (s) => s.packet('COMMITANDACTIVATE', z(5, 1)),
    /without a leader/,
  );
  check('half an answer', (s) => s.packet('REVALIDATE', -1n, Buffer.alloc(3)), /without an answer/);

  it('NEWLEADER of another epoch', () => {
    const stage = new LearnerStage().greet();
    stage.packet('DIFF', z(4, 9));
    expect(stage.packet('NEWLEADER', z(6, 0))).toEqual([
      'leave: NEWLEADER 0x600000000 in state syncing, epoch 5',
    ]);
  });

  it('UPTODATE before the history is on disk', () => {
    const stage = new LearnerStage().greet();
    stage.packet('DIFF', z(4, 9));
    stage.propose(z(4, 10));
    stage.packet('NEWLEADER', z(5, 0));
    expect(stage.packet('UPTODATE', -1n)).toEqual(['leave: UPTODATE in state storing']);
  });

  it('more than this server can hold', () => {
    const stage = new LearnerStage({ backlogBytesMax: 200 }).serving();
    expect(stage.propose(z(5, 1), 'x'.repeat(100))).toEqual(['append <5,1>']);
    expect(stage.propose(z(5, 2), 'x'.repeat(100))[0]).toMatch(/the limit is 200/);
  });
});

describe('silence', () => {
  it('initLimit before NEWLEADER is acknowledged, syncLimit after', () => {
    const stage = new LearnerStage().greet();
    stage.machine.tick(1000);
    expect(stage.take()).toEqual([]);
    stage.now = 900;
    stage.packet('DIFF', z(4, 9));
    stage.machine.tick(1900);
    expect(stage.take()).toEqual([]);
    stage.now = 1900;
    stage.packet('NEWLEADER', z(5, 0));
    stage.machine.tick(2400);
    expect(stage.take()).toEqual([]);
    stage.machine.tick(2401);
    expect(stage.take()).toEqual(['leave: nothing was heard of the leader for 500 ms']);
  });

  it('a snapshot that comes slowly is no silence', () => {
    const stage = new LearnerStage().greet();
    stage.packet('SNAP', z(4, 9));
    stage.machine.heard(900);
    stage.machine.tick(1800);
    expect(stage.take()).toEqual([]);
    stage.machine.tick(1901);
    expect(stage.take()).toHaveLength(1);
  });
});
