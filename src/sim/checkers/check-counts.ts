/**
 * Did the counter count, and the lock lock? Two checks that know nothing of trees: what was added one by one,
 * with the version in hand, must be all there; and who writes under a lock must come after those who had it
 * before.
 */
import { ERR } from '../../protocol/error-codes.ts';
import type { SetDataRequest } from '../../protocol/messages.ts';
import { OP } from '../../protocol/opcodes.ts';
import { readSubTxns, type TxnEntry } from '../../protocol/txn.ts';
import { type History, requestsOf, type Violation } from './history.ts';

/** `final` is what the counter says in the end. */
export function checkCounter(history: History, path: string, final: number): Violation[] {
  let added = 0;
  let perhaps = 0;
  for (const { op, body, reply } of requestsOf(history)) {
    if (op !== OP.setData || (body as SetDataRequest).path !== path) continue;
    if (reply === undefined) perhaps++;
    else if (reply.err === ERR.OK) added++;
  }
  if (final >= added && final <= added + perhaps) return [];
  const text = `${path} is ${final}; ${added} were added for certain, ${perhaps} perhaps`;
  return [{ rule: 'the counter counts', text }];
}

/** The holders of a lock write the czxid of their node to `path`: these must rise. */
export function checkLock(log: readonly TxnEntry[], path: string): Violation[] {
  const violations: Violation[] = [];
  let last = 0n;
  for (const { txn } of log) {
    if (txn.type !== OP.multi) continue;
    for (const part of readSubTxns(txn)) {
      if (part?.type !== OP.setData || part.path !== path) continue;
      const holder = BigInt(part.data?.toString('latin1') ?? '0');
      if (holder < last) {
        violations.push({ rule: 'a lock has one holder', text: `${holder} wrote after ${last}` });
      }
      last = holder;
    }
  }
  return violations;
}
