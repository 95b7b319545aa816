import type { Emitter } from '../../events/bus.ts';

/** The bytes a transaction's header begins with: the session, and the number its client gave the request. */
const ORIGIN_BYTES = 12;

/** Who asked for the transaction that `entry` holds (TxnHeader, facts 6); zeros for bytes that hold none. */
export const txnOrigin = (entry: Buffer): { readonly session: bigint; readonly cxid: number } =>
  entry.length < ORIGIN_BYTES
    ? { session: 0n, cxid: 0 }
    : { session: entry.readBigInt64BE(0), cxid: entry.readInt32BE(8) };

/** Tells of a transaction that a leader sent: the proposal, or what was committed without it. */
export function tellProposal(events: Emitter, leader: bigint, zxid: bigint, entry: Buffer | null): void {
  if (entry === null || !events.on['zab.proposal-received']) return;
  events.emit('zab.proposal-received', { zxid, ...txnOrigin(entry), bytes: entry.length, leader });
}
