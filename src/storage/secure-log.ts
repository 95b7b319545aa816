/**
 * Before a server serves what it replayed, that must be on disk and not just in the page cache. A process
 * that was killed leaves writes behind that nobody has forced yet: they can be read, but a power cut would
 * still take them, and with them what clients were shown, or the ground under later transactions.
 *
 * Only the last log can hold such writes, since a log is forced before the next one is begun. Forcing it is
 * enough, unless an fsync had failed before: the kernel may then hold pages that are not on disk for clean,
 * and a second fsync succeeds without them. So a log that was not closed in good order is written anew, and
 * takes the old one's place.
 */
import { reasonOf, ZktError } from '../base/errors.ts';
import type { Disk, DiskFile } from '../ports/disk.ts';
import { type DataDirs, TEMP_PREFIX } from './data-dir.ts';
import { isNoSpace } from './log-file.ts';
import type { LogReport } from './log-replay.ts';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Forces what recovery read. `reports` are its logs, oldest first; `padded`: an open log has padding behind
 * its records, a closed one has none. Throws `ZKT_DISK_WRITE`.
 */
export function secureLog(disk: Disk, dirs: DataDirs, reports: readonly LogReport[], padded: boolean): void {
  const last = reports.findLast((report) => report.records > 0);
  try {
    if (last !== undefined) secureFile(disk, dirs.logDir, last, padded);
    for (const dir of new Set([dirs.logDir, dirs.snapDir])) disk.syncDir(dir);
  } catch (error) {
    const file = last?.file ?? dirs.logDir;
    throw new ZktError('ZKT_DISK_WRITE', { file, what: 'sync', why: reasonOf(error) }, { cause: error });
  }
}

function secureFile(disk: Disk, dir: string, report: LogReport, padded: boolean): void {
  const { file, end, endOffset } = report;
  const closed = padded && end === 'clean';
  if (!closed && rewrite(disk, dir, file, endOffset)) return;
  const log = disk.open(file, 'update');
  try {
    log.sync();
  } finally {
    log.close();
  }
}

/** Writes the records to a new file under the old name; false when there is no room for that. */
function rewrite(disk: Disk, dir: string, path: string, bytes: number): boolean {
  const temp = disk.join(dir, TEMP_PREFIX + path.slice(path.lastIndexOf('/') + 1));
  const from = disk.open(path, 'read');
  let to: DiskFile | undefined;
  try {
    to = disk.open(temp, 'create');
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, bytes));
    for (let at = 0; at < bytes; ) {
      const part = chunk.subarray(0, Math.min(chunk.length, bytes - at));
      const got = from.readAt(part, at);
      if (got === 0) throw new Error(`it ends at byte ${at} of ${bytes}`);
      to.writeAt(part.subarray(0, got), at);
      at += got;
    }
    to.sync();
  } catch (error) {
    to?.close();
    to = undefined;
    if (!isNoSpace(error)) throw error;
    if (disk.exists(temp)) disk.remove(temp);
    return false;
  } finally {
    from.close();
    to?.close();
  }
  disk.rename(temp, path);
  return true;
}
