/** Is it only the loser of a session that is told SESSIONMOVED: a connection that another one came after? */
import { hex0x } from '../../base/brands.ts';
import { ERR } from '../../protocol/error-codes.ts';
import { OP } from '../../protocol/opcodes.ts';
import type { TxnEntry } from '../../protocol/txn.ts';
import { WRITES } from './check-history.ts';
import {
  type History,
  type HistoryRequest,
  requestsOf,
  type SessionClaim,
  type Violation,
} from './history.ts';

/**
 * The log tells which writes were refused so; whoever sent them loses its connection. Claims of the same
 * session may arrive in any order between being sent and being answered: a connection has certainly won when
 * every other claim was answered before its own was sent.
 */
export function checkMoves(history: History, log: readonly TxnEntry[]): Violation[] {
  const claims = bySession(history.claims ?? []);
  const writes = new Map<string, HistoryRequest>();
  // Where two use a session, a read of the one may bear the number of a write of the other.
  for (const request of requestsOf(history)) {
    if (WRITES.has(request.op)) writes.set(`${request.session}:${request.cxid}`, request);
  }
  const violations: Violation[] = [];
  for (const { header, txn } of log) {
    if (txn.type !== OP.error || txn.err !== ERR.SESSIONMOVED) continue;
    const { clientId: session, cxid, zxid } = header;
    const request = writes.get(`${session}:${cxid}`);
    if (request === undefined) continue;
    const all = claims.get(session) ?? [];
    const mine = all.find((claim) => claim.connection === request.connection);
    // Who opened the session was there before anybody could claim it.
    const since = mine?.sentMs ?? Number.NEGATIVE_INFINITY;
    if (all.some((claim) => claim !== mine && (claim.answeredMs ?? since) >= since)) continue;
    const text = `${hex0x(session)}, cxid ${cxid}, at ${hex0x(zxid)}: nobody took it since its connection did`;
    violations.push({ rule: 'SESSIONMOVED is for the loser only', text });
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
