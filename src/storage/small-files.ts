/**
 * The small files beside logs and snapshots: acceptedEpoch and currentEpoch (decimal, no newline), written so
 * that a crash leaves the old or the new content: temporary file, sync, rename, sync of the directory.
 */
import { ZktError } from '../base/errors.ts';
import type { Disk } from '../ports/disk.ts';
import { TEMP_PREFIX } from './data-dir.ts';

/** The two epoch files, in `version-2` of dataDir. */
export type EpochFile = 'acceptedEpoch' | 'currentEpoch';

/** No small file is longer. */
const SMALL_BYTES_MAX = 64 * 1024;

/**
 * The text of a file; undefined where there is none. Throws a `DiskError`, or `ZKT_FILE` when it is absurdly
 * long.
 */
export function readSmallFile(
  disk: Disk,
  path: string,
  bytesMax: number = SMALL_BYTES_MAX,
): string | undefined {
  if (!disk.exists(path)) return undefined;
  const file = disk.open(path, 'read');
  try {
    const size = file.size();
    if (size > bytesMax) {
      throw new ZktError('ZKT_FILE', { file: path, what: 'read', why: `it has ${size} bytes` });
    }
    const bytes = Buffer.alloc(size);
    return bytes.toString('utf8', 0, file.readAt(bytes, 0));
  } finally {
    file.close();
  }
}

/**
 * Replaces a file in one step that survives a crash; waits for the disk. A private one is for its owner's
 * eyes alone. Throws a `DiskError`.
 */
export function writeSmallFile(
  disk: Disk,
  dir: string,
  name: string,
  text: string,
  mode: 'create' | 'create-private' = 'create',
): void {
  const path = disk.join(dir, name);
  const tempPath = disk.join(dir, TEMP_PREFIX + name);
  if (disk.exists(tempPath)) disk.remove(tempPath);
  const file = disk.open(tempPath, mode);
  try {
    file.writeAt(Buffer.from(text), 0);
    file.sync();
  } finally {
    file.close();
  }
  disk.rename(tempPath, path);
  disk.syncDir(dir);
}

/** An epoch (0..2^63-1); undefined where the file is missing. Throws `ZKT_FILE` when it holds no number. */
export function readEpoch(disk: Disk, snapDir: string, name: EpochFile): bigint | undefined {
  const path = disk.join(snapDir, name);
  const text = readSmallFile(disk, path);
  if (text === undefined) return undefined;
  const line = text.split('\n', 1)[0] as string;
  if (/^\d{1,19}$/.test(line)) return BigInt(line);
  throw new ZktError('ZKT_EPOCH', { dir: snapDir, why: `${name} holds "${line.slice(0, 40)}", no epoch` });
}

/** Writes an epoch, durably. Throws a `DiskError`. */
export function writeEpoch(disk: Disk, snapDir: string, name: EpochFile, epoch: bigint): void {
  writeSmallFile(disk, snapDir, name, epoch.toString());
}
