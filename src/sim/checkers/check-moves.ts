/** Is it only the loser of a session that is told SESSIONMOVED: a connection that another one came after? */
import { hex0x } from '../../base/brands.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { History, SessionClaim, Violation } from './history.ts';

/**
 * Claims of the same session may arrive in any order between being sent and being answered: a connection has
 * certainly won, and must not be told that it lost, when every other claim was answered before its own was sent.
 */
export function checkMoves(history: History): Violation[] {
  const violations: Violation[] = [];
  const claims = bySession(history.claims ?? []);
  for (const { id, session, arrivals } of history.connections) {
    const all = claims.get(session) ?? [];
    const mine = all.find((claim) => claim.connection === id);
    const others = all.filter((claim) => claim !== mine);
    // Who opened the session was there before anybody could claim it.
    const since = mine?.sentMs ?? Number.NEGATIVE_INFINITY;
    for (const arrival of arrivals) {
      if (arrival.kind !== 'reply') continue;
      const { reply, cxid } = arrival.request;
      if (reply?.err !== ERR.SESSIONMOVED) continue;
      if (others.some((claim) => claim.sentMs <= reply.atMs && (claim.answeredMs ?? reply.atMs) >= since))
        continue;
      const text = `${hex0x(session)}, cxid ${cxid}: nobody else took the session since connection ${id} did`;
      violations.push({ rule: 'SESSIONMOVED is for the loser only', text });
    }
  }
  return violations;
}

function bySession(claims: readonly SessionClaim[]): Map<bigint, SessionClaim[]> {
  const map = new Map<bigint, SessionClaim[]>();
  for (const claim of claims) {
    const list = map.get(claim.session);
    if (list === undefined) map.set(claim.session, [claim]);
    else list.push(claim);
  }
  return map;
}
