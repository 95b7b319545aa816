/**
 * When a learner got each transaction, had it on disk, and heard that it is committed: for the log of slow
 * requests, so that the one it answers can tell. Holds what is under way, which the learner's backlog limits.
 */
import { PACKET } from '../../protocol/quorum.ts';
import { Stages } from '../processor/stages.ts';

/** See the head of the file. Times are monotonic, ms. */
export class ProposalTimes {
  private readonly underWay = new Map<bigint, Stages>();
  private loggedUpTo = -1n;

  /** A packet has come from the leader. */
  packet(type: number, zxid: bigint, now: number): void {
    switch (type) {
      case PACKET.PROPOSAL:
        this.begin(zxid).reached('proposed', now);
        return;
      case PACKET.INFORM:
      case PACKET.INFORMANDACTIVATE:
        this.begin(zxid).reached('committed', now);
        return;
      case PACKET.COMMIT:
      case PACKET.COMMITANDACTIVATE:
        this.underWay.get(zxid)?.reached('committed', now);
        return;
      default:
    }
  }

  /** Everything up to that zxid is on disk. */
  logged(upTo: bigint, now: number): void {
    for (const [zxid, stages] of this.underWay) {
      if (zxid > upTo) break;
      if (zxid > this.loggedUpTo) stages.reached('logged', now);
    }
    this.loggedUpTo = upTo;
  }

  /** Takes what is known of a transaction that is to be applied. They are applied in order. */
  take(zxid: bigint): Stages | undefined {
    const stages = this.underWay.get(zxid);
    this.underWay.delete(zxid);
    return stages;
  }

  private begin(zxid: bigint): Stages {
    const stages = new Stages();
    this.underWay.set(zxid, stages);
    return stages;
  }
}
