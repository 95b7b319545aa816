/**
 * Files, as effects. The synchronous calls are for start, recovery and tools, where nothing else is to be
 * done, and for writes into the page cache; forcing to disk while serving has a callback. Every call that
 * fails throws, or reports, a `DiskError`.
 */

/** A failed call: the errno name in `code`, what was tried in the message. */
export interface DiskError extends Error {
  readonly code?: string;
}

/** Called when it is done, with what went wrong. */
export type DiskCallback = (error: DiskError | undefined) => void;

/** An open file. */
export interface DiskFile {
  readonly path: string;
  size(): number;
  /** Reads at `position` until `into` is full or the file ends; answers the bytes read. */
  readAt(into: Buffer, position: number): number;
  /** Writes all of `bytes` at `position`, into the page cache. */
  writeAt(bytes: Buffer, position: number): void;
  /** Sets the length; what is added reads as zeros. */
  truncate(size: number): void;
  /** Forces data and length to disk, waiting. */
  sync(): void;
  /** Forces data and length to disk; one call at a time. */
  syncSoon(done: DiskCallback): void;
  close(): void;
}

/**
 * How to open: `create` and `create-private` fail if the file exists, `update` if it does not. A private file
 * is for its owner's eyes alone.
 */
export type OpenMode = 'read' | 'create' | 'create-private' | 'update';

/** The file system. Paths are the host's. */
export interface Disk {
  open(path: string, mode: OpenMode): DiskFile;
  /** Names in a directory, in no order; throws ENOENT. */
  list(dir: string): string[];
  exists(path: string): boolean;
  /** Modification time, ms since 1970. */
  modifiedMs(path: string): number;
  /** Makes a directory and those above it, each forced to disk in its parent. */
  makeDir(path: string): void;
  /** Moves a file within a directory, replacing; not durable until `syncDir`. */
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Forces the entries of a directory to disk, waiting. */
  syncDir(dir: string): void;
  /** Forces the entries of a directory to disk. */
  syncDirSoon(dir: string, done: DiskCallback): void;
  /** Joins parts into a path. */
  join(...parts: string[]): string;
}
