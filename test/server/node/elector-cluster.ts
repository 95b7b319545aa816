/** Electors of an ensemble in simulation: one loop, one network in memory, one seed. */
import { Prng } from '../../../src/base/prng.ts';
import { Bus } from '../../../src/events/bus.ts';
import { EVENT_NAMES, type ZktEvent } from '../../../src/events/table.ts';
import {
  type Candidate,
  type Decision,
  ELECTOR_DEFAULTS,
  Elector,
  type ElectorOptions,
} from '../../../src/server/node/elector.ts';
import type { Membership } from '../../../src/server/quorum/membership.ts';
import { parseMembershipText } from '../../../src/server/quorum/membership-text.ts';
import { Quorums } from '../../../src/server/quorum/quorums.ts';
import { SimLoop } from '../../../src/sim/clock.ts';
import { LoopNet, SimProcess } from '../../../src/sim/process.ts';

/** The text of a membership: participants 1..n, observers after them. */
export const ensembleText = (participants: number, observers = 0, more: readonly string[] = []): string =>
  [
    ...Array.from({ length: participants + observers }, (_, i) => {
      const role = i < participants ? 'participant' : 'observer';
      return `server.${i + 1}=127.0.0.${i + 1}:${2801 + i}:${3801 + i}:${role}`;
    }),
    ...more,
    'version=0',
  ].join('\n');

export const membershipOf = (text: string): Membership => {
  const membership = parseMembershipText(text);
  if (membership === undefined) throw new Error(`no membership: ${text}`);
  return membership;
};

/** One server of the ensemble. */
export class Member {
  readonly sid: bigint;
  readonly process: SimProcess;
  readonly elector: Elector;
  readonly events: ZktEvent[] = [];
  readonly gossip: string[] = [];
  readonly outvoted: string[] = [];
  decision: Decision | undefined;
  onGossip: ((text: string) => void) | undefined;
  decidedAt = -1;
  lookedAt = -1;
  private readonly cluster: Cluster;

  constructor(cluster: Cluster, sid: number, quorums: Quorums, options: Partial<ElectorOptions>) {
    this.cluster = cluster;
    this.sid = BigInt(sid);
    this.process = new SimProcess(cluster.loop, cluster.net);
    const bus = new Bus(`server.${sid}`, this.process);
    bus.subscribe({ names: EVENT_NAMES, take: (event) => this.events.push(event) });
    const { process } = this;
    this.elector = new Elector(
      { net: process, timers: process, clock: process, events: bus },
      { ...ELECTOR_DEFAULTS, sid: this.sid, quorums, ...options },
      {
        configGossiped: (text) => {
          this.gossip.push(text);
          this.onGossip?.(text);
        },
        failed: (error) => {
          throw error;
        },
        outvoted: (why) => this.outvoted.push(why),
      },
    );
  }

  look(candidate: Partial<Candidate> = {}): void {
    this.decision = undefined;
    this.lookedAt = this.cluster.loop.monotonicMs();
    this.elector.look({ zxid: 0n, peerEpoch: 0n, participant: true, ...candidate }, (decision) => {
      if (this.decision !== undefined) throw new Error('decided twice');
      this.decision = decision;
      this.decidedAt = this.cluster.loop.monotonicMs();
    });
  }

  /** Simulated ms from look to decision. */
  get ms(): number {
    return this.decidedAt - this.lookedAt;
  }

  named(name: ZktEvent['name']): ZktEvent[] {
    return this.events.filter((e) => e.name === name);
  }
}

/** See the head of the file. */
export class Cluster {
  readonly loop: SimLoop;
  readonly net: LoopNet;
  readonly quorums: Quorums;
  readonly members = new Map<number, Member>();

  constructor(seed: number, text: string) {
    this.loop = new SimLoop(new Prng(seed));
    this.net = new LoopNet(this.loop);
    this.quorums = new Quorums(membershipOf(text));
  }

  /** Starts a server: its port is open when this is done. */
  async start(sid: number, options: Partial<ElectorOptions> = {}, quorums = this.quorums): Promise<Member> {
    const member = new Member(this, sid, quorums, options);
    this.members.set(sid, member);
    let open = false;
    member.elector.open().then(() => {
      open = true;
    });
    await this.until(() => open);
    return member;
  }

  member(sid: number): Member {
    return this.members.get(sid) as Member;
  }

  /** Runs until every one of these has decided. */
  decided(...sids: number[]): Promise<void> {
    return this.until(() => sids.every((sid) => this.member(sid).decision !== undefined));
  }

  /** The states they decided on, and the leader. */
  outcome(...sids: number[]): string {
    const words = sids.map((sid) => {
      const { decision } = this.member(sid);
      return decision === undefined ? '?' : `${decision.state[0]}${decision.leader}`;
    });
    return words.join(' ');
  }

  until(done: () => boolean, virtualMs = 30_000): Promise<void> {
    const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    return this.loop.run(done, { virtualMs, breathe });
  }

  /** Lets time pass. */
  pass(ms: number): Promise<void> {
    const end = this.loop.monotonicMs() + ms;
    this.loop.after(ms, () => {});
    return this.until(() => this.loop.monotonicMs() >= end, ms + 1000);
  }
}
