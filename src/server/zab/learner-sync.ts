/**
 * Brings a learner's history to the leader's, then makes it part of the live traffic (facts 9.1, 9.2).
 *
 * What it missed goes out no faster than it reads: the rest waits in the log. Once it has all that is
 * committed, it gets NEWLEADER and what is under way in the same turn, and live traffic from then on; nothing
 * can come in between.
 */
import { PACKET } from '../../protocol/quorum.ts';
import { membershipText } from '../quorum/membership-text.ts';
import type { LeaderCore } from './leader-core.ts';
import { HISTORY_BYTES_MAX } from './leader-effects.ts';
import type { LearnerHandle } from './learner-handle.ts';
import { planSync, type SyncPlan } from './sync-planner.ts';

/**
 * Observers that are brought up to date at a time, by snapshot and otherwise; Apache's figures. Followers are
 * exempt.
 */
const OBSERVER_SNAPS_MAX = 10;
const OBSERVER_DIFFS_MAX = 100;

/** See the head of the file. */
export class LearnerSync {
  private readonly core: LeaderCore;

  constructor(core: LeaderCore) {
    this.core = core;
  }

  /** The learner has accepted the epoch, and so has a quorum. */
  begin(h: LearnerHandle): void {
    const { core } = this;
    const { disk, floor } = core.history;
    if (disk?.locate === undefined || h.peerZxid >= floor || core.options.forceSnapshot === true)
      this.choose(h);
    else {
      disk.locate(h.peerZxid, () => {
        if (h.phase === 'accepted' && !core.over) this.choose(h);
      });
    }
  }

  /** Decides what is sent, and begins. */
  private choose(h: LearnerHandle): void {
    const { core } = this;
    const { history, window, options, events } = core;
    const epoch = core.epoch ?? 0n;
    const { forceSnapshot } = options;
    const plan = planSync({
      peer: h.peerZxid,
      epoch,
      history,
      window,
      forceSnapshot: forceSnapshot === true,
    });
    if (this.throttled(h, plan)) return;
    h.plan = plan.kind;
    if (events.on['zab.sync-chosen']) {
      const zxid = plan.kind === 'SNAP' ? history.applied : plan.zxid;
      events.emit('zab.sync-chosen', { sid: h.sid, plan: plan.kind, peer: h.peerZxid, zxid, why: plan.why });
    }
    if (plan.kind === 'SNAP') {
      h.phase = 'snapshot';
      h.port.sendSnapshot(() => {
        if (h.phase === 'snapshot' && !core.over) this.follow(h, history.applied);
      });
    } else {
      h.port.send(plan.kind === 'DIFF' ? PACKET.DIFF : PACKET.TRUNC, plan.zxid, null);
      this.follow(h, plan.position, plan);
    }
  }

  /** Goes on sending what was missed, as far as the learner reads it. */
  pump(h: LearnerHandle): void {
    const { cursor, port } = h;
    if (h.phase !== 'history' || cursor === undefined) return;
    while (port.pendingBytes < HISTORY_BYTES_MAX) {
      if (!cursor.next()) {
        if (cursor.lost) this.core.letGo(h, 'what it misses is no longer in the log: it must come anew');
        else this.finish(h, cursor.position);
        return;
      }
      this.sendCommitted(h, cursor.position, cursor.bytes);
      h.base = cursor.position;
    }
  }

  private follow(h: LearnerHandle, position: bigint, plan?: SyncPlan): void {
    h.phase = 'history';
    h.base = position;
    h.cursor = this.core.history.after(position, plan?.reading);
    this.pump(h);
  }

  /**
   * It has what is applied: what is committed and not applied yet follows, NEWLEADER, and what is under way.
   *
   * Apache's leader sends NEWLEADER last. But its learner (3.8) forgets at NEWLEADER what was proposed
   * before, and falls over its COMMIT (4394): under load it would come and go without end.
   */
  private finish(h: LearnerHandle, position: bigint): void {
    const { core } = this;
    const { lastCommitted, lastProposed, window, history, events } = core;
    h.cursor?.close();
    h.cursor = undefined;
    const start = (core.epoch ?? 0n) << 32n;
    let zxid = position > start ? position : start;
    if (history.applied > zxid) zxid = history.applied;
    while (zxid < lastCommitted) {
      zxid += 1n;
      this.sendCommitted(h, zxid, window.get(zxid));
    }
    h.base = zxid;
    h.sent = zxid;
    const text = h.promises ? Buffer.from(membershipText(core.lastSeen)) : null;
    h.port.send(PACKET.NEWLEADER, start, text);
    while (!h.observer && zxid < lastProposed) {
      zxid += 1n;
      core.sendProposal(h, zxid, window.get(zxid));
    }
    h.phase = 'newleader';
    core.relist();
    if (events.on['zab.sync-sent']) {
      const { sid, sentEntries: entries, sentBytes: bytes } = h;
      events.emit('zab.sync-sent', { sid, zxid, entries, bytes });
    }
  }

  private sendCommitted(h: LearnerHandle, zxid: bigint, bytes: Buffer): void {
    h.port.send(PACKET.PROPOSAL, zxid, bytes);
    h.port.send(PACKET.COMMIT, zxid, null);
    h.sentEntries++;
    h.sentBytes += bytes.length;
  }

  /** Too many observers come at a time: one more is sent away, and tries again. */
  private throttled(h: LearnerHandle, plan: SyncPlan): boolean {
    if (!h.observer) return false;
    const isSnap = plan.kind === 'SNAP';
    const { observerSnapsMax = OBSERVER_SNAPS_MAX, observerDiffsMax = OBSERVER_DIFFS_MAX } =
      this.core.options;
    const limit = isSnap ? observerSnapsMax : observerDiffsMax;
    let busy = 0;
    for (const other of this.core.learners.values()) {
      const underWay = other.phase === 'snapshot' || other.phase === 'history' || other.phase === 'newleader';
      if (underWay && other.observer && (other.plan === 'SNAP') === isSnap) busy++;
    }
    if (busy < limit) return false;
    plan.reading?.rest.return?.();
    const { events } = this.core;
    if (events.on['learner.throttled']) {
      events.emit('learner.throttled', { sid: h.sid, plan: plan.kind, limit });
    }
    this.core.letGo(h, `${limit} observers are brought up to date already`);
    return true;
  }
}
