/** Votes: who should lead, by what it has, and which of two votes is better (facts 8.3). */

/**
 * A vote. `zxid` and `peerEpoch` are those of the server voted for: its last logged zxid, its currentEpoch.
 */
export interface Vote {
  readonly leader: bigint;
  readonly zxid: bigint;
  readonly peerEpoch: bigint;
}

/** A vote with the round it stands in (`electionEpoch`, the logical clock). */
export interface CurrentVote extends Vote {
  readonly electionEpoch: bigint;
}

/** What an election ends with. */
export interface Decision extends CurrentVote {
  readonly state: 'LEADING' | 'FOLLOWING' | 'OBSERVING';
}

/** Java's `Long.MIN_VALUE`: the vote of a server that may not be voted for. */
const LONG_MIN = -(1n << 63n);
/** What a server that does not vote starts with: every other vote is better. */
export const NO_VOTE: Vote = { leader: LONG_MIN, zxid: LONG_MIN, peerEpoch: LONG_MIN };

/** What made one vote better than another. `weight`: the other one's candidate may not lead. */
export type VoteRule = 'weight' | 'epoch' | 'zxid' | 'sid';

/**
 * The rule by which `a` is better than `b`; undefined when it is not. A candidate without weight never wins.
 */
export function betterBy(a: Vote, b: Vote, weightOf: (sid: bigint) => number): VoteRule | undefined {
  if (weightOf(a.leader) === 0) return undefined;
  if (weightOf(b.leader) === 0) return 'weight';
  if (a.peerEpoch !== b.peerEpoch) return a.peerEpoch > b.peerEpoch ? 'epoch' : undefined;
  if (a.zxid !== b.zxid) return a.zxid > b.zxid ? 'zxid' : undefined;
  return a.leader > b.leader ? 'sid' : undefined;
}

/** True for votes for the same server with the same data. */
export const sameVote = (a: Vote, b: Vote): boolean =>
  a.leader === b.leader && a.zxid === b.zxid && a.peerEpoch === b.peerEpoch;
