/** A follower or an observer, as clients see it: reads are answered here, writes by way of the leader. */
import { ERR } from '../../protocol/error-codes.ts';
import { OP } from '../../protocol/opcodes.ts';
import type { Request } from '../processor/request.ts';
import type { Stages } from '../processor/stages.ts';
import type { SessionTracker } from '../session/session-tracker.ts';
import type { ZabEntry } from '../zab/learner-effects.ts';
import type { Conversation } from './conversation.ts';
import { type EnsembleParts, EnsembleServer } from './ensemble-server.ts';
import { LearnerChain } from './learner-chain.ts';
import { LearnerSessions } from './learner-sessions.ts';
import type { ServerMode, Upstream } from './roles.ts';

/** See the head of the file. */
export class LearnerServer extends EnsembleServer {
  readonly mode: ServerMode;
  protected readonly sessions: LearnerSessions;
  private readonly chain: LearnerChain;

  /** The database is that of the leader: it has taken in all that came before UPTODATE. */
  constructor(parts: EnsembleParts, upstream: Upstream, kind: 'follower' | 'observer') {
    super(parts);
    this.mode = kind;
    this.sessions = new LearnerSessions(this.sessionsWorld(this.local.tracker, this.local), upstream);
    const { stage, sessions, slow } = this;
    this.chain = new LearnerChain({ stage, sessions, upstream, slow, clock: parts.world.clock });
  }

  get tracker(): SessionTracker {
    return this.local.tracker;
  }

  // ---- what the leader says ----

  /** A transaction is committed, and on this server's disk, with the stages behind it. In order. */
  apply(entry: ZabEntry, stages?: Stages): void {
    this.chain.apply(entry, stages);
  }

  /** The leader's answer about a session. */
  revalidated(session: bigint, valid: boolean): void {
    this.sessions.revalidated(session, valid);
  }

  /** The leader has seen the oldest `sync` under way, and all it had proposed before is applied here. */
  synced(): void {
    const done = this.chain.synced();
    if (done !== undefined) this.gate.answered(done.talk, done.request);
  }

  /** Sessions touched since the last call, with their timeouts, ms. */
  takeTouches(): ReadonlyMap<bigint, number> {
    return this.sessions.touches.take();
  }

  // ---- what clients here ask ----

  protected override take(talk: Conversation, request: Request): void {
    // What no client may ask is refused here: not every leader makes a transaction of it, and it would wait
    // for ever.
    if (request.op === OP.error) {
      request.refusal = ERR.BADARGUMENTS;
      this.stage.read(talk, request);
    } else super.take(talk, request);
  }

  protected write(talk: Conversation, request: Request): void {
    this.chain.forward(talk, request);
  }

  protected sync(talk: Conversation, request: Request): void {
    this.chain.forward(talk, request);
  }
}
