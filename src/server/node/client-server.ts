/**
 * The server that clients see, whatever its role: takes their connections, requests and four-letter words,
 * and hands each to whom it concerns. Roles differ in where writes go and in who keeps the sessions.
 */
import { get32, hi32, lo32 } from '../../base/halves.ts';
import { JuteError } from '../../jute/jute-error.ts';
import { JuteReader } from '../../jute/reader.ts';
import type { Id } from '../../protocol/acl.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { FourLetterWord } from '../../protocol/four-letter.ts';
import { AuthPacket, type ConnectRequest } from '../../protocol/messages.ts';
import { OP, opName } from '../../protocol/opcodes.ts';
import { Access, addIds } from '../auth/access.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { ClientLink } from '../net/client-link.ts';
import type { ClientPort } from '../net/client-port.ts';
import { beginReply } from '../processor/reply.ts';
import { Request } from '../processor/request.ts';
import { requestPath } from '../processor/request-kinds.ts';
import type { SessionPasswords } from '../session/session-password.ts';
import type { SessionTracker } from '../session/session-tracker.ts';
import { WatchRegistry } from '../watch/watch-registry.ts';
import type { ClientSessions, SessionsWorld } from './client-sessions.ts';
import { type Conversation, conversationOf } from './conversation.ts';
import type { Database } from './database.ts';
import { FinalStage } from './final-stage.ts';
import type { HotTables } from './hot-tables.ts';
import type { LocalSessions } from './local-sessions.ts';
import type { ServerMode } from './roles.ts';
import type { ServerHost } from './server-host.ts';
import type { ServingServer } from './serving-server.ts';
import { SlowLog } from './slow-log.ts';
import type { Store } from './store.ts';
import { limitedWatches, treeEffects } from './watch-effects.ts';
import type { ServerWorld } from './world.ts';

/** Bytes of a request header. */
const HEADER_BYTES = 8;

/** What a server of any role is made of. */
export interface ServerParts {
  readonly world: ServerWorld;
  readonly store: Store;
  /** Open already. */
  readonly port: ClientPort;
  readonly passwords: SessionPasswords;
  readonly host: ServerHost;
}

/** See the head of the file. */
export abstract class ClientServer implements ServingServer {
  abstract readonly mode: ServerMode;
  abstract readonly tracker: SessionTracker;
  readonly config: ServerConfig;
  readonly port: ClientPort;
  readonly store: Store;
  /** The tree, which stays the same as long as this server serves. */
  readonly database: Database;
  readonly registry: WatchRegistry<ClientLink>;
  readonly access: Access;
  startedMs = 0;
  serving = false;
  hot: HotTables | undefined = undefined;
  protected readonly world: ServerWorld;
  protected readonly stage: FinalStage;
  /** The log of slow requests, where it is on. */
  protected readonly slow: SlowLog | undefined;
  protected abstract readonly sessions: ClientSessions;
  private readonly parts: ServerParts;

  constructor(parts: ServerParts) {
    const { store, world } = parts;
    const { config, database } = store;
    const { events, secrets, clock } = world;
    this.parts = parts;
    this.world = world;
    this.config = config;
    this.store = store;
    this.database = database;
    this.port = parts.port;
    this.access = new Access(secrets, accessOptions(config));
    this.registry = new WatchRegistry(config.tree.watchesPerConnectionMax, clock.monotonicMs());
    const { slowRequestMs } = config.client;
    this.slow = slowRequestMs < 0 ? undefined : new SlowLog(slowRequestMs, { clock, events, database });
    const { registry, access, slow } = this;
    this.stage = new FinalStage({
      config,
      database,
      access,
      watches: limitedWatches(registry, events, this.port),
      effects: treeEffects({
        database,
        registry,
        access,
        events,
        metrics: store.metrics,
        sessionClosed: (id, ephemerals) => this.sessions.closed(id, ephemerals, database.lastZxid),
      }),
      clock,
      events,
      slow,
      applied: (request) => this.applied(request),
      metrics: store.metrics,
    });
  }

  /** Local sessions, known to this server alone. */
  get localSessions(): number {
    return 0;
  }

  /** Serves: from here on connect requests are taken. */
  start(): void {
    this.serving = true;
    this.startedMs = this.world.clock.monotonicMs();
    this.sessions.start();
  }

  /** Serves no more: every connection is closed after its output has left. The port stays open. */
  stop(why: string): Promise<void> {
    this.serving = false;
    this.sessions.stop();
    for (const link of [...this.port.links]) link.close(why);
    return Promise.resolve();
  }

  // ---- what the client port says ----

  connect(link: ClientLink, request: ConnectRequest): void {
    this.sessions.connect(link, request);
  }

  request(link: ClientLink, bytes: Buffer, start: number, end: number): void {
    const talk = conversationOf(link);
    if (talk === undefined || !this.serving) return;
    if (end - start < HEADER_BYTES) throw new JuteError('truncated', start, 'a request has no header');
    const xid = get32(bytes, start);
    const op = get32(bytes, start + 4);
    const now = this.port.nowMs;
    // A session that is closing is not there any more: its packets fall on deaf ears (facts 3), but for a
    // second close.
    if (!talk.keeper.touchSession(talk.session, link.timeoutMs, now) && op !== OP.closeSession) return;
    const body = start + HEADER_BYTES;
    if (this.world.events.on['request.received']) this.tellReceived(link, xid, op, bytes, start, end);
    if (op === OP.auth) this.authenticate(link, xid, new JuteReader(bytes, body, end), now);
    else if (op === OP.sasl) this.answerSasl(link, xid, now);
    else if (!this.access.isAuthenticated(link.authIds)) this.demandAuth(link, xid, op, now);
    else {
      // What only servers may ask of each other is refused as any failing write is: with a transaction (facts
      // 14.9).
      const asked = op === OP.createSession || op === OP.deleteContainer ? OP.error : op;
      const request = new Request(link, link.sessionId, xid, asked, bytes, body, end, now);
      const { hot } = this;
      this.slow?.began(request);
      if (hot === undefined || !hot.due()) this.take(talk, request);
      else this.takeLooking(hot, talk, request);
    }
  }

  /** As `take`, and counts what was asked for; a read that is answered at once also with its answer. */
  private takeLooking(hot: HotTables, talk: Conversation, request: Request): void {
    const { stats } = this.port;
    const { op, bytes, start, end } = request;
    const before = stats.responseBytes;
    this.take(talk, request);
    const moved = HEADER_BYTES + end - start + stats.responseBytes - before;
    hot.look(talk.link, op, bytes, start, end, moved);
  }

  drained(link: ClientLink): void {
    const talk = conversationOf(link);
    if (talk !== undefined) this.stage.resume(talk);
  }

  closed(link: ClientLink): void {
    this.registry.removeWatcher(link);
    this.sessions.dropped(link);
  }

  command(link: ClientLink, word: FourLetterWord, more: Buffer): string | undefined {
    return this.parts.host.answerWord(this, word, more, link);
  }

  // ---- what roles do ----

  /** A request of a client, which has touched its session, and may ask. */
  protected abstract take(talk: Conversation, request: Request): void;

  /** A transaction was applied, and answered. */
  protected applied(request: Request): void {
    const { header, txn } = request;
    if (header !== undefined && txn !== undefined) {
      this.store.metrics.applied(header, txn, this.world.clock.wallMs());
    }
    const link = request.from as ClientLink | undefined;
    if (link === undefined) return;
    if (request.op === OP.createSession) {
      const zxid = this.database.lastZxid;
      const now = this.world.clock.monotonicMs();
      link.noteReply(OP.createSession, 0, hi32(zxid), lo32(zxid), request.receivedMs, now);
      this.sessions.opened(link);
      link.tellReplied(OP.createSession, 0, zxid, ERR.OK, request.receivedMs);
    } else if (request.op === OP.closeSession) link.close('the client closed its session');
  }

  /** What every kind of sessions is made of. */
  protected sessionsWorld(tracker: SessionTracker, local: LocalSessions | undefined): SessionsWorld {
    const { timeoutMinMs, timeoutMaxMs } = this.config.session;
    const { database, world, slow } = this;
    const { stats } = this.port;
    const { passwords } = this.parts;
    const readOnly = this.mode === 'read-only';
    return { world, stats, tracker, local, passwords, database, slow, timeoutMinMs, timeoutMaxMs, readOnly };
  }

  // ---- inside ----

  private authenticate(link: ClientLink, xid: number, r: JuteReader, now: number): void {
    const { scheme, auth } = AuthPacket.read(r);
    const result = this.access.authenticate(scheme, auth, link.remoteAddress);
    const ok = result.ok && this.takeIds(link, result.ids);
    beginReply(link, xid, 0, 0, ok ? ERR.OK : ERR.AUTHFAILED);
    link.endReply(OP.auth, now, now);
    if (!ok) link.close(`authentication by ${scheme} failed`);
  }

  /** False when the connection then has too many: each costs time at every check of an ACL. */
  private takeIds(link: ClientLink, ids: readonly Id[]): boolean {
    const { events } = this.world;
    addIds(link.authIds, ids);
    const value = this.config.security.identitiesPerConnectionMax;
    if (link.authIds.length <= value) return true;
    const limit = 'zkt.identitiesPerConnectionMax';
    if (events.on['connection.refused']) {
      events.emit('connection.refused', { remote: link.remote, limit, value });
    }
    return false;
  }

  /** No SASL here: an empty token tells the client to go on without (facts 5). */
  private answerSasl(link: ClientLink, xid: number, now: number): void {
    beginReply(link, xid, 0, 0, ERR.OK).writeBuffer(null);
    link.endReply(OP.sasl, now, now);
  }

  private demandAuth(link: ClientLink, xid: number, op: number, now: number): void {
    beginReply(link, xid, 0, 0, ERR.SESSIONCLOSEDREQUIRESASLAUTH);
    link.endReply(op, now, now);
    link.close('the client did not authenticate');
  }

  private tellReceived(
    link: ClientLink,
    cxid: number,
    op: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const path = requestPath(op, bytes, start + HEADER_BYTES, end);
    const about = { session: link.sessionId, cxid, op: opName(op) ?? String(op) };
    this.world.events.emit('request.received', { ...about, path, bytes: end - start });
  }
}

const accessOptions = ({ security, client }: ServerConfig) => ({
  skipAcl: security.skipAcl,
  digest: security.digestEnabled
    ? { algorithm: security.digestAlgorithm, superDigest: security.superDigest }
    : undefined,
  x509: undefined,
  sasl: undefined,
  enforcedSchemes: security.enforceAuth ? security.enforceAuthSchemes : [],
  aclBytesMax: client.frameBytesMax,
});
