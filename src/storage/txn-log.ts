/**
 * The appending side of the transaction log: a machine that groups what arrives while the disk is busy.
 *
 * Entries are encoded straight into one buffer. When nothing is under way, `flush` writes the buffer with one
 * call and asks for one sync; what is appended meanwhile waits and shares the next. `synced` is said only of
 * what a finished sync covers, and, for a new file, only after its name is on disk as well: a file is written
 * under a temporary name with its header and first batch, forced, renamed, and its directory forced. Old
 * files are never appended to.
 *
 * Failing: a sync that failed, or a write that failed for any reason but a full disk, ends the log (`failed`,
 * once); the kernel may have dropped the pages and marked them clean, so that a second try would succeed
 * without the data. A full disk is not the end: what was half written is cut off, the batch stays in memory,
 * `full` is said, and `retry` goes on when there is space again. Nothing that waits has been acknowledged.
 */
import { reasonOf, ZktError } from '../base/errors.ts';
import { invariant } from '../base/invariant.ts';
import type { Emitter } from '../events/bus.ts';
import { JuteWriter } from '../jute/writer.ts';
import type { Clock } from '../ports/clock.ts';
import type { Disk, DiskError } from '../ports/disk.ts';
import { isNoSpace, LogFile } from './log-file.ts';
import { beginRecord, ENTRY_ZXID_OFFSET, endRecord, RECORD_PREFIX_BYTES } from './log-format.ts';
import { type InlineSync, SyncPace } from './sync-pace.ts';

/** How the log is kept; the names in parentheses are ZooKeeper's. */
export interface TxnLogOptions {
  /** The directory of the logs (`DataDirs.logDir`). */
  readonly dir: string;
  /** How much a file grows at once, bytes (`preAllocSize`, in KiB there); 0 for not at all. */
  readonly preAllocBytes: number;
  /** False acknowledges what is only in the page cache (`forceSync=no`). */
  readonly forceSync: boolean;
  /** A new file is begun after a sync that leaves the file longer (`txnLogSizeLimitInKb`); 0 for never. */
  readonly sizeLimitBytes: number;
  /** A sync that takes longer is told (`fsync.warningthresholdms`). */
  readonly slowSyncMs: number;
  /**
   * While the disk is fast, a few entries are forced without leaving the loop: the way through the thread
   * pool takes half as long as the sync itself. Left out: never.
   */
  readonly inlineSync?: InlineSync;
}

/**
 * What the log tells its owner. Calls come from the disk's callbacks; with `forceSync` off or `inlineSync`
 * on, also from inside `flush`.
 */
export interface TxnLogOwner {
  /** Every entry up to and including this zxid is on disk; `count` of them since the last time. */
  synced(upTo: bigint, count: number): void;
  /** The log has ended; said once. Nothing more may be acknowledged. */
  failed(error: ZktError): void;
  /** No space: entries wait in memory. The owner should refuse writes and call `retry` from time to time. */
  full(why: string): void;
  /** Space again: what waited is written, its `synced` follows. */
  spaceBack(): void;
}

/** The world a log needs. */
export interface TxnLogDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly events: Emitter;
}

/** Bytes that may wait for a sync before they are written to the page cache behind its back. */
const WRITE_EARLY_BYTES = 1024 * 1024;
/** A batch buffer grown beyond this is given back once it is written. */
const KEEP_BATCH_BYTES = 4 * 1024 * 1024;
/** See the head of the file. */
export class TxnLog {
  /** Set while somebody else keeps the disk busy (a snapshot): syncs are then slow without warning. */
  diskShared = false;
  private readonly deps: TxnLogDeps;
  private readonly owner: TxnLogOwner;
  private readonly options: TxnLogOptions;
  private batch = new JuteWriter(64 * 1024);
  private batchCount = 0;
  /** Where the entry being encoded, and the last one that is whole, begin in the batch. */
  private recordStart = -1;
  private lastRecord = 0;
  private current: LogFile | undefined;
  private rollNext = false;
  private busy = false;
  private advancing = false;
  private dead = false;
  private noSpace = false;
  private unsyncedCount = 0;
  private writtenZxid = -1n;
  private slowSyncs = 0;
  private syncMs = 0;
  private readonly pace: SyncPace;
  private whenClosed: (() => void) | undefined;

  constructor(deps: TxnLogDeps, owner: TxnLogOwner, options: TxnLogOptions) {
    this.deps = deps;
    this.owner = owner;
    this.options = options;
    this.pace = new SyncPace(options.inlineSync);
  }

  /** No space: entries wait in memory. */
  get full(): boolean {
    return this.noSpace;
  }

  /** Entries appended and not yet known to be on disk. */
  get waiting(): number {
    return this.batchCount + this.unsyncedCount;
  }

  /** The file being written, under its final name; undefined before the first append and after a roll. */
  get file(): string | undefined {
    return this.current?.path;
  }

  /** Bytes of records in the file being written, header included. */
  get fileBytes(): number {
    return this.current?.usedBytes ?? 0;
  }

  /** How long the last sync took, ms; from inside `synced` the one that is told of. */
  get lastSyncMs(): number {
    return this.syncMs;
  }

  /** Syncs that took longer than the threshold. */
  get slowSyncCount(): number {
    return this.slowSyncs;
  }

  /**
   * Begins an entry: the caller writes header, transaction and digest to the writer, then calls `endEntry`.
   */
  beginEntry(): JuteWriter {
    invariant(this.recordStart < 0, 'one entry at a time');
    this.recordStart = beginRecord(this.batch);
    return this.batch;
  }

  /**
   * Ends the entry; it waits for `flush`. Answers its length, bytes. The entry itself lies in
   * `writer.buf[writer.pos - 1 - length, writer.pos - 1)` until the next call of anything here.
   */
  endEntry(): number {
    invariant(this.recordStart >= 0, 'endEntry follows beginEntry');
    const length = this.batch.pos - this.recordStart - RECORD_PREFIX_BYTES;
    endRecord(this.batch, this.recordStart);
    this.lastRecord = this.recordStart;
    this.recordStart = -1;
    this.batchCount++;
    return length;
  }

  /** Gives up the entry begun, as when encoding it failed. */
  abandonEntry(): void {
    if (this.recordStart >= 0) this.batch.pos = this.recordStart;
    this.recordStart = -1;
  }

  /**
   * Appends an entry that is encoded already (header, transaction, digest): `bytes[start, end)`, which is
   * copied.
   */
  append(bytes: Buffer, start = 0, end = bytes.length): void {
    this.beginEntry().writeRaw(bytes, start, end);
    this.endEntry();
  }

  /**
   * Sends what was appended on its way, unless a sync is under way; call it at the end of each turn of the
   * loop.
   */
  flush(): void {
    if (this.dead) return;
    if (!this.busy) this.advance();
    else if (this.batch.pos > WRITE_EARLY_BYTES && !this.rollNext && this.current?.published === true) {
      this.writeBatch();
    }
  }

  /** The next batch begins a new file. */
  roll(): void {
    if (this.current !== undefined) this.rollNext = true;
  }

  /** After `full`: tries again to write what waits. Harmless at any time. */
  retry(): void {
    if (!this.noSpace || this.dead) return;
    this.noSpace = false;
    if (this.busy) this.writeBatch();
    else this.advance();
    if (this.noSpace || this.dead) return;
    const { events } = this.deps;
    if (events.on['disk.recovered'])
      events.emit('disk.recovered', { file: this.current?.path ?? this.options.dir });
    this.owner.spaceBack();
  }

  /** Writes and syncs all there is, trims the padding and closes. `done` also comes after a failure. */
  close(done: () => void): void {
    this.whenClosed = done;
    if (this.dead) this.finishClose();
    else if (!this.busy) this.advance();
  }

  /** Does the next thing, when nothing is under way. */
  private advance(): void {
    this.advancing = true;
    while (!this.busy && !this.dead) {
      if (this.batchCount > 0 && !this.noSpace && !(this.rollNext && this.unsyncedCount > 0)) {
        if (this.rollNext) this.retire();
        if (this.dead) break;
        if (this.current === undefined) this.createFile();
        else this.writeBatch();
      }
      if (this.unsyncedCount === 0 || this.dead) break;
      this.sync();
    }
    this.advancing = false;
    if (!this.busy && this.whenClosed !== undefined) this.finishClose();
  }

  /** Writes the batch behind the last record. */
  private writeBatch(): void {
    const file = this.current;
    if (file === undefined || this.batchCount === 0 || this.noSpace || this.dead) return;
    try {
      file.append(this.batch.bytes());
    } catch (error) {
      this.giveUp(file.path, 'write', error, () => file.undo());
      return;
    }
    this.wrote();
  }

  /** Begins a file with header and batch under a temporary name; `sync` gives it its own. */
  private createFile(): void {
    const { dir, preAllocBytes } = this.options;
    let file: LogFile | undefined;
    try {
      file = new LogFile(this.deps.disk, dir, this.zxidAt(0), preAllocBytes);
      file.begin();
      file.append(this.batch.bytes());
    } catch (error) {
      this.giveUp(file?.path ?? dir, 'creation', error, () => file?.discard());
      return;
    }
    this.current = file;
    this.wrote();
  }

  /**
   * After a failed write: the end, unless there is just no space; then `clean` removes what was half done.
   */
  private giveUp(path: string, what: string, error: unknown, clean: () => void): void {
    if (!isNoSpace(error)) {
      this.fail(path, what, error);
      return;
    }
    try {
      clean();
    } catch (second) {
      this.fail(path, 'cleaning up', second);
      return;
    }
    const { events } = this.deps;
    const message = reasonOf(error);
    this.noSpace = true;
    if (events.on['disk.full']) events.emit('disk.full', { file: path, message });
    this.owner.full(message);
  }

  /** Takes note that the batch is in the page cache. */
  private wrote(): void {
    const { events } = this.deps;
    this.writtenZxid = this.zxidAt(this.lastRecord);
    this.unsyncedCount += this.batchCount;
    if (events.on['log.appended']) {
      const bytes = this.batch.pos;
      events.emit('log.appended', { count: this.batchCount, bytes, zxid: this.writtenZxid });
    }
    this.batchCount = 0;
    if (this.batch.buf.length > KEEP_BATCH_BYTES) this.batch = new JuteWriter(64 * 1024);
    else this.batch.reset();
  }

  /** The zxid of the record at that place of the batch. */
  private zxidAt(recordStart: number): bigint {
    return this.batch.buf.readBigInt64BE(recordStart + RECORD_PREFIX_BYTES + ENTRY_ZXID_OFFSET);
  }

  /** Forces what is written; for a new file its name too. */
  private sync(): void {
    const c = this.current;
    invariant(c !== undefined, 'only a file can have unsynced records');
    this.busy = true;
    const upTo = this.writtenZxid;
    const count = this.unsyncedCount;
    const since = this.deps.clock.monotonicMs();
    const done = (error: DiskError | undefined): void => {
      if (this.dead) return;
      if (error !== undefined) this.fail(c.path, 'sync', error);
      else this.settle(c, upTo, count, since);
    };
    if (!this.options.forceSync) {
      if (this.publish(c)) done(undefined);
      return;
    }
    if (c.published && !this.diskShared && this.pace.mayInline(count)) {
      this.syncInline(c, done);
      return;
    }
    c.file.syncSoon((error) => {
      if (error !== undefined || c.published || this.dead) done(error);
      else if (this.publish(c)) this.deps.disk.syncDirSoon(this.options.dir, done);
    });
  }

  private syncInline(c: LogFile, done: (error: DiskError | undefined) => void): void {
    try {
      c.file.sync();
    } catch (error) {
      done(error as DiskError);
      return;
    }
    done(undefined);
  }

  /** Gives a new file its name; false when that failed. */
  private publish(c: LogFile): boolean {
    if (c.published) return true;
    try {
      c.publish();
    } catch (error) {
      this.fail(c.path, 'rename', error);
      return false;
    }
    const { events } = this.deps;
    if (events.on['log.rolled']) events.emit('log.rolled', { file: c.path });
    return true;
  }

  /** A sync has finished well: tells the owner and goes on with what came meanwhile. */
  private settle(c: LogFile, upTo: bigint, count: number, since: number): void {
    const { events, clock } = this.deps;
    const ms = clock.monotonicMs() - since;
    this.pace.note(ms);
    this.syncMs = ms;
    this.unsyncedCount -= count;
    if (events.on['log.synced']) events.emit('log.synced', { count, zxid: upTo, ms });
    if (ms > this.options.slowSyncMs && this.options.forceSync) {
      this.slowSyncs++;
      if (events.on['log.slow-sync']) events.emit('log.slow-sync', { file: c.path, ms });
    }
    const { sizeLimitBytes } = this.options;
    if (sizeLimitBytes > 0 && c.usedBytes > sizeLimitBytes) this.rollNext = true;
    this.owner.synced(upTo, count);
    this.busy = false;
    // Inside `advance` already, the loop there goes on.
    if (!this.advancing) this.advance();
  }

  /** Closes a file whose records are all on disk, without the padding it no longer needs. */
  private retire(): void {
    const c = this.current;
    this.rollNext = false;
    this.current = undefined;
    if (c === undefined) return;
    try {
      c.close();
    } catch (error) {
      this.fail(c.path, 'close', error);
    }
  }

  private finishClose(): void {
    const done = this.whenClosed;
    this.whenClosed = undefined;
    if (!this.dead) this.retire();
    this.dead = true;
    done?.();
  }

  private fail(file: string, what: string, cause: unknown): void {
    if (this.dead) return;
    this.dead = true;
    this.busy = false;
    this.owner.failed(new ZktError('ZKT_DISK_WRITE', { file, what, why: reasonOf(cause) }, { cause }));
    if (this.whenClosed !== undefined) this.finishClose();
  }
}
