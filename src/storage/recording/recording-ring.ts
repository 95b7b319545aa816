/**
 * A recording in a ring of files: when one is full or old enough, the next is begun, and the oldest removed.
 * The numbers in the names only grow, so that a name never means two things, and whoever begins anew goes on
 * with the next.
 */
import { reasonOf } from '../../base/errors.ts';
import type { ZktEvent } from '../../events/table.ts';
import type { Disk } from '../../ports/disk.ts';
import { RecordingWriter, type WriterListener } from './recording-writer.ts';
import { type RingMember, ringMembers, ringPath } from './ring-names.ts';

/** When a file is full, and how many are kept. */
export interface RingLimits {
  /** A file has no more bytes than this, but for the last block; undefined for no limit. */
  readonly bytesMax?: number | undefined;
  /** Nor events over a longer time than this; undefined for no limit. */
  readonly ageMsMax?: number | undefined;
  /** Files kept, the one being written included; at least 1. */
  readonly files: number;
  /**
   * So many files are kept while all of them together have no more bytes than `files` full ones: a program
   * that ends and begins again and again leaves many small ones, and the oldest tell how that began.
   */
  readonly smallFilesMax?: number | undefined;
}

/** Who hears of it. */
export interface RingListener extends WriterListener {
  /** A new file was begun. */
  rolled?(path: string, bytesOfLast: number): void;
}

/** See the head of the file. */
export class RecordingRing {
  private readonly disk: Disk;
  private readonly stem: string;
  private readonly limits: RingLimits;
  private readonly listener: RingListener;
  private number: number;
  private writer: RecordingWriter;
  private beganMs: number | undefined;
  private tidied = false;
  private eventsBefore = 0;
  private bytesBefore = 0;
  private lostBefore = 0;

  /** `stem`: the path with the suffix, without the number. Nothing is written yet. */
  constructor(disk: Disk, stem: string, limits: RingLimits, listener: RingListener = {}) {
    this.disk = disk;
    this.stem = stem;
    this.limits = limits;
    this.listener = listener;
    this.number = (ringMembers(disk, stem).at(-1)?.number ?? 0) + 1;
    this.writer = this.open();
  }

  /** The file being written. */
  get path(): string {
    return this.writer.path;
  }

  /** Events taken since the start. */
  get events(): number {
    return this.eventsBefore + this.writer.events;
  }

  /** Bytes written since the start. */
  get bytes(): number {
    return this.bytesBefore + this.writer.bytes;
  }

  /** Events lost since the start, as the disk could not be written. */
  get lost(): number {
    return this.lostBefore + this.writer.lost;
  }

  /** Opens the first file now, and makes room for it. Throws as `RecordingWriter.begin` does. */
  begin(): void {
    this.writer.begin();
    this.tidied = true;
    this.removeOld();
  }

  append(event: ZktEvent): void {
    this.beganMs ??= event.time;
    if (!this.tidied) {
      this.tidied = true;
      this.removeOld();
    }
    if (this.full(event.time)) this.roll(event.time);
    this.writer.append(event);
  }

  /** Writes what was gathered; to be called about once a second. */
  flush(): void {
    this.writer.flush();
  }

  /** Ends the file at hand in good order. */
  close(): void {
    this.writer.close();
  }

  private full(nowMs: number): boolean {
    const { bytesMax = Number.POSITIVE_INFINITY, ageMsMax = Number.POSITIVE_INFINITY } = this.limits;
    // What waits for a disk that is full or broken would be lost with its file.
    if (this.writer.failing || this.writer.events === 0) return false;
    return this.writer.bytes >= bytesMax || nowMs - (this.beganMs ?? nowMs) >= ageMsMax;
  }

  private roll(nowMs: number): void {
    const { writer } = this;
    writer.close();
    this.eventsBefore += writer.events;
    this.bytesBefore += writer.bytes;
    this.lostBefore += writer.lost;
    this.number++;
    this.beganMs = nowMs;
    this.removeOld();
    this.writer = this.open();
    this.listener.rolled?.(this.writer.path, writer.bytes);
  }

  private open(): RecordingWriter {
    return new RecordingWriter(
      this.disk,
      ringPath(this.disk, this.stem, this.number),
      'create',
      this.listener,
    );
  }

  /** Files but the newest, with the one that is written or about to be. */
  private removeOld(): void {
    const others = ringMembers(this.disk, this.stem).filter((it) => it.number < this.number);
    for (const { path } of others.slice(0, this.surplus(others))) {
      try {
        this.disk.remove(path);
      } catch (error) {
        this.listener.failed?.(path, reasonOf(error));
      }
    }
  }

  /** How many of the other files, oldest first, are too many. */
  private surplus(others: readonly RingMember[]): number {
    const { files, smallFilesMax, bytesMax } = this.limits;
    const full = files - 1;
    if (smallFilesMax === undefined || bytesMax === undefined) return Math.max(0, others.length - full);
    let kept = 0;
    let bytes = 0;
    for (const { path } of [...others].reverse()) {
      bytes += this.bytesOf(path);
      if (kept >= full && (kept >= smallFilesMax - 1 || bytes > full * bytesMax)) break;
      kept++;
    }
    return others.length - kept;
  }

  private bytesOf(path: string): number {
    try {
      const file = this.disk.open(path, 'read');
      try {
        return file.size();
      } finally {
        file.close();
      }
    } catch {
      return 0;
    }
  }
}
