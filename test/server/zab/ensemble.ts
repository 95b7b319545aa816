/**
 * An ensemble of leader and learner machines wired in memory: one seed decides what is delivered, when disks
 * are done, who crashes with what on disk, which connections break. What ZAB promises is checked at every
 * step.
 */
import { Prng } from '../../../src/base/prng.ts';
import { SILENT } from '../../../src/events/bus.ts';
import type { Id } from '../../../src/protocol/acl.ts';
import { PACKET } from '../../../src/protocol/quorum.ts';
import type { Membership } from '../../../src/server/quorum/membership.ts';
import { Quorums } from '../../../src/server/quorum/quorums.ts';
import { CommittedLog } from '../../../src/server/zab/committed-log.ts';
import { Leader } from '../../../src/server/zab/leader.ts';
import {
  type DiskHistory,
  HISTORY_BYTES_MAX,
  type LeaderEffects,
  type LearnerPort,
} from '../../../src/server/zab/leader-effects.ts';
import { Learner } from '../../../src/server/zab/learner.ts';
import type { LearnerEffects, ZabEntry } from '../../../src/server/zab/learner-effects.ts';
import { entry, show } from './entries.ts';

const TICK_MS = 100;
const INIT_LIMIT = 10;
const SYNC_LIMIT = 5;

/** What is wrong with the ensemble: which promise was broken. */
export class BrokenPromise extends Error {}

const assert = (holds: boolean, why: () => string): void => {
  if (!holds) throw new BrokenPromise(why());
};

const lastOf = (list: readonly ZabEntry[]): bigint => list.at(-1)?.zxid ?? 0n;

interface Packet {
  readonly type: number;
  readonly zxid: bigint;
  readonly data: Buffer | null;
  readonly snapshot?: readonly ZabEntry[];
}

/** A connection between a learner and its leader; what was sent and not read, each way. */
class Link {
  readonly learner: LearnerRole;
  readonly leader: LeaderRole;
  readonly toLearner: Packet[] = [];
  readonly toLeader: Packet[] = [];
  port: Port | undefined;
  /** Who has not been told yet that it is gone. */
  learnerKnows = false;
  leaderKnows = false;
  cut = false;
  /** Nothing comes through any more, and nobody is told. */
  silent = false;

  constructor(learner: LearnerRole, leader: LeaderRole) {
    this.learner = learner;
    this.leader = leader;
  }
}

class Port implements LearnerPort {
  readonly remote: string;
  peer = -1n;
  private readonly link: Link;
  private readonly world: Ensemble;
  private waiting: (() => void) | undefined;
  private closed = false;

  constructor(link: Link, world: Ensemble) {
    this.link = link;
    this.world = world;
    this.remote = `server ${link.learner.node.sid}`;
  }

  get pendingBytes(): number {
    if (this.waiting !== undefined) return HISTORY_BYTES_MAX;
    // A few packets fill it, so that history goes out in pieces.
    return this.link.toLearner.length > 6 ? HISTORY_BYTES_MAX : 0;
  }

  introduced(sid: bigint): void {
    this.peer = sid;
    assert(sid === this.link.learner.node.sid, () => `the learner says that it is ${sid}`);
  }

  send(type: number, zxid: bigint, data: Buffer | null): void {
    assert(this.waiting === undefined, () => `leader sent ${type} to a port that waits for its snapshot`);
    if (!this.closed && !this.link.cut) this.link.toLearner.push({ type, zxid, data });
  }

  sendSnapshot(begun: () => void): void {
    const now = (): void => {
      this.waiting = undefined;
      const { node } = this.link.leader;
      if (this.closed || node.role !== this.link.leader || this.link.cut) return;
      const snapshot = [...node.tree];
      // The name a leader's tree bears: that of its epoch before the first transaction.
      this.link.toLearner.push({ type: PACKET.SNAP, zxid: node.treeZxid, data: null, snapshot });
      begun();
    };
    this.waiting = now;
    if (this.world.prng.chance(0.5)) now();
    else this.world.later.push(() => this.waiting === now && now());
  }

  close(why: string): void {
    this.world.log(`server ${this.link.leader.node.sid} closes ${this.remote}: ${why}`);
    this.closed = true;
    this.waiting = undefined;
    // What was sent still arrives.
    this.link.leaderKnows = true;
    this.link.cut = true;
  }
}

/** One server: what is on its disk, what was written and not synced, what is in memory, and its role. */
export class Node {
  readonly sid: bigint;
  readonly observer: boolean;
  readonly world: Ensemble;
  // Durable.
  acceptedEpoch = 0n;
  currentEpoch = 0n;
  disk: ZabEntry[] = [];
  /** Where the log on disk begins: entries before came with a snapshot, whose name is `snapshotZxid`. */
  logStart = 0;
  snapshotZxid = 0n;
  // Lost in a crash.
  written: ZabEntry[] = [];
  tree: ZabEntry[] = [];
  treeZxid = 0n;
  committedLog = new CommittedLog(5);
  /** The tree came with a SNAP that is not on disk yet. */
  unsaved = false;
  up = true;
  role: LeaderRole | LearnerRole | undefined;
  follows: Node | undefined;
  nextTickMs = 0;

  constructor(sid: bigint, observer: boolean, world: Ensemble) {
    this.sid = sid;
    this.observer = observer;
    this.world = world;
  }

  get name(): string {
    return `server ${this.sid}`;
  }

  /** What it votes with: the last zxid of what a restart would find. */
  get lastLogged(): bigint {
    const last = lastOf(this.disk);
    return last > this.snapshotZxid ? last : this.snapshotZxid;
  }

  has(zxid: bigint): boolean {
    return this.disk.some((e) => e.zxid === zxid);
  }

  accept(epoch: bigint): void {
    assert(epoch > this.acceptedEpoch, () => `${this.name}: acceptedEpoch ${this.acceptedEpoch} -> ${epoch}`);
    this.acceptedEpoch = epoch;
    this.world.log(`${this.name} accepts ${epoch}`);
  }

  enter(epoch: bigint): void {
    assert(
      epoch >= this.currentEpoch && epoch <= this.acceptedEpoch,
      () => `${this.name}: currentEpoch ${epoch}`,
    );
    this.currentEpoch = epoch;
    this.world.log(`${this.name} enters ${epoch}`);
  }

  append(e: ZabEntry): void {
    const last = this.written.at(-1)?.zxid ?? this.lastLogged;
    const fits = e.zxid >> 32n === last >> 32n ? e.zxid === last + 1n : e.zxid > last;
    assert(fits, () => `${this.name} logs ${show(e.zxid)} behind ${show(last)}`);
    this.written.push(e);
  }

  /** `count` of what was written reaches the disk. */
  flush(count = this.written.length): void {
    this.disk.push(...this.written.splice(0, count));
  }

  apply(e: ZabEntry): void {
    assert(this.has(e.zxid), () => `${this.name} applies ${show(e.zxid)}, which is not on its disk`);
    assert(e.zxid > lastOf(this.tree), () => `${this.name} applies ${show(e.zxid)} out of order`);
    this.tree.push(e);
    this.treeZxid = e.zxid;
    this.committedLog.add(e.zxid, e.bytes);
  }

  /** A role ends: what was written goes to disk, memory becomes what is on disk. */
  settle(): void {
    this.flush();
    // A snapshot that was taken in and not saved is no part of what a restart would find.
    if (this.unsaved) this.load();
    for (const e of this.disk) if (e.zxid > lastOf(this.tree)) this.apply(e);
    assert(
      this.tree.length === this.disk.length,
      () => `${this.name}: memory has ${this.tree.length} entries, the disk ${this.disk.length}`,
    );
  }

  leaveRole(why: string): void {
    const { role } = this;
    if (role === undefined) return;
    this.world.log(`${this.name} looks: ${why}`);
    this.role = undefined;
    this.follows = undefined;
    role.end();
    this.settle();
  }

  crash(): void {
    this.up = false;
    const { role } = this;
    this.role = undefined;
    this.follows = undefined;
    role?.end();
    const kept = this.world.prng.below(this.written.length + 1);
    this.flush(kept);
    this.world.log(`${this.name} crashes, keeps ${kept} of ${kept + this.written.length} unsynced`);
    this.written = [];
  }

  restart(): void {
    this.up = true;
    this.load();
    // As `Epochs.reconcile`: a history that reaches into an epoch is one of that epoch.
    const last = this.lastLogged >> 32n;
    if (last > this.acceptedEpoch) this.acceptedEpoch = last;
    if (last > this.currentEpoch) this.currentEpoch = last;
    this.world.log(`${this.name} starts: epoch ${this.currentEpoch}, ${show(this.lastLogged)}`);
  }

  load(): void {
    this.unsaved = false;
    this.tree = [...this.disk];
    this.treeZxid = this.lastLogged;
    this.committedLog = new CommittedLog(5);
  }
}

/** A node that leads. */
export class LeaderRole implements LeaderEffects {
  readonly node: Node;
  readonly links = new Set<Link>();
  readonly machine: Leader;
  /** Appended to the own log, not applied. */
  private pending: ZabEntry[] = [];
  private committedTo = 0n;
  over = false;
  steppingDown = false;

  constructor(node: Node) {
    this.node = node;
    const { world } = node;
    const history: DiskHistory = {
      readFrom: (from) => {
        const log = node.disk.slice(node.logStart);
        const first = log[0];
        if (first === undefined || first.zxid > from) return undefined;
        return log.filter((e) => e.zxid >= from)[Symbol.iterator]();
      },
    };
    this.machine = new Leader(
      {
        sid: node.sid,
        quorums: new Quorums(world.membership),
        lastSeen: world.membership,
        tickMs: TICK_MS,
        initLimitTicks: INIT_LIMIT,
        syncLimitTicks: SYNC_LIMIT,
        acceptedEpoch: node.acceptedEpoch,
        currentEpoch: node.currentEpoch,
        lastLogged: node.lastLogged,
      },
      this,
      node.committedLog,
      history,
      SILENT,
    );
  }

  end(): void {
    this.over = true;
    for (const link of this.links) this.node.world.cutLink(link, 'leader');
  }

  write(): void {
    if (this.steppingDown) return;
    const e = entry(this.machine.lastProposed + 1n, `${this.node.sid}:${this.node.world.steps}`);
    this.node.world.proposed(this.node, e);
    this.node.append(e);
    this.pending.push(e);
    this.machine.propose(e.zxid, e.bytes, undefined);
  }

  logged(): void {
    this.machine.logged(lastOf(this.node.disk));
    this.applyDue();
  }

  acceptEpoch(epoch: bigint): void {
    this.node.accept(epoch);
  }

  enterEpoch(epoch: bigint): void {
    this.node.enter(epoch);
    this.node.world.entered(this.node, epoch);
  }

  established(epoch: bigint): void {
    this.node.treeZxid = epoch << 32n;
    this.node.world.established(this.node, epoch);
  }

  committed(upTo: bigint): void {
    this.committedTo = upTo;
    this.node.world.committed(this.node, this.pending, upTo);
    this.applyDue();
  }

  private applyDue(): void {
    for (;;) {
      const next = this.pending[0];
      if (this.over || next === undefined || next.zxid > this.committedTo || !this.node.has(next.zxid))
        return;
      this.pending.shift();
      this.node.apply(next);
    }
  }

  activateConfig(): boolean {
    return true;
  }

  request(): void {}
  touch(): void {}
  revalidate(): boolean {
    return true;
  }

  claimedEpoch(sid: bigint): bigint | undefined {
    return this.node.world.nodes.find((node) => node.sid === sid)?.currentEpoch;
  }

  stepDown(why: string): void {
    this.steppingDown = true;
    this.node.world.later.push(() => this.node.role === this && this.node.leaveRole(`steps down: ${why}`));
  }
}

/** A node that follows or observes. */
export class LearnerRole implements LearnerEffects {
  readonly node: Node;
  readonly machine: Learner;
  link: Link | undefined;
  tries = 0;
  serving = false;
  over = false;

  constructor(node: Node, leader: Node) {
    this.node = node;
    this.machine = new Learner(
      {
        sid: node.sid,
        kind: node.observer ? 'observer' : 'follower',
        leader: leader.sid,
        configVersion: 0n,
        acceptedEpoch: node.acceptedEpoch,
        currentEpoch: node.currentEpoch,
        lastLogged: node.lastLogged,
        tickMs: TICK_MS,
        initLimitTicks: INIT_LIMIT,
        syncLimitTicks: SYNC_LIMIT,
        logInforms: true,
      },
      this,
      SILENT,
    );
  }

  end(): void {
    this.over = true;
    if (this.link !== undefined) this.node.world.cutLink(this.link, 'learner');
  }

  send(type: number, zxid: bigint, data: Buffer | null, _authinfo: readonly Id[] | null): void {
    const { node } = this;
    assert(!this.over, () => `${node.name} speaks after its role ended`);
    if (type === PACKET.ACK && (zxid & 0xffff_ffffn) !== 0n) {
      assert(node.has(zxid), () => `${node.name} acknowledges ${show(zxid)}, which is not on its disk`);
      assert(
        node.currentEpoch === zxid >> 32n || zxid >> 32n < node.currentEpoch,
        () => 'ACK before the epoch',
      );
    }
    if (type === PACKET.ACK && (zxid & 0xffff_ffffn) === 0n) {
      assert(node.currentEpoch === zxid >> 32n, () => `${node.name} ACKs NEWLEADER in ${node.currentEpoch}`);
    }
    if (this.link !== undefined && !this.link.cut) this.link.toLeader.push({ type, zxid, data });
  }

  acceptEpoch(epoch: bigint): void {
    this.node.accept(epoch);
  }

  enterEpoch(epoch: bigint): void {
    assert(this.node.written.length === 0 || this.node.world.looseEnter(this.node), () => 'unsynced history');
    this.node.enter(epoch);
  }

  truncate(zxid: bigint): bigint {
    const { node } = this;
    assert(node.written.length === 0, () => 'truncation under an open log');
    node.disk = node.disk.filter((e) => e.zxid <= zxid);
    node.logStart = Math.min(node.logStart, node.disk.length);
    if (node.snapshotZxid > zxid) node.snapshotZxid = 0n;
    node.load();
    node.world.log(`${node.name} is cut back to ${show(node.lastLogged)}`);
    return node.lastLogged;
  }

  receiveSnapshot(): void {}

  /** The driver's part of a SNAP: the bytes are in. */
  snapshotArrived(zxid: bigint, tree: readonly ZabEntry[]): void {
    const { node } = this;
    node.tree = [...tree];
    node.treeZxid = zxid;
    node.unsaved = true;
    node.committedLog = new CommittedLog(5);
    this.machine.snapshotTaken(zxid);
  }

  lacking(): string | undefined {
    return undefined;
  }

  absorb(): void {
    assert(false, () => 'snapshots of these leaders are whole');
  }

  saveSnapshot(): void {
    const { node } = this;
    const tree = [...node.tree];
    const zxid = node.treeZxid;
    const done = (): void => {
      if (this.over) return;
      assert(node.written.length === 0, () => 'logged under a snapshot that was not saved');
      node.disk = tree;
      node.unsaved = false;
      node.logStart = tree.length;
      node.snapshotZxid = zxid;
      this.machine.snapshotSaved();
    };
    node.world.later.push(done);
  }

  append(e: ZabEntry): void {
    this.node.append(e);
  }

  apply(e: ZabEntry): void {
    this.node.apply(e);
    if (this.serving) this.node.world.servedApply(this.node, e);
  }

  configSeen(): void {}
  activateConfig(): boolean {
    return true;
  }

  serve(epoch: bigint): void {
    this.serving = true;
    const start = epoch << 32n;
    if (this.node.treeZxid < start) this.node.treeZxid = start;
    this.node.world.serves(this.node);
  }

  revalidated(): void {}
  synced(): void {}
  takeTouches(): ReadonlyMap<bigint, number> {
    return new Map();
  }

  leave(why: string): void {
    this.node.world.later.push(() => this.node.role === this && this.node.leaveRole(why));
  }
}

/** How much goes wrong, each a chance per step. */
export interface Faults {
  readonly crash: number;
  readonly restart: number;
  readonly cut: number;
  /** An election that chooses anybody. */
  readonly odd: number;
}

const CALM: Faults = { crash: 0, restart: 0.2, cut: 0, odd: 0 };

/** See the head of the file. */
export class Ensemble {
  readonly prng: Prng;
  readonly nodes: Node[] = [];
  readonly membership: Membership;
  /** Things a driver does a little later: endings, snapshots. */
  later: (() => unknown)[] = [];
  steps = 0;
  now = 0;
  faults: Faults;
  /** What any leader has committed, in order; every transaction ever proposed; who led which epoch. */
  readonly history: ZabEntry[] = [];
  private readonly every = new Map<bigint, ZabEntry>();
  private readonly leaders = new Map<bigint, bigint>();
  readonly journal: string[] = [];
  private links: Link[] = [];

  constructor(seed: number, voters: number, observers: number, faults: Faults) {
    this.prng = new Prng(seed);
    this.faults = faults;
    const members = [];
    for (let id = 1; id <= voters + observers; id++) {
      const observer = id > voters;
      this.nodes.push(new Node(BigInt(id), observer, this));
      members.push({
        id,
        addresses: [{ host: 'h', quorumPort: id, electionPort: 100 + id }],
        role: observer ? ('observer' as const) : ('participant' as const),
        client: undefined,
      });
    }
    this.membership = { members, groups: new Map(), weights: new Map(), version: 0n };
  }

  log(what: string): void {
    this.journal.push(`${this.steps} ${what}`);
  }

  get voters(): Node[] {
    return this.nodes.filter((n) => !n.observer);
  }

  // ---- what is checked ----

  proposed(leader: Node, e: ZabEntry): void {
    assert(!this.every.has(e.zxid), () => `${leader.name} proposes ${show(e.zxid)} a second time`);
    this.every.set(e.zxid, e);
  }

  entered(leader: Node, epoch: bigint): void {
    assert(!this.leaders.has(epoch), () => `epoch ${epoch} has two leaders`);
    this.leaders.set(epoch, leader.sid);
  }

  established(leader: Node, epoch: bigint): void {
    this.log(`${leader.name} leads epoch ${epoch} from ${show(leader.lastLogged)}`);
    this.extend(leader, leader.tree);
  }

  committed(leader: Node, pending: readonly ZabEntry[], upTo: bigint): void {
    const own = [...leader.tree, ...pending.filter((e) => e.zxid <= upTo)];
    for (const e of pending) {
      if (e.zxid > upTo) break;
      const holders = this.voters.filter((n) => n.has(e.zxid)).length;
      assert(
        holders * 2 > this.voters.length,
        () => `${show(e.zxid)} is committed and on ${holders} of ${this.voters.length} disks`,
      );
    }
    this.extend(leader, own);
  }

  /** A leader's history: everything committed before is its beginning, and all of it is committed now. */
  private extend(leader: Node, own: readonly ZabEntry[]): void {
    for (let i = 0; i < this.history.length; i++) {
      const e = this.history[i] as ZabEntry;
      assert(
        own[i]?.zxid === e.zxid,
        () => `${leader.name} leads without ${show(e.zxid)}, which was committed`,
      );
    }
    this.history.push(...own.slice(this.history.length));
  }

  serves(node: Node): void {
    this.log(`${node.name} serves at ${show(lastOf(node.tree))}`);
    node.tree.forEach((e, i) => {
      assert(this.history[i]?.zxid === e.zxid, () => `${node.name} serves ${show(e.zxid)}, not committed`);
    });
  }

  servedApply(node: Node, e: ZabEntry): void {
    const i = node.tree.length - 1;
    assert(this.history[i]?.zxid === e.zxid, () => `${node.name} applies ${show(e.zxid)} at ${i}`);
  }

  /** True when what is unsynced came behind NEWLEADER: that is allowed. */
  looseEnter(node: Node): boolean {
    return node.written.every((e) => !this.history.includes(e) || e.zxid >> 32n === node.acceptedEpoch);
  }

  private checkDisks(): void {
    for (const n of this.nodes) {
      assert(n.currentEpoch <= n.acceptedEpoch, () => `${n.name}: current > accepted`);
      for (const e of n.disk) {
        assert(
          this.every.get(e.zxid)?.bytes.equals(e.bytes) === true,
          () => `${n.name}: strange ${show(e.zxid)}`,
        );
      }
    }
    // Everything committed is on the disks of a quorum, always.
    for (const e of this.history.slice(-8)) {
      const holders = this.voters.filter((n) => n.has(e.zxid)).length;
      assert(
        holders * 2 > this.voters.length,
        () => `${show(e.zxid)} was committed and is on ${holders} of ${this.voters.length} disks now`,
      );
    }
  }

  // ---- what happens ----

  cutLink(link: Link, by: 'leader' | 'learner' | 'network'): void {
    if (by === 'leader') link.leaderKnows = true;
    if (by === 'learner') link.learnerKnows = true;
    if (!link.cut && (by === 'network' || this.prng.chance(0.5))) {
      link.toLearner.splice(this.prng.below(link.toLearner.length + 1));
      link.toLeader.splice(this.prng.below(link.toLeader.length + 1));
    }
    link.cut = true;
  }

  /** One thing happens. */
  step(): void {
    this.steps++;
    this.now += this.prng.below(4);
    this.ticks();
    const { prng, faults } = this;
    if (prng.chance(faults.crash)) this.crashOne();
    if (prng.chance(faults.restart)) this.restartOne();
    if (prng.chance(faults.cut) && this.links.length > 0) {
      const link = prng.pick(this.links);
      if (prng.chance(0.3)) link.silent = true;
      else this.cutLink(link, 'network');
      this.log(`the link of ${link.learner.node.name} ${link.silent ? 'falls silent' : 'breaks'}`);
    }
    const what = prng.next();
    if (what < 0.55) this.deliver();
    else if (what < 0.7) this.flushOne();
    else if (what < 0.8) this.runLater();
    else if (what < 0.9) this.dialOrElect();
    else this.write();
    if (this.steps % 16 === 0) this.checkDisks();
  }

  private ticks(): void {
    for (const n of this.nodes) {
      if (!n.up || n.role === undefined || this.now < n.nextTickMs) continue;
      n.nextTickMs = this.now + TICK_MS / 2;
      n.role.machine.tick(this.now);
      if (n.role instanceof LeaderRole) {
        for (const link of n.role.links) if (link.port !== undefined) n.role.machine.drained(link.port);
      }
    }
  }

  private crashOne(): void {
    const up = this.nodes.filter((n) => n.up);
    if (up.length > 0) this.prng.pick(up).crash();
  }

  private restartOne(): void {
    const down = this.nodes.filter((n) => !n.up);
    if (down.length > 0) this.prng.pick(down).restart();
  }

  private runLater(): void {
    if (this.later.length === 0) return;
    const [act] = this.later.splice(this.prng.below(this.later.length), 1);
    act?.();
  }

  private flushOne(): void {
    const node = this.prng.pick(this.nodes);
    if (!node.up || node.written.length === 0) return;
    // What is synced is all that was written when the sync began.
    node.flush(1 + this.prng.below(node.written.length));
    if (node.role instanceof LeaderRole) node.role.logged();
    else node.role?.machine.logged(lastOf(node.disk));
  }

  private write(): void {
    const leading = this.nodes.filter((n) => n.role instanceof LeaderRole && n.role.machine.established);
    if (leading.length === 0) return;
    const { role } = this.prng.pick(leading);
    if (role instanceof LeaderRole && role.machine.lastProposed - role.machine.lastCommitted < 8n)
      role.write();
  }

  private deliver(): void {
    const usable = this.links.filter((l) => !l.learnerKnows || !l.leaderKnows);
    this.links = usable;
    if (usable.length === 0) return;
    const link = this.prng.pick(usable);
    if (link.silent) return;
    if (this.prng.chance(0.5)) this.deliverToLearner(link);
    else this.deliverToLeader(link);
  }

  private deliverToLearner(link: Link): void {
    const { learner, leader } = link;
    for (let n = 1 + this.prng.below(3); n > 0 && !link.learnerKnows && !learner.over; n--) {
      const packet = link.toLearner.shift();
      if (packet === undefined) {
        if (!link.cut) break;
        link.learnerKnows = true;
        learner.machine.disconnected('the connection was closed');
        break;
      }
      learner.machine.packet(packet.type, packet.zxid, packet.data, this.now);
      if (packet.snapshot !== undefined && !learner.over) {
        learner.snapshotArrived(packet.zxid, packet.snapshot);
      }
    }
    if (link.port !== undefined && !leader.over && !link.leaderKnows) leader.machine.drained(link.port);
  }

  private deliverToLeader(link: Link): void {
    const { leader, port } = link;
    for (let n = 1 + this.prng.below(3); n > 0 && !link.leaderKnows && !leader.over; n--) {
      const packet = link.toLeader.shift();
      if (port === undefined) break;
      if (packet === undefined) {
        if (!link.cut) break;
        link.leaderKnows = true;
        leader.machine.disconnected(port);
        break;
      }
      leader.machine.packet(port, packet.type, packet.zxid, packet.data, null, this.now);
    }
  }

  private dialOrElect(): void {
    const dialling = this.nodes.filter((n) => n.role instanceof LearnerRole && n.role.link === undefined);
    if (dialling.length > 0 && this.prng.chance(0.7)) this.dial(this.prng.pick(dialling));
    else this.elect();
  }

  private dial(node: Node): void {
    const role = node.role as LearnerRole;
    const leader = node.follows?.role;
    if (leader instanceof LeaderRole && node.follows?.up === true) {
      const link = new Link(role, leader);
      link.port = new Port(link, this);
      role.link = link;
      leader.links.add(link);
      this.links.push(link);
      leader.machine.connected(link.port, this.now);
      role.machine.start(this.now);
    } else if (++role.tries > 5) node.leaveRole('nobody listens');
  }

  /** Somebody who looks for a leader finds one: the standing one, or the best of a quorum that looks. */
  private elect(): void {
    const looking = this.nodes.filter((n) => n.up && n.role === undefined);
    if (looking.length === 0) return;
    if (this.prng.chance(this.faults.odd)) {
      const chosen = this.prng.pick(this.voters);
      this.decide(this.prng.pick(looking), chosen);
      return;
    }
    const standing = this.nodes.find(
      (n) => n.role instanceof LeaderRole && this.followers(n) * 2 > this.voters.length,
    );
    if (standing !== undefined) {
      this.decide(this.prng.pick(looking), standing);
      return;
    }
    const voters = looking.filter((n) => !n.observer);
    if (voters.length * 2 <= this.voters.length) return;
    const best = voters.reduce((a, b) => (this.beats(b, a) ? b : a));
    this.log(`${best.name} is elected`);
    for (const n of [best, ...voters.filter((v) => v !== best)]) this.decide(n, best);
  }

  private followers(leader: Node): number {
    return this.voters.filter((n) => n === leader || n.follows === leader).length;
  }

  private beats(a: Node, b: Node): boolean {
    if (a.currentEpoch !== b.currentEpoch) return a.currentEpoch > b.currentEpoch;
    return a.lastLogged !== b.lastLogged ? a.lastLogged > b.lastLogged : a.sid > b.sid;
  }

  private decide(node: Node, leader: Node): void {
    node.nextTickMs = this.now;
    if (node !== leader) {
      node.follows = leader;
      node.role = new LearnerRole(node, leader);
    } else {
      const role = new LeaderRole(node);
      node.role = role;
      role.machine.start(this.now);
    }
  }

  // ---- the end: all is well again ----

  /** Heals everything and lets it run. True when all servers serve the same, and a write has gone through. */
  heals(stepsMax: number): boolean {
    this.faults = CALM;
    for (const n of this.nodes) if (!n.up) n.restart();
    const written = this.history.length;
    for (let i = 0; i < stepsMax; i++) {
      this.step();
      if (i % 64 === 0 && this.history.length > written + 3 && this.allServe()) return true;
    }
    return false;
  }

  private allServe(): boolean {
    return this.nodes.every(
      (n) =>
        n.up &&
        (n.role instanceof LeaderRole
          ? n.role.machine.established
          : n.role instanceof LearnerRole && n.role.machine.state === 'serving'),
    );
  }
}
