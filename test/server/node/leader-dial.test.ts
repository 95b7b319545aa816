import { describe, expect, it } from 'vitest';
import { Bus } from '../../../src/events/bus.ts';
import { PACKET } from '../../../src/protocol/quorum.ts';
import { PacketLink, packetLinkLimits } from '../../../src/server/net/packet-link.ts';
import { LeaderDial } from '../../../src/server/node/leader-dial.ts';
import { MemoryNet } from '../../../src/sim/net.ts';
import { HandClock } from '../net/fake-service.ts';

class Stage {
  readonly net = new MemoryNet();
  readonly clock = new HandClock();
  readonly heard: string[] = [];
  readonly accepted: PacketLink[] = [];
  readonly world = {
    net: this.net,
    clock: this.clock,
    timers: this.clock,
    events: new Bus('test', this.clock),
  };
  readonly dial: LeaderDial;
  link: PacketLink | undefined;

  constructor(ports: number[], limitMs = 5000) {
    const addresses = ports.map((quorumPort) => ({ host: 'h', quorumPort, electionPort: 1 }));
    this.dial = new LeaderDial(
      this.world,
      { member: { id: 3, addresses, role: 'participant', client: undefined }, limitMs },
      {
        opened: (link) => {
          this.link = link;
          this.heard.push('opened');
        },
        packet: (type, zxid) => void this.heard.push(`packet ${type} ${zxid}`),
        raw: () => undefined,
        closed: (why) => void this.heard.push(`closed: ${why}`),
        failed: (why) => void this.heard.push(`failed: ${why}`),
      },
    );
  }

  listen(port: number): void {
    this.net.listen(
      { host: 'h', port },
      (socket) => {
        const link = new PacketLink(socket, packetLinkLimits(1000), this.world, {
          packet: (type) => void this.heard.push(`leader got ${type}`),
          raw: () => undefined,
          drained: () => {},
          closed: (why) => void this.heard.push(`leader: ${why}`),
        });
        this.accepted.push(link);
        return link.handler;
      },
      () => {},
    );
  }

  run(ms = 0): void {
    for (let i = 0; i <= ms; i++) {
      if (i > 0) this.clock.pass(1);
      do this.net.settle();
      while (this.clock.endTurn());
      this.net.settle();
    }
  }
}

describe('a learner dials its leader', () => {
  it('packets go both ways', () => {
    const stage = new Stage([10]);
    stage.listen(10);
    stage.dial.start();
    stage.run();
    stage.link?.send(PACKET.FOLLOWERINFO, 0n, null);
    stage.accepted[0]?.send(PACKET.LEADERINFO, 7n, null);
    stage.run();
    expect(stage.heard).toEqual([
      'opened',
      `leader got ${PACKET.FOLLOWERINFO}`,
      `packet ${PACKET.LEADERINFO} 7`,
    ]);
    stage.accepted[0]?.close('enough');
    stage.run();
    expect(stage.heard.at(-1)).toMatch(/^closed: |^leader: /);
    expect(stage.heard).toContain('closed: the peer closed the connection');
  });

  it('a leader that opens its port a little later is reached a little later', () => {
    const stage = new Stage([10]);
    stage.dial.start();
    stage.run(50);
    expect(stage.heard).toEqual([]);
    stage.listen(10);
    stage.run(25);
    expect(stage.heard).toEqual(['opened']);
  });

  it('gives up when nobody listens for a second, or the limit is shorter', () => {
    for (const [limitMs, beforeMs, afterMs] of [
      [5000, 850, 1100],
      [100, 50, 110],
    ] as const) {
      const stage = new Stage([10], limitMs);
      stage.dial.start();
      stage.run(beforeMs);
      expect(stage.heard).toEqual([]);
      stage.run(afterMs - beforeMs);
      expect(stage.heard).toHaveLength(1);
      expect(stage.heard[0]).toMatch(/failed: server 3 \(h:10\) on the quorum port: connect ECONNREFUSED/);
      stage.run(2000);
      expect(stage.heard).toHaveLength(1);
    }
  });

  it('of several addresses the first that answers is taken, and the others are let go of', () => {
    const stage = new Stage([9, 10, 11]);
    stage.listen(10);
    stage.listen(11);
    stage.dial.start();
    stage.run(200);
    expect(stage.heard.filter((line) => line === 'opened')).toHaveLength(1);
    expect(stage.accepted.filter((link) => link.live)).toHaveLength(1);
    expect(stage.heard.join()).not.toMatch(/failed/);
  });

  it('says nothing once it is cancelled', () => {
    for (const afterMs of [0, 5, 30]) {
      const stage = new Stage([10]);
      stage.dial.start();
      stage.run(afterMs);
      stage.dial.cancel();
      stage.listen(10);
      stage.run(2000);
      expect(stage.heard.filter((line) => !line.startsWith('leader'))).toEqual([]);
    }
  });
});
