/**
 * The leader of an epoch, as a machine: `start` it, tell it what arrives, what the disk has, and every half
 * tick. It answers through `LeaderEffects` and the learners' ports; a learner that misbehaves costs its own
 * connection only.
 *
 * The parts: `Discovery` (which epoch), `LearnerSync` (which history), `Proposals` (broadcast), `Heartbeat`
 * (who is in step), `Confirmation` (does this server lead still), over one `LeaderCore`.
 */
import type { Emitter } from '../../events/bus.ts';
import type { Id } from '../../protocol/acl.ts';
import { OP, opName } from '../../protocol/opcodes.ts';
import { PACKET } from '../../protocol/quorum.ts';
import type { Membership } from '../quorum/membership.ts';
import { Quorums } from '../quorum/quorums.ts';
import type { CommittedLog } from './committed-log.ts';
import { Confirmation } from './confirmation.ts';
import { designatedLeader } from './designated-leader.ts';
import { Discovery } from './discovery.ts';
import { Heartbeat } from './heartbeat.ts';
import { LeaderCore, type LeaderOptions } from './leader-core.ts';
import type { DiskHistory, Forwarded, LeaderEffects, LearnerPort } from './leader-effects.ts';
import { LeaderHistory } from './leader-history.ts';
import {
  BadPacket,
  type Revalidation,
  readForwarded,
  readRevalidate,
  readTouches,
} from './leader-packets.ts';
import type { LearnerHandle } from './learner-handle.ts';
import { LearnerSync } from './learner-sync.ts';
import { Proposals } from './proposals.ts';

export type { LeaderOptions } from './leader-core.ts';

/** Requests of one learner that may wait behind a `sync`, and the bytes of their bodies. */
const BEHIND_SYNC_MAX = 100_000;
const BEHIND_SYNC_BYTES_MAX = 64 * 1024 * 1024;

/** A learner as others may see it. */
export type LearnerView = Pick<
  LearnerHandle,
  'sid' | 'kind' | 'phase' | 'acked' | 'sent' | 'votes' | 'syncs'
> & {
  readonly remote: string;
  readonly pendingBytes: number;
};

/** See the head of the file. */
export class Leader {
  private readonly core: LeaderCore;
  private readonly discovery: Discovery;
  private readonly learnerSync: LearnerSync;
  private readonly proposals: Proposals;
  private readonly confirmation: Confirmation;
  private readonly heartbeat: Heartbeat;
  private now = 0;
  private startedMs = 0;

  constructor(
    options: LeaderOptions,
    effects: LeaderEffects,
    committedLog: CommittedLog,
    disk: DiskHistory | undefined,
    events: Emitter,
  ) {
    const core = new LeaderCore(
      options,
      effects,
      new LeaderHistory(committedLog, disk, options.lastLogged),
      events,
    );
    this.core = core;
    this.learnerSync = new LearnerSync(core);
    this.discovery = new Discovery(
      core,
      () => this.entered(),
      (h) => this.learnerSync.begin(h),
    );
    this.proposals = new Proposals(
      core,
      () => this.welcomeReady(),
      (h) => this.requestsBehindSync(h),
    );
    this.confirmation = new Confirmation(core);
    this.heartbeat = new Heartbeat(core, this.confirmation);
  }

  /** The epoch; undefined until a quorum has come. */
  get epoch(): bigint | undefined {
    return this.core.epoch;
  }

  get established(): boolean {
    return this.core.established;
  }

  get lastProposed(): bigint {
    return this.core.lastProposed;
  }

  get lastCommitted(): bigint {
    return this.core.lastCommitted;
  }

  /** The rules in force, a pending configuration's included. */
  get quorums(): Quorums {
    return this.core.quorums;
  }

  /** Those that said who they are. */
  learners(): LearnerView[] {
    return [...this.core.learners.values()].map((h) => {
      const { sid, kind, phase, acked, sent, votes, syncs, port } = h;
      const { remote, pendingBytes } = port;
      return { sid, kind, phase, acked, sent, votes, syncs, remote, pendingBytes };
    });
  }

  /** Learners that vote and are up to date, this server included: whom a new configuration can count on. */
  isInStep(sid: bigint): boolean {
    if (sid === this.core.options.sid) return true;
    const h = this.core.learners.get(sid);
    return h?.hasHistory === true && !h.observer;
  }

  /**
   * The last configuration seen is another: that of NEWLEADERs from now on. To be said when the epoch is
   * entered.
   */
  offerConfig(membership: Membership): void {
    this.core.lastSeen = membership;
  }

  // ---- inputs; `now` is monotonic, ms ----

  start(now: number): void {
    this.now = now;
    this.startedMs = now;
    this.heartbeat.stepBegins(now);
    this.discovery.start();
  }

  /** A connection came in on the quorum port. */
  connected(port: LearnerPort, now: number): void {
    this.now = now;
    if (this.core.over) port.close('this server leads no longer');
    else this.core.open(port);
  }

  /** The connection is gone, and why. Harmless for one that was let go of. */
  disconnected(port: LearnerPort, why = 'the connection was closed'): void {
    const h = this.core.handles.get(port);
    if (h !== undefined && !this.core.over) this.core.forget(h, why);
  }

  /** A packet arrived; `data` is the machine's to keep. */
  packet(
    port: LearnerPort,
    type: number,
    zxid: bigint,
    data: Buffer | null,
    authinfo: readonly Id[] | null,
    now: number,
  ): void {
    const h = this.core.handles.get(port);
    if (h === undefined || this.core.over) return;
    this.now = now;
    this.heartbeat.heard(h);
    try {
      this.take(h, type, zxid, data, authinfo);
    } catch (thrown) {
      if (!(thrown instanceof BadPacket)) throw thrown;
      this.core.refuse(h, thrown.message);
    }
  }

  /** The port has room for more history. */
  drained(port: LearnerPort): void {
    const h = this.core.handles.get(port);
    if (h !== undefined && !this.core.over) this.learnerSync.pump(h);
  }

  /** Half a tick has passed. */
  tick(now: number): void {
    if (this.core.over) return;
    this.now = now;
    this.heartbeat.tick(now);
    this.discovery.tick();
    for (const h of [...this.core.learners.values()]) {
      if (this.core.over) return;
      this.learnerSync.pump(h);
    }
  }

  /** This server has its log on disk up to there. */
  logged(upTo: bigint): void {
    if (!this.core.over) this.proposals.logged(upTo);
  }

  /**
   * A transaction was appended to the own log: it goes to the followers. `entry` must not change any
   * more. The zxid is the one after `lastProposed`; `membership` is what a reconfig proposes.
   */
  propose(zxid: bigint, entry: Buffer, membership: Membership | undefined): void {
    if (!this.core.over) this.proposals.propose(zxid, entry, membership);
  }

  /** Calls `done` once a quorum has confirmed, after this call, that this server leads; perhaps at once. */
  confirm(done: () => void): void {
    if (!this.core.over) this.confirmation.ask(done);
  }

  // ---- packets ----

  private take(
    h: LearnerHandle,
    type: number,
    zxid: bigint,
    data: Buffer | null,
    authinfo: readonly Id[] | null,
  ): void {
    const { core } = this;
    if (h.phase === 'greeting') {
      if (type === PACKET.FOLLOWERINFO) this.discovery.introduced(h, false, zxid, data);
      else if (type === PACKET.OBSERVERINFO) this.discovery.introduced(h, true, zxid, data);
      else throw new BadPacket(`it began with a packet of type ${type}`);
      return;
    }
    switch (type) {
      case PACKET.ACKEPOCH:
        this.discovery.ackEpoch(h, zxid, data);
        break;
      case PACKET.ACK:
        this.ack(h, zxid);
        break;
      case PACKET.PING:
        readTouches(data, (session, timeoutMs) => core.effects.touch(h.port, session, timeoutMs));
        // Those from before UPTODATE come back with zxid 0.
        if (h.phase === 'serving' && zxid !== 0n) this.confirmation.ponged(h);
        break;
      case PACKET.REVALIDATE:
        this.revalidate(h, data);
        break;
      case PACKET.REQUEST:
        this.arrived(h, readForwarded(data, authinfo));
        break;
      default:
        throw new BadPacket(`a learner sends no packet of type ${type}`);
    }
  }

  private ack(h: LearnerHandle, zxid: bigint): void {
    const { core } = this;
    if (!h.live) throw new BadPacket('an ACK before NEWLEADER');
    if ((zxid & 0xffff_ffffn) !== 0n) {
      this.proposals.acked(h, zxid);
      return;
    }
    if (zxid >> 32n !== core.epoch) throw new BadPacket(`an ACK of epoch ${zxid >> 32n}`);
    // The one after UPTODATE says nothing new.
    if (h.phase !== 'newleader') return;
    h.phase = 'ready';
    if (h.base > h.acked) h.acked = h.base;
    this.heartbeat.heard(h);
    if (core.established) {
      this.welcome(h);
      if (h.votes) this.proposals.advance();
    } else this.establish();
  }

  private revalidate(h: LearnerHandle, data: Buffer | null): void {
    const asked = readRevalidate(data);
    if (h.phase !== 'serving') throw new BadPacket('a REVALIDATE before UPTODATE');
    if (h.syncing) this.putBehindSync(h, asked);
    else this.answerRevalidate(h, asked);
  }

  private answerRevalidate(h: LearnerHandle, { session, timeoutMs }: Revalidation): void {
    const reply = Buffer.alloc(9);
    reply.writeBigInt64BE(session);
    reply[8] = this.core.effects.revalidate(h.port, session, timeoutMs) ? 1 : 0;
    h.port.send(PACKET.REVALIDATE, -1n, reply);
  }

  private putBehindSync(h: LearnerHandle, asked: Forwarded | Revalidation): void {
    if (h.behindSync.length >= BEHIND_SYNC_MAX) {
      throw new BadPacket(`more than ${BEHIND_SYNC_MAX} requests behind a sync`);
    }
    if ('body' in asked) h.behindSyncBytes += asked.body.length;
    if (h.behindSyncBytes > BEHIND_SYNC_BYTES_MAX) {
      throw new BadPacket(`more than ${BEHIND_SYNC_BYTES_MAX} bytes of requests behind a sync`);
    }
    h.behindSync.push(asked);
  }

  private arrived(h: LearnerHandle, request: Forwarded): void {
    const { events } = this.core;
    if (events.on['request.arrived']) {
      const { session, cxid, op } = request;
      events.emit('request.arrived', { session, cxid, op: opName(op) ?? String(op), from: h.sid });
    }
    this.request(h, request);
  }

  /**
   * What came behind a `sync` waits for its SYNC: a learner of Apache's matches commits to its clients'
   * requests in their order, and would take the commit of a later request, before the SYNC, for somebody
   * else's.
   */
  private request(h: LearnerHandle, request: Forwarded): void {
    if (h.phase !== 'serving') throw new BadPacket('a REQUEST before UPTODATE');
    if (h.syncing) this.putBehindSync(h, request);
    else if (request.op === OP.sync) {
      h.syncing = true;
      const { lastProposed } = this.core;
      this.confirmation.ask(() => this.proposals.syncAt(h, lastProposed));
    } else this.core.effects.request(h.port, request);
  }

  private requestsBehindSync(h: LearnerHandle): void {
    h.behindSyncBytes = 0;
    for (const asked of h.behindSync.splice(0)) {
      if (this.core.over || h.phase !== 'serving') return;
      if ('op' in asked) this.request(h, asked);
      else if (h.syncing) this.putBehindSync(h, asked);
      else this.answerRevalidate(h, asked);
    }
  }

  // ---- the way to an established epoch ----

  private entered(): void {
    const { core } = this;
    this.heartbeat.stepBegins(this.now);
    for (const h of [...core.learners.values()]) if (h.phase === 'accepted') this.learnerSync.begin(h);
    this.establish();
  }

  private establish(): void {
    const { core } = this;
    const { epoch } = core;
    if (core.established || core.over || epoch === undefined || !core.entered) return;
    if (!core.isQuorum((h) => h.hasHistory)) return;
    core.established = true;
    if (core.events.on['zab.established']) {
      core.events.emit('zab.established', { epoch: Number(epoch), ms: this.now - this.startedMs });
    }
    const seen = core.quorums.pending?.membership;
    if (seen !== undefined && !this.takeOver(seen)) return;
    core.effects.established(epoch);
    if (core.over) return;
    this.welcomeReady();
    this.proposals.advance();
  }

  /**
   * The history of this epoch contains a reconfiguration that was under way: it is committed with all of it.
   */
  private takeOver(seen: Membership): boolean {
    const { core } = this;
    const leader = designatedLeader(core, seen, core.lastCommitted);
    core.quorums = new Quorums(seen);
    core.recount();
    if (leader === core.options.sid) return true;
    this.welcomeReady();
    if (core.effects.activateConfig(seen, leader)) return true;
    core.stepDown(`the configuration makes server ${leader} the leader`);
    return false;
  }

  private welcomeReady(): void {
    for (const h of this.core.learners.values()) this.welcome(h);
  }

  /** UPTODATE, unless the learner has proposals that are not committed: its clients would see them. */
  private welcome(h: LearnerHandle): void {
    const { core } = this;
    if (h.phase !== 'ready' || !core.established || h.base > core.lastCommitted) return;
    h.phase = 'serving';
    h.port.send(PACKET.UPTODATE, -1n, null);
    const { events } = core;
    if (events.on['learner.ready']) {
      events.emit('learner.ready', { sid: h.sid, kind: h.kind, zxid: core.lastCommitted });
    }
  }
}
