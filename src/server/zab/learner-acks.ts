/**
 * Which proposals a follower still has to acknowledge: Apache's leader wants an ACK for each that it sent
 * without a COMMIT behind it, and for each that followed NEWLEADER.
 */
export class LearnerAcks {
  private waiting: bigint[] = [];
  private settledUpTo = 0n;

  /** A proposal came. */
  proposed(zxid: bigint): void {
    this.waiting.push(zxid);
  }

  /** NEWLEADER came: what was committed before it needs no ACK of its own. */
  newLeader(committedUpTo: bigint): void {
    this.settledUpTo = committedUpTo;
  }

  /** What is to be acknowledged, in order, now that the log is on disk that far. Each zxid once. */
  take(loggedUpTo: bigint): bigint[] {
    const { waiting } = this;
    if (waiting.length === 0 || (waiting[0] as bigint) > loggedUpTo) return [];
    const end = waiting.findIndex((zxid) => zxid > loggedUpTo);
    const done = waiting.splice(0, end < 0 ? waiting.length : end);
    return done[0] !== undefined && done[0] > this.settledUpTo
      ? done
      : done.filter((zxid) => zxid > this.settledUpTo);
  }
}
