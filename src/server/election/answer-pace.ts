/**
 * Keeps two servers from answering each other without end, which they might when each takes the other for a
 * stranger: the same question within a moment gets the same answer once.
 */
import type { Notification } from '../../protocol/election.ts';

const MOMENT_MS = 20;
/** More than the members of any ensemble and the strangers a port lets in. */
const REMEMBERED_MAX = 512;

interface Answered {
  readonly at: number;
  readonly question: Notification;
  readonly answer: Notification;
}

const same = (a: Notification, b: Notification): boolean =>
  a.state === b.state &&
  a.leader === b.leader &&
  a.zxid === b.zxid &&
  a.electionEpoch === b.electionEpoch &&
  a.peerEpoch === b.peerEpoch &&
  a.config === b.config;

/** See the head of the file. */
export class AnswerPace {
  private readonly answered = new Map<bigint, Answered>();

  /** True when that question of that server should get that answer now; it then counts as given. */
  allows(from: bigint, question: Notification, answer: Notification, now: number): boolean {
    const last = this.answered.get(from);
    if (last !== undefined && now - last.at < MOMENT_MS) {
      if (same(last.question, question) && same(last.answer, answer)) return false;
    }
    if (last === undefined && this.answered.size >= REMEMBERED_MAX) this.answered.clear();
    this.answered.set(from, { at: now, question, answer });
    return true;
  }
}
