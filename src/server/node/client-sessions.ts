/** Sessions of clients: opened, resumed, refused, expired, closed (facts 2.1 and 3). */
import type { Emitter } from '../../events/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Timer, Timers } from '../../ports/timers.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { ConnectRequest } from '../../protocol/messages.ts';
import { OP } from '../../protocol/opcodes.ts';
import type { ClientLink } from '../net/client-link.ts';
import { Request } from '../processor/request.ts';
import { SESSION_PASSWORD_BYTES, type SessionPasswords } from '../session/session-password.ts';
import type { SessionTracker } from '../session/session-tracker.ts';
import { Conversation } from './conversation.ts';
import type { Database } from './database.ts';

/** What sessions need of the server. */
export interface SessionsWorld {
  readonly tracker: SessionTracker<ClientLink>;
  readonly passwords: SessionPasswords;
  readonly database: Database;
  readonly timeoutMinMs: number;
  readonly timeoutMaxMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly events: Emitter;
  /** Puts a write of the server itself into the chain. */
  readonly write: (request: Request) => void;
}

const NO_BYTES = Buffer.alloc(0);
const NO_PASSWORD = Buffer.alloc(SESSION_PASSWORD_BYTES);

/** The sessions of one server. */
export class ClientSessions {
  private readonly world: SessionsWorld;
  private ticking: Timer | undefined;

  constructor(world: SessionsWorld) {
    this.world = world;
  }

  /**
   * Gives every session of the database a full timeout, ends those that only ephemerals remember, starts the
   * clock.
   */
  start(): void {
    const { tracker, database, clock, timers, events } = this.world;
    const now = clock.monotonicMs();
    for (const [id, timeoutMs] of database.sessions) tracker.restore(id, timeoutMs, now);
    const { sessions, ttlNodes } = database.orphanOwners();
    for (const id of sessions) this.end(id);
    if (ttlNodes.length > 0 && events.on['tree.ttl-off']) {
      events.emit('tree.ttl-off', { nodes: ttlNodes.length, example: ttlNodes[0] ?? '' });
    }
    // Expiry waits for the turn's end: after a pause of this process, what clients sent meanwhile is taken in
    // first.
    this.ticking = timers.every(Math.max(1, tracker.tickMs / 2), () => timers.soon(() => this.expire()));
  }

  /** No session expires any more. */
  stop(): void {
    this.ticking?.cancel();
  }

  /**
   * A client's connect request; it is answered by `opened`, now, or when the session's transaction is
   * applied.
   */
  connect(link: ClientLink, request: ConnectRequest): void {
    const { database, tracker, clock } = this.world;
    if (request.lastZxidSeen > database.lastZxid) {
      link.close(`the client has seen zxid ${request.lastZxidSeen}, this server only ${database.lastZxid}`);
      return;
    }
    const { timeoutMinMs, timeoutMaxMs } = this.world;
    link.timeoutMs = Math.min(Math.max(request.timeOut, timeoutMinMs), timeoutMaxMs);
    if (request.sessionId !== 0n) {
      this.resume(link, request);
      return;
    }
    const id = tracker.newId();
    const now = clock.monotonicMs();
    tracker.track(id, link.timeoutMs, now);
    tracker.claim(id, link);
    link.sessionId = id;
    const body = Buffer.alloc(4);
    body.writeInt32BE(link.timeoutMs, 0);
    this.world.write(new Request(link, id, 0, OP.createSession, body, 0, body.length, now));
  }

  /** The session's transaction was applied: the client hears of it. */
  opened(link: ClientLink): void {
    const { tracker } = this.world;
    const session = tracker.get(link.sessionId);
    if (session === undefined || session.closing) {
      this.refuse(link, 'expired');
      return;
    }
    link.attachment = new Conversation(link, session);
    this.respond(link, link.timeoutMs, link.sessionId, this.world.passwords.of(link.sessionId));
  }

  /** The session's transaction cannot be logged: there is no session, and the client may try again. */
  notCreated(link: ClientLink): void {
    this.world.tracker.remove(link.sessionId);
    link.close('no session can be created while the disk is full');
  }

  /** A session's closeSession was applied. */
  closed(id: bigint, ephemerals: number, zxid: bigint): void {
    const { tracker, events } = this.world;
    const owner = tracker.get(id)?.owner;
    tracker.remove(id);
    if (events.on['session.closed']) events.emit('session.closed', { session: id, ephemerals, zxid });
    // A client that asked for it is closed after its answer; one that expired learns it by the close.
    if (owner?.live && owner.sessionId === id && !this.isClosing(owner)) owner.close('the session expired');
  }

  /** The code for a write that `link` made for a session, or OK. */
  fault(id: bigint, link: ClientLink | undefined): number {
    return link === undefined ? ERR.OK : this.world.tracker.check(id, link);
  }

  /** The client closes its session: nothing more is accepted from it. */
  beginClose(link: ClientLink): void {
    this.world.tracker.markClosing(link.sessionId);
    this.closing.add(link);
  }

  /** The connection is gone; its session lives on until it expires. */
  dropped(link: ClientLink): void {
    this.closing.delete(link);
  }

  private readonly closing = new WeakSet<ClientLink>();

  private isClosing(link: ClientLink): boolean {
    return this.closing.has(link);
  }

  private resume(link: ClientLink, request: ConnectRequest): void {
    const { tracker, passwords, clock, events } = this.world;
    const id = request.sessionId;
    const session = tracker.get(id);
    // Apache closes the earlier connection first. Session ids are easily guessed: whoever has only that must
    // not be able to cut a client off.
    if (!passwords.check(id, request.passwd)) {
      this.refuse(link, 'wrong password', id);
      return;
    }
    const before = session?.owner;
    if (before !== undefined && before !== link && before.sessionId === id) {
      before.close('the client came back on another connection');
    }
    if (session === undefined || !tracker.touchSession(session, link.timeoutMs, clock.monotonicMs())) {
      this.refuse(link, session === undefined ? 'unknown' : 'closing', id);
      return;
    }
    tracker.claim(id, link);
    link.sessionId = id;
    if (events.on['session.resumed']) {
      events.emit('session.resumed', { session: id, timeoutMs: link.timeoutMs });
    }
    link.attachment = new Conversation(link, session);
    this.respond(link, link.timeoutMs, id, passwords.of(id));
  }

  private refuse(link: ClientLink, why: string, session = link.sessionId): void {
    const { events } = this.world;
    if (events.on['session.refused']) events.emit('session.refused', { session, why });
    this.respond(link, 0, 0n, NO_PASSWORD);
    link.close(`session refused: ${why}`);
  }

  private respond(link: ClientLink, timeOut: number, sessionId: bigint, passwd: Buffer): void {
    link.sendConnectResponse({ protocolVersion: 0, timeOut, sessionId, passwd, readOnly: false });
  }

  private expire(): void {
    for (const session of this.world.tracker.due(this.world.clock.monotonicMs())) this.end(session.id);
  }

  private end(id: bigint): void {
    const now = this.world.clock.monotonicMs();
    this.world.write(new Request(undefined, id, 0, OP.closeSession, NO_BYTES, 0, 0, now));
  }
}
