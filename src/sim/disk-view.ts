/** A layer of a simulated disk to look at, as a file system that cannot be written. */
import type { Disk, DiskFile } from '../ports/disk.ts';
import type { SimInode } from './disk-inode.ts';

/** What programs see, or what a loss of power leaves for certain. */
export type DiskLayer = 'live' | 'durable';

/** A directory in both layers. */
interface LayeredDir {
  readonly names: ReadonlyMap<string, SimInode>;
  readonly durable: ReadonlyMap<string, SimInode>;
}

const refused = (what: string): never => {
  throw Object.assign(new Error(`EROFS: ${what}`), { code: 'EROFS' });
};

/** See the head of the file. */
export class DiskView implements Disk {
  private readonly dirs: ReadonlyMap<string, LayeredDir>;
  private readonly layer: DiskLayer;

  constructor(dirs: ReadonlyMap<string, LayeredDir>, layer: DiskLayer) {
    this.dirs = dirs;
    this.layer = layer;
  }

  open(path: string, mode: string): DiskFile {
    if (mode !== 'read') refused('open');
    const inode = this.names(parent(path))?.get(nameIn(path));
    if (inode === undefined) throw Object.assign(new Error(`ENOENT: open '${path}'`), { code: 'ENOENT' });
    const live = this.layer === 'live';
    return {
      path,
      size: () => (live ? inode.size : inode.durableSize),
      readAt: (into, position) => (live ? inode.read(into, position) : inode.readDurable(into, position)),
      writeAt: () => refused('write'),
      truncate: () => refused('truncate'),
      sync: () => refused('sync'),
      syncSoon: () => refused('sync'),
      close() {},
    };
  }

  list(dir: string): string[] {
    const names = this.names(dir);
    if (names === undefined) throw Object.assign(new Error(`ENOENT: scandir '${dir}'`), { code: 'ENOENT' });
    return [...names.keys()];
  }

  exists(path: string): boolean {
    return this.dirs.has(path) || (this.names(parent(path))?.has(nameIn(path)) ?? false);
  }

  modifiedMs(): number {
    return 0;
  }

  makeDir(): void {
    refused('mkdir');
  }

  rename(): void {
    refused('rename');
  }

  remove(): void {
    refused('unlink');
  }

  syncDir(): void {
    refused('fsync');
  }

  syncDirSoon(): void {
    refused('fsync');
  }

  join(...parts: string[]): string {
    return joined(parts);
  }

  private names(dir: string): ReadonlyMap<string, SimInode> | undefined {
    const found = this.dirs.get(dir);
    return this.layer === 'live' ? found?.names : found?.durable;
  }
}

/** Parts of a path, with one separator each in between. */
export function joined(parts: readonly string[]): string {
  const path = parts.join('/');
  return path.includes('//') ? path.replaceAll(/\/+/g, '/') : path;
}

const parent = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const nameIn = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
