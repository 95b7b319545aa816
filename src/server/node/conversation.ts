import { Fifo } from '../../base/ring.ts';
import type { ClientLink } from '../net/client-link.ts';
import type { Request } from '../processor/request.ts';
import type { Session } from '../session/session.ts';

/**
 * What a server keeps with a client's connection: its session, and the requests that must be answered in
 * order.
 *
 * A read is answered at once unless a write of the same session is under way; then it waits behind it, and
 * everything after it behind itself (facts 2.7).
 */
export class Conversation {
  readonly link: ClientLink;
  readonly session: Session<ClientLink>;
  /** Writes under way, and reads that wait behind them, oldest first. */
  readonly order = new Fifo<Request>();

  constructor(link: ClientLink, session: Session<ClientLink>) {
    this.link = link;
    this.session = session;
  }
}

/** The conversation of a link; undefined before its session stands. */
export const conversationOf = (link: ClientLink): Conversation | undefined =>
  link.attachment as Conversation | undefined;
