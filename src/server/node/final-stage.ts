/**
 * Where requests end, on a server of any role: transactions are applied in the order of their zxids, and
 * every connection is answered in the order of its requests.
 */
import { hi32, lo32 } from '../../base/halves.ts';
import type { Emitter } from '../../events/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import { ERR } from '../../protocol/error-codes.ts';
import { OP } from '../../protocol/opcodes.ts';
import type { Access } from '../auth/access.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { ClientLink } from '../net/client-link.ts';
import { FinalRequestProcessor } from '../processor/final-request.ts';
import { ReadRequestProcessor, type Watches } from '../processor/read-request.ts';
import { beginReply } from '../processor/reply.ts';
import type { Request } from '../processor/request.ts';
import type { TreeEffects } from '../tree/apply.ts';
import { type Conversation, conversationOf } from './conversation.ts';
import type { Database } from './database.ts';
import type { NodeMetrics } from './node-metrics.ts';
import type { SlowLog } from './slow-log.ts';

/** What the stage works with. */
export interface FinalWorld {
  readonly config: ServerConfig;
  readonly database: Database;
  readonly access: Access;
  readonly watches: Watches<ClientLink>;
  readonly effects: TreeEffects;
  readonly clock: Clock;
  readonly events: Emitter;
  /** Where it is on. */
  readonly slow: SlowLog | undefined;
  /** A transaction was applied, and answered. Before what waits behind it is. */
  readonly applied: (request: Request) => void;
  readonly metrics: NodeMetrics;
}

/** See the head of the file. */
export class FinalStage {
  private readonly world: FinalWorld;
  private readonly final: FinalRequestProcessor;
  private readonly reads: ReadRequestProcessor<ClientLink>;

  constructor(world: FinalWorld) {
    const { database, access, watches, effects, events, config, metrics } = world;
    this.world = world;
    this.final = new FinalRequestProcessor({ tree: database.tree, effects, events });
    this.reads = new ReadRequestProcessor({
      tree: database.tree,
      access,
      watches,
      multiOpsMax: config.tree.multiOperationsMax,
      multiReadBytesMax: config.client.unreadBytesMax,
      overLimit: ({ sessionId: session }, cxid, limit, value) => {
        if (!events.on['request.over-limit']) return;
        events.emit('request.over-limit', { session, cxid, op: 'multiRead', limit, value });
      },
      counts: metrics,
    });
    this.reads.setLastProcessed(database.lastZxid);
  }

  /** A request that needs no transaction, or is refused one: answered now, or behind what it came after. */
  read(talk: Conversation, request: Request): void {
    if (talk.order.length > 0) {
      talk.order.push(request);
      talk.link.began(request.end - request.start);
      return;
    }
    this.reads.nowMs = request.receivedMs;
    this.answer(talk.link, request);
  }

  /** A request whose answer comes later, by `commit` or `ready`: it takes its place in the order. */
  hold(talk: Conversation, request: Request): void {
    request.waits = true;
    talk.order.push(request);
    talk.link.began(request.end - request.start);
  }

  /** A held request waits for nothing but its turn. */
  ready(talk: Conversation, request: Request): void {
    request.waits = false;
    this.world.slow?.reached(request, 'confirmed');
    this.resume(talk);
  }

  /** Samples the clock for the batch that `commit` will go through. */
  begin(): void {
    const now = this.world.clock.monotonicMs();
    this.final.nowMs = now;
    this.reads.nowMs = now;
  }

  /** Applies a transaction, and answers who asked for it; `begin` comes before a batch of these. */
  commit(request: Request): void {
    const { world } = this;
    const zxid = request.header?.zxid ?? 0n;
    const link = request.from as ClientLink | undefined;
    const talk = link === undefined ? undefined : conversationOf(link);
    if (talk !== undefined) this.catchUp(talk);
    // Before it is applied: notifications and answers bear this zxid.
    world.database.lastZxid = zxid;
    const applied = this.final.process(request);
    this.reads.setLastProcessed(zxid);
    world.applied(request);
    world.slow?.ended(request, 'applied');
    if (applied.err === ERR.SESSIONMOVED) link?.close('the session has moved to another server');
    if (talk === undefined || talk.order.peek() !== request) return;
    talk.order.shift();
    talk.link.answered(request.end - request.start);
    this.goOn(talk);
  }

  /**
   * Reads whose client is slow to take earlier answers came before the write that is now to be applied: they
   * must not see it.
   */
  catchUp(talk: Conversation): void {
    while (isReady(talk.order.peek())) this.answerHead(talk);
  }

  /** Goes on with what waits: the client has taken all it was sent, or the head is ready. */
  resume(talk: Conversation): void {
    this.reads.nowMs = this.world.clock.monotonicMs();
    this.goOn(talk);
  }

  /**
   * Answers what is ready at the head, up to the next write. A client that does not take what it gets waits
   * for the rest, until `resume`: a thousand reads of a megabyte must not all be answered into memory.
   */
  private goOn(talk: Conversation): void {
    const { order, link } = talk;
    while (isReady(order.peek()) && !link.congested) this.answerHead(talk);
  }

  private answerHead(talk: Conversation): void {
    const next = talk.order.shift() as Request;
    this.world.slow?.reached(next, 'turn');
    this.answer(talk.link, next);
    talk.link.answered(next.end - next.start);
  }

  private answer(link: ClientLink, request: Request): void {
    const { op, cxid, bytes, start, end, receivedMs } = request;
    if (!link.live) return;
    if (request.refusal !== ERR.OK) this.answerBare(link, request, request.refusal);
    else if (op === OP.closeSession) {
      // Of a session that no other server knows: there is nothing to agree upon.
      this.answerBare(link, request, ERR.OK);
      link.close('the client closed its session');
    } else if (!this.reads.process(op, link, cxid, bytes, start, end, receivedMs)) {
      // An operation nobody knows: the answer says so, with zxid -1, and the connection ends (facts 2.2).
      beginReply(link, cxid, -1, -1, ERR.UNIMPLEMENTED);
      link.endReply(op, receivedMs, this.reads.nowMs);
      link.close(`unknown operation ${op}`);
    }
    this.world.slow?.ended(request, 'answered');
  }

  /** An answer of nothing but a header. */
  private answerBare(link: ClientLink, { op, cxid, receivedMs }: Request, err: number): void {
    const zxid = this.world.database.lastZxid;
    beginReply(link, cxid, hi32(zxid), lo32(zxid), err);
    link.endReply(op, receivedMs, this.reads.nowMs);
  }
}

/** True for what needs nothing but its turn. */
const isReady = (request: Request | undefined): boolean => request !== undefined && !request.waits;
