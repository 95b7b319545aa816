/**
 * A leader's server and two learners' in one simulated process each, wired to each other in memory: what the
 * machines of election and broadcast would do is done here in the plainest way. Clients reach them over the
 * simulated network.
 */
import { Prng } from '../../../src/base/prng.ts';
import { Bus } from '../../../src/events/bus.ts';
import { EVENT_NAMES, type ZktEvent } from '../../../src/events/table.ts';
import { systemCompression } from '../../../src/platform/compression.ts';
import type { Timers } from '../../../src/ports/timers.ts';
import type { Id } from '../../../src/protocol/acl.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { loadConfig } from '../../../src/server/config/load-config.ts';
import type { QuorumConfig } from '../../../src/server/config/quorum-config.ts';
import type { ServerConfig } from '../../../src/server/config/server-config.ts';
import { ClientPort } from '../../../src/server/net/client-port.ts';
import type { EnsembleParts } from '../../../src/server/node/ensemble-server.ts';
import { LeaderServer } from '../../../src/server/node/leader-server.ts';
import { LearnerServer } from '../../../src/server/node/learner-server.ts';
import type { Broadcast, Upstream } from '../../../src/server/node/roles.ts';
import { ServiceGate } from '../../../src/server/node/service-gate.ts';
import { Store } from '../../../src/server/node/store.ts';
import type { Membership } from '../../../src/server/quorum/membership.ts';
import { Quorums } from '../../../src/server/quorum/quorums.ts';
import { apachePasswords } from '../../../src/server/session/session-password.ts';
import type { Forwarded, LearnerPort } from '../../../src/server/zab/leader-effects.ts';
import type { ZabEntry } from '../../../src/server/zab/learner-effects.ts';
import { SimLoop } from '../../../src/sim/clock.ts';
import { SimDisk } from '../../../src/sim/disk.ts';
import { LoopNet, SimProcess } from '../../../src/sim/process.ts';
import { testSecrets } from '../secrets.ts';

export const TICK_MS = 200;
/** From one server to another, ms. */
const LATENCY_MS = 1;
const EPOCH = 1n;
const FIRST_ZXID = EPOCH << 32n;

const MEMBERS: Membership = {
  members: [1, 2, 3].map((id) => ({
    id,
    addresses: [{ host: '127.0.0.1', quorumPort: 2888 + id, electionPort: 3888 + id }],
    role: 'participant' as const,
    client: undefined,
  })),
  groups: new Map(),
  weights: new Map(),
  version: 0n,
};

/** How a rig differs from the usual. */
export interface RigOptions {
  readonly quorum?: Partial<QuorumConfig>;
  readonly definitions?: readonly string[];
  /** The zxid before the first that is given out. */
  readonly firstZxid?: bigint;
  readonly seed?: number;
}

/** One server's process: disk, log, client port. */
export class Member {
  /** While true, its timers are late, and nothing reaches it: a process that was stopped. */
  halted = false;
  readonly sid: bigint;
  readonly process: SimProcess;
  readonly parts: EnsembleParts;
  readonly store: Store;
  readonly gate = new ServiceGate();
  readonly events: ZktEvent[] = [];
  port = 0;

  constructor(rig: RoleRig, sid: bigint, options: RigOptions) {
    this.sid = sid;
    this.process = new SimProcess(rig.loop, rig.net);
    const { process } = this;
    const disk = new SimDisk({ defer: (fn) => rig.loop.after(0.5, () => rig.loop.deliver(fn)) });
    const config = configOf(disk, options);
    const events = new Bus(String(sid), process);
    events.subscribe({ names: EVENT_NAMES, take: (event) => void this.events.push(event) });
    const world = {
      clock: process,
      timers: this.haltable(process),
      net: process,
      random: new Prng(Number(sid)),
      secrets: testSecrets,
      disk,
      compression: systemCompression,
      events,
    };
    const host = {
      answerWord: () => undefined,
      failed: (error: Error) => {
        throw error;
      },
    };
    this.store = new Store(config, world, host);
    this.store.database.lastZxid = options.firstZxid ?? FIRST_ZXID;
    this.parts = {
      world,
      store: this.store,
      port: new ClientPort({ ...config.client, port: 0 }, world, this.gate),
      passwords: apachePasswords(testSecrets),
      host,
      sid,
      ensemble: { quorums: new Quorums(MEMBERS) },
    };
    this.parts.port.listen((result) => {
      if ('error' in result) throw result.error;
      this.port = result.port;
    });
  }

  /** Timers that wait while the process is stopped, and then all run. */
  private haltable(timers: SimProcess): Timers {
    const late = (fn: () => void): (() => void) => {
      const run = (): void => {
        if (this.halted) timers.after(1, run);
        else fn();
      };
      return run;
    };
    return {
      after: (ms, fn) => timers.after(ms, late(fn)),
      every: (ms, fn) => timers.every(ms, () => (this.halted ? undefined : fn())),
      soon: (fn) => timers.soon(late(fn)),
    };
  }

  /** Names of its events. */
  said(name: string): number {
    return this.events.filter((it) => it.name === name).length;
  }
}

function configOf(disk: SimDisk, { quorum, definitions = [] }: RigOptions): ServerConfig {
  const settings = [`tickTime=${TICK_MS}`, 'zookeeper.preAllocSize=4', 'maxClientCnxns=0', ...definitions];
  const config = loadConfig(disk, { dataDir: '/data', port: 0, definitions: settings });
  return { ...config, quorum: { ...config.quorum, ...quorum } };
}

/** A learner with the least of a machine: logs, acknowledges, applies what is committed and on disk. */
export class LearnerMember extends Member implements Upstream {
  readonly server: LearnerServer;
  /** While true, commits and SYNC packets do not come through. */
  stalled = false;
  readonly link: LearnerPort;
  private readonly rig: RoleRig;
  private readonly waiting: ZabEntry[] = [];
  private readonly syncs: bigint[] = [];
  private kept: (() => void)[] = [];
  private loggedZxid = 0n;
  private committedZxid = 0n;

  constructor(rig: RoleRig, sid: bigint, kind: 'follower' | 'observer', options: RigOptions) {
    super(rig, sid, options);
    this.rig = rig;
    this.link = {
      remote: `learner ${sid}`,
      pendingBytes: 0,
      peer: sid,
      introduced() {},
      send() {},
      sendSnapshot() {},
      close() {},
    };
    this.store.openLog({ logged: (upTo) => this.logged(upTo), spaceBack() {} });
    this.server = new LearnerServer(this.parts, this, kind);
    this.gate.behind = this.server;
    this.server.start();
  }

  request(session: bigint, cxid: number, op: number, body: Buffer, ids: readonly Id[]): void {
    const request: Forwarded = { session, cxid, op, body: Buffer.from(body), ids: [...ids] };
    this.rig.pass(() => {
      if (op === OP.sync) this.rig.leader.sync(() => this.later(() => this.sync()));
      else this.rig.leader.server.forwarded(this.link, request);
    });
  }

  revalidate(session: bigint, timeoutMs: number): void {
    this.rig.pass(() => {
      const valid = this.rig.leader.server.revalidate(this.link, session, timeoutMs);
      this.later(() => this.server.revalidated(session, valid));
    });
  }

  proposed(entry: ZabEntry): void {
    this.rig.pass(() => {
      this.store.append(entry);
      this.waiting.push(entry);
      this.process.soon(() => this.store.log.flush());
    });
  }

  commit(zxid: bigint): void {
    this.later(() => {
      this.committedZxid = zxid;
      this.advance();
    });
  }

  /** What was kept back comes through. */
  goOn(): void {
    this.stalled = false;
    for (const fn of this.kept.splice(0)) fn();
  }

  private later(fn: () => void): void {
    this.rig.pass(() => {
      if (this.stalled) this.kept.push(fn);
      else fn();
    });
  }

  private sync(): void {
    this.syncs.push(this.committedZxid);
    this.advance();
  }

  private logged(upTo: bigint): void {
    this.loggedZxid = upTo;
    this.rig.pass(() => this.rig.leader.acked(this.sid, upTo));
    this.advance();
  }

  private advance(): void {
    const upTo = this.loggedZxid < this.committedZxid ? this.loggedZxid : this.committedZxid;
    while ((this.waiting[0]?.zxid ?? upTo + 1n) <= upTo) this.server.apply(this.waiting.shift() as ZabEntry);
    while (this.syncs.length > 0 && ((this.syncs[0] as bigint) <= upTo || this.waiting.length === 0)) {
      this.syncs.shift();
      this.server.synced();
    }
  }
}

/** The leader with the least of a machine: commits what two of three have logged. */
export class LeaderMember extends Member implements Broadcast {
  readonly server: LeaderServer;
  steppedDown: string | undefined;
  readonly proposals: bigint[] = [];
  private readonly rig: RoleRig;
  private readonly acks = new Map<bigint, bigint>();
  private readonly awaiting: { readonly zxid: bigint; readonly answer: () => void }[] = [];
  private committedZxid = 0n;

  constructor(rig: RoleRig, options: RigOptions) {
    super(rig, 1n, options);
    this.rig = rig;
    this.store.openLog({
      logged: (upTo) => {
        this.acked(this.sid, upTo);
        this.server.logged(upTo);
      },
      spaceBack() {},
    });
    this.server = new LeaderServer(this.parts, this, EPOCH);
    this.gate.behind = this.server;
    this.server.start();
  }

  propose(zxid: bigint, bytes: Buffer): void {
    this.proposals.push(zxid);
    for (const learner of this.rig.learners) learner.proposed({ zxid, bytes });
  }

  confirm(done: () => void): void {
    this.rig.pass(() => this.rig.pass(done));
  }

  /** Calls `answer` once it is sure that this server leads, and all is committed that was proposed before. */
  sync(answer: () => void): void {
    const zxid = this.proposals.at(-1) ?? 0n;
    this.confirm(() => {
      if (this.committedZxid >= zxid) answer();
      else this.awaiting.push({ zxid, answer });
    });
  }

  stepDown(why: string): void {
    this.steppedDown ??= why;
  }

  acked(sid: bigint, upTo: bigint): void {
    this.acks.set(sid, upTo);
    const sorted = [...this.acks.values()].sort((a, b) => (a < b ? 1 : -1));
    const quorum = sorted[1];
    if (quorum === undefined || quorum <= this.committedZxid) return;
    this.committedZxid = quorum;
    for (const learner of this.rig.learners) learner.commit(quorum);
    this.server.committed(quorum);
    while ((this.awaiting[0]?.zxid ?? quorum + 1n) <= quorum) this.awaiting.shift()?.answer();
  }
}

/** See the head of the file. */
export class RoleRig {
  readonly loop: SimLoop;
  readonly net: LoopNet;
  readonly leader: LeaderMember;
  readonly follower: LearnerMember;
  readonly observer: LearnerMember;
  readonly learners: readonly LearnerMember[];

  constructor(options: RigOptions = {}) {
    this.loop = new SimLoop(new Prng(options.seed ?? 1));
    this.net = new LoopNet(this.loop);
    this.leader = new LeaderMember(this, options);
    this.follower = new LearnerMember(this, 2n, 'follower', options);
    this.observer = new LearnerMember(this, 3n, 'observer', options);
    this.learners = [this.follower, this.observer];
    this.leader.process.every(TICK_MS / 2, () => this.ping());
  }

  /** Ready once every client port is open. */
  static async start(options: RigOptions = {}): Promise<RoleRig> {
    const rig = new RoleRig(options);
    await rig.until(() => [rig.leader, ...rig.learners].every((it) => it.port !== 0));
    return rig;
  }

  /** From one server to another: what is sent first comes first. */
  pass(fn: () => void): void {
    this.loop.after(LATENCY_MS, fn);
  }

  /** Runs until it is so; throws when it does not become so. */
  until(done: () => boolean): Promise<void> {
    return this.loop.run(done, { virtualMs: 60_000, breathe });
  }

  /** Lets that much time go by. */
  async sleep(ms: number): Promise<void> {
    let over = false;
    this.loop.after(ms, () => {
      over = true;
    });
    await this.until(() => over);
  }

  /** True when every server has applied what the leader has proposed. */
  get settled(): boolean {
    const last = this.leader.proposals.at(-1) ?? 0n;
    return [this.leader, ...this.learners].every((it) => it.store.database.lastZxid >= last);
  }

  private ping(): void {
    if (this.leader.halted) return;
    for (const learner of this.learners) {
      this.pass(() => {
        const touches = [...learner.server.takeTouches()];
        this.pass(() => {
          for (const [id, ms] of touches) this.leader.server.touch(learner.link, id, ms);
        });
      });
    }
  }
}

const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
