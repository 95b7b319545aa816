/** Transactions -> the bytes that go to the log and to followers alike (facts 6). */
import { put32 } from '../../base/halves.ts';
import { invariant } from '../../base/invariant.ts';
import type { JuteWriter } from '../../jute/writer.ts';
import { OP } from '../../protocol/opcodes.ts';
import { DIGEST_VERSION, TXN_CODECS, TxnHeader } from '../../protocol/txn.ts';
import type { Request } from './request.ts';

/**
 * Appends the entry of a prepared request to `w`: header, record, and the digest unless `digest` is false.
 */
export function encodeEntry(w: JuteWriter, request: Request, digest: boolean): void {
  const { header, txn } = request;
  invariant(header !== undefined && txn !== undefined, 'only prepared requests have an entry');
  TxnHeader.write(w, header);
  const codec = TXN_CODECS.get(txn.type);
  invariant(codec !== undefined, `no codec for transaction type ${txn.type}`);
  codec.write(w, txn);
  // Readers since 3.6 would take the digest behind an empty closeSession for its list of paths (facts 14.2).
  const bare = txn.type === OP.closeSession && txn.paths2Delete === undefined;
  if (!digest || bare) return;
  w.reserve(12);
  put32(w.buf, w.pos, DIGEST_VERSION);
  put32(w.buf, w.pos + 4, request.digestHi);
  put32(w.buf, w.pos + 8, request.digestLo);
  w.pos += 12;
}
