/** The sessions of the whole ensemble, on its leader: who serves each, and until when it lives (facts 3). */
import { ERR } from '../../protocol/error-codes.ts';
import { ClientLink } from '../net/client-link.ts';
import type { Request } from '../processor/request.ts';
import type { LearnerPort } from '../zab/leader-effects.ts';
import { TrackedSessions, type TrackedWorld } from './tracked-sessions.ts';

/** See the head of the file. */
export class LeaderSessions extends TrackedSessions {
  private readonly sid: bigint;

  constructor(parts: TrackedWorld, sid: bigint) {
    super(parts);
    this.sid = sid;
  }

  /** A learner asks for a session's transaction: it is that learner's from now on. */
  adopt(id: bigint, timeoutMs: number, learner: object): void {
    const { tracker, world } = this.parts;
    tracker.track(id, timeoutMs, world.clock.monotonicMs());
    tracker.claim(id, learner);
  }

  /** A learner's client closes its session: nothing more is accepted from it (1208). */
  closing(id: bigint): void {
    this.parts.tracker.markClosing(id);
  }

  /** A learner heard of a session's client. */
  touch(id: bigint, timeoutMs: number): void {
    this.parts.tracker.touch(id, timeoutMs, this.parts.world.clock.monotonicMs());
  }

  /** A client came to a learner with its session; true when it lives, and then it is that learner's. */
  revalidate(id: bigint, timeoutMs: number, learner: LearnerPort): boolean {
    const { tracker, world } = this.parts;
    if (!tracker.touch(id, timeoutMs, world.clock.monotonicMs())) return false;
    const before = tracker.get(id)?.owner;
    tracker.claim(id, learner);
    this.tellMoved(id, before, learner.peer);
    this.talkOf(id)?.link.close('the client went on at another server');
    return true;
  }

  protected override resume(link: ClientLink): void {
    const before = this.parts.tracker.get(link.sessionId)?.owner;
    super.resume(link);
    if (link.sessionId !== 0n) this.tellMoved(link.sessionId, before, this.sid);
  }

  /** Nothing for who comes back to the same server, nor where nobody had it since this server leads. */
  private tellMoved(session: bigint, before: object | undefined, to: bigint): void {
    const { events } = this.parts.world;
    if (before === undefined || !events.on['session.moved']) return;
    // Whoever owns a session here is a connection of this server's, or of a learner's.
    const from = before instanceof ClientLink ? this.sid : (before as LearnerPort).peer;
    if (from !== to) events.emit('session.moved', { session });
  }

  /**
   * As everywhere, but a session that is unknown here may be a local one of the server that forwards its
   * writes.
   */
  override fault(request: Request): number {
    const { session, from, owner } = request;
    const code = super.fault(request);
    if (code !== ERR.SESSIONEXPIRED || owner === undefined) return code;
    const { tracker, local } = this.parts;
    if (local?.enabled !== true || tracker.get(session) !== undefined) return code;
    if (from !== undefined) return local.tracker.check(session, owner);
    return serverOf(session) === BigInt.asUintN(8, this.sid) ? code : ERR.OK;
  }

  /** Ephemerals are for sessions that will be closed by a transaction. */
  mayOwn(id: bigint): boolean {
    return this.parts.tracker.get(id)?.closing === false;
  }
}

/** The server that made a session, as its id tells. */
const serverOf = (session: bigint): bigint => BigInt.asUintN(8, session >> 56n);
