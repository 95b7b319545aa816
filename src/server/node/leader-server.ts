/**
 * The leader, as its own clients and its learners see it: it makes the transactions of the whole ensemble,
 * and keeps its sessions.
 */
import { OP } from '../../protocol/opcodes.ts';
import { Request } from '../processor/request.ts';
import { isWrite } from '../processor/request-kinds.ts';
import type { SessionTracker } from '../session/session-tracker.ts';
import type { Forwarded, LearnerPort } from '../zab/leader-effects.ts';
import type { Conversation } from './conversation.ts';
import { type EnsembleParts, EnsembleServer } from './ensemble-server.ts';
import { LeaderChain, type LeaderChainWorld } from './leader-chain.ts';
import { LeaderSessions } from './leader-sessions.ts';
import { type Reaper, reaperOf } from './reaper.ts';
import type { Broadcast, ServerMode } from './roles.ts';

/** After a pause of the leader learners get so many ticks to tell which sessions they heard of. */
const PATIENCE_TICKS = 2;
/** Bytes of a createSession request. */
const TIMEOUT_BYTES = 4;

/** See the head of the file. */
export class LeaderServer extends EnsembleServer {
  readonly mode: ServerMode = 'leader';
  readonly epoch: bigint;
  readonly tracker: SessionTracker;
  protected readonly sessions: LeaderSessions;
  private readonly chain: LeaderChain;
  private readonly reaper: Reaper;

  /**
   * The log is open, and the database is at the first zxid of the epoch. Without `planReconfig` reconfig is
   * refused.
   */
  constructor(
    parts: EnsembleParts,
    broadcast: Broadcast,
    epoch: bigint,
    reconfig?: LeaderChainWorld['reconfig'],
  ) {
    super(parts);
    this.epoch = epoch;
    const { config, database, store, stage, access, local } = this;
    const { clock, timers, random, events } = parts.world;
    this.tracker = this.newTracker();
    this.sessions = new LeaderSessions(
      {
        ...this.sessionsWorld(this.tracker, local),
        patienceMs: PATIENCE_TICKS * config.session.tickTimeMs,
        write: (request) => this.chain.write(undefined, request),
      },
      parts.sid,
    );
    this.chain = new LeaderChain({
      config,
      database,
      access,
      stage,
      store,
      broadcast,
      clock,
      timers,
      random,
      events,
      slow: this.slow,
      metrics: store.metrics,
      sessionFault: (request) => this.sessions.fault(request),
      mayOwn: (session) => this.sessions.mayOwn(session),
      ...(reconfig === undefined ? {} : { reconfig }),
      sessionRefused: (request) => this.sessions.notCreated(request),
    });
    this.reaper = reaperOf(config, database.tree, parts.world, (request) =>
      this.chain.write(undefined, request),
    );
  }

  override start(): void {
    super.start();
    this.reaper.start();
  }

  override stop(why: string): Promise<void> {
    this.reaper.stop();
    return super.stop(why);
  }

  // ---- what the ensemble says ----

  /** A quorum has everything up to that zxid on disk. */
  committed(upTo: bigint): void {
    this.chain.committed(upTo);
  }

  /** This server has everything up to that zxid on disk, by a sync that took so long; before `logged`. */
  synced(upTo: bigint, ms: number): void {
    this.chain.synced(upTo, ms);
  }

  /** This server has everything up to that zxid on disk, and the broadcast knows. */
  logged(upTo: bigint): void {
    this.chain.logged(upTo);
  }

  /** A learner forwards a write; it is answered by the transaction it becomes. */
  forwarded(from: LearnerPort, { session, cxid, op, body, ids }: Forwarded): void {
    const now = this.world.clock.monotonicMs();
    if (op === OP.createSession && body.length >= TIMEOUT_BYTES) {
      this.sessions.adopt(session, body.readInt32BE(0), from);
    } else if (op === OP.closeSession) this.sessions.closing(session);
    // What is no write of a client's is refused as a write is: whoever forwarded it waits for a transaction.
    const asked = op === OP.createSession || isWrite(op) ? op : OP.error;
    const end = body.length;
    this.chain.write(undefined, new Request(undefined, session, cxid, asked, body, 0, end, now, from, ids));
  }

  /** A learner heard of a session's client. */
  touch(_from: LearnerPort, session: bigint, timeoutMs: number): void {
    this.sessions.touch(session, timeoutMs);
  }

  /** A client came to a learner with this session: true when it lives; it is that learner's from now on. */
  revalidate(from: LearnerPort, session: bigint, timeoutMs: number): boolean {
    return this.sessions.revalidate(session, timeoutMs, from);
  }

  // ---- what clients here ask ----

  protected write(talk: Conversation, request: Request): void {
    this.chain.write(talk, request);
  }

  protected sync(talk: Conversation, request: Request): void {
    this.chain.confirm(() => this.gate.answered(talk, request));
  }
}
