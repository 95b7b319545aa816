/** Sessions on a learner: the leader knows which live; local ones are the learner's own (facts 3). */
import { OP } from '../../protocol/opcodes.ts';
import type { ClientLink } from '../net/client-link.ts';
import type { Request } from '../processor/request.ts';
import { ClientSessions, createSessionRequest, type SessionsWorld } from './client-sessions.ts';
import type { Conversation } from './conversation.ts';
import type { Upstream } from './roles.ts';
import { RemoteSession, TouchTable } from './touch-table.ts';

/** See the head of the file. */
export class LearnerSessions extends ClientSessions {
  readonly touches = new TouchTable();
  private readonly upstream: Upstream;
  /**
   * createSession under way, and connections that wait for the leader's word, by session; one a connection.
   */
  private readonly opening = new Map<bigint, Request>();
  private readonly asking = new Map<bigint, ClientLink>();

  constructor(parts: SessionsWorld, upstream: Upstream) {
    super(parts);
    this.upstream = upstream;
  }

  /** The request that a createSession of that session answers, if it was made here. */
  takeOpening(id: bigint): Request | undefined {
    const request = this.opening.get(id);
    this.opening.delete(id);
    return request;
  }

  opened(link: ClientLink): void {
    this.standRemote(link);
  }

  /** The leader's answer to `Upstream.revalidate`. */
  revalidated(id: bigint, valid: boolean): void {
    const link = this.asking.get(id);
    if (link === undefined) return;
    this.asking.delete(id);
    if (!valid) this.refuse(link, 'unknown');
    else {
      this.tellResumed(link);
      this.standRemote(link);
    }
  }

  override dropped(link: ClientLink): void {
    super.dropped(link);
    const id = link.sessionId;
    if (this.asking.get(id) === link) this.asking.delete(id);
    if (this.opening.get(id)?.from === link) this.opening.delete(id);
  }

  protected open(link: ClientLink): void {
    const { local, world } = this.parts;
    if (local?.enabled === true) {
      this.openLocal(link, local);
      return;
    }
    link.sessionId = this.newId();
    const request = createSessionRequest(link, link.sessionId, link.timeoutMs, world.clock.monotonicMs());
    this.began(request);
    this.opening.set(link.sessionId, request);
    this.ask(request);
  }

  protected resume(link: ClientLink): void {
    const id = link.sessionId;
    this.asking.get(id)?.close('the client came back on another connection');
    this.asking.set(id, link);
    this.upstream.revalidate(id, link.timeoutMs);
  }

  protected override beginClose(talk: Conversation): void {
    super.beginClose(talk);
    (talk.session as RemoteSession).closing = true;
  }

  protected upgrade(talk: Conversation): void {
    const { link, session } = talk;
    const remote = new RemoteSession(session.id, link.timeoutMs);
    talk.session = remote;
    talk.keeper = this.touches;
    this.ask(createSessionRequest(undefined, session.id, link.timeoutMs, 0));
  }

  private ask(request: Request): void {
    this.parts.slow?.reached(request, 'forwarded');
    this.upstream.request(request.session, 0, OP.createSession, request.bytes, []);
  }

  private standRemote(link: ClientLink): void {
    this.stand(link, new RemoteSession(link.sessionId, link.timeoutMs), this.touches);
  }
}
