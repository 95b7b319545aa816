/**
 * Where the files are and what they are called.
 *
 *     <dataDir>/version-2/snapshot.<hex zxid>[.gz|.snappy]     also acceptedEpoch, currentEpoch
 *     <dataLogDir>/version-2/log.<hex zxid of the first record>
 *
 * Both may be the same directory. A file that is still being written has another name, `tmp.…`, which no
 * version of ZooKeeper looks at; those that a crash left are removed at the next start.
 */
import { hex64 } from '../base/brands.ts';
import { reasonOf, ZktError } from '../base/errors.ts';
import type { Disk } from '../ports/disk.ts';

/** How a snapshot file is compressed; decided by its name. */
export type SnapshotCompression = 'none' | 'gz' | 'snappy';

/** A transaction log by its name. */
export interface LogName {
  readonly name: string;
  readonly path: string;
  /** Of its first record, as the name says. */
  readonly zxid: bigint;
}

/** A snapshot by its name. */
export interface SnapshotName extends LogName {
  readonly compression: SnapshotCompression;
}

/** The directories of one server. */
export interface DataDirs {
  /** As configured: holds myid. */
  readonly dataDir: string;
  /** As configured, `dataDir` unless told otherwise: holds `initialize`. */
  readonly dataLogDir: string;
  /** Snapshots and epoch files. */
  readonly snapDir: string;
  /** Transaction logs. */
  readonly logDir: string;
}

/** The subdirectory that names the version of the formats. */
const VERSION_DIR = 'version-2';
/** What the name of an unfinished file begins with. */
export const TEMP_PREFIX = 'tmp.';

const ZXID_MAX = 0x7fff_ffff_ffff_ffffn;

/** The zxid in a name, or undefined: Apache's parser takes 1 to 16 hex digits below 2^63. */
const zxidOf = (hex: string): bigint | undefined => {
  if (!/^[0-9a-f]{1,16}$/i.test(hex)) return undefined;
  const value = BigInt(`0x${hex}`);
  return value <= ZXID_MAX ? value : undefined;
};

/** The zxid in `log.<hex>`; undefined for any other name. */
export const parseLogName = (name: string): bigint | undefined => {
  return name.startsWith('log.') ? zxidOf(name.slice(4)) : undefined;
};

/** The zxid and compression in `snapshot.<hex>[.gz|.snappy]`; undefined for any other name. */
export const parseSnapshotName = (
  name: string,
): { zxid: bigint; compression: SnapshotCompression } | undefined => {
  if (!name.startsWith('snapshot.')) return undefined;
  const [, hex = '', suffix, ...more] = name.split('.');
  const zxid = more.length === 0 ? zxidOf(hex) : undefined;
  if (zxid === undefined) return undefined;
  if (suffix === undefined) return { zxid, compression: 'none' };
  return suffix === 'gz' || suffix === 'snappy' ? { zxid, compression: suffix } : undefined;
};

/** The name of the log that begins with that zxid. */
export const logName = (zxid: bigint): string => `log.${hex64(zxid)}`;

/** The name of the snapshot of that zxid. */
export const snapshotName = (zxid: bigint, compression: SnapshotCompression = 'none'): string =>
  compression === 'none' ? `snapshot.${hex64(zxid)}` : `snapshot.${hex64(zxid)}.${compression}`;

const byZxid = (a: LogName, b: LogName): number => (a.zxid < b.zxid ? -1 : a.zxid > b.zxid ? 1 : 0);

/** The logs in a directory, oldest first. Throws a `DiskError`. */
export function listLogs(disk: Disk, logDir: string): LogName[] {
  const found: LogName[] = [];
  for (const name of disk.list(logDir)) {
    const zxid = parseLogName(name);
    if (zxid !== undefined) found.push({ name, path: disk.join(logDir, name), zxid });
  }
  return found.sort(byZxid);
}

/** The snapshots in a directory, newest first; an uncompressed one before others of the same zxid. */
export function listSnapshots(disk: Disk, snapDir: string): SnapshotName[] {
  const found: SnapshotName[] = [];
  for (const name of disk.list(snapDir)) {
    const parsed = parseSnapshotName(name);
    if (parsed !== undefined) found.push({ name, path: disk.join(snapDir, name), ...parsed });
  }
  return found.sort((a, b) => byZxid(b, a) || (a.name < b.name ? -1 : 1));
}

/** The directories of a server, by Apache's rule; makes and looks at nothing. */
export function dataDirs(disk: Disk, dataDir: string, dataLogDir: string = dataDir): DataDirs {
  return {
    dataDir,
    dataLogDir,
    snapDir: disk.join(dataDir, VERSION_DIR),
    logDir: disk.join(dataLogDir, VERSION_DIR),
  };
}

/**
 * Makes the directories where they are missing and refuses files in the wrong one: with two different
 * directories, a log among the snapshots or a snapshot among the logs means that they were swapped, and half
 * of the history would not be seen. Throws `ZKT_DATA_DIR`.
 */
export function prepareDataDirs(disk: Disk, dirs: DataDirs): void {
  for (const dir of new Set([dirs.snapDir, dirs.logDir])) {
    try {
      disk.makeDir(dir);
    } catch (error) {
      throw new ZktError('ZKT_DATA_DIR', { dir, why: reasonOf(error) }, { cause: error });
    }
  }
  if (dirs.snapDir === dirs.logDir) return;
  checkMisplaced(disk, dirs.snapDir, 'log.', 'transaction log', 'dataLogDir');
  checkMisplaced(disk, dirs.logDir, 'snapshot.', 'snapshot', 'dataDir');
}

function checkMisplaced(disk: Disk, dir: string, prefix: string, what: string, belongs: string): void {
  const stray = disk.list(dir).find((name) => name.startsWith(prefix));
  if (stray === undefined) return;
  throw new ZktError('ZKT_DATA_DIR', {
    dir,
    why: `it holds the ${what} ${stray}, which belongs in ${belongs}; move it there, or name the right directories`,
  });
}

/** Removes what a crash left half written; answers the names. Only for a directory whose lock is held. */
export function removeTemporaries(disk: Disk, dir: string): string[] {
  const left = disk.list(dir).filter((name) => name.startsWith(TEMP_PREFIX));
  for (const name of left) disk.remove(disk.join(dir, name));
  return left;
}

/**
 * The directory that `inspect` commands should look into for one they were given: itself or its `version-2`.
 */
export function versionDirOf(disk: Disk, dir: string): string {
  const inner = disk.join(dir, VERSION_DIR);
  return disk.exists(inner) ? inner : dir;
}
