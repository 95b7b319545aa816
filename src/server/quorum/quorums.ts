/**
 * What a quorum is: a simple majority of the participants, or, with groups, a majority of weight inside a
 * majority of the groups that have weight (facts 10.2). While a reconfiguration is under way a set must be a
 * quorum of the configuration in force *and* of the pending one.
 */
import type { Membership } from './membership.ts';

/** Says whether a server is one of a set. */
export type SidSet = (sid: bigint) => boolean;

/** One configuration's rule. */
export class QuorumRule {
  readonly membership: Membership;
  /** Ids of the participants, ascending. */
  readonly voters: readonly bigint[];
  private readonly voterSet: ReadonlySet<bigint>;

  constructor(membership: Membership) {
    this.membership = membership;
    this.voters = membership.members.filter((m) => m.role === 'participant').map((m) => BigInt(m.id));
    this.voterSet = new Set(this.voters);
  }

  isVoter(sid: bigint): boolean {
    return this.voterSet.has(sid);
  }

  /** What a voter's word counts; 0 for a stranger, an observer, or a voter of weight 0. */
  weightOf(sid: bigint): number {
    if (!this.voterSet.has(sid)) return 0;
    return this.membership.groups.size === 0 ? 1 : (this.membership.weights.get(Number(sid)) ?? 1);
  }

  /** True when the voters of whom `has` is true are a quorum. */
  isQuorum(has: SidSet): boolean {
    if (this.membership.groups.size > 0) return this.isHierarchicalQuorum(has);
    let count = 0;
    for (const sid of this.voters) if (has(sid)) count++;
    return count > this.voters.length / 2;
  }

  private isHierarchicalQuorum(has: SidSet): boolean {
    let groups = 0;
    let won = 0;
    for (const ids of this.membership.groups.values()) {
      let total = 0;
      let present = 0;
      for (const id of ids) {
        const weight = this.weightOf(BigInt(id));
        total += weight;
        if (weight > 0 && has(BigInt(id))) present += weight;
      }
      if (total === 0) continue;
      groups++;
      if (present > total / 2) won++;
    }
    return won > groups / 2;
  }
}

/** The rules in force: that of the committed configuration, and that of a pending one while there is one. */
export class Quorums {
  readonly current: QuorumRule;
  readonly pending: QuorumRule | undefined;

  constructor(current: Membership, pending?: Membership) {
    this.current = new QuorumRule(current);
    this.pending = pending === undefined ? undefined : new QuorumRule(pending);
  }

  /** A voter of either configuration. */
  isVoter(sid: bigint): boolean {
    return this.current.isVoter(sid) || (this.pending?.isVoter(sid) ?? false);
  }

  /** Quorum of every configuration in force. */
  isQuorum(has: SidSet): boolean {
    return this.current.isQuorum(has) && (this.pending?.isQuorum(has) ?? true);
  }

  /** Voters of either configuration, each once, ascending. */
  get voters(): bigint[] {
    const all = new Set([...this.current.voters, ...(this.pending?.voters ?? [])]);
    return [...all].sort((a, b) => (a < b ? -1 : 1));
  }
}
