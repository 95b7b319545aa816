/** Votes of an election in words. What is not told of one is below 0. Pure. */
import { hex0x } from '../base/brands.ts';

/**
 * Why a vote is better than another: the rules of `election.vote-changed`, and what else a vote comes from.
 */
const RULES: Readonly<Record<string, string>> = {
  first: 'for itself',
  told: 'when asked',
  epoch: 'higher epoch',
  zxid: 'later zxid',
  sid: 'higher id',
  weight: 'has weight',
  round: 'newer round',
  standing: 'leads already',
  designated: 'was named',
};

/** For whom somebody votes, and how far the one it votes for is. */
export interface VoteFacts {
  readonly leader: bigint;
  readonly peerEpoch: number;
  readonly zxid: bigint;
}

/** The rule of a vote in at most 12 columns; what the server says where it is none of those known. */
export const ruleText = ({ rule, leader }: { readonly rule: string; readonly leader: bigint }): string =>
  rule === 'first' && leader < 0n ? 'has no vote' : (RULES[rule] ?? rule);

const epochText = (epoch: number): string => (epoch < 0 ? '?' : String(epoch));
const zxidText = (zxid: bigint): string => (zxid < 0n ? '?' : hex0x(zxid));

/** A vote in a cell: leader, epoch, zxid. */
export const voteText = ({ leader, peerEpoch, zxid }: VoteFacts): string =>
  leader < 0n ? 'nobody' : `${leader} e${epochText(peerEpoch)} ${zxidText(zxid)}`;

/** A vote in a sentence: `server 2 (epoch 1, zxid 0x100000007, round 3)`. */
export const forWhom = ({
  leader,
  peerEpoch,
  zxid,
  round,
}: VoteFacts & { readonly round: number }): string =>
  leader < 0n
    ? `nobody (round ${round})`
    : `server ${leader} (epoch ${epochText(peerEpoch)}, zxid ${zxidText(zxid)}, round ${round})`;
