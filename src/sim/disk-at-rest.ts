/**
 * Files of a simulated disk while no process uses them: what backups are made of, and what damage is done to.
 */
import type { SimDisk } from './disk.ts';

/** Files of one directory by name, with their bytes as programs would see them. */
export type FilesAtRest = Map<string, Buffer>;

/**
 * The files of a directory, none where there is no such directory. Those of directories below are left out.
 */
export function filesAtRest(disk: SimDisk, dir: string): FilesAtRest {
  const found: FilesAtRest = new Map();
  const view = disk.look('live');
  if (!view.exists(dir)) return found;
  for (const name of view.list(dir).sort()) {
    const file = view.open(`${dir}/${name}`, 'read');
    const bytes = Buffer.alloc(file.size());
    file.readAt(bytes, 0);
    found.set(name, bytes);
  }
  return found;
}

/** The directory holds these files from now on, durably, and no others. Only while no process uses it. */
export function layAtRest(disk: SimDisk, dir: string, files: FilesAtRest): void {
  disk.wipe(dir);
  if (files.size > 0) disk.makeDir(dir);
  for (const [name, bytes] of files) disk.plant(`${dir}/${name}`, bytes);
}
