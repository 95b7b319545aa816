/**
 * `session.bucket-sampled` and `session.sampled`: the expiry buckets where sessions expire, and sessions,
 * those nearest to their end first. Where they are kept elsewhere, those whose clients are connected here, in
 * turn: only this server knows where such a client is, only the leader how long its session has.
 */
import { ClientLink } from '../../net/client-link.ts';
import { NO_BUCKET, type Session } from '../../session/session.ts';
import { conversationOf } from '../conversation.ts';
import { LearnerConnection } from '../learner-connection.ts';
import type { ServingServer } from '../serving-server.ts';
import type { SampleEvents, SampleMoment, SampleTaker } from './watched-process.ts';

/** Sessions told of in one sample. */
const SESSIONS_MAX = 200;
/** Buckets told of; there are as many as the longest timeout has ticks. */
const BUCKETS_MAX = 500;

const UNKNOWN = -1;
const NO_SERVER = -1n;

/** See the head of the file. */
export class SessionSamples implements SampleTaker {
  private readonly events: SampleEvents;
  private readonly sid: bigint;
  private server: ServingServer | undefined;
  /** Where the turn of connections has come to. */
  private links: Iterator<ClientLink> | undefined;

  /** `sid` is this server's id; -1n for one that stands alone. */
  constructor(events: SampleEvents, sid: bigint) {
    this.events = events;
    this.sid = sid;
  }

  take({ running, nowMs }: SampleMoment): void {
    const { server } = running;
    if (server !== this.server) this.rest();
    this.server = server;
    if (server === undefined) return;
    if (this.events.on['session.bucket-sampled']) this.buckets(server, nowMs);
    if (!this.events.on['session.sampled']) return;
    const keeps = server.mode === 'standalone' || server.mode === 'leader';
    const told = keeps ? this.nearest(server, nowMs) : 0;
    if (!keeps || server.localSessions > 0) this.connected(server, SESSIONS_MAX - told, nowMs);
  }

  rest(): void {
    this.links = undefined;
    this.server = undefined;
  }

  /** A server that expires no session has no bucket. */
  private buckets({ tracker }: ServingServer, nowMs: number): void {
    const { tickMs } = tracker;
    let told = 0;
    for (const [bucketMs, { size: sessions }] of tracker.bucketList()) {
      if (told++ === BUCKETS_MAX) return;
      const inMs = Math.round(bucketMs - nowMs);
      this.events.emit('session.bucket-sampled', { bucketMs, inMs, sessions, tickMs });
    }
  }

  /** Those that expire first; answers how many. */
  private nearest(server: ServingServer, nowMs: number): number {
    let told = 0;
    for (const [, sessions] of server.tracker.bucketList()) {
      for (const session of sessions) {
        if (told++ === SESSIONS_MAX) return SESSIONS_MAX;
        this.tell(server, session, session.owner, nowMs);
      }
    }
    return told;
  }

  /** The next of those that are connected here, and that `nearest` knows nothing of. */
  private connected(server: ServingServer, most: number, nowMs: number): void {
    this.links ??= server.port.links.values();
    for (let i = 0; i < most; i++) {
      let { value: link, done } = this.links.next();
      if (done === true && i === 0) {
        // The turn before ended with the last of them.
        this.links = server.port.links.values();
        ({ value: link, done } = this.links.next());
      }
      if (done === true) {
        this.links = undefined;
        return;
      }
      const session = conversationOf(link)?.session;
      if (session === undefined) continue;
      if (server.mode === 'leader' && server.tracker.get(session.id) !== undefined) continue;
      this.tell(server, session, link, nowMs);
    }
  }

  private tell(server: ServingServer, session: Session<object>, owner: object | undefined, nowMs: number) {
    const { id, timeoutMs, bucketMs } = session;
    const link = owner instanceof ClientLink ? owner : undefined;
    const elsewhere = owner instanceof LearnerConnection ? owner.link.traffic.peer : NO_SERVER;
    const expires = bucketMs !== NO_BUCKET;
    this.events.emit('session.sampled', {
      session: id,
      server: link === undefined ? elsewhere : this.sid,
      remote: link?.remote ?? '',
      client: link?.clientName ?? '',
      timeoutMs,
      leftMs: expires ? Math.round(bucketMs - nowMs) : UNKNOWN,
      bucketMs: expires ? bucketMs : UNKNOWN,
      ephemerals: server.database.tree.owned.countOf(id),
      watches: link === undefined ? UNKNOWN : server.registry.countOf(link),
      local: isLocal(server, session),
    });
  }
}

/** A learner tracks local sessions only, a leader the ensemble's with its `tracker`, its own elsewhere. */
function isLocal({ mode, tracker }: ServingServer, { id }: Session<object>): boolean {
  if (mode === 'standalone') return false;
  return (tracker.get(id) !== undefined) !== (mode === 'leader');
}
