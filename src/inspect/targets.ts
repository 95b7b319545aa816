/**
 * What a person names: a file, or a directory with such files (a data directory, or the `version-2` in it).
 */
import { reasonOf, ZktError } from '../base/errors.ts';
import type { Disk, DiskFile } from '../ports/disk.ts';
import {
  type LogName,
  listLogs,
  listSnapshots,
  parseLogName,
  parseSnapshotName,
  type SnapshotCompression,
  type SnapshotName,
  versionDirOf,
} from '../storage/data-dir.ts';

/** The last part of a path. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Whether it is a directory; throws `ZKT_FILE` when it is nothing at all. */
export function isDirectory(disk: Disk, path: string): boolean {
  try {
    disk.list(path);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOTDIR') return false;
    throw new ZktError('ZKT_FILE', { file: path, what: 'read', why: reasonOf(error) }, { cause: error });
  }
}

/** Opens to read; throws `ZKT_FILE`. */
export function openForReading(disk: Disk, path: string): DiskFile {
  try {
    return disk.open(path, 'read');
  } catch (error) {
    throw new ZktError('ZKT_FILE', { file: path, what: 'read', why: reasonOf(error) }, { cause: error });
  }
}

/**
 * The logs meant: the file itself under any name, or all logs of a directory, oldest first. Throws
 * `ZKT_FILE`.
 */
export function logsAt(disk: Disk, path: string): LogName[] {
  if (!isDirectory(disk, path)) {
    const name = baseName(path);
    return [{ name, path, zxid: parseLogName(name) ?? -1n }];
  }
  const logs = listLogs(disk, versionDirOf(disk, path));
  if (logs.length > 0) return logs;
  throw new ZktError('ZKT_FILE', { file: path, what: 'find a transaction log in', why: 'there is none' });
}

/** The snapshot meant: the file itself under any name, or the newest of a directory. Throws `ZKT_FILE`. */
export function snapshotAt(disk: Disk, path: string): SnapshotName {
  if (!isDirectory(disk, path)) {
    const name = baseName(path);
    const parsed = parseSnapshotName(name);
    return { name, path, zxid: parsed?.zxid ?? -1n, compression: parsed?.compression ?? bySuffix(name) };
  }
  const newest = listSnapshots(disk, versionDirOf(disk, path))[0];
  if (newest !== undefined) return newest;
  throw new ZktError('ZKT_FILE', { file: path, what: 'find a snapshot in', why: 'there is none' });
}

const bySuffix = (name: string): SnapshotCompression => {
  if (name.endsWith('.gz')) return 'gz';
  return name.endsWith('.snappy') ? 'snappy' : 'none';
};
