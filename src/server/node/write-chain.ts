/**
 * PrepRequestProcessor -> SyncRequestProcessor -> FinalRequestProcessor: the chain of a standalone server,
 * and the greater part of a leader's, which puts its own processors in between (`leader-chain.ts`).
 */
import type { Emitter } from '../../events/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { Timers } from '../../ports/timers.ts';
import { OP } from '../../protocol/opcodes.ts';
import type { Access } from '../auth/access.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { ReconfigRules } from '../processor/plan-reconfig.ts';
import { PrepRequestProcessor } from '../processor/prep-request.ts';
import { Request } from '../processor/request.ts';
import type { Stage } from '../processor/stages.ts';
import { type EntryLog, SyncRequestProcessor } from '../processor/sync-request.ts';
import type { Conversation } from './conversation.ts';
import { type Database, NO_SPACE_ERR } from './database.ts';
import type { FinalStage } from './final-stage.ts';
import type { NodeMetrics } from './node-metrics.ts';
import type { SlowLog } from './slow-log.ts';

/** What the chain works with. */
export interface ChainWorld {
  readonly config: ServerConfig;
  readonly database: Database;
  readonly access: Access;
  readonly stage: FinalStage;
  readonly log: EntryLog & { readonly full: boolean };
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly events: Emitter;
  readonly slow: SlowLog | undefined;
  readonly metrics: NodeMetrics;
  /** The code for a request whose session may not write, or OK. */
  readonly sessionFault: (request: Request) => number;
  /** False for a session that may own no ephemerals. */
  readonly mayOwn?: (session: bigint) => boolean;
  /** What decides over a reconfig, where there is an ensemble to change. */
  readonly reconfig?: ReconfigRules;
  /** A session could not be created for want of room on the disk. */
  readonly sessionRefused: (request: Request) => void;
  readonly snapshotDue: () => void;
  /** Told of each entry that is appended to the log, `entry[start, end)`, good for the call only. */
  readonly appended?: (request: Request, entry: Buffer, start: number, end: number) => void;
}

/** See the head of the file. */
export class WriteChain {
  private readonly world: ChainWorld;
  private readonly prep: PrepRequestProcessor;
  private readonly sync: SyncRequestProcessor;
  private flushScheduled = false;
  private toldLogged = -1n;
  /** Ends of sessions that no log could take; one a session at most. */
  private readonly heldBack: Request[] = [];

  constructor(world: ChainWorld) {
    this.world = world;
    const { config, database, access, events, mayOwn, reconfig, appended } = world;
    this.prep = new PrepRequestProcessor({
      tree: database.tree,
      access,
      events,
      sessionFault: world.sessionFault,
      ...(mayOwn === undefined ? {} : { mayOwn }),
      ...(reconfig === undefined ? {} : { reconfig }),
      lastZxid: database.lastZxid,
      enforceQuota: config.tree.enforceQuota,
      reconfigEnabled: config.quorum.reconfigEnabled,
      txnBytesMax: config.client.frameBytesMax,
      closeSessionPaths: config.storage.closeSessionPaths,
      multiOpsMax: config.tree.multiOperationsMax,
      lastCounter: config.quorum.epochTransactionsMax,
      counts: world.metrics,
    });
    this.sync = new SyncRequestProcessor(world.log, world.random, {
      snapCount: config.storage.snapCount,
      snapSizeBytes: config.storage.snapSizeBytesMax,
      digest: config.storage.digests,
      next: (request) => this.commit(request),
      snapshotDue: world.snapshotDue,
      ...(appended === undefined ? {} : { appended }),
    });
  }

  /** The zxid given out last. */
  get lastZxid(): bigint {
    return this.prep.lastZxid;
  }

  /** True when the epoch has no zxid left. */
  get exhausted(): boolean {
    return this.prep.exhausted;
  }

  /**
   * A write, of a connection (`talk`) or of the server itself: it is prepared at once, and answered when
   * `release` covers it. One that is held already keeps its place in the order.
   */
  write(talk: Conversation | undefined, request: Request): void {
    if (this.world.log.full) {
      this.writeWhileFull(talk, request);
      return;
    }
    if (!this.prep.prepare(request, this.world.clock.wallMs())) return;
    this.world.slow?.reached(request, 'prepared');
    if (talk !== undefined && !request.waits) this.world.stage.hold(talk, request);
    this.sync.submit(request);
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    this.world.timers.soon(this.flush);
  }

  /** There is room on the disk again: sessions that ended meanwhile are closed. */
  spaceBack(): void {
    for (const request of this.heldBack.splice(0)) this.write(undefined, request);
  }

  /**
   * Everything up to that zxid is on this server's disk, by a sync that took so long; before `release`, and
   * before anybody counts on it.
   */
  logged(upTo: bigint, ms: number): void {
    const { events } = this.world;
    const from = this.toldLogged;
    this.toldLogged = upTo;
    this.reached('logged', from, upTo);
    if (!events.on['request.logged']) return;
    for (const { session, cxid, header } of this.sync.submitted(from, upTo)) {
      events.emit('request.logged', { session, cxid, zxid: header?.zxid ?? 0n, ms });
    }
  }

  /** What has a zxid in (`after`, `upTo`] has got there. */
  reached(stage: Stage, after: bigint, upTo: bigint): void {
    const { slow } = this.world;
    if (slow === undefined) return;
    for (const request of this.sync.submitted(after, upTo)) slow.reached(request, stage);
  }

  /** Everything up to that zxid is safe: apply and answer. */
  release(upTo: bigint): void {
    this.world.stage.begin();
    this.sync.synced(upTo);
  }

  private readonly flush = (): void => {
    this.flushScheduled = false;
    this.sync.flush();
  };

  private commit(request: Request): void {
    this.world.stage.commit(request);
    this.prep.changes.settle(request.change);
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
      this.world.stage.read(talk, request);
    }
  }
}

const NO_BYTES = Buffer.alloc(0);
