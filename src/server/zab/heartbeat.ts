/**
 * The leader's clock: pings, and who was heard of. A leader without a quorum of learners in step leads no
 * longer; a learner that does not acknowledge what it was sent is let go of.
 */
import { PACKET } from '../../protocol/quorum.ts';
import type { Confirmation } from './confirmation.ts';
import type { LeaderCore } from './leader-core.ts';
import type { LearnerHandle } from './learner-handle.ts';

/** See the head of the file. */
export class Heartbeat {
  private readonly core: LeaderCore;
  private readonly confirmation: Confirmation;
  private halves = 0;
  /** When the phase before `established` must be over, ms. */
  private deadlineMs = 0;

  constructor(core: LeaderCore, confirmation: Confirmation) {
    this.core = core;
    this.confirmation = confirmation;
  }

  /** A step of the way to `established` begins; it may take `initLimit`. */
  stepBegins(now: number): void {
    const { initLimitTicks, tickMs, epochWaitMs } = this.core.options;
    const limitMs = initLimitTicks * tickMs;
    const first = this.core.epoch === undefined && epochWaitMs !== undefined;
    this.deadlineMs = now + (first ? Math.min(limitMs, epochWaitMs) : limitMs);
  }

  /** Something came from a learner. */
  heard(h: LearnerHandle): void {
    const { core } = this;
    const until = core.ticks + core.options.syncLimitTicks;
    // The first packets come long before the first deadline, which allows for being brought up to date.
    if (h.hasHistory || until > h.heardUntilTick) h.heardUntilTick = until;
  }

  /** Half a tick has passed. */
  tick(now: number): void {
    const { core } = this;
    this.halves++;
    const full = this.halves % 2 === 0;
    if (full) core.ticks++;
    if (!core.established) {
      if (now >= this.deadlineMs) core.stepDown(this.whatIsMissing());
    } else if (full && !core.isQuorum((h) => h.heardUntilTick >= core.ticks)) {
      core.stepDown('no quorum of followers is in step');
    }
    if (core.over) return;
    for (const h of [...core.learners.values()]) {
      if (!h.live) continue;
      if (full && this.isLate(h)) core.letGo(h, 'it does not acknowledge what it was sent');
      else if (h.phase === 'serving') this.confirmation.ping(h);
      else h.port.send(PACKET.PING, 0n, null);
    }
  }

  /** What it was sent by some tick must be acknowledged `syncLimit` later. */
  private isLate(h: LearnerHandle): boolean {
    const { ticks, options } = this.core;
    if (h.observer || !h.hasHistory || h.acked >= h.sent) {
      h.owes = undefined;
      return false;
    }
    if (h.owes === undefined || h.acked >= h.owes.zxid) {
      h.owes = { zxid: h.sent, untilTick: ticks + options.syncLimitTicks };
    }
    return ticks > h.owes.untilTick;
  }

  private whatIsMissing(): string {
    const { core } = this;
    if (core.epoch === undefined) return 'no quorum of followers has come within initLimit';
    if (!core.entered) return 'no quorum has accepted the epoch within initLimit';
    return 'no quorum has taken over the history within initLimit';
  }
}
