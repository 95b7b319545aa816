/**
 * A server that stands alone: it keeps all sessions, and its own disk is all that a write waits for.
 */
import type { Request } from '../processor/request.ts';
import { isWrite } from '../processor/request-kinds.ts';
import { initialSessionId } from '../session/session-id.ts';
import { SessionTracker } from '../session/session-tracker.ts';
import { ClientServer, type ServerParts } from './client-server.ts';
import type { Conversation } from './conversation.ts';
import { type Reaper, reaperOf } from './reaper.ts';
import type { ServerMode } from './roles.ts';
import { TrackedSessions } from './tracked-sessions.ts';
import { WriteChain } from './write-chain.ts';

/** Session ids of a standalone server bear this server id (facts 3). */
const STANDALONE_SID = 1n;

/** One standalone node. */
export class StandaloneServer extends ClientServer {
  readonly mode: ServerMode = 'standalone';
  readonly tracker: SessionTracker;
  protected readonly sessions: TrackedSessions;
  private readonly chain: WriteChain;
  private readonly reaper: Reaper;

  constructor(parts: ServerParts) {
    super(parts);
    const { config, database, store, stage, access } = this;
    const { clock, timers, random, events } = parts.world;
    this.tracker = new SessionTracker({
      tickMs: config.session.tickTimeMs,
      firstId: initialSessionId(STANDALONE_SID, clock.wallMs()),
      events,
    });
    const log = store.openLog({
      logged: (upTo, ms) => {
        this.chain.logged(upTo, ms);
        this.chain.release(upTo);
      },
      spaceBack: () => this.chain.spaceBack(),
    });
    this.chain = new WriteChain({
      config,
      database,
      access,
      stage,
      log,
      clock,
      timers,
      random,
      events,
      slow: this.slow,
      metrics: store.metrics,
      sessionFault: (request) => this.sessions.fault(request),
      sessionRefused: (request) => this.sessions.notCreated(request),
      snapshotDue: () => store.snapshot(),
    });
    this.sessions = new TrackedSessions({
      ...this.sessionsWorld(this.tracker, undefined),
      patienceMs: 0,
      write: (request) => this.chain.write(undefined, request),
    });
    this.reaper = reaperOf(config, database.tree, parts.world, (request) =>
      this.chain.write(undefined, request),
    );
  }

  override start(): void {
    super.start();
    this.reaper.start();
  }

  /** Stops in good order: no more requests, what was taken in is logged and answered, files are closed. */
  override stop(reason: string): Promise<void> {
    const { events } = this.world;
    const { store, port } = this;
    if (events.on['server.stopping']) events.emit('server.stopping', { reason });
    this.serving = false;
    this.sessions.stop();
    this.reaper.stop();
    store.snapshots.cancel();
    return new Promise((resolve) => {
      // The log first: what it still acknowledges must reach clients before their connections close.
      store.log.close(() => {
        port.close('the server stops', () => {
          if (events.on['server.stopped']) events.emit('server.stopped', { zxid: this.database.lastZxid });
          resolve();
        });
      });
    });
  }

  protected take(talk: Conversation, request: Request): void {
    if (!isWrite(request.op)) this.stage.read(talk, request);
    else {
      this.sessions.admit(talk, request);
      this.chain.write(talk, request);
    }
  }

  protected override applied(request: Request): void {
    this.store.noteDigest();
    super.applied(request);
  }
}
