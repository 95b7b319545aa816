/**
 * What a decision rests on until the leader's epoch stands: the voters that agreed. A voter may have heard of
 * a better vote after it was counted. A leader without the quorum that elected it, or a follower whose leader
 * votes for another, would wait for initLimit in vain (ZOOKEEPER-3109); so they look again at once.
 */
import type { Notification } from '../../protocol/election.ts';
import type { Quorums } from '../quorum/quorums.ts';
import type { CurrentVote } from './vote.ts';

/** See the head of the file. */
export class Mandate {
  private readonly self: bigint;
  private readonly vote: CurrentVote;
  private readonly supporters: Set<bigint>;
  private lastChange = '';

  constructor(self: bigint, vote: CurrentVote, supporters: Iterable<bigint>) {
    this.self = self;
    this.vote = vote;
    this.supporters = new Set(supporters);
  }

  /** Why it is lost. */
  get why(): string {
    return this.lastChange;
  }

  /** Takes note of what a voter says now. True when the decision holds no longer. */
  lostBy(from: bigint, n: Notification, quorums: Quorums): boolean {
    const { vote, self } = this;
    if (n.state === 'OBSERVING' || !this.supporters.has(from)) return false;
    const later = n.electionEpoch > vote.electionEpoch;
    const otherwise = n.electionEpoch === vote.electionEpoch && n.leader !== vote.leader;
    if (!later && !otherwise) return false;
    this.supporters.delete(from);
    const now = n.leader === vote.leader ? 'is in a later election' : `votes for server ${n.leader}`;
    this.lastChange = `server ${from}, which had agreed on server ${vote.leader}, ${now}`;
    if (vote.leader === self) return !quorums.isQuorum((sid) => this.supporters.has(sid));
    return from === vote.leader;
  }
}
