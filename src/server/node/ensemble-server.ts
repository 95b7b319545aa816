/** What servers of an ensemble have in common, whether they lead or learn. */

import { OP } from '../../protocol/opcodes.ts';
import type { Request } from '../processor/request.ts';
import { isWrite } from '../processor/request-kinds.ts';
import type { Quorums } from '../quorum/quorums.ts';
import { initialSessionId } from '../session/session-id.ts';
import { SessionTracker } from '../session/session-tracker.ts';
import { ClientServer, type ServerParts } from './client-server.ts';
import type { Conversation } from './conversation.ts';
import { LocalSessions } from './local-sessions.ts';
import { SyncGate } from './sync-gate.ts';

/** What a member of an ensemble is made of. */
export interface EnsembleParts extends ServerParts {
  readonly sid: bigint;
  readonly ensemble: { readonly quorums: Quorums };
}

/** See the head of the file. */
export abstract class EnsembleServer extends ClientServer {
  protected readonly sid: bigint;
  protected readonly local: LocalSessions;
  protected readonly gate: SyncGate;
  private readonly ensemble: EnsembleParts['ensemble'];

  constructor(parts: EnsembleParts) {
    super(parts);
    this.sid = parts.sid;
    this.ensemble = parts.ensemble;
    const { localSessionsEnabled: enabled, localSessionsUpgradingEnabled: upgrading } = this.config.quorum;
    this.local = new LocalSessions(this.newTracker(), { enabled, upgrading });
    this.gate = new SyncGate({
      stage: this.stage,
      write: (talk, request) => this.write(talk, request),
      sync: (talk, request) => this.sync(talk, request),
    });
  }

  override get localSessions(): number {
    return this.local.tracker.size;
  }

  override start(): void {
    const { local, store } = this;
    this.shareLoad();
    if (local.enabled) local.restore(store.localSessions, this.world.clock.monotonicMs());
    super.start();
  }

  override stop(why: string): Promise<void> {
    this.port.outstandingShare = 1;
    this.local.leave(this.store.localSessions);
    return super.stop(why);
  }

  /** Divides the limit on requests under way among the servers; to be said anew when voters come or go. */
  shareLoad(): void {
    const voters = this.ensemble.quorums.current.voters.length;
    this.port.outstandingShare = voters > 2 ? voters - 1 : 1;
  }

  /** A client's write: it has its place in the order, and its session may ask. */
  protected abstract write(talk: Conversation, request: Request): void;

  /** A client's sync: it has its place in the order. `this.gate.answered` ends it. */
  protected abstract sync(talk: Conversation, request: Request): void;

  protected take(talk: Conversation, request: Request): void {
    const { op } = request;
    if (op === OP.sync) this.gate.take(talk, request);
    else if (!isWrite(op) || !this.sessions.admit(talk, request)) this.stage.read(talk, request);
    else this.gate.take(talk, request);
  }

  protected override applied(request: Request): void {
    this.store.applied(request.header?.zxid ?? 0n);
    super.applied(request);
  }

  /** A tracker that gives out ids of this server. */
  protected newTracker(): SessionTracker {
    const { clock, events } = this.world;
    return new SessionTracker({
      tickMs: this.config.session.tickTimeMs,
      firstId: initialSessionId(this.sid, clock.wallMs()),
      events,
    });
  }
}
