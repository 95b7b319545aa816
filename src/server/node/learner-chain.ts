/**
 * The chain of a learner: FollowerRequest or ObserverRequest -> Commit -> Final.
 *
 * Writes go to the leader as they are. What they became comes back as a transaction among those of all
 * others; the one that bears the session and cxid of the first write a connection waits for answers it.
 */

import { hi32, lo32 } from '../../base/halves.ts';
import { invariant } from '../../base/invariant.ts';
import { Fifo } from '../../base/ring.ts';
import { JuteError } from '../../jute/jute-error.ts';
import { JuteReader } from '../../jute/reader.ts';
import type { Clock } from '../../ports/clock.ts';
import { MultiRequest } from '../../protocol/multi.ts';
import { OP } from '../../protocol/opcodes.ts';
import { DIGEST_VERSION, decodeEntry, type TxnEntry, type TxnHeader } from '../../protocol/txn.ts';
import { Request } from '../processor/request.ts';
import type { Stages } from '../processor/stages.ts';
import type { ZabEntry } from '../zab/learner-effects.ts';
import { NO_BYTES } from './client-sessions.ts';
import type { Conversation } from './conversation.ts';
import type { FinalStage } from './final-stage.ts';
import type { LearnerSessions } from './learner-sessions.ts';
import type { Upstream } from './roles.ts';
import type { SlowLog } from './slow-log.ts';

/** What the chain works with. */
export interface LearnerChainWorld {
  readonly stage: FinalStage;
  readonly sessions: LearnerSessions;
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly slow: SlowLog | undefined;
}

/** A sync whose answer is to come. */
export interface PendingSync {
  readonly talk: Conversation;
  readonly request: Request;
}

/** See the head of the file. */
export class LearnerChain {
  private readonly world: LearnerChainWorld;
  /** Oldest first: the leader answers in order. No more than requests are under way. */
  private readonly syncs = new Fifo<PendingSync>();

  constructor(world: LearnerChainWorld) {
    this.world = world;
  }

  /** A write or a sync of a client, which has its place in the order. */
  forward(talk: Conversation, request: Request): void {
    const { session, cxid, op, bytes, start, end, ids } = request;
    if (op === OP.sync) this.syncs.push({ talk, request });
    this.world.slow?.reached(request, 'forwarded');
    this.world.upstream.request(session, cxid, op, bytes.subarray(start, end), ids);
  }

  /** The leader has answered the oldest sync. */
  synced(): PendingSync | undefined {
    return this.syncs.shift();
  }

  /**
   * A transaction that is committed, and on this server's disk: it is applied, and answers who waits for it.
   * `stages` are those that it has behind it.
   */
  apply(entry: ZabEntry, stages?: Stages): void {
    const decoded = entry.decoded ?? decodeEntry(entry.bytes);
    invariant(decoded !== undefined, 'only transactions that can be decoded are logged');
    const { stage } = this.world;
    stage.begin();
    const request = this.requestOf(decoded);
    if (stages !== undefined) request.stages?.append(stages);
    stage.commit(request);
  }

  private requestOf({ header, txn, digest }: TxnEntry): Request {
    const request = this.waitingFor(header) ?? this.foreign(header);
    request.header = header;
    request.txn = txn;
    if (request.from !== undefined && txn.type === OP.multi) request.partOps = opsAsked(request);
    request.hasDigest = digest?.version === DIGEST_VERSION;
    if (digest !== undefined) {
      request.digestHi = hi32(digest.treeDigest);
      request.digestLo = lo32(digest.treeDigest);
    }
    return request;
  }

  /** The request of a client here that this transaction answers. */
  private waitingFor({ clientId, cxid, type }: TxnHeader): Request | undefined {
    const { sessions } = this.world;
    if (type === OP.createSession) return sessions.takeOpening(clientId);
    const talk = sessions.talkOf(clientId);
    const first = talk === undefined ? undefined : firstWaiting(talk);
    return first?.cxid === cxid && first.op !== OP.sync ? first : undefined;
  }

  private foreign({ clientId, cxid, type }: TxnHeader): Request {
    return new Request(undefined, clientId, cxid, type, NO_BYTES, 0, 0, this.world.clock.monotonicMs());
  }
}

/** Reads before it may be kept back by a client that is slow to take their answers. */
function firstWaiting({ order }: Conversation): Request | undefined {
  const head = order.peek();
  if (head === undefined || head.waits) return head;
  for (const request of order) if (request.waits) return request;
  return undefined;
}

/**
 * What a multi's parts were asked as: results are typed by it. Undefined where the leader alone can read it.
 */
function opsAsked({ bytes, start, end }: Request): number[] | undefined {
  try {
    return MultiRequest.read(new JuteReader(bytes, start, end)).map(({ op }) => op);
  } catch (thrown) {
    if (thrown instanceof JuteError) return undefined;
    throw thrown;
  }
}
