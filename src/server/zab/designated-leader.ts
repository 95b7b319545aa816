/** Who is to lead once a reconfiguration is in force (facts 9.3). */
import { type Member, type Membership, memberOf } from '../quorum/membership.ts';
import { QuorumRule } from '../quorum/quorums.ts';
import type { LeaderCore } from './leader-core.ts';

const sameQuorumAddress = (a: Member, b: Member): boolean =>
  a.addresses.length === b.addresses.length &&
  a.addresses.every(
    (at, i) => at.host === b.addresses[i]?.host && at.quorumPort === b.addresses[i]?.quorumPort,
  );

/**
 * The present leader where it votes still and is reached at the same address; otherwise the voter that has
 * logged most, at least the reconfiguration, the greatest id among equals. Where none is known to have it:
 * the present leader.
 */
export function designatedLeader(core: LeaderCore, membership: Membership, zxid: bigint): bigint {
  const { sid } = core.options;
  const rule = new QuorumRule(membership);
  const before = memberOf(core.quorums.current.membership, sid);
  const after = memberOf(membership, sid);
  const stays = before !== undefined && after !== undefined && sameQuorumAddress(before, after);
  if (rule.isVoter(sid) && stays) return sid;
  let best: { readonly sid: bigint; readonly acked: bigint } | undefined;
  for (const voter of rule.voters) {
    const h = core.learners.get(voter);
    if (voter === sid || h === undefined || !h.hasHistory || h.observer || h.acked < zxid) continue;
    if (best === undefined || h.acked >= best.acked) best = { sid: voter, acked: h.acked };
  }
  return best?.sid ?? sid;
}
