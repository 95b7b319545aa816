/** The names of the files of a ring: `NAME.zktrec` with a number that grows before its suffix. */
import type { Disk } from '../../ports/disk.ts';
import { RECORDING_SUFFIX } from './format.ts';

/** A file of a ring. */
export interface RingMember {
  readonly path: string;
  /** Of its name: 1 for the first file ever. */
  readonly number: number;
}

const DIGITS_MAX = 15;

/** The directory and the stem of a path: what comes before the number. */
function partsOf(path: string): { dir: string; stem: string } {
  const slash = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  const name = path.slice(slash + 1);
  return {
    dir: slash < 0 ? '.' : slash === 0 ? '/' : path.slice(0, slash),
    stem: name.endsWith(RECORDING_SUFFIX) ? name.slice(0, -RECORDING_SUFFIX.length) : name,
  };
}

/** The path of the ring's file of that number. */
export function ringPath(disk: Disk, path: string, number: number): string {
  const { dir, stem } = partsOf(path);
  return disk.join(dir, `${stem}.${number}${RECORDING_SUFFIX}`);
}

/** The files of a ring that are there, oldest first; none where the directory cannot be read. */
export function ringMembers(disk: Disk, path: string): RingMember[] {
  const { dir, stem } = partsOf(path);
  const found: RingMember[] = [];
  let names: string[];
  try {
    names = disk.list(dir);
  } catch {
    return found;
  }
  for (const name of names) {
    if (!name.startsWith(`${stem}.`) || !name.endsWith(RECORDING_SUFFIX)) continue;
    const digits = name.slice(stem.length + 1, -RECORDING_SUFFIX.length);
    if (!/^[1-9]\d*$/.test(digits) || digits.length > DIGITS_MAX) continue;
    found.push({ path: disk.join(dir, name), number: Number(digits) });
  }
  return found.sort((a, b) => a.number - b.number);
}
