import type { Id } from '../../protocol/acl.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { Txn, TxnHeader } from '../../protocol/txn.ts';
import type { Requester } from './requester.ts';
import type { Stages } from './stages.ts';

/**
 * One request on its way through a chain.
 *
 * `bytes[start, end)` is its body, without the header. Prep adds what the write became: the transaction's
 * header and record, for a multi also its decoded parts. On a learner these come back from the leader.
 */
export class Request {
  /**
   * Where the answer goes; undefined for requests of the server itself (expiry, reaping), and forwarded ones.
   */
  readonly from: Requester | undefined;
  readonly session: bigint;
  readonly cxid: number;
  readonly op: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** When it arrived, monotonic ms. */
  readonly receivedMs: number;
  /** Who claims the session by it: a connection, or the learner that forwarded it. */
  readonly owner: object | undefined;
  /** Identities to check permissions by. */
  readonly ids: readonly Id[];
  header: TxnHeader | undefined = undefined;
  txn: Txn | undefined = undefined;
  parts: Txn[] | undefined = undefined;
  /** Operation codes of a multi's parts as they were asked: results are typed by them. */
  partOps: number[] | undefined = undefined;
  /** Set on a write that is refused before it becomes a transaction: the code to answer in its turn. */
  refusal: number = ERR.OK;
  /**
   * True while the answer waits for more than its turn: a write for its transaction, a `sync` for the
   * leader's word.
   */
  waits = false;
  /** Number of its pending changes, to settle them by. */
  change = 0;
  /** Digest of the tree after the transaction, as halves; without meaning unless `hasDigest`. */
  digestHi = 0;
  digestLo = 0;
  hasDigest = true;
  /** Where the log of slow requests is on: when it reached what, on the server of its client. */
  stages: Stages | undefined = undefined;

  constructor(
    from: Requester | undefined,
    session: bigint,
    cxid: number,
    op: number,
    bytes: Buffer,
    start: number,
    end: number,
    receivedMs: number,
    owner: object | undefined = from,
    ids: readonly Id[] = from?.authIds ?? NO_IDS,
  ) {
    this.from = from;
    this.session = session;
    this.cxid = cxid;
    this.op = op;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.receivedMs = receivedMs;
    this.owner = owner;
    this.ids = ids;
  }
}

const NO_IDS: readonly Id[] = [];
