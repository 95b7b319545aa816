/**
 * A learner takes over the whole of its leader's data (SNAP). The snapshot must be on disk before what was
 * there before goes; and that must go, for together with what comes now it would be a history with a hole,
 * and look whole (2099). A crash may lie between the two, so a marker says that a snapshot of that zxid, once
 * it is there, replaces all the rest.
 */
import { hex64, parse64 } from '../base/brands.ts';
import type { Compression } from '../ports/compression.ts';
import type { Disk } from '../ports/disk.ts';
import { type DataDirs, listLogs, listSnapshots, type SnapshotName } from './data-dir.ts';
import { readSmallFile, writeSmallFile } from './small-files.ts';
import { openSnapshot } from './snapshot-bytes.ts';
import { decodeSnapshot, type SnapshotSink } from './snapshot-decoder.ts';

/** Beside the snapshots; other programs pass it over. */
const MARKER = 'zkt.replacement';

/** Says, durably, that a snapshot of `zxid` is about to replace the whole history. Throws a `DiskError`. */
export function announceReplacement(disk: Disk, dirs: DataDirs, zxid: bigint): void {
  // One that is there already would be taken for the one to come. It holds the same, and what follows it in
  // the log is a history without a hole: until the new one is complete nothing has to be said.
  if (listSnapshots(disk, dirs.snapDir).some((snapshot) => snapshot.zxid === zxid)) return;
  mark(disk, dirs, zxid);
}

/** The announced snapshot is complete: everything else goes, the newest logs first. Throws a `DiskError`. */
export function completeReplacement(disk: Disk, dirs: DataDirs, zxid: bigint): void {
  // A process that died may have seen to it that the snapshot has its name, and not that the name is on disk.
  disk.syncDir(dirs.snapDir);
  if (!disk.exists(disk.join(dirs.snapDir, MARKER))) mark(disk, dirs, zxid);
  const logs = listLogs(disk, dirs.logDir).reverse();
  const snapshots = listSnapshots(disk, dirs.snapDir).filter((snapshot) => snapshot.zxid !== zxid);
  for (const file of [...logs, ...snapshots]) disk.remove(file.path);
  for (const dir of new Set([dirs.logDir, dirs.snapDir])) disk.syncDir(dir);
  withdraw(disk, dirs);
}

/**
 * After a crash, before recovery: completes a replacement whose snapshot is there and can be read; one that
 * is not never happened. Throws a `DiskError`.
 */
export function resumeReplacement(disk: Disk, dirs: DataDirs, compression: Compression): void {
  const path = disk.join(dirs.snapDir, MARKER);
  const text = readSmallFile(disk, path);
  if (text === undefined) return;
  const zxid = parse64(text);
  const snapshot = listSnapshots(disk, dirs.snapDir).find((name) => name.zxid === zxid);
  if (snapshot !== undefined && isReadable(disk, snapshot, compression)) {
    completeReplacement(disk, dirs, snapshot.zxid);
  } else withdraw(disk, dirs);
}

function mark(disk: Disk, dirs: DataDirs, zxid: bigint): void {
  writeSmallFile(disk, dirs.snapDir, MARKER, hex64(zxid));
}

function withdraw(disk: Disk, dirs: DataDirs): void {
  const path = disk.join(dirs.snapDir, MARKER);
  if (!disk.exists(path)) return;
  disk.remove(path);
  disk.syncDir(dirs.snapDir);
}

const NOWHERE: SnapshotSink = { session() {}, acl() {}, node: () => undefined };

function isReadable(disk: Disk, snapshot: SnapshotName, compression: Compression): boolean {
  try {
    const source = openSnapshot(disk, snapshot, compression);
    try {
      decodeSnapshot(snapshot.path, source, NOWHERE);
    } finally {
      source.close();
    }
    return true;
  } catch {
    // Damaged: what was there before stays.
    return false;
  }
}
