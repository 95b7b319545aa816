/**
 * Leading: the quorum port, the learners on it, the machine that agrees with them, and the server that
 * clients see.
 */
import { reasonOf, ZktError } from '../../base/errors.ts';
import { invariant } from '../../base/invariant.ts';
import type { Listener, Socket, SocketHandler } from '../../ports/net.ts';
import type { Timer } from '../../ports/timers.ts';
import type { Id } from '../../protocol/acl.ts';
import { PACKET } from '../../protocol/quorum.ts';
import { packetLinkLimits } from '../net/packet-link.ts';
import type { PacketCounts } from '../net/packet-traffic.ts';
import type { ReconfigRules } from '../processor/plan-reconfig.ts';
import { firstVersion } from '../quorum/config-change.ts';
import type { Member, Membership } from '../quorum/membership.ts';
import { membershipText, parseMembershipText } from '../quorum/membership-text.ts';
import { Leader } from '../zab/leader.ts';
import type { Forwarded, LeaderEffects, LearnerPort } from '../zab/leader-effects.ts';
import { writeConfigNode } from './config-node.ts';
import { FileHistory } from './disk-history.ts';
import type { Decision } from './elector.ts';
import { type FailureHost, guarded, inputFailed } from './guarded.ts';
import { LeaderServer } from './leader-server.ts';
import { LearnerConnection } from './learner-connection.ts';
import type { Role, RoleOwner, RoleParts } from './role.ts';
import type { Broadcast } from './roles.ts';
import type { LogUser } from './store.ts';

const WILDCARD = '0.0.0.0';
/** A new leader's port may still be held by what it did before. */
const BIND_TRIES = 10;
const BIND_PAUSE_MS = 20;

/** See the head of the file. */
export class LeaderRole implements Role, LeaderEffects, Broadcast, LogUser {
  readonly decision: Decision;
  readonly machine: Leader;
  /** Bytes of proposals; -1 before the first (`srvr`). */
  readonly proposalBytes = { last: -1, min: -1, max: -1 };
  private readonly parts: RoleParts;
  private readonly owner: RoleOwner;
  private readonly failures: FailureHost;
  private readonly connections = new Set<LearnerConnection>();
  private listeners: Listener[] = [];
  private ticking: Timer | undefined;
  private served: LeaderServer | undefined;
  private ended = false;
  private toldLogged = -1n;
  private toldCommitted = -1n;
  /** What each learner has acknowledged, by its id. */
  private readonly acked = new Map<bigint, bigint>();

  constructor(parts: RoleParts, decision: Decision, owner: RoleOwner) {
    const { store, ensemble, world, sid } = parts;
    const { session, quorum } = store.config;
    this.parts = parts;
    this.decision = decision;
    this.owner = owner;
    this.failures = { over: (why) => this.stepDown(why), failed: (error) => parts.host.failed(error) };
    this.machine = new Leader(
      {
        sid,
        quorums: ensemble.quorums,
        lastSeen: ensemble.lastSeen,
        tickMs: session.tickTimeMs,
        initLimitTicks: quorum.initLimitTicks,
        syncLimitTicks: quorum.syncLimitTicks,
        acceptedEpoch: store.epochs.accepted,
        currentEpoch: store.epochs.current,
        lastLogged: store.lastLogged,
        joiners: quorum.reconfigEnabled,
        forceSnapshot: quorum.forceSnapshotSync,
        epochWaitMs: quorum.epochWaitMs,
        observerSnapsMax: quorum.snapshotSyncsMax,
        observerDiffsMax: quorum.diffSyncsMax,
        lastCounter: quorum.epochTransactionsMax,
      },
      this,
      store.committedLog,
      new FileHistory(world, store, {
        sizeFactor: quorum.snapshotSizeFactor,
        later: (happens) => this.input(happens),
      }),
      world.events,
    );
  }

  /** The server that clients see; undefined before the epoch is established. */
  get server(): LeaderServer | undefined {
    return this.served;
  }

  /** What went to and from each connection of the quorum port that is open now. */
  learnerTraffic(): PacketCounts[] {
    return [...this.connections].map(({ link }) => link.traffic);
  }

  start(): void {
    const { world, store, ensemble } = this.parts;
    const self = ensemble.self;
    if (self === undefined) {
      this.stepDown('this server is not a member of the ensemble');
      return;
    }
    const now = world.clock.monotonicMs();
    this.listen(self, BIND_TRIES);
    this.ticking = world.timers.every(store.config.session.tickTimeMs / 2, () => {
      this.input(() => this.machine.tick(world.clock.monotonicMs()));
    });
    this.input(() => this.machine.start(now));
  }

  async end(why: string): Promise<void> {
    this.ended = true;
    this.ticking?.cancel();
    const { gate } = this.parts;
    if (gate.behind === this.served) gate.behind = undefined;
    for (const connection of [...this.connections]) connection.close(why);
    this.connections.clear();
    await Promise.all(this.listeners.map((listener) => new Promise<void>((done) => listener.close(done))));
    await this.served?.stop(why);
  }

  // ---- the quorum port ----

  private listen(self: Member, tries: number): void {
    const { world, store } = this.parts;
    const all = store.config.quorum.listenOnAllAddresses;
    for (const { host, quorumPort } of self.addresses) {
      const at = { host: all ? WILDCARD : host, port: quorumPort };
      world.net.listen(
        at,
        (socket) => this.accept(socket),
        (result) => {
          if ('listener' in result) {
            if (this.ended) result.listener.close(() => {});
            else this.listeners.push(result.listener);
          } else if (!this.ended) this.notListening(self, tries, at, result.error);
        },
      );
    }
  }

  private notListening(self: Member, tries: number, at: { host: string; port: number }, error: Error): void {
    const { world } = this.parts;
    if (tries > 1) {
      world.timers.after(BIND_PAUSE_MS, () => {
        if (!this.ended) this.listen(self, tries - 1);
      });
      return;
    }
    const why = reasonOf(error);
    this.parts.host.failed(new ZktError('ZKT_LISTEN', { what: 'the quorum port', ...at, why }));
  }

  private accept(socket: Socket): SocketHandler | undefined {
    if (this.ended) {
      socket.destroy();
      return undefined;
    }
    const { world, store } = this.parts;
    const { client, quorum } = store.config;
    const limits = packetLinkLimits(client.frameBytesMax, quorum.learnerQueueBytesMax);
    const connection = new LearnerConnection(socket, limits, this.parts, {
      packet: (type, zxid, data, authinfo) => this.packet(connection, type, zxid, data, authinfo),
      drained: () => this.input(() => this.machine.drained(connection)),
      closed: (why) => {
        if (!this.connections.delete(connection) || this.ended) return;
        this.input(() => this.machine.disconnected(connection, why));
      },
    });
    this.connections.add(connection);
    connection.link.setReadTimeout(store.config.session.tickTimeMs * quorum.initLimitTicks);
    this.machine.connected(connection, world.clock.monotonicMs());
    return connection.link.handler;
  }

  /** Everything that happens to the machine comes through here, */
  private input(happens: () => void): void {
    if (!this.ended) guarded(this.failures, this.parts.store.dirs.snapDir, happens);
  }

  /** except for packets, which are many. */
  private packet(
    from: LearnerConnection,
    type: number,
    zxid: bigint,
    data: Buffer | null,
    authinfo: readonly Id[] | null,
  ): void {
    if (this.ended) return;
    if (type === PACKET.ACK && this.served !== undefined) this.noteAck(from.link.traffic.peer, zxid);
    try {
      this.machine.packet(from, type, zxid, data, authinfo, from.link.heardMs);
    } catch (thrown) {
      inputFailed(this.failures, this.parts.store.dirs.snapDir, thrown);
    }
  }

  private noteAck(sid: bigint, zxid: bigint): void {
    const { store, world } = this.parts;
    const before = this.acked.get(sid) ?? zxid;
    this.acked.set(sid, zxid);
    if (before < zxid) store.metrics.reached(store.metrics.acksOf(sid), before, zxid, world.clock.wallMs());
  }

  // ---- what the machine does ----

  acceptEpoch(epoch: bigint): void {
    this.parts.store.epochs.accept(epoch);
  }

  enterEpoch(epoch: bigint): void {
    this.parts.store.epochs.enter(epoch);
    this.nameConfig(epoch);
  }

  /** The first leader of an ensemble gives its configuration a version, with its NEWLEADER (facts 9.3). */
  private nameConfig(epoch: bigint): void {
    const { ensemble, store } = this.parts;
    if (!store.config.quorum.reconfigEnabled) return;
    const first = firstVersion(ensemble.committed, ensemble.lastSeen, epoch);
    if (first === undefined) return;
    ensemble.seen(membershipText(first));
    this.machine.offerConfig(first);
  }

  established(epoch: bigint): void {
    const { store, gate, ensemble } = this.parts;
    ensemble.activate(ensemble.lastSeen);
    // Before the data is at the epoch's mark: a snapshot of that name would say that there is something
    // between the log's last transaction and the next, and the log would be of no more use to learners, nor
    // this server's votes those of equals.
    store.snapshot();
    store.database.lastZxid = epoch << 32n;
    store.openLog(this);
    writeConfigNode(store.database, ensemble.committed, this.parts.world.clock.wallMs());
    const server = new LeaderServer(this.parts, this, epoch, this.reconfigRules());
    this.served = server;
    store.metrics.forget();
    if (store.config.quorum.leaderServes) gate.behind = server;
    server.start();
    this.owner.epochEstablished(epoch);
  }

  private reconfigRules(): ReconfigRules {
    const { ensemble, store } = this.parts;
    const { standaloneEnabled, multiAddress } = store.config.quorum;
    return {
      committed: () => ensemble.committed,
      lastSeen: () => ensemble.lastSeen,
      standaloneEnabled,
      multiAddress,
      inStep: (sid) => this.machine.isInStep(sid),
    };
  }

  committed(upTo: bigint): void {
    const { store, world } = this.parts;
    store.metrics.reached(store.metrics.quorumAckMs, this.toldCommitted, upTo, world.clock.wallMs());
    this.toldCommitted = upTo;
    this.served?.committed(upTo);
  }

  activateConfig(membership: Membership, designated: bigint): boolean {
    const { ensemble, sid } = this.parts;
    ensemble.activate(membership);
    this.served?.shareLoad();
    if (designated === sid) return true;
    this.owner.designated(designated);
    return false;
  }

  request(from: LearnerPort, request: Forwarded): void {
    this.served?.forwarded(from, request);
  }

  touch(from: LearnerPort, session: bigint, timeoutMs: number): void {
    this.served?.touch(from, session, timeoutMs);
  }

  revalidate(from: LearnerPort, session: bigint, timeoutMs: number): boolean {
    return this.served?.revalidate(from, session, timeoutMs) ?? false;
  }

  claimedEpoch(sid: bigint): bigint | undefined {
    return this.owner.claimedEpoch(sid);
  }

  stepDown(why: string): void {
    if (this.ended) return;
    this.owner.over(why);
  }

  // ---- what the chain and the log say ----

  propose(zxid: bigint, entry: Buffer, membership: string | undefined): void {
    const proposed = membership === undefined ? undefined : parseMembershipText(membership);
    invariant(
      membership === undefined || proposed !== undefined,
      'a proposed configuration was parsed before',
    );
    if (membership !== undefined) this.parts.ensemble.seen(membership);
    this.parts.store.metrics.begun(zxid, entry);
    this.machine.propose(zxid, entry, proposed);
    const { proposalBytes: sizes } = this;
    sizes.last = entry.length;
    sizes.min = sizes.min < 0 ? sizes.last : Math.min(sizes.min, sizes.last);
    sizes.max = Math.max(sizes.max, sizes.last);
  }

  confirm(done: () => void): void {
    this.machine.confirm(done);
  }

  logged(upTo: bigint, ms: number): void {
    if (this.ended) return;
    const { store, world } = this.parts;
    store.metrics.reached(store.metrics.ackCreationMs, this.toldLogged, upTo, world.clock.wallMs());
    this.toldLogged = upTo;
    this.served?.synced(upTo, ms);
    this.input(() => this.machine.logged(upTo));
    this.served?.logged(upTo);
  }

  /** A leader without room has stepped down. */
  spaceBack(): void {}
}
