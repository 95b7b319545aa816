/**
 * Following or observing: the connection to the leader, the machine that learns from it, and the server
 * clients see.
 */

import { hex0x } from '../../base/brands.ts';
import { type ErrorCode, reasonOf, ZktError } from '../../base/errors.ts';
import type { Timer } from '../../ports/timers.ts';
import type { Id } from '../../protocol/acl.ts';
import { SnapshotStream } from '../../storage/snapshot-stream.ts';
import { SnapshotTrigger } from '../../storage/snapshot-trigger.ts';
import type { PacketLink } from '../net/packet-link.ts';
import type { PacketCounts } from '../net/packet-traffic.ts';
import { configChange } from '../quorum/config-change.ts';
import { memberOf } from '../quorum/membership.ts';
import { parseMembershipText } from '../quorum/membership-text.ts';
import { Learner } from '../zab/learner.ts';
import type { LearnerEffects, ZabEntry } from '../zab/learner-effects.ts';
import { txnOrigin } from '../zab/txn-origin.ts';
import { writeConfigNode } from './config-node.ts';
import type { Database } from './database.ts';
import type { Decision } from './elector.ts';
import { type FailureHost, guarded, inputFailed } from './guarded.ts';
import { LeaderDial } from './leader-dial.ts';
import { LearnerServer } from './learner-server.ts';
import { emptyDatabase } from './open-database.ts';
import { ProposalTimes } from './proposal-times.ts';
import type { Role, RoleOwner, RoleParts } from './role.ts';
import type { Upstream } from './roles.ts';
import type { LogUser } from './store.ts';

/** A SNAP under way. */
interface IncomingSnapshot {
  readonly zxid: bigint;
  readonly database: Database;
  readonly stream: SnapshotStream;
}

const DISK_FAILURES: ReadonlySet<ErrorCode> = new Set(['ZKT_DISK_WRITE', 'ZKT_DATA_DIR', 'ZKT_FILE']);

/** See the head of the file. */
export class LearnerRole implements Role, LearnerEffects, Upstream, LogUser {
  readonly decision: Decision;
  readonly machine: Learner;
  private readonly parts: RoleParts;
  private readonly owner: RoleOwner;
  private readonly failures: FailureHost;
  private readonly trigger: SnapshotTrigger;
  /** Where the log of slow requests is on. */
  private readonly times: ProposalTimes | undefined;
  private dial: LeaderDial | undefined;
  private link: PacketLink | undefined;
  private ticking: Timer | undefined;
  private served: LearnerServer | undefined;
  private incoming: IncomingSnapshot | undefined;
  private logging = false;
  private flushing = false;
  private ended = false;
  private toldLogged = -1n;

  constructor(parts: RoleParts, decision: Decision, owner: RoleOwner) {
    const { store, ensemble, world, sid } = parts;
    const { session, quorum } = store.config;
    this.parts = parts;
    this.decision = decision;
    this.owner = owner;
    this.failures = { over: (why) => this.leave(why), failed: (error) => parts.host.failed(error) };
    const { snapCount, snapSizeBytesMax: snapSizeBytes } = store.config.storage;
    this.times = store.config.client.slowRequestMs < 0 ? undefined : new ProposalTimes();
    this.trigger = new SnapshotTrigger({ snapCount, snapSizeBytes }, world.random);
    this.machine = new Learner(
      {
        sid,
        kind: decision.state === 'OBSERVING' ? 'observer' : 'follower',
        leader: decision.leader,
        configVersion: ensemble.committed.version,
        acceptedEpoch: store.epochs.accepted,
        currentEpoch: store.epochs.current,
        lastLogged: store.lastLogged,
        wantsSnapshot: store.wantsSnapshot,
        tickMs: session.tickTimeMs,
        initLimitTicks: quorum.initLimitTicks,
        syncLimitTicks: quorum.syncLimitTicks,
        // `syncEnabled=false` is not obeyed: memory would be ahead of the disk, and a new role begins from
        // the disk.
        logInforms: true,
      },
      this,
      world.events,
    );
  }

  /** The server that clients see; undefined before UPTODATE. */
  get server(): LearnerServer | undefined {
    return this.served;
  }

  /** What went to the leader and came from it; undefined before it is connected. */
  traffic(): PacketCounts | undefined {
    return this.link?.traffic;
  }

  start(): void {
    const { world, ensemble, store } = this.parts;
    const { session, quorum } = store.config;
    const leader =
      memberOf(ensemble.lastSeen, this.decision.leader) ?? memberOf(ensemble.committed, this.decision.leader);
    if (leader === undefined) {
      this.leave(`server ${this.decision.leader} is not a member of the ensemble`);
      return;
    }
    this.dial = new LeaderDial(
      world,
      {
        member: leader,
        limitMs: quorum.connectToLearnerMasterLimitTicks * session.tickTimeMs,
        pauseMsMax: quorum.leaderDialPauseMs,
        juteMaxBuffer: store.config.client.frameBytesMax,
      },
      {
        opened: (link) => this.opened(link),
        packet: (type, zxid, data) => this.packet(type, zxid, data),
        raw: (chunk, start) => this.snapshotBytes(chunk, start),
        closed: (why) => this.input(() => this.machine.disconnected(why)),
        failed: (why) => this.leave(why),
      },
    );
    this.dial.start();
  }

  async end(why: string): Promise<void> {
    this.ended = true;
    this.ticking?.cancel();
    const { gate } = this.parts;
    if (gate.behind === this.served) gate.behind = undefined;
    this.dial?.cancel();
    this.link?.close(why);
    await this.served?.stop(why);
  }

  private opened(link: PacketLink): void {
    const { world, store } = this.parts;
    this.link = link;
    link.traffic.peer = this.decision.leader;
    this.ticking = world.timers.every(store.config.session.tickTimeMs / 2, () => {
      this.input(() => this.machine.tick(world.clock.monotonicMs()));
    });
    this.input(() => this.machine.start(world.clock.monotonicMs()));
  }

  private packet(type: number, zxid: bigint, data: Buffer | null): void {
    const { link } = this;
    if (this.ended || link === undefined) return;
    try {
      if (this.served !== undefined) {
        this.times?.packet(type, zxid, link.heardMs);
        this.parts.store.metrics.heard(type, zxid, this.parts.world.clock.wallMs());
      }
      this.machine.packet(type, zxid, data, link.heardMs);
    } catch (thrown) {
      inputFailed(this.failures, this.parts.store.dirs.snapDir, thrown);
    }
  }

  /** Everything else that happens to the machine comes through here. */
  private input(happens: () => void): void {
    if (!this.ended) guarded(this.failures, this.parts.store.dirs.snapDir, happens);
  }

  // ---- what the machine does ----

  send(type: number, zxid: bigint, data: Buffer | null, authinfo: readonly Id[] | null): void {
    this.link?.send(type, zxid, data, authinfo);
  }

  acceptEpoch(epoch: bigint): void {
    this.parts.store.epochs.accept(epoch);
  }

  enterEpoch(epoch: bigint): void {
    this.parts.store.epochs.enter(epoch);
  }

  truncate(zxid: bigint): bigint {
    const { store } = this.parts;
    try {
      store.truncate(zxid);
    } catch (thrown) {
      // A disk that fails is no history that cannot be cut: nobody is to empty the directory for it.
      if (!(thrown instanceof ZktError) || DISK_FAILURES.has(thrown.code)) throw thrown;
      if (thrown.code === 'ZKT_NO_VALID_SNAPSHOT' && !store.wantsSnapshot) {
        // Every snapshot holds what is to be cut off: a leader that failed had sent one before it was
        // established. What is here goes only once the whole of the leader's data is on disk instead.
        store.wantsSnapshot = true;
        return store.lastLogged;
      }
      const what = `cut the log back to ${hex0x(zxid)}`;
      throw new ZktError('ZKT_SYNC', { what, why: reasonOf(thrown) }, { cause: thrown });
    }
    return store.lastLogged;
  }

  receiveSnapshot(zxid: bigint): void {
    const database = emptyDatabase(this.parts.store.config, this.parts.world);
    this.incoming = { zxid, database, stream: new SnapshotStream(database.sink()) };
    this.link?.readRaw();
  }

  lacking(): string | undefined {
    return this.parts.store.database.lacking();
  }

  absorb(entry: ZabEntry): void {
    this.parts.store.applyUnseen(entry);
  }

  saveSnapshot(): void {
    const { store } = this.parts;
    store.saveReplacement((written) => {
      if (!written) this.leave('the snapshot from the leader could not be written');
      else this.input(() => this.machine.snapshotSaved());
    });
  }

  append(entry: ZabEntry): void {
    const { store, world } = this.parts;
    if (!this.logging) {
      this.logging = true;
      store.openLog(this);
    }
    store.append(entry);
    if (this.served !== undefined) {
      const { metrics } = store;
      if (this.decision.state === 'OBSERVING')
        metrics.informed(entry.zxid, entry.bytes, world.clock.wallMs());
      else metrics.received(entry.zxid, entry.bytes, world.clock.wallMs());
    }
    // What is brought up to date is not settled yet: a snapshot of it could be in the way of the next TRUNC.
    if (this.trigger.logged(entry.bytes.length) && this.served !== undefined) store.snapshot();
    if (this.flushing) return;
    this.flushing = true;
    world.timers.soon(() => {
      this.flushing = false;
      if (this.ended) return;
      store.log.flush();
      // A sync on the spot is over by now: its ACKs need not wait for the next turn.
      this.link?.flush();
    });
  }

  apply(entry: ZabEntry): void {
    if (this.served !== undefined) {
      this.served.apply(entry, this.times?.take(entry.zxid));
      return;
    }
    const { store } = this.parts;
    store.applyUnseen(entry);
    store.applied(entry.zxid);
  }

  configSeen(text: string): void {
    this.parts.ensemble.seen(text);
  }

  activateConfig(designated: bigint | undefined, text: string | undefined): boolean {
    const { ensemble, sid } = this.parts;
    const before = ensemble.committed;
    ensemble.activate(text === undefined ? undefined : parseMembershipText(text));
    const after = ensemble.committed;
    if (after.version === before.version) return true;
    this.served?.shareLoad();
    const change = configChange(sid, before, after, designated, this.decision.leader);
    if (designated !== undefined && change.leaderChanged) this.owner.designated(designated);
    return !change.leaderChanged && !change.roleChanged;
  }

  serve(epoch: bigint): void {
    const { store, gate } = this.parts;
    const start = epoch << 32n;
    if (store.database.lastZxid < start) store.database.lastZxid = start;
    if (!this.logging) {
      this.logging = true;
      store.openLog(this);
    }
    writeConfigNode(store.database, this.parts.ensemble.committed, this.parts.world.clock.wallMs());
    const server = new LearnerServer(
      this.parts,
      this,
      this.decision.state === 'OBSERVING' ? 'observer' : 'follower',
    );
    this.served = server;
    store.metrics.forget();
    gate.behind = server;
    server.start();
    this.owner.epochEstablished(epoch);
  }

  revalidated(session: bigint, valid: boolean): void {
    this.served?.revalidated(session, valid);
  }

  synced(): void {
    this.served?.synced();
  }

  takeTouches(): ReadonlyMap<bigint, number> {
    return this.served?.takeTouches() ?? new Map();
  }

  leave(why: string): void {
    if (this.ended) return;
    // What the leader sends still is not looked at: behind a SNAP that was not taken, it is no packets.
    this.link?.close(why);
    this.owner.over(why);
  }

  // ---- the snapshot of a SNAP ----

  private snapshotBytes(chunk: Buffer, start: number): number | undefined {
    const { incoming } = this;
    if (incoming === undefined) return 0;
    const { database, zxid } = incoming;
    this.machine.heard(this.parts.world.clock.monotonicMs());
    const used = this.readSnapshot(incoming, chunk, start);
    if (used === undefined) return undefined;
    this.incoming = undefined;
    this.input(() => {
      this.parts.store.replaceDatabase(database);
      this.machine.snapshotTaken(zxid);
    });
    return used;
  }

  /** How many bytes the end of the snapshot took; undefined when it goes on, or was none. */
  private readSnapshot(incoming: IncomingSnapshot, chunk: Buffer, start: number): number | undefined {
    const { zxid, database, stream } = incoming;
    try {
      const used = stream.push(chunk, start);
      if (!stream.done) return undefined;
      database.finishSnapshot();
      database.tree.digestSettled = false;
      database.loaded(zxid, undefined);
      return used;
    } catch (thrown) {
      // Bytes that are no snapshot cost the connection, not the process.
      if (!(thrown instanceof ZktError) || thrown.code !== 'ZKT_SNAPSHOT_CORRUPT') throw thrown;
      const { events } = this.parts.world;
      const { link } = this;
      if (link !== undefined && events.on['quorum.peer-refused']) {
        events.emit('quorum.peer-refused', { port: 'quorum', remote: link.remote, why: thrown.message });
      }
      link?.destroy(thrown.message);
      return undefined;
    }
  }

  // ---- what the chain and the log say ----

  request(session: bigint, cxid: number, op: number, body: Buffer, ids: readonly Id[]): void {
    this.machine.request(session, cxid, op, body, ids);
  }

  revalidate(session: bigint, timeoutMs: number): void {
    this.parts.store.metrics.revalidations++;
    this.machine.revalidate(session, timeoutMs);
  }

  logged(upTo: bigint, ms: number): void {
    if (!this.ended) this.tellLogged(upTo, ms);
    this.input(() => this.machine.logged(upTo));
  }

  private tellLogged(upTo: bigint, ms: number): void {
    const { events, clock } = this.parts.world;
    const from = this.toldLogged;
    this.times?.logged(upTo, clock.monotonicMs());
    this.toldLogged = upTo;
    if (this.served !== undefined && this.decision.state === 'FOLLOWING') {
      const { metrics } = this.parts.store;
      metrics.reached(metrics.ackCreationMs, from, upTo, clock.wallMs());
    }
    if (!events.on['request.logged']) return;
    for (const { zxid, bytes } of this.parts.store.unapplied(from, upTo)) {
      events.emit('request.logged', { ...txnOrigin(bytes), zxid, ms });
    }
  }

  spaceBack(): void {}
}
