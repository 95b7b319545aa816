/**
 * Snapshot files as streams of uncompressed bytes, and the quick look that tells a whole file from a partial
 * one.
 */
import { reasonOf, ZktError } from '../base/errors.ts';
import type { ByteTransform, Compression } from '../ports/compression.ts';
import type { Disk, DiskFile } from '../ports/disk.ts';
import type { SnapshotCompression, SnapshotName } from './data-dir.ts';
import { SNAPPY_MAGIC, SnappyReader, SnappyWriter } from './snappy.ts';
import type { ByteSource } from './snapshot-decoder.ts';
import { SNAPSHOT_LAST_BYTES, SNAPSHOT_MIN_BYTES } from './snapshot-format.ts';

/** Compressed bytes read at once. */
const CHUNK_BYTES = 64 * 1024;
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);

/** An open snapshot, to be decoded and then closed. */
export interface SnapshotBytes extends ByteSource {
  /** Length of the file, as it is on disk. */
  readonly fileBytes: number;
  /** How much of the file has been read; for progress. */
  readonly filePosition: number;
  close(): void;
}

class PlainBytes implements SnapshotBytes {
  readonly fileBytes: number;
  filePosition = 0;
  private readonly file: DiskFile;

  constructor(file: DiskFile) {
    this.file = file;
    this.fileBytes = file.size();
  }

  read(into: Buffer): number {
    const got = this.file.readAt(into, this.filePosition);
    this.filePosition += got;
    return got;
  }

  close(): void {
    this.file.close();
  }
}

class TransformedBytes implements SnapshotBytes {
  readonly fileBytes: number;
  filePosition = 0;
  private readonly file: DiskFile;
  private readonly transform: ByteTransform;
  private readonly chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  private ready: Buffer[] = [];
  private next = 0;
  private skip = 0;
  private finished = false;

  constructor(file: DiskFile, transform: ByteTransform) {
    this.file = file;
    this.fileBytes = file.size();
    this.transform = transform;
  }

  read(into: Buffer): number {
    let filled = 0;
    while (filled < into.length) {
      const piece = this.ready[this.next];
      if (piece === undefined) {
        if (this.finished) break;
        this.refill();
        continue;
      }
      const n = piece.copy(into, filled, this.skip);
      filled += n;
      this.skip += n;
      if (this.skip === piece.length) {
        this.next++;
        this.skip = 0;
      }
    }
    return filled;
  }

  close(): void {
    this.file.close();
  }

  /**
   * Damage inside the compressed stream ends the bytes there: the decoder then says what is missing, and
   * where.
   */
  private refill(): void {
    const got = this.file.readAt(this.chunk, this.filePosition);
    this.filePosition += got;
    this.next = 0;
    try {
      this.ready = got > 0 ? this.transform.push(this.chunk.subarray(0, got)) : this.transform.finish();
    } catch (error) {
      const context = { file: this.file.path, offset: this.filePosition - got, why: reasonOf(error) };
      throw new ZktError('ZKT_SNAPSHOT_CORRUPT', context, { cause: error });
    }
    if (got === 0) this.finished = true;
  }
}

/** The transformation that compresses, undefined for `none`. */
export function compressor(method: SnapshotCompression, compression: Compression): ByteTransform | undefined {
  if (method === 'gz') return compression.gzip();
  return method === 'snappy' ? new SnappyWriter() : undefined;
}

/**
 * Opens a snapshot for decoding. Throws a `DiskError`; reading throws `ZKT_SNAPSHOT_CORRUPT` on a broken
 * stream.
 */
export function openSnapshot(disk: Disk, name: SnapshotName, compression: Compression): SnapshotBytes {
  const file = disk.open(name.path, 'read');
  if (name.compression === 'gz') return new TransformedBytes(file, compression.gunzip());
  if (name.compression === 'snappy') return new TransformedBytes(file, new SnappyReader());
  return new PlainBytes(file);
}

/**
 * Apache's look at a candidate: the last bytes of a plain file, the first ones of a compressed one. Answers
 * why the file cannot be a whole snapshot, or undefined when it may be one.
 */
export function quickDamage(disk: Disk, name: SnapshotName): string | undefined {
  const file = disk.open(name.path, 'read');
  try {
    if (name.compression === 'none') return plainDamage(file);
    const magic = name.compression === 'gz' ? GZIP_MAGIC : SNAPPY_MAGIC;
    const first = Buffer.alloc(magic.length);
    file.readAt(first, 0);
    return first.equals(magic) ? undefined : `it does not begin as a ${name.compression} stream`;
  } finally {
    file.close();
  }
}

function plainDamage(file: DiskFile): string | undefined {
  const size = file.size();
  if (size < SNAPSHOT_MIN_BYTES) return `it has only ${size} bytes`;
  const last = Buffer.alloc(SNAPSHOT_LAST_BYTES.length);
  file.readAt(last, size - last.length);
  return last.equals(SNAPSHOT_LAST_BYTES) ? undefined : 'it does not end as a whole snapshot does';
}
