import { Fifo } from '../../base/ring.ts';
import type { ClientLink } from '../net/client-link.ts';
import type { Request } from '../processor/request.ts';
import type { Session } from '../session/session.ts';

/** Who is told that a session's client was heard of: a tracker that expires it, or what tells the leader. */
export interface SessionKeeper {
  /** False when the session is closing: the packet must be dropped. */
  touchSession(session: Session<object>, timeoutMs: number, now: number): boolean;
}

/**
 * What a server keeps with a client's connection: its session, and the requests that must be answered in
 * order.
 *
 * A read is answered at once unless a write of the same session is under way; then it waits behind it, and
 * everything after it behind itself (facts 2.7).
 */
export class Conversation {
  readonly link: ClientLink;
  /** Another object once a local session has become a global one. */
  session: Session<object>;
  keeper: SessionKeeper;
  /** What waits for its answer, oldest first. */
  readonly order = new Fifo<Request>();
  /** The client has asked to close its session. */
  closing = false;
  /**
   * While a `sync` is under way: the writes and syncs behind it, which are not sent on before it is answered.
   */
  behindSync: Request[] | undefined = undefined;

  constructor(link: ClientLink, session: Session<object>, keeper: SessionKeeper) {
    this.link = link;
    this.session = session;
    this.keeper = keeper;
  }
}

/** The conversation of a link; undefined before its session stands. */
export const conversationOf = (link: ClientLink): Conversation | undefined =>
  link.attachment as Conversation | undefined;
