/**
 * Where the blocks of a file are: by its index, or, where it has none, by going from head to head; behind
 * damage, the next mark is looked for.
 */
import { crc32 } from '../../base/checksum.ts';
import { ZktError } from '../../base/errors.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import { ByteSource, RecordingDamage } from './byte-sink.ts';
import {
  BLOCK,
  BLOCK_MARK,
  type BlockHead,
  BODY_BYTES_MAX,
  END_BYTES,
  END_MAGIC,
  endOf,
  FILE_MAGIC,
  HEAD_BYTES,
  readHead,
} from './format.ts';

/** Bytes looked at in one go. */
const SLICE_BYTES = 256 * 1024;
/** Entries of an index take at least so many bytes: a kind, three varints, two times. */
const INDEX_ENTRY_BYTES_MIN = 20;

/** What was found. */
export interface FileScan {
  /** Tables and blocks of events, in the order of the file. */
  readonly heads: readonly BlockHead[];
  /** Length of the file. */
  readonly size: number;
  /** It has an index at its end: it was closed in good order. */
  readonly closed: boolean;
  /** Places that are no blocks, and their bytes together. */
  readonly gaps: number;
  readonly gapBytes: number;
  /** Of them, those at the very end. */
  readonly tailBytes: number;
  /** Blocks of a version of the format that is not known. */
  readonly foreign: number;
}

/** Looks at a file. Throws a `DiskError`, or `ZKT_NOT_A_RECORDING`. */
export function scanFile(disk: Disk, path: string): FileScan {
  const file = disk.open(path, 'read');
  try {
    const size = file.size();
    const begins = readAt(file, 0, FILE_MAGIC.length);
    const magic = begins.equals(FILE_MAGIC.subarray(0, begins.length));
    const heads = magic ? indexed(file, size) : undefined;
    if (heads !== undefined) {
      return { heads, size, closed: true, gaps: 0, gapBytes: 0, tailBytes: 0, foreign: 0 };
    }
    const scan = new HeadScan(file, size).run();
    if (!magic && scan.heads.length === 0 && scan.foreign === 0) {
      throw new ZktError('ZKT_NOT_A_RECORDING', { file: path, why: 'it does not begin as one' });
    }
    return scan;
  } finally {
    file.close();
  }
}

/** Bytes of an open file, fewer where it ends. */
function readAt(file: DiskFile, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, file.readAt(bytes, offset));
}

/** The blocks as the index tells; undefined without one. */
function indexed(file: DiskFile, size: number): BlockHead[] | undefined {
  if (size < FILE_MAGIC.length + HEAD_BYTES + END_BYTES) return undefined;
  const end = readAt(file, size - END_BYTES, END_BYTES);
  if (!end.subarray(8).equals(END_MAGIC)) return undefined;
  const offset = Number(end.readBigUInt64BE(0));
  if (offset > size - HEAD_BYTES - END_BYTES) return undefined;
  const head = readHead(readAt(file, offset, HEAD_BYTES), 0, offset);
  if (head === undefined || head.foreign || head.kind !== BLOCK.index || endOf(head) !== size)
    return undefined;
  const body = readAt(file, offset + HEAD_BYTES, head.bodyBytes);
  if (crc32(body) !== head.bodyCrc) return undefined;
  try {
    return entries(body, offset);
  } catch (error) {
    if (error instanceof RecordingDamage) return undefined;
    throw error;
  }
}

function entries(body: Buffer, indexOffset: number): BlockHead[] {
  const from = new ByteSource(body);
  const count = from.varint();
  if (count * INDEX_ENTRY_BYTES_MIN > body.length) throw new RecordingDamage('an index longer than itself');
  const heads: BlockHead[] = [];
  let offset = 0;
  for (let i = 0; i < count; i++) {
    const kind = from.byte();
    offset += from.varint();
    const [bodyBytes, events] = [from.varint(), from.varint()];
    const [startMs, endMs] = [from.float64(), from.float64()];
    if (offset + HEAD_BYTES + bodyBytes > indexOffset || bodyBytes > BODY_BYTES_MAX) {
      throw new RecordingDamage('a block beyond the index');
    }
    // The rest is told by the block's own head.
    heads.push({ offset, kind, packing: 0, bodyBytes, tableCrc: 0, events, startMs, endMs, bodyCrc: 0 });
  }
  return heads;
}

/** Goes from head to head. */
class HeadScan {
  private readonly file: DiskFile;
  private readonly size: number;
  private readonly heads: BlockHead[] = [];
  private slice: Buffer = Buffer.alloc(0);
  private sliceAt = 0;
  private gaps = 0;
  private gapBytes = 0;
  private tailBytes = 0;
  private foreign = 0;

  constructor(file: DiskFile, size: number) {
    this.file = file;
    this.size = size;
  }

  run(): FileScan {
    let at = Math.min(this.size, FILE_MAGIC.length);
    while (at < this.size) {
      const head = this.headAt(at);
      const end = head === undefined ? at : endOf(head);
      // A body that ends where nothing begins may be cut, with other blocks written over its rest.
      const whole = head !== undefined && (end === this.size || this.headAt(end) !== undefined);
      if (head !== undefined && end <= this.size) this.add(head);
      if (whole) at = end;
      else
        at = this.passOver(
          head === undefined || end > this.size ? at : end,
          head === undefined ? at : at + 1,
        );
    }
    const { heads, size, gaps, gapBytes, tailBytes, foreign } = this;
    return { heads, size, closed: false, gaps, gapBytes, tailBytes, foreign };
  }

  private add(head: BlockHead & { readonly foreign: boolean }): void {
    if (head.foreign) this.foreign++;
    else if (head.kind === BLOCK.table || head.kind === BLOCK.events) this.heads.push(head);
  }

  /** The next head from `from` on, or the end; what lies between `lost` and it is a gap. */
  private passOver(lost: number, from: number): number {
    const next = this.search(from) ?? this.size;
    if (next > lost) {
      this.gaps++;
      this.gapBytes += next - lost;
      if (next === this.size) this.tailBytes = next - lost;
    }
    return next;
  }

  private search(from: number): number | undefined {
    for (let at = from; at + HEAD_BYTES <= this.size; ) {
      this.load(at);
      const found = this.slice.indexOf(BLOCK_MARK, at - this.sliceAt);
      if (found < 0) {
        // A mark may begin in the last bytes of the slice.
        at = Math.max(at + 1, this.sliceAt + this.slice.length - BLOCK_MARK.length + 1);
        continue;
      }
      at = this.sliceAt + found;
      if (this.headAt(at) !== undefined) return at;
      at++;
    }
    return undefined;
  }

  private headAt(offset: number): (BlockHead & { readonly foreign: boolean }) | undefined {
    if (offset + HEAD_BYTES > this.size) return undefined;
    this.load(offset);
    return readHead(this.slice, offset - this.sliceAt, offset);
  }

  /** Makes sure that a head at `offset` lies in the slice. */
  private load(offset: number): void {
    const { sliceAt, slice } = this;
    if (offset >= sliceAt && offset + HEAD_BYTES <= sliceAt + slice.length) return;
    this.slice = readAt(this.file, offset, Math.min(SLICE_BYTES, this.size - offset));
    this.sliceAt = offset;
  }
}
