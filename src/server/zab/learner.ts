/**
 * The learner's side of ZAB (facts 9): a follower or an observer, from the open connection to its end.
 *
 *     hello -> epoch -> (snapshot) -> syncing -> storing -> joined -> starting -> serving -> left
 *
 * What it promises beyond Apache 3.8:
 *
 * - NEWLEADER is acknowledged once the whole history before it is on disk, and currentEpoch after that (3911,
 *   4643, 4646); proposals are acknowledged behind it only (4685), each once it is on disk.
 * - A transaction is applied when it is committed and on this server's disk; never before.
 * - A snapshot from the leader is on disk before anything is logged behind it: no log with a hole (2872,
 *   3104).
 * - A leader that breaks the order (a COMMIT of another transaction than the oldest, a hole in the zxids) is
 *   left, and looked for anew. Apache's process exits there (12, 13) because its memory may be ahead of its
 *   disk; here what was applied is on disk, and the next synchronisation starts from that.
 */
import { hex0x } from '../../base/brands.ts';
import type { Emitter } from '../../events/bus.ts';
import type { Id } from '../../protocol/acl.ts';
import { opName } from '../../protocol/opcodes.ts';
import { PACKET } from '../../protocol/quorum.ts';
import {
  forwardedRequest,
  readDesignated,
  readRevalidated,
  revalidateRequest,
  touchPackets,
} from './learner-data.ts';
import type { LearnerEffects } from './learner-effects.ts';
import { proposedConfig } from './learner-entry.ts';
import { greeting, readOffer } from './learner-handshake.ts';
import { LearnerHistory } from './learner-history.ts';
import { type LearnerOptions, type LearnerState, PING_BYTES_MAX } from './learner-options.ts';
import { tellProposal } from './txn-origin.ts';

/** See the head of the file. */
export class Learner {
  private readonly options: LearnerOptions;
  private readonly effects: LearnerEffects;
  private readonly events: Emitter;
  private current: LearnerState = 'idle';
  private readonly history: LearnerHistory;
  private heardMs = 0;
  private startedMs = 0;
  /** The leader's epoch, once it has told. */
  private epoch = -1n;
  /** The leader is older than 3.4: its first packet was NEWLEADER, and no other follows. */
  private ancient = false;
  /** The last transaction before NEWLEADER, and the last before UPTODATE that was committed. */
  private newLeaderAfter = 0n;
  private serveAfter = 0n;
  private newLeaderText: string | undefined;
  /** For each `sync` the leader answered too early: what has to be applied before it is passed on. */
  private syncsAfter: bigint[] = [];

  constructor(options: LearnerOptions, effects: LearnerEffects, events: Emitter) {
    this.options = options;
    this.effects = effects;
    this.events = events;
    this.history = new LearnerHistory(options, effects);
  }

  /** Where it is. */
  get state(): LearnerState {
    return this.current;
  }

  // ---- inputs ----

  /** The connection to the leader is open. */
  start(now: number): void {
    this.startedMs = now;
    this.heardMs = now;
    this.current = 'hello';
    const { type, zxid, data } = greeting(this.options);
    this.send(type, zxid, data);
  }

  /** A packet from the leader. `data` is not kept. */
  packet(type: number, zxid: bigint, data: Buffer | null, now: number): void {
    if (this.left) return;
    this.heardMs = now;
    if (this.current === 'hello') this.firstPacket(type, zxid);
    else if (this.current === 'snapshot') this.refuse(`a packet of type ${type} inside a snapshot`);
    else if (this.current === 'epoch') this.syncStarts(type, zxid);
    else this.streamPacket(type, zxid, data, now);
  }

  /** Bytes of a snapshot arrived: the leader is alive. */
  heard(now: number): void {
    this.heardMs = now;
  }

  /** The snapshot behind SNAP has become the database, in memory. */
  snapshotTaken(zxid: bigint): void {
    if (this.current !== 'snapshot') return;
    this.current = 'syncing';
    this.history.snapshotTaken(zxid);
  }

  /** That snapshot is on disk, and nothing older is. */
  snapshotSaved(): void {
    if (this.left) return;
    this.history.snapshotSaved();
    this.proceed();
  }

  /** The log is on disk up to there. */
  logged(upTo: bigint): void {
    if (this.left) return;
    this.history.logged(upTo);
    this.proceed();
  }

  /** Time goes by; to be called a few times a tick. */
  tick(now: number): void {
    const { tickMs, initLimitTicks, syncLimitTicks } = this.options;
    if (this.left || this.current === 'idle') return;
    const limitMs = (this.joined ? syncLimitTicks : initLimitTicks) * tickMs;
    if (now - this.heardMs > limitMs) this.leave(`nothing was heard of the leader for ${limitMs} ms`);
  }

  /** The connection is gone. */
  disconnected(why: string): void {
    this.leave(why);
  }

  /** A client's request for the leader. */
  request(session: bigint, cxid: number, op: number, body: Buffer, ids: readonly Id[]): void {
    if (this.left) return;
    if (this.events.on['request.forwarded']) {
      this.events.emit('request.forwarded', { session, cxid, op: opName(op) ?? String(op) });
    }
    this.send(PACKET.REQUEST, -1n, forwardedRequest(session, cxid, op, body), ids);
  }

  /** A client came with a session of this id: does it live? */
  revalidate(session: bigint, timeoutMs: number): void {
    if (this.left) return;
    this.send(PACKET.REVALIDATE, -1n, revalidateRequest(session, timeoutMs));
  }

  // ---- the epoch ----

  private firstPacket(type: number, zxid: bigint): void {
    const offer = readOffer(this.options, type, zxid);
    if (typeof offer === 'string') {
      this.refuse(offer);
      return;
    }
    const { epoch, isNew, answer } = offer;
    if (isNew) this.effects.acceptEpoch(epoch);
    if (isNew && this.events.on['zab.epoch-accepted']) {
      this.events.emit('zab.epoch-accepted', { leader: this.options.leader, epoch: Number(epoch) });
    }
    this.epoch = epoch;
    this.current = 'epoch';
    this.ancient = answer === undefined;
    if (answer !== undefined) this.send(answer.type, answer.zxid, answer.data);
  }

  // ---- the synchronisation ----

  private syncStarts(type: number, zxid: bigint): void {
    if (type === PACKET.PING) return;
    const way = type === PACKET.DIFF ? 'DIFF' : type === PACKET.TRUNC ? 'TRUNC' : 'SNAP';
    if (way === 'SNAP' && type !== PACKET.SNAP) {
      this.refuse(`a packet of type ${type} where DIFF, TRUNC or SNAP was due`);
      return;
    }
    if (this.events.on['zab.sync-started']) {
      const { leader, lastLogged } = this.options;
      this.events.emit('zab.sync-started', { leader, way, from: lastLogged, zxid });
    }
    this.current = 'syncing';
    if (this.options.wantsSnapshot === true && way === 'DIFF')
      this.refuse('DIFF where a snapshot was asked for');
    else if (type === PACKET.TRUNC) this.obey(this.history.truncate(zxid));
    else if (type === PACKET.SNAP) {
      this.current = 'snapshot';
      this.effects.receiveSnapshot(zxid);
    }
  }

  // ---- the stream: synchronisation and broadcast alike ----

  private streamPacket(type: number, zxid: bigint, data: Buffer | null, now: number): void {
    switch (type) {
      case PACKET.PROPOSAL:
        tellProposal(this.events, this.options.leader, zxid, data);
        this.obey(this.history.propose(zxid, data));
        return;
      case PACKET.COMMIT:
        this.obey(this.history.commit(zxid, undefined));
        return;
      case PACKET.INFORM:
        tellProposal(this.events, this.options.leader, zxid, data);
        this.obey(this.history.inform(zxid, data, undefined));
        return;
      case PACKET.COMMITANDACTIVATE:
      case PACKET.INFORMANDACTIVATE:
        this.activate(type, zxid, data);
        return;
      case PACKET.NEWLEADER:
        this.newLeader(zxid, data);
        return;
      case PACKET.UPTODATE:
        this.upToDate(now);
        return;
      case PACKET.PING:
        this.ping(zxid);
        return;
      case PACKET.REVALIDATE:
        this.revalidated(data);
        return;
      case PACKET.SYNC:
        this.syncsAfter.push(this.history.committedUpTo);
        this.proceed();
        return;
      default:
        this.refuse(`a packet of type ${type} in the stream of transactions`);
    }
  }

  private activate(type: number, zxid: bigint, data: Buffer | null): void {
    const leader = readDesignated(data);
    if (data === null || leader === undefined) this.refuse(`a packet of type ${type} without a leader`);
    else if (type === PACKET.COMMITANDACTIVATE) this.obey(this.history.commit(zxid, leader.sid));
    else {
      const entry = data.subarray(leader.bytes);
      tellProposal(this.events, this.options.leader, zxid, entry);
      this.obey(this.history.inform(zxid, entry, leader.sid));
    }
  }

  /** Goes on, or leaves the leader for what the history makes of its packet. */
  private obey(objection: string | undefined): void {
    if (objection !== undefined) this.refuse(objection);
    else this.proceed();
  }

  private newLeader(zxid: bigint, data: Buffer | null): void {
    if (this.current !== 'syncing' || zxid !== this.epoch << 32n) {
      this.refuse(`NEWLEADER ${hex0x(zxid)} in state ${this.current}, epoch ${this.epoch}`);
      return;
    }
    if (data !== null && data.length > 0) {
      this.newLeaderText = data.toString('utf8');
      this.effects.configSeen(this.newLeaderText);
    }
    this.storeHistory();
  }

  /** Everything received so far has to be on disk before the epoch is entered. */
  private storeHistory(): void {
    this.current = 'storing';
    this.newLeaderAfter = this.history.lastReceived;
    this.obey(this.history.newLeader());
  }

  private upToDate(now: number): void {
    if (this.ancient && this.current === 'syncing') this.storeHistory();
    else if (this.current === 'joined') this.starting();
    else {
      this.refuse(`UPTODATE in state ${this.current}`);
      return;
    }
    if (!this.left && this.events.on['zab.synced']) {
      const { leader } = this.options;
      const zxid = this.history.committedUpTo;
      this.events.emit('zab.synced', { leader, epoch: Number(this.epoch), zxid, ms: now - this.startedMs });
    }
  }

  private starting(): void {
    this.current = 'starting';
    this.serveAfter = this.history.committedUpTo;
    if (!this.effects.activateConfig(undefined, this.newLeaderText)) {
      this.leave("the leader's configuration gives this server another role or leader");
      return;
    }
    if (!this.ancient) this.send(PACKET.ACK, this.epoch << 32n, null);
    this.proceed();
  }

  private ping(zxid: bigint): void {
    // Before its ACK of NEWLEADER the leader takes any other packet for the end.
    if (!this.joined) return;
    const limit = this.options.pingBytesMax ?? PING_BYTES_MAX;
    const packets = touchPackets(this.effects.takeTouches(), limit);
    // One answer to one ping, since the leader counts them; what it does not hold goes ahead under zxid 0.
    packets.forEach((data, i) => {
      this.send(PACKET.PING, i === packets.length - 1 ? zxid : 0n, data);
    });
  }

  private revalidated(data: Buffer | null): void {
    const answer = readRevalidated(data);
    if (answer === undefined) this.refuse('REVALIDATE without an answer');
    else this.effects.revalidated(answer.session, answer.valid);
  }

  // ---- what follows from commits and from the disk ----

  private get left(): boolean {
    return this.current === 'left';
  }

  /** True once NEWLEADER was acknowledged. */
  private get joined(): boolean {
    return this.current === 'joined' || this.current === 'starting' || this.current === 'serving';
  }

  /** Does what has become possible: acknowledge, apply, serve, answer `sync`. In this order. */
  private proceed(): void {
    if (this.current === 'storing' && this.history.isOnDisk(this.newLeaderAfter)) {
      this.joins();
    }
    this.acknowledge();
    this.applyDue();
    if (this.current === 'starting' && this.history.appliedUpTo(this.serveAfter)) {
      this.current = 'serving';
      this.effects.serve(this.epoch);
    }
    this.passSyncs();
  }

  private joins(): void {
    this.effects.enterEpoch(this.epoch);
    this.current = 'joined';
    this.send(PACKET.ACK, this.epoch << 32n, null);
    if (this.ancient) this.starting();
  }

  /** ACKs of what is on disk, one each, as Apache's leader counts them; behind that of NEWLEADER (4685). */
  private acknowledge(): void {
    if (!this.joined) return;
    for (const zxid of this.history.takeAcks()) this.send(PACKET.ACK, zxid, null);
  }

  private applyDue(): void {
    while (!this.left) {
      const entry = this.history.applyNext();
      if (entry === undefined) return;
      const { designated } = entry;
      if (designated === undefined) continue;
      if (!this.effects.activateConfig(designated, proposedConfig(entry))) {
        this.leave(`a reconfiguration gives this server another role or leader (${designated})`);
      }
    }
  }

  private passSyncs(): void {
    const { syncsAfter, history } = this;
    while (!this.left) {
      const next = syncsAfter[0];
      if (next === undefined || !history.appliedUpTo(next)) return;
      syncsAfter.shift();
      this.effects.synced();
    }
  }

  // ---- the end ----

  private send(type: number, zxid: bigint, data: Buffer | null, authinfo: readonly Id[] | null = null): void {
    this.effects.send(type, zxid, data, authinfo);
  }

  /** The leader broke the protocol. */
  private refuse(why: string): void {
    if (this.events.on['zab.leader-refused']) {
      this.events.emit('zab.leader-refused', { leader: this.options.leader, why });
    }
    this.leave(why);
  }

  private leave(why: string): void {
    if (this.left) return;
    this.current = 'left';
    if (this.events.on['zab.leader-left']) {
      const { leader } = this.options;
      const { lastReceived: received, loggedUpTo: logged, committedUpTo: committed } = this.history;
      this.events.emit('zab.leader-left', { leader, why, received, logged, committed });
    }
    this.effects.leave(why);
  }
}
