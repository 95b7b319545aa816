/**
 * The first part of a leader's life (facts 9.1): learners say which epochs they have accepted; once a quorum
 * has, the next one is chosen, and every learner is told. A quorum that accepts it makes this server its
 * leader.
 *
 * Only members count for the choice: a stranger could drive the epoch to its end. So could a member with one
 * wrong file: an epoch far ahead of all others is passed over where there is a quorum without it. Whoever has
 * accepted a newer epoch than the one chosen is refused, and so is whoever has a newer history before a
 * quorum has accepted.
 */
import { epochOf, hex0x } from '../../base/brands.ts';
import { lo32 } from '../../base/halves.ts';
import { LEARNER_PROTOCOL, PACKET } from '../../protocol/quorum.ts';
import type { Membership } from '../quorum/membership.ts';
import { memberOf } from '../quorum/membership.ts';
import type { LeaderCore } from './leader-core.ts';
import { readAckEpoch, readIntroduction } from './leader-packets.ts';
import type { LearnerHandle } from './learner-handle.ts';

/** How far ahead an epoch may be that a leader heeds: the elections that fail in a row. */
const EPOCH_LEAP_MAX = 1_000n;
/** The last epoch there can be: a zxid must stay positive, and the one after must exist. */
const EPOCH_MAX = 0x7fff_fffen;

/** See the head of the file. */
export class Discovery {
  private readonly core: LeaderCore;
  /** A quorum has accepted: those that have are to be brought up to date. */
  private readonly onEntered: () => void;
  /** That one has accepted after a quorum had. */
  private readonly onLate: (h: LearnerHandle) => void;
  /** Voters that were refused for a newer history. */
  private readonly ahead = new Set<bigint>();
  private nameless = 0n;
  /** Half ticks since the start. */
  private halves = 0;

  constructor(core: LeaderCore, onEntered: () => void, onLate: (h: LearnerHandle) => void) {
    this.core = core;
    this.onEntered = onEntered;
    this.onLate = onLate;
  }

  /** This server counts as well; alone it may be a quorum. */
  start(): void {
    this.chooseEpoch();
  }

  /** FOLLOWERINFO or OBSERVERINFO. */
  introduced(h: LearnerHandle, observer: boolean, zxid: bigint, data: Buffer | null): void {
    const { core } = this;
    const who = readIntroduction(zxid, data);
    h.sid = who.sid ?? --this.nameless;
    h.port.introduced(h.sid);
    h.observer = observer;
    h.promises = who.promises;
    h.acceptedEpoch = who.acceptedEpoch;
    const against = this.objection(h, who.configVersion);
    if (against !== undefined) {
      core.refuse(h, against);
      this.makeWay(h);
      return;
    }
    const older = core.learners.get(h.sid);
    if (older !== undefined) core.refuse(older, `another connection came from ${h.port.remote} with its id`);
    core.learners.set(h.sid, h);
    h.votes = h.promises && !observer && core.quorums.isVoter(h.sid);
    h.phase = 'epoch';
    const { events } = core;
    if (events.on['learner.connected']) {
      const { sid, kind } = h;
      events.emit('learner.connected', { sid, remote: h.port.remote, kind, epoch: Number(h.acceptedEpoch) });
    }
    if (!h.promises) this.acceptedUnasked(h, zxid);
    else if (core.epoch === undefined) this.chooseEpoch();
    else this.tellEpoch(h, core.epoch);
  }

  /** ACKEPOCH. */
  ackEpoch(h: LearnerHandle, zxid: bigint, data: Buffer | null): void {
    const { core } = this;
    if (h.phase !== 'epoch' || core.epoch === undefined) {
      core.refuse(h, 'an ACKEPOCH at the wrong time');
      return;
    }
    const current = readAckEpoch(data);
    h.peerZxid = zxid;
    if (current >= core.epoch || zxid < 0n) {
      core.refuse(h, `it comes from epoch ${current}, and the new one is ${core.epoch}`);
      return;
    }
    // Once a quorum has accepted, a newer history of one that came late was not committed: it is to be cut
    // back.
    if (!core.entered && current >= 0n && this.isAhead(current, zxid)) {
      this.refuseAhead(h, current);
      return;
    }
    h.epochCounts = current >= 0n;
    h.phase = 'accepted';
    if (core.entered) this.onLate(h);
    else {
      this.enterEpoch();
      this.stepAside();
    }
  }

  /** Why a learner is not wanted; undefined when it is. */
  private objection(h: LearnerHandle, configVersion: bigint): string | undefined {
    const { options, lastSeen, epoch } = this.core;
    if (h.sid === options.sid) return `it has this server's own id ${h.sid}`;
    if (configVersion > lastSeen.version) return 'its configuration is newer than that of its leader';
    if (!h.observer && !options.joiners && !this.isMember(h.sid)) return 'it is not in the configuration';
    const newest = epoch ?? EPOCH_MAX;
    if (h.acceptedEpoch > newest)
      return `it has accepted epoch ${h.acceptedEpoch}; the newest there is: ${newest}`;
    return undefined;
  }

  /**
   * A member that has accepted a newer epoch (of a leader that came to nothing) keeps its promise: it could
   * never follow this leader. So there is to be a new one; this server makes the same promise, so that one
   * election is enough. Not for an epoch out of all proportion: no sequence of elections leads there, and the
   * ensemble goes on.
   *
   * Nor for one that says it was in that epoch, once a quorum has entered this one: with such a quorum alive
   * there can be no newer history. Its files are wrong, or another ensemble's, and an election would make
   * them everybody's.
   */
  private makeWay(h: LearnerHandle): void {
    const { core } = this;
    const { epoch } = core;
    if (epoch === undefined || h.acceptedEpoch <= epoch || !this.isMember(h.sid)) return;
    if (h.acceptedEpoch - epoch > EPOCH_LEAP_MAX) return;
    const claimed = core.effects.claimedEpoch(h.sid);
    if (core.entered && (claimed === undefined || claimed > epoch)) return;
    core.effects.acceptEpoch(h.acceptedEpoch);
    core.stepDown(`server ${h.sid} has accepted epoch ${h.acceptedEpoch}, so one newer than that is needed`);
  }

  private isMember(sid: bigint): boolean {
    const { current, pending } = this.core.quorums;
    const among = (m: Membership | undefined): boolean => m !== undefined && memberOf(m, sid) !== undefined;
    return among(current.membership) || among(pending?.membership);
  }

  private chooseEpoch(): void {
    const { core } = this;
    if (core.epoch !== undefined || !core.isQuorum((h) => h.phase === 'epoch')) return;
    const newest = this.newestAccepted();
    if (newest === undefined) return;
    if (newest >= EPOCH_MAX) {
      core.stepDown(`there is no epoch after ${newest}`);
      return;
    }
    const epoch = newest + 1n;
    core.effects.acceptEpoch(epoch);
    core.epoch = epoch;
    if (core.events.on['zab.epoch-chosen']) core.events.emit('zab.epoch-chosen', { epoch: Number(epoch) });
    for (const h of [...core.learners.values()]) {
      if (h.phase !== 'epoch') continue;
      if (h.acceptedEpoch > epoch)
        core.refuse(h, `it has accepted epoch ${h.acceptedEpoch}, newer than ${epoch}`);
      else this.tellEpoch(h, epoch);
    }
    this.enterEpoch();
  }

  /**
   * The newest epoch that this server and the members here have accepted. Not one out of all proportion to
   * the rest, unless for half the time there is they are no quorum without it: undefined until then.
   */
  private newestAccepted(): bigint | undefined {
    const { core } = this;
    const { acceptedEpoch, initLimitTicks, tickMs, epochWaitMs } = core.options;
    const accepted = [...core.learners.values()]
      .filter((h) => h.promises && this.isMember(h.sid))
      .map((h) => h.acceptedEpoch)
      .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    let newest = acceptedEpoch;
    for (const epoch of accepted) {
      const bound = newest;
      if (epoch > bound + EPOCH_LEAP_MAX) {
        if (core.isQuorum((h) => h.phase === 'epoch' && h.acceptedEpoch <= bound)) return bound;
        const limitMs = Math.min(initLimitTicks * tickMs, epochWaitMs ?? Number.POSITIVE_INFINITY);
        if (this.halves * tickMs < limitMs) return undefined;
      }
      if (epoch > newest) newest = epoch;
    }
    return newest;
  }

  private tellEpoch(h: LearnerHandle, epoch: bigint): void {
    const data = Buffer.alloc(4);
    data.writeInt32BE(LEARNER_PROTOCOL);
    h.port.send(PACKET.LEADERINFO, epoch << 32n, data);
  }

  /** A learner of an old protocol tells its last zxid with its name, and accepts whatever leader there is. */
  private acceptedUnasked(h: LearnerHandle, zxid: bigint): void {
    h.peerZxid = zxid;
    h.phase = 'accepted';
    if (this.core.entered) this.onLate(h);
  }

  private enterEpoch(): void {
    const { core } = this;
    if (core.entered || core.epoch === undefined || !core.isQuorum((h) => h.epochCounts)) return;
    core.effects.enterEpoch(core.epoch);
    core.entered = true;
    core.lastProposed = core.epoch << 32n;
    core.lastCommitted = core.lastProposed;
    core.window.start(core.lastProposed);
    const { events } = core;
    if (events.on['zab.epoch-entered']) events.emit('zab.epoch-entered', { epoch: Number(core.epoch) });
    this.onEntered();
  }

  /**
   * Whether a history is newer than this server's own: that of a newer epoch, or longer in the same one. The
   * mark of an epoch that this server has entered as well is no transaction, so nothing is missing here.
   */
  private isAhead(current: bigint, zxid: bigint): boolean {
    const { currentEpoch, lastLogged } = this.core.options;
    if (current !== currentEpoch) return current > currentEpoch;
    return zxid > lastLogged && !(lo32(zxid) === 0 && BigInt(epochOf(zxid)) <= currentEpoch);
  }

  /**
   * Half a tick has passed. An epoch far ahead is waited with only so long. Who lost its connection after it
   * had accepted says no more what it has, and does not count: where a quorum needs such, this epoch comes to
   * nothing, and a new election is over sooner than `initLimit`.
   */
  tick(): void {
    const { core } = this;
    this.halves++;
    if (!core.over) this.chooseEpoch();
    if (core.entered || core.over || !core.isQuorum((h) => h.phase === 'accepted')) return;
    core.stepDown(
      `a quorum accepted epoch ${core.epoch} over connections that were lost: a new one is needed`,
    );
  }

  private refuseAhead(h: LearnerHandle, current: bigint): void {
    const { core } = this;
    if (h.votes) this.ahead.add(h.sid);
    core.refuse(h, `its history (epoch ${current}, ${hex0x(h.peerZxid)}) is newer than that of its leader`);
    this.stepAside();
  }

  /**
   * Where it takes one with a newer history to make a quorum, that one is to lead: no need to wait for
   * initLimit.
   */
  private stepAside(): void {
    const { core, ahead } = this;
    if (core.entered || core.over || ahead.size === 0) return;
    const { sid } = core.options;
    const known = (voter: bigint): boolean =>
      voter === sid || ahead.has(voter) || core.learners.get(voter)?.epochCounts === true;
    if (core.quorums.isQuorum(known)) core.stepDown('a quorum knows of a newer history than this server has');
  }
}
