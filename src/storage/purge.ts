/**
 * Removing old files, by Apache's rule: the newest `keep` valid snapshots stay, and every log that may hold a
 * transaction newer than the oldest of them: the newest log that starts at or before its zxid, and all later
 * ones. Only snapshots that pass the quick look count, so that damaged ones never push out good ones.
 */
import { ZktError } from '../base/errors.ts';
import type { Disk } from '../ports/disk.ts';
import { type DataDirs, listLogs, listSnapshots } from './data-dir.ts';
import { logsFrom } from './recovery.ts';
import { quickDamage } from './snapshot-bytes.ts';

/** The fewest snapshots that may be kept. */
const PURGE_KEEP_MIN = 3;

/** What a purge would remove; nothing is touched. Throws `ZKT_USAGE` for a `keep` below 3. */
export function planPurge(disk: Disk, dirs: DataDirs, keep: number): string[] {
  if (!(keep >= PURGE_KEEP_MIN)) {
    throw new ZktError('ZKT_USAGE', { why: `count should be greater than or equal to ${PURGE_KEEP_MIN}` });
  }
  const snapshots = listSnapshots(disk, dirs.snapDir);
  const kept = snapshots.filter((name) => quickDamage(disk, name) === undefined).slice(0, keep);
  const oldest = kept.at(-1);
  if (oldest === undefined) return [];
  const logs = listLogs(disk, dirs.logDir);
  const keptLogs = new Set(logsFrom(logs, oldest.zxid));
  return [...logs.filter((log) => !keptLogs.has(log)), ...snapshots.filter((s) => s.zxid < oldest.zxid)].map(
    (name) => name.path,
  );
}

/**
 * Removes what `planPurge` names, oldest logs first; `removed` hears of each before it goes, with its
 * modification time (ms since 1970). Throws a `DiskError` when a file cannot be removed.
 */
export function purge(
  disk: Disk,
  dirs: DataDirs,
  keep: number,
  removed: (path: string, modifiedMs: number) => void,
): void {
  for (const path of planPurge(disk, dirs, keep)) {
    removed(path, disk.modifiedMs(path));
    disk.remove(path);
  }
}
