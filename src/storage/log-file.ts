/**
 * One log file being written. It begins under a temporary name, so that nobody takes it for a log before its
 * header and first records are on disk; `publish` gives it its own.
 */
import { JuteWriter } from '../jute/writer.ts';
import type { Disk, DiskError, DiskFile } from '../ports/disk.ts';
import { FILE_HEADER_BYTES } from '../protocol/files.ts';
import { logName, TEMP_PREFIX } from './data-dir.ts';
import { writeLogHeader } from './log-format.ts';

/** A file with less room than this behind the records is made longer (Apache's figure). */
const PAD_AHEAD_BYTES = 4096;
const ONE_ZERO = Buffer.alloc(1);

/** Whether the error says that there is no room, and not that the disk is broken. */
export const isNoSpace = (error: unknown): boolean => {
  const code = (error as DiskError | undefined)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT';
};

/** See the head of the file. Every method throws `DiskError`s. */
export class LogFile {
  /** Under its final name. */
  readonly path: string;
  readonly file: DiskFile;
  private readonly disk: Disk;
  private readonly block: number;
  private tempPath: string | undefined;
  /** Where the next record goes, and the length of the file, padding included. */
  private position = 0;
  private size = 0;

  /**
   * Opens a file whose first record will be `zxid`, and writes its header. `block` bytes are added at a time;
   * 0: none.
   */
  constructor(disk: Disk, dir: string, zxid: bigint, block: number) {
    const name = logName(zxid);
    this.disk = disk;
    this.block = block;
    this.path = disk.join(dir, name);
    this.tempPath = disk.join(dir, TEMP_PREFIX + name);
    this.file = disk.open(this.tempPath, 'create');
  }

  /** Whether the file has its own name. */
  get published(): boolean {
    return this.tempPath === undefined;
  }

  /** Bytes of header and records. */
  get usedBytes(): number {
    return this.position;
  }

  /** Writes the header, for a file just made. */
  begin(): void {
    const header = new JuteWriter(FILE_HEADER_BYTES);
    writeLogHeader(header);
    this.file.writeAt(header.bytes(), 0);
    this.position = header.pos;
    this.size = header.pos;
  }

  /**
   * Adds whole records behind the last one, into the page cache. After a throw, `undo` or give the file up.
   */
  append(records: Buffer): void {
    this.preallocate(records.length);
    this.file.writeAt(records, this.position);
    this.position += records.length;
    if (this.position > this.size) this.size = this.position;
  }

  /** Cuts off what an `append` that failed has left behind the last whole record. */
  undo(): void {
    this.file.truncate(this.position);
    this.size = this.position;
  }

  /** Gives the file its own name; not durable until its directory is forced to disk. */
  publish(): void {
    if (this.tempPath === undefined) return;
    this.disk.rename(this.tempPath, this.path);
    this.tempPath = undefined;
  }

  /** Closes the file, without the padding it no longer needs. */
  close(): void {
    if (this.size > this.position) this.file.truncate(this.position);
    this.file.close();
  }

  /** Gives up a file that has no name of its own yet. */
  discard(): void {
    this.file.close();
    if (this.tempPath !== undefined) this.disk.remove(this.tempPath);
  }

  /** Apache's rule: less than 4 KiB left, then a block more, by one zero byte at the new end. */
  private preallocate(more: number): void {
    const { block } = this;
    const end = this.position + more;
    if (block <= 0 || end + PAD_AHEAD_BYTES < this.size) return;
    let size = this.size + block;
    if (end > size) size = end + block - ((end + block) % block);
    this.file.writeAt(ONE_ZERO, size - 1);
    this.size = size;
  }
}
