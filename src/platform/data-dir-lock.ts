/**
 * One server a data directory: a file `zkt.pid` holds the pid of the server that uses it and when that
 * process began, so that a pid given to another program since is not taken for it. The file is made with
 * O_EXCL; one left by a process that is gone is replaced. Apache ZooKeeper has no such lock and does not look
 * at the file.
 */
import fs from 'node:fs';
import path from 'node:path';
import { ZktError } from '../base/errors.ts';

const LOCK_NAME = 'zkt.pid';
/**
 * Two servers started at once may see each other's stale file come and go; that settles in a round or two.
 */
const TRIES_MAX = 10;

/** A held lock. */
export interface DataDirLock {
  /** Gives it up; harmless when repeated. */
  release(): void;
}

/**
 * Takes the directories (duplicates are fine; they must exist). Throws `ZKT_DATA_DIR_LOCKED`, `ZKT_DATA_DIR`.
 */
export function lockDataDirs(dirs: readonly string[]): DataDirLock {
  const held: string[] = [];
  const release = (): void => {
    for (const file of held.splice(0)) fs.rmSync(file, { force: true });
  };
  try {
    for (const dir of new Set(dirs.map((d) => fs.realpathSync(d)))) held.push(lockOne(dir));
  } catch (thrown) {
    release();
    if (thrown instanceof ZktError) throw thrown;
    const { message } = thrown as Error;
    throw new ZktError('ZKT_DATA_DIR', { dir: dirs.join(', '), why: message }, { cause: thrown });
  }
  return { release };
}

function lockOne(dir: string): string {
  const file = path.join(dir, LOCK_NAME);
  const mine = `${process.pid} ${startOf(process.pid)}\n`;
  // The content must be there as soon as the name is: written aside, then linked to the name, which fails if
  // it exists.
  const aside = `${file}.${process.pid}`;
  fs.writeFileSync(aside, mine, { mode: 0o640 });
  try {
    for (let i = 0; i < TRIES_MAX; i++) {
      try {
        fs.linkSync(aside, file);
        return file;
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
      }
      const holder = readHolder(file);
      if (holder?.alive) throw new ZktError('ZKT_DATA_DIR_LOCKED', { dir, pid: holder.pid });
      if (holder !== undefined) fs.rmSync(file, { force: true });
    }
  } finally {
    fs.rmSync(aside, { force: true });
  }
  throw new ZktError('ZKT_DATA_DIR', { dir, why: `${LOCK_NAME} changes all the time` });
}

/** Who holds the lock, undefined when the file is gone. A file that cannot be read as one is nobody's. */
function readHolder(file: string): { pid: number; alive: boolean } | undefined {
  let text: string;
  try {
    text = fs.readFileSync(file, 'latin1');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
  const [pidText = '', start = ''] = text.trim().split(' ');
  const pid = /^\d{1,10}$/.test(pidText) ? Number(pidText) : 0;
  return { pid, alive: pid > 0 && isAlive(pid) && startOf(pid) === start };
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process began, in the kernel's ticks since boot; `-` where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field, the program's name, may hold blanks and parentheses; field 22 is counted after it.
    return (
      stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .at(19) ?? '-'
    );
  } catch {
    return '-';
  }
}
