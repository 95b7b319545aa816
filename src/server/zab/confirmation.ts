/**
 * Asks a quorum whether this server still leads: a deposed leader must not answer a `sync`. A round sends
 * every serving voter a PING; those that answer follow still, at a moment after the question. Questions that
 * come while a round runs wait for the next one, so there is one round at a time, however many ask.
 *
 * Answers come in the order of the pings, so counting tells which ping was meant. Pings from before UPTODATE
 * are not counted, since not every learner answers those; they carry zxid 0, and so do their answers.
 */
import { PACKET } from '../../protocol/quorum.ts';
import type { LeaderCore } from './leader-core.ts';
import type { LearnerHandle } from './learner-handle.ts';

/** See the head of the file. */
export class Confirmation {
  private readonly core: LeaderCore;
  private round = 0;
  private running: (() => void)[] | undefined;
  private waiting: (() => void)[] = [];

  constructor(core: LeaderCore) {
    this.core = core;
  }

  /** Calls `done` once a quorum has confirmed, perhaps at once. Never when the leadership ends first. */
  ask(done: () => void): void {
    this.waiting.push(done);
    if (this.running === undefined) this.begin();
  }

  /** Sends a ping to a learner that serves; it counts for the round under way. */
  ping(h: LearnerHandle): void {
    h.port.send(PACKET.PING, this.core.lastProposed, null);
    h.pings++;
    if (this.running !== undefined && h.askedRound !== this.round) {
      h.askedRound = this.round;
      h.askedPing = h.pings;
    }
  }

  /** A ping was answered. */
  ponged(h: LearnerHandle): void {
    if (h.pongs < h.pings) h.pongs++;
    if (this.running === undefined || h.askedRound !== this.round || h.pongs < h.askedPing) return;
    h.confirmedRound = this.round;
    this.check();
  }

  /** The quorum may be another one. */
  check(): void {
    while (this.running !== undefined && !this.core.over) {
      if (!this.core.isQuorum((h) => h.confirmedRound === this.round)) return;
      const confirmed = this.running;
      this.running = undefined;
      for (const done of confirmed) done();
      if (this.running === undefined && this.waiting.length > 0) this.open();
    }
  }

  private begin(): void {
    this.open();
    this.check();
  }

  private open(): void {
    this.round++;
    this.running = this.waiting;
    this.waiting = [];
    for (const h of this.core.learners.values()) if (h.votes && h.phase === 'serving') this.ping(h);
  }
}
