/**
 * Cutting a history back to a zxid, as a learner does when its leader says TRUNC. Newest files first, so that
 * a crash at any point leaves a history without a hole; then the cut, forced to disk; and no snapshot newer
 * than the cut, or the next start would bring back what was cut off.
 */
import { hex0x } from '../base/brands.ts';
import { ZktError } from '../base/errors.ts';
import type { Disk } from '../ports/disk.ts';
import { type DataDirs, type LogName, listLogs, listSnapshots } from './data-dir.ts';
import { LogScanner } from './log-format.ts';

/** What a truncation did. */
export interface TruncateResult {
  /** The last zxid the logs hold now; undefined when the snapshots alone are left. */
  readonly lastLogged: bigint | undefined;
  /** Files removed, in the order they went. */
  readonly removed: readonly string[];
}

/**
 * Removes every transaction after `zxid` and every snapshot newer than it. No log may be open for appending.
 * Throws `ZKT_LOG_CORRUPT` before anything is changed when the logs cannot be read up to the cut,
 * `ZKT_NO_VALID_SNAPSHOT` when no snapshot at or before it would be left, and `DiskError`s.
 */
export function truncate(disk: Disk, dirs: DataDirs, zxid: bigint): TruncateResult {
  const logs = listLogs(disk, dirs.logDir);
  const snapshots = listSnapshots(disk, dirs.snapDir);
  const later = logs.filter((log) => log.zxid > zxid);
  const holder = logs.findLast((log) => log.zxid <= zxid);
  const cut = holder === undefined ? undefined : findCut(disk, holder, zxid);
  if (snapshots.length > 0 && !snapshots.some((s) => s.zxid <= zxid)) {
    const why = `all are newer than ${hex0x(zxid)}, to which the logs are to be cut; take the data of another server`;
    throw new ZktError('ZKT_NO_VALID_SNAPSHOT', { dir: dirs.snapDir, tried: snapshots.length, why });
  }
  const removed: string[] = [];
  const remove = (file: { readonly path: string }): void => {
    disk.remove(file.path);
    removed.push(file.path);
  };
  // Snapshots go first: with a newer one left behind, a crash after the cut would resurrect what was cut.
  const newer = snapshots.filter((s) => s.zxid > zxid);
  for (const snapshot of newer) remove(snapshot);
  if (newer.length > 0) disk.syncDir(dirs.snapDir);
  for (const log of later.reverse()) {
    remove(log);
    // One by one, so that no crash can leave a later file without the one before it.
    disk.syncDir(dirs.logDir);
  }
  if (holder === undefined || cut === undefined) return { lastLogged: undefined, removed };
  const file = disk.open(holder.path, 'update');
  try {
    file.truncate(cut.offset);
    file.sync();
  } finally {
    file.close();
  }
  return { lastLogged: cut.last, removed };
}

/** The byte after the last record at or before `zxid`. */
function findCut(disk: Disk, log: LogName, zxid: bigint): { offset: number; last: bigint | undefined } {
  const file = disk.open(log.path, 'read');
  try {
    const scan = new LogScanner(file);
    let last: bigint | undefined;
    while (scan.next()) {
      if (!scan.crcOk) corrupt(log, scan.offset, 'the checksum does not match', last);
      if (scan.zxid > zxid) return { offset: scan.offset, last };
      last = scan.zxid;
    }
    const end = scan.end;
    if (end !== undefined && end.kind !== 'clean' && end.kind !== 'padding' && end.kind !== 'torn') {
      corrupt(log, end.offset, end.why, last);
    }
    return { offset: end?.offset ?? 0, last };
  } finally {
    file.close();
  }
}

function corrupt(log: LogName, offset: number, why: string, last: bigint | undefined): never {
  throw new ZktError('ZKT_LOG_CORRUPT', {
    file: log.path,
    offset,
    why,
    lastZxid: hex0x(last ?? log.zxid - 1n),
  });
}
