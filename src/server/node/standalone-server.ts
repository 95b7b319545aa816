/**
 * A server that stands alone: the client port, the chain, sessions, watches, log and snapshots of one node,
 * wired.
 *
 * Everything that decides is elsewhere; here inputs are handed from room to room. One turn of the loop: bytes
 * arrive, requests are prepared, the log is flushed once, and every connection's output leaves once.
 */
import type { ZktError } from '../../base/errors.ts';
import { get32, hi32, lo32 } from '../../base/halves.ts';
import { Ring } from '../../base/ring.ts';
import { JuteError } from '../../jute/jute-error.ts';
import { JuteReader } from '../../jute/reader.ts';
import type { Id } from '../../protocol/acl.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { FourLetterWord } from '../../protocol/four-letter.ts';
import { AuthPacket, type ConnectRequest } from '../../protocol/messages.ts';
import { OP, opName } from '../../protocol/opcodes.ts';
import { SnapshotWriter } from '../../storage/snapshot-writer.ts';
import { TxnLog } from '../../storage/txn-log.ts';
import { Access, addIds } from '../auth/access.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { ClientLink } from '../net/client-link.ts';
import type { ClientPort } from '../net/client-port.ts';
import type { ClientService } from '../net/client-service.ts';
import { beginReply } from '../processor/reply.ts';
import { Request } from '../processor/request.ts';
import { isWrite, requestPath } from '../processor/request-kinds.ts';
import { initialSessionId } from '../session/session-id.ts';
import type { SessionPasswords } from '../session/session-password.ts';
import { SessionTracker } from '../session/session-tracker.ts';
import { WatchRegistry } from '../watch/watch-registry.ts';
import { ClientSessions } from './client-sessions.ts';
import { conversationOf } from './conversation.ts';
import type { Database } from './database.ts';
import { snapshotCompression } from './open-database.ts';
import { Reaper } from './reaper.ts';
import { RequestChain } from './request-chain.ts';
import { limitedWatches, treeEffects } from './watch-effects.ts';
import type { ServerWorld } from './world.ts';

/** Session ids of a standalone server bear this server id (facts 3). */
const STANDALONE_SID = 1n;
/** How often a full disk is tried again. */
const RETRY_FULL_MS = 1_000;
/** A sync of a few entries that is likely to take a fraction of a millisecond is done on the spot. */
const INLINE_SYNC = { entriesMax: 2, fasterThanMs: 0.5, inARow: 8 };
/** How long a snapshot may hold the loop at a time. */
const SNAPSHOT_SLICE_MS = 4;
/** Which transactions' digests are kept for `hash`, a power of two, and how many (facts 11.1). */
const DIGEST_EVERY = 128;
const DIGESTS_KEPT = 1024;
/** Bytes of a request header. */
const HEADER_BYTES = 8;

/** What a standalone server is made of, beside the world. */
export interface StandaloneParts {
  readonly config: ServerConfig;
  readonly database: Database;
  readonly passwords: SessionPasswords;
  /** Open already. */
  readonly port: ClientPort;
  /** `DataDirs.logDir` and `snapDir`. */
  readonly logDir: string;
  readonly snapDir: string;
  /** Says what a four-letter word asks for. */
  readonly answerWord: (
    server: StandaloneServer,
    word: FourLetterWord,
    more: Buffer,
    link: ClientLink,
  ) => string | undefined;
  /** The server cannot go on: the process must end. */
  readonly failed: (error: ZktError) => void;
}

/** One standalone node. */
export class StandaloneServer implements ClientService<ClientLink> {
  readonly config: ServerConfig;
  readonly database: Database;
  readonly registry: WatchRegistry<ClientLink>;
  readonly tracker: SessionTracker<ClientLink>;
  readonly port: ClientPort;
  readonly log: TxnLog;
  readonly access: Access;
  /** Where its files are. */
  readonly dirs: { readonly snapDir: string; readonly logDir: string };
  /** Digests of the tree at some zxids, the oldest forgotten (`hash`). */
  readonly digests = new Ring<{ readonly zxid: bigint; readonly digest: bigint }>(DIGESTS_KEPT);
  /** When it began to serve, monotonic ms. */
  startedMs = 0;
  serving = false;
  private readonly world: ServerWorld;
  private readonly parts: StandaloneParts;
  private readonly chain: RequestChain;
  private readonly sessions: ClientSessions;
  private readonly reaper: Reaper;
  private readonly snapshots: SnapshotWriter;

  constructor(parts: StandaloneParts, world: ServerWorld) {
    const { config, database } = parts;
    const { clock, timers, events, secrets, disk } = world;
    this.parts = parts;
    this.world = world;
    this.config = config;
    this.dirs = { snapDir: parts.snapDir, logDir: parts.logDir };
    this.database = database;
    this.access = new Access(secrets, accessOptions(config));
    this.registry = new WatchRegistry(config.tree.watchesPerConnectionMax);
    this.tracker = new SessionTracker({
      tickMs: config.session.tickTimeMs,
      firstId: initialSessionId(STANDALONE_SID, clock.wallMs()),
      events,
    });
    this.log = new TxnLog({ disk, clock, events }, this.logOwner(), {
      dir: parts.logDir,
      preAllocBytes: config.storage.preallocBytes,
      forceSync: config.storage.forceSync,
      sizeLimitBytes: config.storage.logSizeBytesMax,
      slowSyncMs: config.storage.slowSyncMs,
      inlineSync: INLINE_SYNC,
    });
    this.snapshots = new SnapshotWriter(world, {
      dir: parts.snapDir,
      compression: snapshotCompression(config),
      lastProcessedZxid: config.storage.lastZxidInSnapshots,
      sliceMs: SNAPSHOT_SLICE_MS,
    });
    this.chain = this.makeChain();
    this.sessions = new ClientSessions({
      tracker: this.tracker,
      passwords: parts.passwords,
      database,
      timeoutMinMs: config.session.timeoutMinMs,
      timeoutMaxMs: config.session.timeoutMaxMs,
      clock,
      timers,
      events,
      write: (request) => this.chain.write(undefined, request),
    });
    this.reaper = new Reaper(
      database.tree,
      {
        intervalMs: config.tree.containerCheckIntervalMs,
        perMinuteMax: config.tree.containersPerMinuteMax,
        neverUsedMs: config.tree.containerNeverUsedMs,
      },
      timers,
      () => clock.wallMs(),
      (path) => this.reap(path),
    );
    this.port = parts.port;
  }

  /** Writes under way: not on disk yet. */
  get writesInFlight(): number {
    return this.chain.inFlight;
  }

  /** Serves: from here on connect requests are taken. */
  start(): void {
    this.serving = true;
    this.startedMs = this.world.clock.monotonicMs();
    this.sessions.start();
    this.reaper.start();
  }

  /** Stops in good order: no more requests, what was taken in is logged and answered, files are closed. */
  stop(reason: string): Promise<void> {
    const { events } = this.world;
    if (events.on['server.stopping']) events.emit('server.stopping', { reason });
    this.serving = false;
    this.sessions.stop();
    this.reaper.stop();
    this.snapshots.cancel();
    return new Promise((resolve) => {
      // The log first: what it still acknowledges must reach clients before their connections close.
      this.log.close(() => {
        this.port.close('the server stops', () => {
          if (events.on['server.stopped']) events.emit('server.stopped', { zxid: this.database.lastZxid });
          resolve();
        });
      });
    });
  }

  /** Rolls the log and writes a snapshot, unless one is being written still. */
  snapshot(): void {
    this.log.roll();
    if (this.snapshots.running) return;
    const running = this.database.beginSnapshot();
    this.log.diskShared = true;
    this.snapshots.start(running.source, () => {
      this.log.diskShared = false;
      running.end();
    });
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
    if (!this.tracker.touchSession(talk.session, link.timeoutMs, now) && op !== OP.closeSession) return;
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
      if (!isWrite(asked)) this.chain.read(talk, request);
      else {
        if (op === OP.closeSession) this.sessions.beginClose(link);
        this.chain.write(talk, request);
      }
    }
  }

  drained(link: ClientLink): void {
    const talk = conversationOf(link);
    if (talk !== undefined) this.chain.drained(talk);
  }

  closed(link: ClientLink): void {
    this.registry.removeWatcher(link);
    this.sessions.dropped(link);
  }

  command(link: ClientLink, word: FourLetterWord, more: Buffer): string | undefined {
    return this.parts.answerWord(this, word, more, link);
  }

  // ---- inside ----

  private applied(request: Request): void {
    this.noteDigest();
    const link = request.from as ClientLink | undefined;
    if (link === undefined) return;
    if (request.op === OP.createSession) {
      const zxid = this.database.lastZxid;
      const now = this.world.clock.monotonicMs();
      link.noteReply(OP.createSession, 0, hi32(zxid), lo32(zxid), request.receivedMs, now);
      this.sessions.opened(link);
    } else if (request.op === OP.closeSession) link.close('the client closed its session');
  }

  /** Every 128th transaction's digest is kept for `hash`. */
  private noteDigest(): void {
    const { lastZxid: zxid, tree } = this.database;
    if (!this.config.storage.digests || (lo32(zxid) & (DIGEST_EVERY - 1)) !== 0) return;
    this.digests.push({ zxid, digest: tree.digest.value() });
  }

  private makeChain(): RequestChain {
    const { database } = this;
    const { clock, timers, random, events } = this.world;
    return new RequestChain({
      config: this.config,
      database,
      access: this.access,
      watches: limitedWatches(this.registry, events),
      effects: treeEffects({
        database,
        registry: this.registry,
        access: this.access,
        events,
        sessionClosed: (id, ephemerals) => this.sessions.closed(id, ephemerals, database.lastZxid),
      }),
      log: this.log,
      clock,
      timers,
      random,
      events,
      sessionFault: (request) => this.sessions.fault(request.session, request.from as ClientLink | undefined),
      sessionRefused: (request) => this.sessions.notCreated(request.from as ClientLink),
      snapshotDue: () => this.snapshot(),
      applied: (request) => this.applied(request),
    });
  }

  private logOwner() {
    return {
      synced: (upTo: bigint) => this.chain.synced(upTo),
      failed: (error: ZktError) => this.parts.failed(error),
      full: () => {
        this.world.timers.after(RETRY_FULL_MS, () => this.log.retry());
      },
      spaceBack: () => this.chain.spaceBack(),
    };
  }

  private reap(path: string): void {
    const body = Buffer.alloc(4 + Buffer.byteLength(path));
    body.writeInt32BE(body.length - 4, 0);
    body.write(path, 4);
    const now = this.world.clock.monotonicMs();
    this.chain.write(undefined, new Request(undefined, 0n, 0, OP.deleteContainer, body, 0, body.length, now));
  }

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
