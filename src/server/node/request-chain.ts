/**
 * The chain of a standalone server: PrepRequestProcessor -> SyncRequestProcessor -> FinalRequestProcessor,
 * and the order in which a connection's requests are answered.
 */
import { hi32, lo32 } from '../../base/halves.ts';
import type { Emitter } from '../../events/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { Timers } from '../../ports/timers.ts';
import { ERR } from '../../protocol/error-codes.ts';
import { OP, opName } from '../../protocol/opcodes.ts';
import type { Access } from '../auth/access.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { ClientLink } from '../net/client-link.ts';
import { FinalRequestProcessor } from '../processor/final-request.ts';
import { PrepRequestProcessor } from '../processor/prep-request.ts';
import { ReadRequestProcessor, type Watches } from '../processor/read-request.ts';
import { beginReply } from '../processor/reply.ts';
import { Request } from '../processor/request.ts';
import { type EntryLog, SyncRequestProcessor } from '../processor/sync-request.ts';
import type { TreeEffects } from '../tree/apply.ts';
import { type Conversation, conversationOf } from './conversation.ts';
import { type Database, NO_SPACE_ERR } from './database.ts';

/** What the chain works with. */
export interface ChainWorld {
  readonly config: ServerConfig;
  readonly database: Database;
  readonly access: Access;
  readonly watches: Watches<ClientLink>;
  readonly effects: TreeEffects;
  readonly log: EntryLog & { readonly full: boolean };
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly events: Emitter;
  /** The code for a request whose session may not write, or OK. */
  readonly sessionFault: (request: Request) => number;
  /** A session could not be created for want of room on the disk. */
  readonly sessionRefused: (request: Request) => void;
  readonly snapshotDue: () => void;
  /** A request was applied, and answered. */
  readonly applied: (request: Request) => void;
}

/** Takes requests in, and answers them in order. */
export class RequestChain {
  private readonly world: ChainWorld;
  private readonly prep: PrepRequestProcessor;
  private readonly sync: SyncRequestProcessor;
  private readonly final: FinalRequestProcessor;
  private readonly reads: ReadRequestProcessor<ClientLink>;
  private flushScheduled = false;
  /** Ends of sessions that no log could take; one a session at most. */
  private readonly heldBack: Request[] = [];

  constructor(world: ChainWorld) {
    this.world = world;
    const { config, database, access, events, effects, watches } = world;
    this.prep = new PrepRequestProcessor({
      tree: database.tree,
      access,
      events,
      sessionFault: world.sessionFault,
      lastZxid: database.lastZxid,
      enforceQuota: config.tree.enforceQuota,
      reconfigEnabled: config.quorum.reconfigEnabled,
      txnBytesMax: config.client.frameBytesMax,
      closeSessionPaths: config.storage.closeSessionPaths,
      multiOpsMax: config.tree.multiOperationsMax,
    });
    this.sync = new SyncRequestProcessor(world.log, world.random, {
      snapCount: config.storage.snapCount,
      snapSizeBytes: config.storage.snapSizeBytesMax,
      digest: config.storage.digests,
      next: (request) => this.commit(request),
      snapshotDue: world.snapshotDue,
    });
    this.final = new FinalRequestProcessor({ tree: database.tree, effects, events });
    this.reads = new ReadRequestProcessor({
      tree: database.tree,
      access,
      watches,
      multiOpsMax: config.tree.multiOperationsMax,
      multiReadBytesMax: config.client.unreadBytesMax,
    });
    this.reads.setLastProcessed(database.lastZxid);
  }

  /** Writes whose transaction is not on disk yet. */
  get inFlight(): number {
    return this.sync.length;
  }

  /** A read of a connection: answered now, or after the writes before it. */
  read(talk: Conversation, request: Request): void {
    if (talk.order.length > 0) {
      talk.order.push(request);
      talk.link.began(request.end - request.start);
      return;
    }
    this.reads.nowMs = request.receivedMs;
    this.answer(talk.link, request);
  }

  /**
   * A write, of a connection (`talk`) or of the server itself: it is prepared at once and answered once on
   * disk.
   */
  write(talk: Conversation | undefined, request: Request): void {
    if (this.world.log.full) {
      this.writeWhileFull(talk, request);
      return;
    }
    if (!this.prep.prepare(request, this.world.clock.wallMs())) return;
    if (talk !== undefined) {
      talk.order.push(request);
      talk.link.began(request.end - request.start);
    }
    this.sync.submit(request);
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    this.world.timers.soon(this.flush);
  }

  /** There is room on the disk again: sessions that ended meanwhile are closed. */
  spaceBack(): void {
    for (const request of this.heldBack.splice(0)) this.write(undefined, request);
  }

  /** The log has everything up to that zxid on disk: apply and answer. */
  synced(upTo: bigint): void {
    const now = this.world.clock.monotonicMs();
    this.final.nowMs = now;
    this.reads.nowMs = now;
    this.sync.synced(upTo);
  }

  private readonly flush = (): void => {
    this.flushScheduled = false;
    this.sync.flush();
  };

  private commit(request: Request): void {
    const { world } = this;
    const zxid = request.header?.zxid ?? 0n;
    const link = request.from as ClientLink | undefined;
    const talk = link === undefined ? undefined : conversationOf(link);
    // Reads whose client is slow to take earlier answers came before this write: they must not see it.
    while (talk !== undefined && isRead(talk.order.peek())) this.answerHead(talk);
    // Before it is applied: notifications and answers bear this zxid.
    world.database.lastZxid = zxid;
    if (world.events.on['request.logged']) {
      world.events.emit('request.logged', { session: request.session, cxid: request.cxid, zxid });
    }
    this.final.process(request);
    this.reads.setLastProcessed(zxid);
    this.prep.changes.settle(request.change);
    world.applied(request);
    if (talk === undefined || talk.order.peek() !== request) return;
    talk.order.shift();
    talk.link.answered(request.end - request.start);
    this.goOn(talk);
  }

  /** The client has taken all it was sent: reads that waited for that are answered. */
  drained(talk: Conversation): void {
    this.reads.nowMs = this.world.clock.monotonicMs();
    this.goOn(talk);
  }

  /**
   * Answers the reads at the head, up to the next write. A client that does not take what it gets waits for
   * the rest, until `drained`: a thousand reads of a megabyte must not all be answered into memory.
   */
  private goOn(talk: Conversation): void {
    const { order, link } = talk;
    while (isRead(order.peek()) && !link.congested) this.answerHead(talk);
  }

  private answerHead(talk: Conversation): void {
    const next = talk.order.shift() as Request;
    this.answer(talk.link, next);
    talk.link.answered(next.end - next.start);
  }

  private answer(link: ClientLink, request: Request): void {
    const { op, cxid, bytes, start, end, receivedMs } = request;
    if (!link.live) return;
    if (request.refusal !== ERR.OK) {
      const zxid = this.world.database.lastZxid;
      beginReply(link, cxid, hi32(zxid), lo32(zxid), request.refusal);
      link.endReply(op, receivedMs, this.reads.nowMs);
    } else if (!this.reads.process(op, link, cxid, bytes, start, end, receivedMs)) {
      // An operation nobody knows: the answer says so, with zxid -1, and the connection ends (facts 2.2).
      beginReply(link, cxid, -1, -1, ERR.UNIMPLEMENTED);
      link.endReply(op, receivedMs, this.reads.nowMs);
      link.close(`unknown operation ${op}`);
      return;
    }
    if (!this.world.events.on['request.replied']) return;
    this.world.events.emit('request.replied', {
      session: request.session,
      cxid,
      op: opName(op) ?? String(op),
      zxid: this.world.database.lastZxid,
      err: request.refusal,
      ms: this.reads.nowMs - receivedMs,
    });
  }

  /**
   * No room on the disk: a client's write is refused, in its place in the order. A session that ends must end
   * all the same, or its ephemerals would stay for ever: that waits for room. The reaper comes again by
   * itself.
   */
  private writeWhileFull(talk: Conversation | undefined, request: Request): void {
    const { op, session, receivedMs } = request;
    if (op === OP.closeSession) {
      this.heldBack.push(new Request(undefined, session, 0, op, NO_BYTES, 0, 0, receivedMs));
      talk?.link.close('the session cannot be closed while the disk is full');
    } else if (op === OP.createSession) this.world.sessionRefused(request);
    else if (talk !== undefined) {
      request.refusal = NO_SPACE_ERR;
      this.read(talk, request);
    }
  }
}

const NO_BYTES = Buffer.alloc(0);

/** Reads have no transaction, nor have writes that are refused. */
const isRead = (request: Request | undefined): boolean =>
  request !== undefined && request.header === undefined;
