/** Sessions where they are kept: on a standalone server, and on a leader for the whole ensemble. */
import { ERR } from '../../protocol/error-codes.ts';
import { OP } from '../../protocol/opcodes.ts';
import type { ClientLink } from '../net/client-link.ts';
import { Request } from '../processor/request.ts';
import { ClientSessions, createSessionRequest, NO_BYTES, type SessionsWorld } from './client-sessions.ts';
import type { Conversation } from './conversation.ts';

/** What such a server adds. */
export interface TrackedWorld extends SessionsWorld {
  /** Puts a write of the server itself into the chain. */
  readonly write: (request: Request) => void;
  /**
   * How long nothing expires after a pause of this process, ms: on a leader the time in which learners tell
   * what they heard meanwhile.
   */
  readonly patienceMs: number;
}

/** See the head of the file. */
export class TrackedSessions extends ClientSessions {
  private readonly tracked: TrackedWorld;
  private lastLook = 0;
  private patientUntil = 0;

  constructor(parts: TrackedWorld) {
    super(parts);
    this.tracked = parts;
  }

  /**
   * Gives every session of the database a full timeout, ends those that only ephemerals remember, starts the
   * clock.
   */
  override start(): void {
    const { tracker, database, world } = this.parts;
    const now = world.clock.monotonicMs();
    this.lastLook = now;
    for (const [id, timeoutMs] of database.sessions) tracker.restore(id, timeoutMs, now);
    const { sessions, ttlNodes } = database.orphanOwners();
    for (const id of sessions) this.end(id);
    const { events } = world;
    if (ttlNodes.length > 0 && events.on['tree.ttl-off']) {
      events.emit('tree.ttl-off', { nodes: ttlNodes.length, example: ttlNodes[0] ?? '' });
    }
    super.start();
  }

  opened(link: ClientLink): void {
    const { tracker } = this.parts;
    const session = tracker.get(link.sessionId);
    if (session === undefined || session.closing) this.refuse(link, 'expired');
    else this.stand(link, session, tracker);
  }

  protected override beginClose(talk: Conversation): void {
    super.beginClose(talk);
    this.parts.tracker.markClosing(talk.session.id);
  }

  protected upgrade(talk: Conversation): void {
    const { tracker, world } = this.parts;
    const { link, session } = talk;
    const now = world.clock.monotonicMs();
    talk.session = tracker.track(session.id, link.timeoutMs, now);
    talk.keeper = tracker;
    tracker.claim(session.id, link);
    this.tracked.write(createSessionRequest(undefined, session.id, link.timeoutMs, now, link));
  }

  /** The code for a write whose session may not, or OK. The server's own requests have no owner. */
  fault({ session, owner }: Request): number {
    return owner === undefined ? ERR.OK : this.parts.tracker.check(session, owner);
  }

  protected open(link: ClientLink): void {
    const { tracker, local, world } = this.parts;
    if (local?.enabled === true) {
      this.openLocal(link, local);
      return;
    }
    const now = world.clock.monotonicMs();
    const id = this.newId();
    const request = createSessionRequest(link, id, link.timeoutMs, now);
    this.began(request);
    tracker.track(id, link.timeoutMs, now);
    tracker.claim(id, link);
    link.sessionId = id;
    this.tracked.write(request);
  }

  protected resume(link: ClientLink): void {
    this.resumeTracked(link, this.parts.tracker);
  }

  protected override expire(now: number): void {
    super.expire(now);
    const { tracker } = this.parts;
    if (now - this.lastLook > tracker.tickMs) this.patientUntil = now + this.tracked.patienceMs;
    this.lastLook = now;
    if (now < this.patientUntil) return;
    for (const session of tracker.due(now)) {
      this.parts.stats.sessionsExpired++;
      this.end(session.id);
    }
  }

  private end(id: bigint): void {
    const now = this.parts.world.clock.monotonicMs();
    this.tracked.write(new Request(undefined, id, 0, OP.closeSession, NO_BYTES, 0, 0, now));
  }
}
