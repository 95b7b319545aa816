/**
 * One server per directory. The lock is a file with the process's id and identity; a process that is killed leaves it
 * behind, so it counts only while that very process lives (`Processes.identity` tells a reused id apart).
 */
import { reasonOf, ZktError } from '../base/errors.ts';
import type { Disk } from '../ports/disk.ts';
import type { Processes } from '../ports/processes.ts';

/** The name of the lock file, in `version-2`. */
export const LOCK_NAME = 'zkt.lock';
/** A lock file is one short line; what is longer is not ours. */
const LOCK_BYTES_MAX = 4096;

/** A held lock. */
export interface DirLock {
  /** Whether the file still says that we hold it: false if another server took it over in the same instant. */
  held(): boolean;
  /** Removes the file, if it is still ours. */
  release(): void;
}

/**
 * Takes the lock of a directory that exists. Throws `ZKT_DATA_DIR_LOCKED` with the holder's id while the holder lives,
 * `ZKT_DATA_DIR` when the directory cannot be written.
 */
export function lockDir(disk: Disk, processes: Processes, dir: string): DirLock {
  const path = disk.join(dir, LOCK_NAME);
  const line = `${processes.pid} ${processes.identity(processes.pid) ?? ''}\n`;
  for (let attempt = 0; attempt < 3; attempt++) {
    if (tryCreate(disk, path, line))
      return { held: () => read(disk, path) === line, release: () => release(disk, path, line) };
    const holder = liveHolder(processes, read(disk, path));
    if (holder !== undefined) throw new ZktError('ZKT_DATA_DIR_LOCKED', { dir, pid: holder });
    removeQuietly(disk, path);
  }
  throw new ZktError('ZKT_DATA_DIR', { dir, why: `its lock ${LOCK_NAME} cannot be taken` });
}

function tryCreate(disk: Disk, path: string, line: string): boolean {
  let file: ReturnType<Disk['open']>;
  try {
    file = disk.open(path, 'create');
  } catch (error) {
    if (disk.exists(path)) return false;
    throw new ZktError('ZKT_DATA_DIR', { dir: path, why: reasonOf(error) }, { cause: error });
  }
  try {
    file.writeAt(Buffer.from(line), 0);
    return true;
  } catch (error) {
    removeQuietly(disk, path);
    throw new ZktError('ZKT_DATA_DIR', { dir: path, why: reasonOf(error) }, { cause: error });
  } finally {
    file.close();
  }
}

/** The lock's line; undefined when it is gone or not readable. */
function read(disk: Disk, path: string): string | undefined {
  try {
    const file = disk.open(path, 'read');
    try {
      const bytes = Buffer.alloc(Math.min(file.size(), LOCK_BYTES_MAX));
      return bytes.toString('utf8', 0, file.readAt(bytes, 0));
    } finally {
      file.close();
    }
  } catch {
    return undefined;
  }
}

/** The id of the process that holds the lock, if it lives. A lock of our own id is a leftover: we have just begun. */
function liveHolder(processes: Processes, line: string | undefined): number | undefined {
  const match = /^(\d{1,10}) (.*)\n$/.exec(line ?? '');
  if (match === null) return undefined;
  const pid = Number(match[1]);
  const identity = processes.identity(pid);
  return identity !== undefined && identity === match[2] ? pid : undefined;
}

function release(disk: Disk, path: string, line: string): void {
  if (read(disk, path) === line) removeQuietly(disk, path);
}

function removeQuietly(disk: Disk, path: string): void {
  try {
    disk.remove(path);
  } catch {
    // Gone already, or left to the next start, which finds that its holder is dead.
  }
}
