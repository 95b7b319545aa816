/**
 * Sessions of clients: opened, resumed, refused, expired, closed (facts 2.1 and 3). Here what all roles
 * share; who keeps the sessions of an ensemble differs by role.
 */
import type { Timer } from '../../ports/timers.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { ConnectRequest } from '../../protocol/messages.ts';
import { OP, opName } from '../../protocol/opcodes.ts';
import type { ClientLink } from '../net/client-link.ts';
import type { PortStats } from '../net/traffic-stats.ts';
import { Request } from '../processor/request.ts';
import type { Session } from '../session/session.ts';
import { SESSION_PASSWORD_BYTES, type SessionPasswords } from '../session/session-password.ts';
import type { SessionTracker } from '../session/session-tracker.ts';
import { Conversation, type SessionKeeper } from './conversation.ts';
import type { Database } from './database.ts';
import type { LocalSessions } from './local-sessions.ts';
import type { SlowLog } from './slow-log.ts';
import type { ServerWorld } from './world.ts';

/** What sessions need of the server. */
export interface SessionsWorld {
  readonly world: ServerWorld;
  /** Where it is counted how many come and go. */
  readonly stats: Pick<PortStats, 'sessionsAttached' | 'sessionsResumed' | 'sessionsExpired'>;
  /** The sessions this server expires, local ones aside. Gives out the ids, too. */
  readonly tracker: SessionTracker;
  /** Undefined where every session is the ensemble's. */
  readonly local: LocalSessions | undefined;
  readonly passwords: SessionPasswords;
  readonly database: Database;
  readonly slow: SlowLog | undefined;
  readonly timeoutMinMs: number;
  readonly timeoutMaxMs: number;
  /** What connect responses say of this server. */
  readonly readOnly: boolean;
}

/** The body of a request that has none. */
export const NO_BYTES = Buffer.alloc(0);
const NO_PASSWORD = Buffer.alloc(SESSION_PASSWORD_BYTES);

/**
 * The request for a new session's transaction. `from` gets to hear of it, `owner` is who serves the session.
 */
export function createSessionRequest(
  from: ClientLink | undefined,
  id: bigint,
  timeoutMs: number,
  now: number,
  owner: object | undefined = from,
): Request {
  const body = Buffer.alloc(4);
  body.writeInt32BE(timeoutMs, 0);
  return new Request(from, id, 0, OP.createSession, body, 0, body.length, now, owner);
}

/** The sessions of one server. */
export abstract class ClientSessions {
  protected readonly parts: SessionsWorld;
  /** Conversations by session: one at most, on a connection that is open. */
  private readonly talks = new Map<bigint, Conversation>();
  private ticking: Timer | undefined;

  constructor(parts: SessionsWorld) {
    this.parts = parts;
  }

  /** Starts the clock by which sessions expire. */
  start(): void {
    const { tracker, world } = this.parts;
    // Expiry waits for the turn's end: after a pause of this process, what clients sent meanwhile is taken in
    // first.
    this.ticking = world.timers.every(Math.max(1, tracker.tickMs / 2), () => {
      world.timers.soon(() => this.expire(world.clock.monotonicMs()));
    });
  }

  /** No session expires any more. */
  stop(): void {
    this.ticking?.cancel();
  }

  /** The conversation of a session's present connection here. */
  talkOf(id: bigint): Conversation | undefined {
    return this.talks.get(id);
  }

  /**
   * A client's connect request; it is answered by `stand` or `refuse`, now, or when more is known of the
   * session.
   */
  connect(link: ClientLink, request: ConnectRequest): void {
    const { database, timeoutMinMs, timeoutMaxMs } = this.parts;
    if (request.lastZxidSeen > database.lastZxid) {
      link.close(`the client has seen zxid ${request.lastZxidSeen}, this server only ${database.lastZxid}`);
      return;
    }
    link.timeoutMs = Math.min(Math.max(request.timeOut, timeoutMinMs), timeoutMaxMs);
    if (request.sessionId === 0n) this.open(link);
    else this.comeBack(link, request);
  }

  /** A session's createSession, asked for by that connection, was applied. */
  abstract opened(link: ClientLink): void;

  /** The session's transaction cannot be logged: there is no session, and the client may try again. */
  notCreated(request: Request): void {
    this.parts.tracker.remove(request.session);
    (request.from as ClientLink | undefined)?.close('no session can be created while the disk is full');
  }

  /** A session's closeSession was applied. */
  closed(id: bigint, ephemerals: number, zxid: bigint): void {
    const { events } = this.parts.world;
    this.parts.tracker.remove(id);
    if (events.on['session.closed']) events.emit('session.closed', { session: id, ephemerals, zxid });
    // A client that asked for it is closed after its answer; one that expired learns it by the close.
    const talk = this.talks.get(id);
    if (talk !== undefined && !talk.closing) talk.link.close('the session expired');
  }

  /**
   * Looks at a write before it enters the chain. False for one that is to be answered as a read is: it is
   * refused, or ends a session of which no other server knows.
   */
  admit(talk: Conversation, request: Request): boolean {
    const { local } = this.parts;
    if (local?.has(talk) !== true) {
      if (request.op === OP.closeSession) this.beginClose(talk);
      return true;
    }
    if (request.op === OP.closeSession) {
      talk.closing = true;
      this.endLocal(talk.session.id);
      return false;
    }
    const admission = local.admission(request);
    if (admission === 'refuse') request.refusal = ERR.EPHEMERALONLOCALSESSION;
    else if (admission === 'upgrade') this.upgradeLocal(talk, local);
    return admission !== 'refuse';
  }

  /** The client closes its session: nothing more is accepted from it. */
  protected beginClose(talk: Conversation): void {
    talk.closing = true;
  }

  /** Makes the session of that id, which was local, one of the ensemble, served over `talk`. */
  protected abstract upgrade(talk: Conversation): void;

  /** The connection is gone; its session lives on until it expires. */
  dropped(link: ClientLink): void {
    const talk = this.talks.get(link.sessionId);
    if (talk?.link === link) this.talks.delete(link.sessionId);
  }

  /** A client without a session wants one. */
  protected abstract open(link: ClientLink): void;

  /** A client that has proved that it had the session `link.sessionId` wants to go on with it. */
  protected abstract resume(link: ClientLink): void;

  /** Sessions that are silent for too long end. */
  protected expire(now: number): void {
    for (const session of this.parts.local?.tracker.due(now) ?? []) {
      this.parts.stats.sessionsExpired++;
      this.endLocal(session.id);
    }
  }

  /** A session of this server alone: it stands at once. */
  protected openLocal(link: ClientLink, local: LocalSessions): void {
    const { clock } = this.parts.world;
    link.sessionId = this.newId();
    this.stand(link, local.tracker.track(link.sessionId, link.timeoutMs, clock.monotonicMs()), local.tracker);
  }

  /** An id that no session has. */
  protected newId(): bigint {
    const { tracker, local, database } = this.parts;
    for (;;) {
      const id = tracker.newId();
      if (!database.sessions.has(id) && local?.tracker.get(id) === undefined) return id;
    }
  }

  /** The session stands: requests may come. */
  protected stand(link: ClientLink, session: Session<object>, keeper: SessionKeeper): void {
    const talk = new Conversation(link, session, keeper);
    this.parts.stats.sessionsAttached++;
    link.attachment = talk;
    if (link.live) this.talks.set(session.id, talk);
    this.tellAttached(link);
    this.respond(link, link.timeoutMs, session.id, this.parts.passwords.of(session.id));
  }

  private tellAttached(link: ClientLink): void {
    const { events } = this.parts.world;
    if (!link.live || !events.on['session.attached']) return;
    const { sessionId: session, id: connection, remote, clientName: client, timeoutMs } = link;
    events.emit('session.attached', { session, connection, remote, client, timeoutMs });
  }

  /** There is no such session, or not for this client. */
  protected refuse(link: ClientLink, why: string, session = link.sessionId): void {
    const { events } = this.parts.world;
    if (events.on['session.refused']) events.emit('session.refused', { session, why });
    link.sessionId = 0n;
    this.respond(link, 0, 0n, NO_PASSWORD);
    link.close(`session refused: ${why}`);
  }

  /** The request for a new session begins its way: it is told as those that have a header are. */
  protected began(request: Request): void {
    const { session, cxid, op } = request;
    const { events } = this.parts.world;
    this.parts.slow?.began(request);
    if (!events.on['request.received']) return;
    const bytes = request.bytes.length;
    events.emit('request.received', { session, cxid, op: opName(op) ?? String(op), path: '', bytes });
  }

  protected tellResumed(link: ClientLink): void {
    const { events } = this.parts.world;
    const { sessionId: session, timeoutMs } = link;
    this.parts.stats.sessionsResumed++;
    if (events.on['session.resumed']) events.emit('session.resumed', { session, timeoutMs });
  }

  private comeBack(link: ClientLink, request: ConnectRequest): void {
    const { passwords, local } = this.parts;
    const id = request.sessionId;
    // Apache closes the earlier connection first. Session ids are easily guessed: whoever has only that must
    // not be able to cut a client off.
    if (!passwords.check(id, request.passwd)) {
      this.refuse(link, 'wrong password', id);
      return;
    }
    this.talks.get(id)?.link.close('the client came back on another connection');
    link.sessionId = id;
    if (local?.tracker.get(id) === undefined) this.resume(link);
    else this.resumeTracked(link, local.tracker);
  }

  /** Goes on with a session that this server tracks. */
  protected resumeTracked(link: ClientLink, tracker: SessionTracker): void {
    const session = tracker.get(link.sessionId);
    const now = this.parts.world.clock.monotonicMs();
    if (session === undefined || !tracker.touchSession(session, link.timeoutMs, now)) {
      this.refuse(link, session === undefined ? 'unknown' : 'closing');
      return;
    }
    tracker.claim(session.id, link);
    this.tellResumed(link);
    this.stand(link, session, tracker);
  }

  private upgradeLocal(talk: Conversation, local: LocalSessions): void {
    const { events } = this.parts.world;
    const { id } = talk.session;
    // From here on there is one place that tracks it: touches and the close go where the session goes (2926,
    // 3471).
    local.tracker.remove(id);
    this.upgrade(talk);
    if (events.on['session.upgraded']) events.emit('session.upgraded', { session: id });
  }

  private endLocal(id: bigint): void {
    const { local, database, world } = this.parts;
    local?.tracker.remove(id);
    const { events } = world;
    const zxid = database.lastZxid;
    if (events.on['session.closed']) events.emit('session.closed', { session: id, ephemerals: 0, zxid });
    const talk = this.talks.get(id);
    if (talk !== undefined && !talk.closing) talk.link.close('the session expired');
  }

  private respond(link: ClientLink, timeOut: number, sessionId: bigint, passwd: Buffer): void {
    const { readOnly } = this.parts;
    link.sendConnectResponse({ protocolVersion: 0, timeOut, sessionId, passwd, readOnly });
  }
}
