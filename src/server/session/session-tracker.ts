/**
 * Which sessions live, until when, and who serves them.
 *
 * A session lies in an expiry bucket: `floor((now + timeout) / tick + 1) * tick` at its last touch. Buckets
 * fall due as wholes, so a session expires up to one tick late and never early, and touching it costs nothing
 * until the tick changes (facts 3). All times are those of one monotonic clock, in ms; `now` is an input
 * everywhere.
 *
 * A server that was stopped for long (SIGSTOP, a suspended machine) must take in what its sockets hold before
 * it asks what is due, since that silence was its own.
 */
import { invariant } from '../../base/invariant.ts';
import type { Emitter } from '../../events/bus.ts';
import { ERR } from '../../protocol/error-codes.ts';
import { NO_BUCKET, type Session, type TrackedSession } from './session.ts';
import { followingSessionId } from './session-id.ts';

/** What the check of a request's session can say. */
export type SessionCheck = typeof ERR.OK | typeof ERR.SESSIONEXPIRED | typeof ERR.SESSIONMOVED;

/** The sessions of a server, in expiry buckets. `Owner` is compared by identity. */
export class SessionTracker<Owner extends object = object> {
  /** The width of a bucket, ms (`tickTime`). */
  readonly tickMs: number;
  private readonly events: Emitter;
  private readonly sessions = new Map<bigint, TrackedSession<Owner>>();
  private readonly buckets = new Map<number, Set<TrackedSession<Owner>>>();
  private nextId: bigint;

  /** `firstId` is the first id `create` gives out, see `initialSessionId`. */
  constructor(options: { tickMs: number; firstId: bigint; events: Emitter }) {
    invariant(options.tickMs > 0, 'a tick is longer than nothing');
    this.tickMs = options.tickMs;
    this.nextId = options.firstId;
    this.events = options.events;
  }

  /** Sessions tracked, the closing ones included. */
  get size(): number {
    return this.sessions.size;
  }

  /** An id no session has. Each call gives another. */
  newId(): bigint {
    // An id of an earlier process may still be in use: it came back with the snapshot.
    while (this.sessions.has(this.nextId)) this.nextId = followingSessionId(this.nextId);
    const id = this.nextId;
    this.nextId = followingSessionId(id);
    return id;
  }

  /** The session of an id, closing or not. */
  get(id: bigint): Session<Owner> | undefined {
    return this.sessions.get(id);
  }

  /**
   * Begins to track a session, or touches the one that is there: a createSession may be applied that this
   * server has tracked since it asked for it.
   */
  track(id: bigint, timeoutMs: number, now: number): Session<Owner> {
    const known = this.sessions.get(id);
    if (known !== undefined) {
      this.touchSession(known, timeoutMs, now);
      return known;
    }
    const session = this.restore(id, timeoutMs, now);
    if (this.events.on['session.created']) {
      this.events.emit('session.created', { session: id, timeoutMs, bucketMs: session.bucketMs });
    }
    return session;
  }

  /**
   * Begins to track a session that came with the database: it gets a full timeout, and is no new one to be
   * told of.
   */
  restore(id: bigint, timeoutMs: number, now: number): Session<Owner> {
    invariant(!this.sessions.has(id), 'a session is restored once');
    const session = { id, timeoutMs, bucketMs: NO_BUCKET, closing: false, owner: undefined };
    this.sessions.set(id, session);
    this.move(session, this.bucketOf(timeoutMs, now));
    return session;
  }

  /** Puts off the expiry; false when the session is unknown or closing, and the packet must be dropped. */
  touch(id: bigint, timeoutMs: number, now: number): boolean {
    const session = this.sessions.get(id);
    return session !== undefined && this.touchSession(session, timeoutMs, now);
  }

  /**
   * As `touch`, for a holder of the session: no look-up, and no more than a division while the tick lasts.
   */
  touchSession(session: Session<Owner>, timeoutMs: number, now: number): boolean {
    const tracked = session as TrackedSession<Owner>;
    if (tracked.closing) return false;
    tracked.timeoutMs = timeoutMs;
    const bucketMs = this.bucketOf(timeoutMs, now);
    if (bucketMs === tracked.bucketMs) return true;
    this.move(tracked, bucketMs);
    if (this.events.on['session.touched']) {
      this.events.emit('session.touched', { session: tracked.id, bucketMs });
    }
    return true;
  }

  /** Notes the timeout of a session without touching it; false when it is unknown. */
  setTimeout(id: bigint, timeoutMs: number): boolean {
    const session = this.sessions.get(id);
    if (session === undefined) return false;
    session.timeoutMs = timeoutMs;
    return true;
  }

  /** Accepts nothing more from the session, and expires it no more; false when it is unknown. */
  markClosing(id: bigint): boolean {
    const session = this.sessions.get(id);
    if (session === undefined) return false;
    session.closing = true;
    this.leave(session);
    return true;
  }

  /** Forgets a session (its closeSession was applied); false when it is unknown. */
  remove(id: bigint): boolean {
    const session = this.sessions.get(id);
    if (session === undefined) return false;
    session.closing = true;
    this.leave(session);
    return this.sessions.delete(id);
  }

  /**
   * Takes out the buckets that are due at `now`, oldest first. Each session is closing from here on and is
   * handed out once: its closeSession must now be proposed.
   */
  due(now: number): Session<Owner>[] {
    if (this.nextDeadline() > now) return [];
    const expired: Session<Owner>[] = [];
    const times = [...this.buckets.keys()].filter((t) => t <= now).sort((a, b) => a - b);
    for (const bucketMs of times) {
      for (const session of this.buckets.get(bucketMs) as Set<TrackedSession<Owner>>) {
        session.closing = true;
        session.bucketMs = NO_BUCKET;
        expired.push(session);
        if (this.events.on['session.expired']) {
          const { id, timeoutMs } = session;
          this.events.emit('session.expired', { session: id, timeoutMs, bucketMs });
        }
      }
      this.buckets.delete(bucketMs);
    }
    return expired;
  }

  /** When the next bucket is due; Infinity when there is none. */
  nextDeadline(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const bucketMs of this.buckets.keys()) if (bucketMs < next) next = bucketMs;
    return next;
  }

  /** Makes `owner` the one who serves the session: at creation and at revalidation. */
  claim(id: bigint, owner: Owner): boolean {
    const session = this.sessions.get(id);
    if (session === undefined) return false;
    session.owner = owner;
    return true;
  }

  /**
   * May a write of this session, taken in by `owner`, go on? The first to ask owns a session nobody has
   * claimed; then another's writes are SESSIONMOVED. An unknown session has expired.
   */
  check(id: bigint, owner: Owner | undefined): SessionCheck {
    const session = this.sessions.get(id);
    return session === undefined ? ERR.SESSIONEXPIRED : this.checkSession(session, owner);
  }

  /** As `check`, for a holder of the session. */
  checkSession(session: Session<Owner>, owner: Owner | undefined): SessionCheck {
    const tracked = session as TrackedSession<Owner>;
    if (tracked.closing) return ERR.SESSIONEXPIRED;
    if (tracked.owner === undefined) tracked.owner = owner;
    else if (tracked.owner !== owner) return ERR.SESSIONMOVED;
    return ERR.OK;
  }

  /**
   * Every session tracked, oldest first; the closing ones are in snapshots too, until their closeSession
   * applies.
   */
  all(): IterableIterator<Session<Owner>> {
    return this.sessions.values();
  }

  /** The buckets, soonest first, with the sessions in each (for `dump`). */
  *bucketList(): IterableIterator<[bucketMs: number, sessions: ReadonlySet<Session<Owner>>]> {
    const times = [...this.buckets.keys()].sort((a, b) => a - b);
    for (const t of times) yield [t, this.buckets.get(t) as Set<Session<Owner>>];
  }

  private bucketOf(timeoutMs: number, now: number): number {
    return Math.floor((now + timeoutMs) / this.tickMs + 1) * this.tickMs;
  }

  private move(session: TrackedSession<Owner>, bucketMs: number): void {
    this.leave(session);
    session.bucketMs = bucketMs;
    const bucket = this.buckets.get(bucketMs);
    if (bucket === undefined) this.buckets.set(bucketMs, new Set([session]));
    else bucket.add(session);
  }

  private leave(session: TrackedSession<Owner>): void {
    if (session.bucketMs === NO_BUCKET) return;
    const bucket = this.buckets.get(session.bucketMs) as Set<TrackedSession<Owner>>;
    bucket.delete(session);
    if (bucket.size === 0) this.buckets.delete(session.bucketMs);
    session.bucketMs = NO_BUCKET;
  }
}
