/**
 * The log on disk as a source for learners that are too far behind for the cache.
 *
 * A log may have holes: a server that once took a SNAP has nothing of what that skipped (2099, 2846), and
 * files may have been removed. So the reading follows the zxids: within an epoch one by one, into a new epoch
 * at its counter 1, and no snapshot may name a transaction that the log does not have. It ends before a hole,
 * which is remembered.
 *
 * A log has no index, and to look through 100 MB takes a quarter of a second. So `locate` looks in slices,
 * and remembers a place now and then from where the next reading may begin.
 */
import { epochOf } from '../../base/brands.ts';
import { lo32 } from '../../base/halves.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import type { Timers } from '../../ports/timers.ts';
import { type DataDirs, type LogName, listLogs, listSnapshots } from '../../storage/data-dir.ts';
import { LogScanner } from '../../storage/log-format.ts';
import type { DiskHistory } from '../zab/leader-effects.ts';
import type { ZabEntry } from '../zab/learner-effects.ts';

/** The share of a snapshot's size up to which the log is sent instead (`snapshotSizeFactor`). */
const SIZE_FACTOR = 0.33;

/** How far apart remembered places are, bytes. */
const MARK_BYTES = 256 * 1024;
/** How long `locate` may hold the loop at a time, ms. */
const SLICE_MS = 4;

/** Where a record begins in a file. */
interface Mark {
  readonly zxid: bigint;
  readonly offset: number;
}

/** What the files are read with. */
export interface HistoryWorld {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** How the reading may differ from the usual. */
export interface HistoryOptions {
  /** Negative: the log is never to be used. */
  readonly sizeFactor?: number;
  /** Runs what `locate` does in later turns, or does not when nobody waits for it any more. */
  readonly later?: (happens: () => void) => void;
  readonly markBytes?: number;
}

/** See the head of the file. */
export class FileHistory implements DiskHistory {
  private readonly world: HistoryWorld;
  private readonly disk: Disk;
  private readonly dirs: DataDirs;
  private readonly sizeFactor: number;
  private readonly later: (happens: () => void) => void;
  private readonly markBytes: number;
  /** By file, ascending. Logs only grow while they are read here. */
  private readonly marks = new Map<string, Mark[]>();
  /** There is a hole before this zxid: nothing that begins before it can be read beyond it. */
  private soundFrom = 0n;

  constructor(world: HistoryWorld, store: { readonly dirs: DataDirs }, options: HistoryOptions = {}) {
    this.world = world;
    this.disk = world.disk;
    this.dirs = store.dirs;
    this.sizeFactor = options.sizeFactor ?? SIZE_FACTOR;
    this.later = options.later ?? ((happens) => happens());
    this.markBytes = options.markBytes ?? MARK_BYTES;
  }

  locate(from: bigint, done: () => void): void {
    const log = this.logsFrom(from, false)?.[0];
    if (log === undefined || !this.lookOn(log.path, from)) done();
    else this.world.timers.soon(() => this.later(() => this.locate(from, done)));
  }

  readFrom(from: bigint, anyLength = false): IterableIterator<ZabEntry> | undefined {
    const logs = this.logsFrom(from, anyLength);
    return logs === undefined ? undefined : this.read(logs, from);
  }

  /** The file that may hold `from`, and those behind it. */
  private logsFrom(from: bigint, anyLength: boolean): LogName[] | undefined {
    if (from < this.soundFrom || (this.sizeFactor < 0 && !anyLength)) return undefined;
    const logs = listLogs(this.disk, this.dirs.logDir);
    const first = logs.findLastIndex((log) => log.zxid <= from);
    if (first < 0) return undefined;
    const rest = logs.slice(first);
    if (!anyLength && !this.isWorthIt(rest)) return undefined;
    return rest;
  }

  /**
   * Looks for `from` behind the last place remembered before it, for a while. True when there is more to look
   * through: a place further on is remembered then.
   */
  private lookOn(path: string, from: bigint): boolean {
    const { clock } = this.world;
    const since = clock.monotonicMs();
    const file = this.disk.open(path, 'read');
    try {
      const scan = this.scanFrom(file, path, from);
      while (scan.next() && scan.crcOk && scan.zxid < from) {
        if (this.note(path, scan) && clock.monotonicMs() - since >= SLICE_MS) return true;
      }
      return false;
    } finally {
      file.close();
    }
  }

  private scanFrom(file: DiskFile, path: string, from: bigint): LogScanner {
    const mark = this.marks.get(path)?.findLast((it) => it.zxid <= from);
    const chunkBytes = MARK_BYTES;
    return new LogScanner(file, mark === undefined ? { chunkBytes } : { chunkBytes, from: mark.offset });
  }

  /** Remembers the place of a record that is far enough behind the last; false when it is not. */
  private note(path: string, scan: LogScanner): boolean {
    const { offset } = scan;
    let marks = this.marks.get(path);
    if (marks === undefined) {
      marks = [];
      this.marks.set(path, marks);
    }
    const last = marks.at(-1);
    if (offset < (last?.offset ?? 0) + this.markBytes) return false;
    const { zxid } = scan;
    if (last !== undefined && zxid <= last.zxid) return false;
    marks.push({ zxid, offset });
    return true;
  }

  /** Whether the files behind the first are small beside the newest snapshot. */
  private isWorthIt(logs: readonly LogName[]): boolean {
    const [newest] = listSnapshots(this.disk, this.dirs.snapDir);
    if (newest === undefined) return true;
    const limit = this.sizeFactor * this.sizeOf(newest.path);
    if (limit === 0) return true;
    let bytes = 0;
    for (const log of logs.slice(1)) bytes += this.sizeOf(log.path);
    return bytes <= limit;
  }

  private sizeOf(path: string): number {
    const file = this.disk.open(path, 'read');
    try {
      return file.size();
    } finally {
      file.close();
    }
  }

  private *read(logs: readonly LogName[], from: bigint): IterableIterator<ZabEntry> {
    const snapshots = listSnapshots(this.disk, this.dirs.snapDir)
      .map((s) => s.zxid)
      .filter((zxid) => zxid > from);
    let before: bigint | undefined;
    let open: DiskFile | undefined;
    try {
      for (const [i, log] of logs.entries()) {
        open = this.disk.open(log.path, 'read');
        const scan = i === 0 ? this.scanFrom(open, log.path, from) : new LogScanner(open);
        while (scan.next()) {
          const { zxid } = scan;
          if (!scan.crcOk) return;
          if (before !== undefined && isHole(before, zxid, snapshots)) {
            if (before >= from) this.soundFrom = zxid;
            return;
          }
          before = zxid;
          this.note(log.path, scan);
          if (zxid >= from) yield { zxid, bytes: scan.bytes.subarray(scan.entryStart, scan.entryEnd) };
        }
        const ended = scan.end?.kind;
        const last = i === logs.length - 1;
        if (ended !== 'clean' && ended !== 'padding' && !(last && ended === 'torn')) return;
        open.close();
        open = undefined;
      }
    } finally {
      open?.close();
    }
  }
}

/** Whether transactions may be missing between two that follow each other in the log. */
function isHole(before: bigint, zxid: bigint, snapshots: readonly bigint[]): boolean {
  if (epochOf(zxid) === epochOf(before)) return zxid !== before + 1n;
  if (zxid < before || lo32(zxid) !== 1) return true;
  // A snapshot between the two may be one that a leader sent: it does not say what it skipped.
  return snapshots.some((s) => s > before && s < zxid);
}
