/**
 * A server cut off from its quorum that answers reads all the same (`readonlymode.enabled`): to clients that
 * accept old answers, and told that it is read-only. Its sessions are its own (facts 3).
 */
import { ERR } from '../../protocol/error-codes.ts';
import type { ConnectRequest } from '../../protocol/messages.ts';
import { OP } from '../../protocol/opcodes.ts';
import type { ClientLink } from '../net/client-link.ts';
import type { Request } from '../processor/request.ts';
import { isWrite } from '../processor/request-kinds.ts';
import { initialSessionId } from '../session/session-id.ts';
import { SessionTracker } from '../session/session-tracker.ts';
import { ClientServer, type ServerParts } from './client-server.ts';
import { ClientSessions } from './client-sessions.ts';
import type { Conversation } from './conversation.ts';
import { LocalSessions } from './local-sessions.ts';
import type { ServerMode } from './roles.ts';

/** Sessions of a server that can agree with no other: all of them local. */
class ReadOnlySessions extends ClientSessions {
  override connect(link: ClientLink, request: ConnectRequest): void {
    if (link.readOnly) super.connect(link, request);
    else link.close('the server is read-only, and the client wants to write');
  }

  opened(): void {}

  protected open(link: ClientLink): void {
    const { local } = this.parts;
    if (local !== undefined) this.openLocal(link, local);
  }

  /**
   * Whether a session of the ensemble lives, only its leader knows: the client had better ask another server.
   */
  protected resume(link: ClientLink): void {
    link.sessionId = 0n;
    link.close('a read-only server cannot go on with a session of the ensemble');
  }

  protected upgrade(): void {}
}

/** See the head of the file. */
export class ReadOnlyServer extends ClientServer {
  readonly mode: ServerMode = 'read-only';
  readonly tracker: SessionTracker;
  protected readonly sessions: ReadOnlySessions;
  private readonly local: LocalSessions;

  constructor(parts: ServerParts & { readonly sid: bigint }) {
    super(parts);
    const { clock, events } = parts.world;
    this.tracker = new SessionTracker({
      tickMs: this.config.session.tickTimeMs,
      firstId: initialSessionId(parts.sid, clock.wallMs()),
      events,
    });
    this.local = new LocalSessions(this.tracker, { enabled: true, upgrading: false });
    this.sessions = new ReadOnlySessions(this.sessionsWorld(this.tracker, this.local));
  }

  override get localSessions(): number {
    return this.tracker.size;
  }

  override start(): void {
    this.local.restore(this.store.localSessions, this.world.clock.monotonicMs());
    super.start();
  }

  override stop(why: string): Promise<void> {
    // Sessions that only this mode allows end with it.
    if (this.config.quorum.localSessionsEnabled) this.local.leave(this.store.localSessions);
    return super.stop(why);
  }

  protected take(talk: Conversation, request: Request): void {
    const { op } = request;
    if (op === OP.closeSession) this.sessions.admit(talk, request);
    else if (isWrite(op) || op === OP.sync || op === OP.check) request.refusal = ERR.NOTREADONLY;
    this.stage.read(talk, request);
  }
}
