/**
 * What a server keeps, whatever its role is at the moment: directories, database, log, snapshots, epochs, and
 * the cache of committed transactions.
 *
 * The log belongs to a role: `openLog` begins one, `settle` ends it. While a role runs, what it appends waits
 * in `pending` until it is applied; `settle` waits for the disk and then applies what is left, so that memory
 * is what a restart would find. Memory is never ahead of the disk (2845, 2355).
 */
import { ZktError } from '../../base/errors.ts';
import { lo32 } from '../../base/halves.ts';
import { invariant } from '../../base/invariant.ts';
import { Fifo, Ring } from '../../base/ring.ts';
import type { DiskError } from '../../ports/disk.ts';
import { decodeEntry } from '../../protocol/txn.ts';
import type { DataDirs } from '../../storage/data-dir.ts';
import type { RecoveryResult } from '../../storage/recovery.ts';
import { announceReplacement, completeReplacement } from '../../storage/replacement.ts';
import { SnapshotWriter } from '../../storage/snapshot-writer.ts';
import { truncate } from '../../storage/truncate.ts';
import { TxnLog } from '../../storage/txn-log.ts';
import type { ServerConfig } from '../config/server-config.ts';
import type { SessionPasswords } from '../session/session-password.ts';
import { CommittedLog } from '../zab/committed-log.ts';
import type { ZabEntry } from '../zab/learner-effects.ts';
import type { Database } from './database.ts';
import { Epochs } from './epochs.ts';
import { NodeMetrics } from './node-metrics.ts';
import { openDatabase, snapshotCompression } from './open-database.ts';
import { type SnapshotTurn, SnapshotTurns } from './snapshot-turns.ts';
import type { ServerWorld } from './world.ts';

/** How often a full disk is tried again. */
const RETRY_FULL_MS = 1_000;
/** A sync of a few entries that is likely to take a fraction of a millisecond is done on the spot. */
const INLINE_SYNC = { entriesMax: 2, fasterThanMs: 0.5, inARow: 8 };
/** How long a snapshot may hold the loop at a time. */
const SNAPSHOT_SLICE_MS = 4;
/** How long the application of what is pending at a role's end may hold the loop at a time. */
const SETTLE_SLICE_MS = 5;
/** After how many transactions of it the clock is looked at. */
const SETTLE_LOOK = 32;
/** Which transactions' digests are kept for `hash`, a power of two, and how many (facts 11.1). */
const DIGEST_EVERY = 128;
const DIGESTS_KEPT = 1024;

/** The role that uses the log. */
export interface LogUser {
  /** Everything appended up to that zxid is on disk, by a sync that took so long. */
  logged(upTo: bigint, ms: number): void;
  /** There is room on the disk again. */
  spaceBack(): void;
}

/** What the store tells the process. */
export interface StoreHost {
  /** Makes the directories this process's own; throws when they are another's. */
  claim?(dirs: readonly string[]): void;
  /** The disk has failed: nothing more may be acknowledged, the process must end. */
  failed(error: ZktError): void;
}

/** See the head of the file. */
export class Store {
  readonly config: ServerConfig;
  readonly dirs: DataDirs;
  readonly recovery: RecoveryResult;
  readonly epochs: Epochs;
  /** Of this server's own sessions; an ensemble may have another. */
  readonly passwords: SessionPasswords;
  /** The last committed transactions, for learners. */
  readonly committedLog: CommittedLog;
  /** Digests of the tree at some zxids, the oldest forgotten (`hash`). */
  readonly digests = new Ring<{ readonly zxid: bigint; readonly digest: bigint }>(DIGESTS_KEPT);
  /** Local sessions with their timeouts, ms, from the end of one role to the beginning of the next. */
  readonly localSessions = new Map<bigint, number>();
  readonly snapshots: SnapshotWriter;
  /** What is counted, in whatever role. */
  readonly metrics = new NodeMetrics();
  /** Of the present database one snapshot is taken at a time: for a file, or for a learner. */
  turns = new SnapshotTurns();
  private fileTurn: SnapshotTurn | undefined;
  /** The history cannot be cut where the leader's ends: the next leader is asked for all of its data. */
  wantsSnapshot = false;
  private readonly world: ServerWorld;
  private readonly host: StoreHost;
  private current: Database;
  private openedLog: TxnLog | undefined;
  private user: LogUser | undefined;
  private logged: bigint;
  /**
   * Memory is not what is on disk: the database came from the leader and is not saved yet, or the log was cut
   * back in part. When the role ends what is on disk is read anew.
   */
  private unlikeDisk = false;
  /** Appended and not applied, oldest first. */
  private readonly pending = new Fifo<ZabEntry>();

  /** Recovers what the directories hold. Throws a `ZktError`. */
  constructor(config: ServerConfig, world: ServerWorld, host: StoreHost) {
    this.config = config;
    this.world = world;
    this.host = host;
    const opened = openDatabase(config, world, (dirs) => host.claim?.(dirs));
    this.current = opened.database;
    this.dirs = opened.dirs;
    this.recovery = opened.recovery;
    this.passwords = opened.passwords;
    this.logged = opened.recovery.lastZxid;
    this.epochs = new Epochs(world.disk, opened.dirs.snapDir, this.logged);
    this.committedLog = new CommittedLog(config.quorum.committedLogMax);
    this.snapshots = new SnapshotWriter(world, {
      dir: this.dirs.snapDir,
      compression: snapshotCompression(config),
      lastProcessedZxid: config.storage.lastZxidInSnapshots,
      sliceMs: SNAPSHOT_SLICE_MS,
    });
  }

  /** The tree with its sessions. Another one after `truncate` and `replaceDatabase`. */
  get database(): Database {
    return this.current;
  }

  /** The last transaction known to be on disk: what votes and ACKEPOCH tell. */
  get lastLogged(): bigint {
    return this.logged;
  }

  /** The log of the present role. */
  get log(): TxnLog {
    invariant(this.openedLog !== undefined, 'a role opens the log before it uses it');
    return this.openedLog;
  }

  /** A role begins to log. */
  openLog(user: LogUser): TxnLog {
    invariant(this.openedLog === undefined, 'one role at a time');
    const { config, world } = this;
    this.user = user;
    const log: TxnLog = new TxnLog(
      world,
      this.logOwner(() => log),
      {
        dir: this.dirs.logDir,
        preAllocBytes: config.storage.preallocBytes,
        forceSync: config.storage.forceSync,
        sizeLimitBytes: config.storage.logSizeBytesMax,
        slowSyncMs: config.storage.slowSyncMs,
        inlineSync: INLINE_SYNC,
      },
    );
    this.openedLog = log;
    return log;
  }

  /**
   * A transaction was encoded into the log (`TxnLog.endEntry`): it waits to be applied. Its bytes must not
   * change.
   */
  appended(entry: ZabEntry): void {
    this.pending.push(entry);
  }

  /** Appends an entry that is encoded already, and keeps it until it is applied. */
  append(entry: ZabEntry): void {
    this.log.append(entry.bytes);
    this.pending.push(entry);
  }

  /** What was appended with a zxid in (`after`, `upTo`] and is not applied, oldest first. */
  *unapplied(after: bigint, upTo: bigint): IterableIterator<ZabEntry> {
    for (const entry of this.pending) {
      if (entry.zxid > upTo) return;
      if (entry.zxid > after) yield entry;
    }
  }

  /** The oldest pending entry was applied: learners may ask for it. */
  applied(zxid: bigint): void {
    const entry = this.pending.shift();
    invariant(entry?.zxid === zxid, 'transactions are applied in the order they were appended');
    this.committedLog.add(entry.zxid, entry.bytes);
    this.noteDigest();
  }

  /** Applies an entry while nobody is served. */
  applyUnseen(entry: ZabEntry): void {
    const decoded = entry.decoded ?? decodeEntry(entry.bytes);
    invariant(decoded !== undefined, 'only transactions that can be decoded are logged');
    this.current.replay(decoded);
  }

  /** Every 128th transaction's digest is kept for `hash`. */
  noteDigest(): void {
    const { lastZxid: zxid, tree } = this.current;
    if (!this.config.storage.digests || (lo32(zxid) & (DIGEST_EVERY - 1)) !== 0) return;
    this.digests.push({ zxid, digest: tree.digest.value() });
  }

  /**
   * Rolls the log and writes a snapshot, unless one is about to be written; `done` hears what became of it.
   */
  snapshot(done: (written: boolean) => void = () => {}): void {
    this.openedLog?.roll();
    if (this.fileTurn !== undefined) {
      done(false);
      return;
    }
    this.fileTurn = this.turns.take(() => this.writeSnapshot(this.current, done));
  }

  /**
   * A role has ended: its log goes to disk and is closed, and what it did not apply is applied. Then memory
   * is what a restart would find.
   */
  settle(): Promise<void> {
    this.cancelSnapshot();
    const log = this.openedLog;
    this.user = undefined;
    return new Promise((resolve) => {
      const settled = (): void => {
        this.openedLog = undefined;
        if (this.unlikeDisk) this.reload();
        this.applyPending(resolve);
      };
      if (log === undefined) settled();
      else log.close(settled);
    });
  }

  /** Applies what is pending, in slices: nobody is served, but the other servers' connections are. */
  private applyPending(done: () => void): void {
    const { clock, timers } = this.world;
    const since = clock.monotonicMs();
    for (let n = 1; ; n++) {
      const entry = this.pending.shift();
      if (entry === undefined) break;
      // What a full disk did not take is not there.
      if (entry.zxid > this.logged) continue;
      this.applyUnseen(entry);
      this.committedLog.add(entry.zxid, entry.bytes);
      if (n % SETTLE_LOOK === 0 && clock.monotonicMs() - since >= SETTLE_SLICE_MS) {
        timers.soon(() => this.applyPending(done));
        return;
      }
    }
    done();
  }

  /** Cuts the history back; the database is read anew. Throws a `ZktError`. Only while no role logs. */
  truncate(zxid: bigint): void {
    invariant(this.openedLog === undefined && this.pending.peek() === undefined, 'the log is settled');
    try {
      truncate(this.world.disk, this.dirs, zxid);
    } catch (thrown) {
      // Anything else than a call of the disk that failed comes before the first change.
      if (!(thrown instanceof ZktError)) this.unlikeDisk = true;
      throw thrown;
    }
    this.reload();
  }

  /** Memory becomes what a restart would find. */
  private reload(): void {
    this.committedLog.clear();
    const { database, recovery } = openDatabase(this.config, this.world);
    this.current = database;
    this.unlikeDisk = false;
    this.turns = new SnapshotTurns();
    this.logged = recovery.lastZxid;
  }

  /**
   * A database that came from the leader takes the place of this one, in memory; `saveReplacement` is to
   * follow.
   */
  replaceDatabase(database: Database): void {
    this.cancelSnapshot();
    this.committedLog.clear();
    this.current = database;
    this.unlikeDisk = true;
    this.turns = new SnapshotTurns();
  }

  /**
   * Writes the replaced database, and then removes what was there before. Nothing may be logged until `done`
   * says that it is on disk.
   */
  saveReplacement(done: (written: boolean) => void): void {
    const { disk } = this.world;
    const zxid = this.current.lastZxid;
    announceReplacement(disk, this.dirs, zxid);
    this.snapshot((written) => {
      done(written && this.replaced(zxid));
    });
  }

  /**
   * The snapshot that replaces all is on disk; false when the rest could not be removed: the next start goes
   * on.
   */
  private replaced(zxid: bigint): boolean {
    try {
      completeReplacement(this.world.disk, this.dirs, zxid);
    } catch (thrown) {
      if ((thrown as DiskError).code === undefined) throw thrown;
      return false;
    }
    this.unlikeDisk = false;
    this.wantsSnapshot = false;
    this.logged = zxid;
    return true;
  }

  private writeSnapshot(database: Database, done: (written: boolean) => void): void {
    const running = database.beginSnapshot();
    const log = this.openedLog;
    if (log !== undefined) log.diskShared = true;
    this.snapshots.start(running.source, (outcome) => {
      if (log !== undefined) log.diskShared = false;
      running.end();
      this.fileTurn?.end();
      this.fileTurn = undefined;
      done(outcome.kind === 'written');
    });
  }

  /** Gives up the snapshot file that is being written, or waits for its turn. */
  private cancelSnapshot(): void {
    this.snapshots.cancel();
    this.fileTurn?.end();
    this.fileTurn = undefined;
  }

  private logOwner(log: () => TxnLog) {
    return {
      synced: (upTo: bigint) => {
        if (upTo > this.logged) this.logged = upTo;
        this.user?.logged(upTo, log().lastSyncMs);
      },
      failed: (error: ZktError) => this.host.failed(error),
      full: () => {
        this.world.timers.after(RETRY_FULL_MS, () => log().retry());
      },
      spaceBack: () => this.user?.spaceBack(),
    };
  }
}
