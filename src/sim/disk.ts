/**
 * A disk in memory that may fail at any call and lose power at any moment.
 *
 * Files and directory entries each have a volatile and a durable layer; `sync` and `syncDir` carry the one
 * into the other. `powerCut` lets every call from then on fail; `restart` gives back the disk with some legal
 * subset of what was not forced: of each sector any of its states since the last sync, of each directory any
 * subset of its changes. A failed sync is one for good: what it should have covered may be lost although a
 * later one succeeds.
 */
import type { Prng } from '../base/prng.ts';
import type { Disk, DiskCallback, DiskError, DiskFile, OpenMode } from '../ports/disk.ts';
import { SimInode } from './disk-inode.ts';
import { type DiskLayer, DiskView, joined } from './disk-view.ts';

/** The calls that a fault can hit. */
export type SimDiskCall =
  | 'open'
  | 'create'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'rename'
  | 'remove'
  | 'syncDir'
  | 'list';

/** What goes wrong with a call. */
export interface SimDiskFault {
  /** `EIO`, `ENOSPC`, … */
  readonly code: string;
  /** Of a write: bytes that still get through, from the front. */
  readonly partialBytes?: number;
}

/** How the disk behaves. */
export interface SimDiskOptions {
  /** Asked before each call, which has the number `n` (from 1); a fault makes it fail. */
  readonly fault?: (call: SimDiskCall, path: string, n: number) => SimDiskFault | undefined;
  /** Runs completions of `syncSoon` and `syncDirSoon` later; default: they wait for `runPending`. */
  readonly defer?: (fn: () => void) => void;
  /** Wall clock for modification times, ms; default always 0. */
  readonly wallMs?: () => number;
}

/** Calls after power was cut: no error that a program could handle. */
export class SimPowerCut extends Error {
  override readonly name = 'SimPowerCut';
}

interface DirChange {
  readonly remove: string | undefined;
  readonly set: { readonly name: string; readonly inode: SimInode } | undefined;
}

/** One directory: its names now, its names on disk, and the changes in between. */
class SimDir {
  names = new Map<string, SimInode>();
  durable = new Map<string, SimInode>();
  private pending: DirChange[] = [];

  change(change: DirChange): void {
    applyChange(this.names, change);
    this.pending.push(change);
  }

  mark(): number {
    return this.pending.length;
  }

  settle(count: number): void {
    for (const change of this.pending.splice(0, count)) applyChange(this.durable, change);
  }

  crash(prng: Prng): void {
    for (const change of this.pending.splice(0)) if (prng.chance(0.5)) applyChange(this.durable, change);
    this.names = new Map(this.durable);
  }
}

function applyChange(names: Map<string, SimInode>, { remove, set }: DirChange): void {
  if (remove !== undefined) names.delete(remove);
  if (set !== undefined) names.set(set.name, set.inode);
}

const SEPARATOR = '/';

/** See the head of the file. Paths are absolute, with `/`. */
export class SimDisk implements Disk {
  private readonly options: SimDiskOptions;
  private readonly dirs = new Map<string, SimDir>([['', new SimDir()]]);
  private callCount = 0;
  private generation = 0;
  private waiting: (() => void)[] = [];
  private cut = false;

  constructor(options: SimDiskOptions = {}) {
    this.options = options;
  }

  /** Calls so far: the number a fault or a crash point is named by. */
  get calls(): number {
    return this.callCount;
  }

  /** Whether power has been cut and not come back. */
  get dead(): boolean {
    return this.cut;
  }

  /** Cuts power: every call fails from now on, and completions under way never come. */
  powerCut(): void {
    this.cut = true;
    this.generation++;
    this.waiting = [];
  }

  /** Power is back: the disk holds a legal subset of what had not been forced, chosen by `prng`. */
  restart(prng: Prng): void {
    if (!this.cut) this.powerCut();
    const inodes = new Set<SimInode>();
    for (const dir of this.dirs.values()) {
      dir.crash(prng);
      for (const inode of dir.names.values()) inodes.add(inode);
    }
    for (const inode of inodes) inode.crash(prng);
    this.cut = false;
  }

  /**
   * After `powerCut`: only the process had died. Power never went, so everything written is still there to be
   * read.
   */
  revive(): void {
    this.cut = false;
  }

  /** Completes what `syncSoon` began, in order, and what that begins; for tests without a scheduler. */
  runPending(): void {
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) next();
  }

  /** Completes the oldest thing begun; false when there is none. */
  runOne(): boolean {
    const next = this.waiting.shift();
    next?.();
    return next !== undefined;
  }

  /** The file behind a path, to damage it on purpose. */
  inode(path: string): SimInode {
    return this.find(path, 'open');
  }

  /** A layer of the disk, to be read: neither counted nor hit by faults. */
  look(layer: DiskLayer): Disk {
    return new DiskView(this.dirs, layer);
  }

  /** A disk that holds, durably, what this one has in that layer. */
  copy(layer: DiskLayer): SimDisk {
    const copy = new SimDisk();
    for (const [path, dir] of this.dirs) {
      copy.makeDir(path);
      for (const [name, inode] of layer === 'live' ? dir.names : dir.durable) {
        const bytes = Buffer.alloc(layer === 'live' ? inode.size : inode.durableSize);
        if (layer === 'live') inode.read(bytes, 0);
        else inode.readDurable(bytes, 0);
        copy.plant(`${path}/${name}`, bytes);
      }
    }
    return copy;
  }

  /** Empties a directory and those below it, durably: a disk that was replaced. */
  wipe(path: string): void {
    for (const at of [...this.dirs.keys()]) {
      if (at === clean(path) || at.startsWith(`${clean(path)}/`)) this.dirs.set(at, new SimDir());
    }
  }

  /** Paths of all files as programs see them, sorted. */
  files(): string[] {
    return [...this.dirs]
      .flatMap(([path, dir]) => [...dir.names.keys()].map((name) => `${path}/${name}`))
      .sort();
  }

  /** Puts a file there, durably. */
  plant(path: string, bytes: Uint8Array): void {
    const { dir, name } = this.locate(path, 'create');
    const inode = new SimInode();
    inode.write(Buffer.from(bytes), 0);
    inode.settle(inode.mark());
    dir.change({ remove: undefined, set: { name, inode } });
    dir.settle(dir.mark());
  }

  open(path: string, mode: OpenMode): DiskFile {
    const creates = mode === 'create' || mode === 'create-private';
    this.call(creates ? 'create' : 'open', path);
    const { dir, name } = this.locate(path, 'open');
    let inode = dir.names.get(name);
    if (creates) {
      if (inode !== undefined) throw diskError('EEXIST', 'open', path);
      inode = new SimInode();
      inode.modifiedMs = this.options.wallMs?.() ?? 0;
      dir.change({ remove: undefined, set: { name, inode } });
    }
    if (inode === undefined) throw diskError('ENOENT', 'open', path);
    return this.handle(path, inode, mode !== 'read');
  }

  list(dir: string): string[] {
    this.call('list', dir);
    const found = this.dirs.get(clean(dir));
    if (found === undefined) throw diskError('ENOENT', 'scandir', dir);
    const inner = [...this.dirs.keys()].filter((d) => d !== '' && parentOf(d) === clean(dir));
    return [...found.names.keys(), ...inner.map((d) => d.slice(clean(dir).length + 1))];
  }

  exists(path: string): boolean {
    if (this.cut) throw new SimPowerCut(path);
    if (this.dirs.has(clean(path))) return true;
    return this.dirs.get(parentOf(clean(path)))?.names.has(nameOf(path)) ?? false;
  }

  modifiedMs(path: string): number {
    return this.find(path, 'stat').modifiedMs;
  }

  makeDir(path: string): void {
    const dir = clean(path);
    if (dir === '' || this.dirs.has(dir)) return;
    this.makeDir(parentOf(dir));
    this.call('create', path);
    this.dirs.set(dir, new SimDir());
  }

  rename(from: string, to: string): void {
    this.call('rename', from);
    const inode = this.find(from, 'rename');
    const { dir, name } = this.locate(to, 'rename');
    dir.change({ remove: nameOf(from), set: { name, inode } });
  }

  remove(path: string): void {
    this.call('remove', path);
    this.find(path, 'unlink');
    const { dir, name } = this.locate(path, 'unlink');
    dir.change({ remove: name, set: undefined });
  }

  syncDir(path: string): void {
    this.call('syncDir', path);
    const dir = this.dirs.get(clean(path));
    if (dir === undefined) throw diskError('ENOENT', 'open', path);
    dir.settle(dir.mark());
  }

  syncDirSoon(path: string, done: DiskCallback): void {
    const dir = this.dirs.get(clean(path));
    const count = dir?.mark() ?? 0;
    this.later(() => {
      if (this.faulty('syncDir', path, done)) return;
      dir?.settle(count);
      done(dir === undefined ? diskError('ENOENT', 'open', path) : undefined);
    });
  }

  join(...parts: string[]): string {
    return joined(parts);
  }

  private handle(path: string, inode: SimInode, writable: boolean): DiskFile {
    const generation = this.generation;
    const enter = (call: SimDiskCall): void => {
      if (generation !== this.generation) throw new SimPowerCut(path);
      this.call(call, path);
    };
    return {
      path,
      size: () => inode.size,
      readAt: (into, position) => {
        enter('read');
        return inode.read(into, position);
      },
      writeAt: (bytes, position) => {
        if (!writable) throw diskError('EBADF', 'write', path);
        if (generation !== this.generation) throw new SimPowerCut(path);
        const fault = this.faultOf('write', path);
        if (fault !== undefined) {
          inode.write(bytes.subarray(0, fault.partialBytes ?? 0), position);
          throw diskError(fault.code, 'write', path);
        }
        inode.write(bytes, position);
        inode.modifiedMs = this.options.wallMs?.() ?? 0;
      },
      truncate: (size) => {
        enter('truncate');
        inode.truncate(size);
      },
      sync: () => {
        if (generation !== this.generation) throw new SimPowerCut(path);
        const fault = this.faultOf('sync', path);
        if (fault !== undefined) {
          inode.doom(inode.mark());
          throw diskError(fault.code, 'fdatasync', path);
        }
        inode.settle(inode.mark());
      },
      syncSoon: (done) => this.syncInode(path, inode, done),
      close: () => {},
    };
  }

  private syncInode(path: string, inode: SimInode, done: DiskCallback): void {
    const mark = inode.mark();
    this.later(() => {
      if (this.faulty('sync', path, done, () => inode.doom(mark))) return;
      inode.settle(mark);
      done(undefined);
    });
  }

  /** Completes something after this call; never across a power cut. */
  private later(fn: () => void): void {
    const generation = this.generation;
    const guarded = (): void => {
      if (generation === this.generation) fn();
    };
    if (this.options.defer !== undefined) this.options.defer(guarded);
    else this.waiting.push(guarded);
  }

  /** Counts a call that completes now; true when it fails, which `done` has then been told. */
  private faulty(call: SimDiskCall, path: string, done: DiskCallback, before?: () => void): boolean {
    let fault: SimDiskFault | undefined;
    try {
      fault = this.faultOf(call, path);
    } catch (error) {
      // Power is cut in this very call: nobody is left to be told.
      if (error instanceof SimPowerCut) return true;
      throw error;
    }
    if (fault === undefined) return false;
    before?.();
    done(diskError(fault.code, call, path));
    return true;
  }

  private call(call: SimDiskCall, path: string): void {
    const fault = this.faultOf(call, path);
    if (fault !== undefined) throw diskError(fault.code, call, path);
  }

  private faultOf(call: SimDiskCall, path: string): SimDiskFault | undefined {
    if (this.cut) throw new SimPowerCut(path);
    const fault = this.options.fault?.(call, path, ++this.callCount);
    if (this.cut) throw new SimPowerCut(path);
    return fault;
  }

  private locate(path: string, what: string): { dir: SimDir; name: string } {
    const dir = this.dirs.get(parentOf(clean(path)));
    if (dir === undefined) throw diskError('ENOENT', what, path);
    return { dir, name: nameOf(path) };
  }

  private find(path: string, what: string): SimInode {
    const { dir, name } = this.locate(path, what);
    const inode = dir.names.get(name);
    if (inode === undefined) throw diskError('ENOENT', what, path);
    return inode;
  }
}

const clean = (path: string): string => (path.endsWith(SEPARATOR) ? path.replace(/\/+$/, '') : path);
const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf(SEPARATOR)));
const nameOf = (path: string): string => clean(path).slice(clean(path).lastIndexOf(SEPARATOR) + 1);

const diskError = (code: string, what: string, path: string): DiskError =>
  Object.assign(new Error(`${code}: ${what} '${path}'`), { code });
