/**
 * The log on disk as a source for learners that are too far behind for the cache.
 *
 * A log may have holes: a server that once took a SNAP has nothing of what that skipped (2099, 2846), and
 * files may have been removed. So the reading follows the zxids: within an epoch one by one, into a new epoch
 * at its counter 1, and no snapshot may name a transaction that the log does not have. It ends before a hole,
 * which is remembered.
 */
import { epochOf } from '../../base/brands.ts';
import { lo32 } from '../../base/halves.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import { type DataDirs, type LogName, listLogs, listSnapshots } from '../../storage/data-dir.ts';
import { LogScanner } from '../../storage/log-format.ts';
import type { DiskHistory } from '../zab/leader-effects.ts';
import type { ZabEntry } from '../zab/learner-effects.ts';

/** The share of a snapshot's size up to which the log is sent instead (`snapshotSizeFactor`). */
const SIZE_FACTOR = 0.33;

/** See the head of the file. */
export class FileHistory implements DiskHistory {
  private readonly disk: Disk;
  private readonly dirs: DataDirs;
  private readonly sizeFactor: number;
  /** There is a hole before this zxid: nothing that begins before it can be read beyond it. */
  private soundFrom = 0n;

  /** A negative `sizeFactor` says that the log is never to be used. */
  constructor(world: { readonly disk: Disk }, store: { readonly dirs: DataDirs }, sizeFactor = SIZE_FACTOR) {
    this.disk = world.disk;
    this.dirs = store.dirs;
    this.sizeFactor = sizeFactor;
  }

  readFrom(from: bigint, anyLength = false): IterableIterator<ZabEntry> | undefined {
    if (from < this.soundFrom || (this.sizeFactor < 0 && !anyLength)) return undefined;
    const logs = listLogs(this.disk, this.dirs.logDir);
    const first = logs.findLastIndex((log) => log.zxid <= from);
    if (first < 0) return undefined;
    const rest = logs.slice(first);
    if (!anyLength && !this.isWorthIt(rest)) return undefined;
    return this.read(rest, from);
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
        const scan = new LogScanner(open);
        while (scan.next()) {
          const { zxid } = scan;
          if (!scan.crcOk) return;
          if (before !== undefined && isHole(before, zxid, snapshots)) {
            if (before >= from) this.soundFrom = zxid;
            return;
          }
          before = zxid;
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
