/**
 * What the voters said last, in one election: one notification a voter, since a newer one takes back what was
 * said before. Counts what that means for a vote.
 */
import type { Notification } from '../../protocol/election.ts';
import type { Quorums } from '../quorum/quorums.ts';
import { sameVote, type Vote } from './vote.ts';

/** See the head of the file. */
export class Ballot {
  private readonly self: bigint;
  private readonly heard = new Map<bigint, Notification>();

  constructor(self: bigint) {
    this.self = self;
  }

  /** Forgets everything. */
  clear(): void {
    this.heard.clear();
  }

  /** What that voter said last. */
  of(sid: bigint): Notification | undefined {
    return this.heard.get(sid);
  }

  /** Takes down what a voter said. */
  record(from: bigint, n: Notification): void {
    this.heard.set(from, n);
  }

  /**
   * True where that voter agrees with `vote` in that round: it votes so, or has settled on that leader in it.
   */
  agrees(sid: bigint, vote: Vote, round: bigint): boolean {
    if (sid === this.self) return true;
    const n = this.heard.get(sid);
    if (n === undefined || n.electionEpoch !== round) return false;
    return n.state === 'LOOKING' ? sameVote(n, vote) : n.state !== 'OBSERVING' && n.leader === vote.leader;
  }

  /** True when a quorum agrees with `vote`, this server's own vote, in that round. */
  elected(vote: Vote, round: bigint, quorums: Quorums): boolean {
    return quorums.isQuorum((sid) => this.agrees(sid, vote, round));
  }

  /**
   * True when `n`, of a server that has settled, tells of a leader that stands: a quorum supports it, and it
   * says itself that it leads.
   *
   * Votes of settled servers are compared by their leader alone. Their zxid and round may differ, and so may
   * their peerEpoch where one of them missed the last bump: comparing that once kept servers out for ever
   * (ZOOKEEPER-1818). The epoch is agreed upon with the leader itself, later. Servers that still vote, this
   * one included, support the leader when they do so in its very round with its very vote.
   */
  stands(n: Notification, own: Vote, round: bigint, quorums: Quorums): boolean {
    const { leader } = n;
    if (leader === this.self ? n.electionEpoch !== round : !this.saysItLeads(leader)) return false;
    const sameRound = n.electionEpoch === round;
    return quorums.isQuorum((sid) => {
      if (sid === this.self) return leader === this.self || (sameRound && sameVote(own, n));
      const said = this.heard.get(sid);
      if (said === undefined || said.state === 'OBSERVING') return false;
      if (said.state !== 'LOOKING') return said.leader === leader;
      return sameRound && said.electionEpoch === round && sameVote(said, n);
    });
  }

  private saysItLeads(sid: bigint): boolean {
    const n = this.heard.get(sid);
    return n?.state === 'LEADING' && n.leader === sid;
  }
}
