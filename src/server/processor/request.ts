import type { Id } from '../../protocol/acl.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { Txn, TxnHeader } from '../../protocol/txn.ts';
import type { Requester } from './requester.ts';

/**
 * One request on its way through the chain prep -> sync -> final.
 *
 * `bytes[start, end)` is its body, without the header. Prep adds what the write became: the transaction's
 * header and record, for a multi also its decoded parts.
 */
export class Request {
  /** Where the answer goes; undefined for requests of the server itself (expiry, reaping). */
  readonly from: Requester | undefined;
  readonly session: bigint;
  readonly cxid: number;
  readonly op: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** When it arrived, monotonic ms. */
  readonly receivedMs: number;
  header: TxnHeader | undefined = undefined;
  txn: Txn | undefined = undefined;
  parts: Txn[] | undefined = undefined;
  /** Operation codes of a multi's parts as they were asked: results are typed by them. */
  partOps: number[] | undefined = undefined;
  /** Set on a write that is refused before it becomes a transaction: the code to answer in its turn. */
  refusal: number = ERR.OK;
  /** Number of its pending changes, to settle them by. */
  change = 0;
  /** Digest of the tree after the transaction, as halves. */
  digestHi = 0;
  digestLo = 0;

  constructor(
    from: Requester | undefined,
    session: bigint,
    cxid: number,
    op: number,
    bytes: Buffer,
    start: number,
    end: number,
    receivedMs: number,
  ) {
    this.from = from;
    this.session = session;
    this.cxid = cxid;
    this.op = op;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.receivedMs = receivedMs;
  }

  /** Identities to check permissions by. */
  get ids(): readonly Id[] {
    return this.from?.authIds ?? NO_IDS;
  }
}

const NO_IDS: readonly Id[] = [];
