/**
 * The bytes of a recording of events (`.zktrec`). All numbers of fixed width are big-endian; a varint is a
 * whole number in groups of seven bits, the low ones first, every byte but the last with its high bit set; a
 * signed one is zigzagged (0, -1, 1, -2, … are 0, 1, 2, 3, …); a text is a varint of its length in bytes, and
 * UTF-8.
 *
 * The file is 8 bytes of magic and then blocks, one after the other to its end. A block is a head of 48 bytes
 * and a body:
 *
 *      0  8  mark, by which blocks are found again behind damage; no UTF-8 text contains it
 *      8  1  kind: 1 table, 2 events, 3 index
 *      9  1  packing of the body: 0 as it is, 1 a raw snappy block
 *     10  2  version of the format: 1
 *     12  4  length of the body in the file
 *     16  4  CRC-32 of the body of the table that the events are written by, unpacked
 *     20  4  events
 *     24  8  time of the earliest event, ms since 1970, float64
 *     32  8  time of the latest
 *     40  4  CRC-32 of the body in the file
 *     44  4  CRC-32 of the 44 bytes before
 *
 * A **table** says what events there are, so that a recording of another release can be read as far as its
 * names and fields are known: a varint of their number, and for each the name (text), a varint of the number
 * of fields, and for each its name (text) and kind (byte: 0 text, 1 number, 2 flag, 3 zxid, 4 session, 5
 * sid). It comes before the first block that is written by it, and may be followed by another one, where a
 * later release went on with the file. A reader whose own table has the CRC of a lost one reads on.
 *
 * **Events** are, each: the number of the name in the table (varint), the node (as a text field), its
 * sequence number, its time, and the fields in the order of the table. Everything that refers to what was
 * before refers to the same block, so that each block can be read alone:
 *
 *     text     varint: 0 and a text that is new in the block, or n: the n-th new one
 *     number   varint: 0 and a float64; else, minus 1, half of it is zigzagged, and it counts ones when it is
 *              even and thousandths when it is odd: fractions finer than that are rounded
 *     flag     a byte, 0 or 1
 *     zxid     varint: 0 and 8 bytes; else, minus 1, the zigzagged difference of its low half to that of the
 *              zxid before (0 at first), whose high half it has
 *     session  as text, but 8 bytes each
 *     sid      varint: 0 and 8 bytes, or its zigzagged value plus 1
 *     seq      varint: 0 and a float64, or, plus 1, the zigzagged difference to the one due: the last one of
 *              the node that was not 0, plus 1; at first 1
 *     time     varint: 0 and a float64, or, plus 1, the zigzagged difference to the time before (0 at first),
 *              in microseconds
 *
 * The **index** is written when the file is closed: a varint of the number of blocks before it, and for each
 * its kind (byte), its distance from the block before (varint; from the beginning of the file at first), the
 * length of its body (varint), events (varint) and both times (float64); then 8 bytes of the offset of its
 * own head and 8 of end magic, so that it is found from the end of the file. Without it (a crash), the heads
 * are looked at one by one; a file that somebody went on with has an old index in the middle, which is passed
 * over.
 */
import { crc32 } from '../../base/checksum.ts';
import type { Disk } from '../../ports/disk.ts';

/** What the file begins with. */
export const FILE_MAGIC = Buffer.from([0x89, 0x7a, 0x6b, 0x74, 0x72, 0x65, 0x63, 0x0a]);
/** What a closed file ends with. */
export const END_MAGIC = Buffer.from([0xff, 0x7a, 0x6b, 0x74, 0x65, 0x6e, 0x64, 0x0a]);
/** What a block begins with. */
export const BLOCK_MARK = Buffer.from([0xff, 0x7a, 0x6b, 0x74, 0x62, 0x6c, 0x6b, 0x0a]);
/** The offset of the index and the end magic. */
export const END_BYTES = 16;
/** Length of a block's head. */
export const HEAD_BYTES = 48;
/** No body is longer; a head that says so is damaged. */
export const BODY_BYTES_MAX = 16 * 1024 * 1024;
/** What a recording's file is called. */
export const RECORDING_SUFFIX = '.zktrec';
const FORMAT_VERSION = 1;

/** Kinds of blocks. */
export const BLOCK = { table: 1, events: 2, index: 3 } as const;
/** Ways to pack a body. */
export const PACKING = { none: 0, snappy: 1 } as const;

/** The head of a block, and where it lies. */
export interface BlockHead {
  /** Of the head in its file. */
  readonly offset: number;
  readonly kind: number;
  readonly packing: number;
  /** In the file. */
  readonly bodyBytes: number;
  readonly tableCrc: number;
  readonly events: number;
  /** Times of the earliest and the latest event, ms since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  readonly bodyCrc: number;
}

/** Where the next block begins. */
export const endOf = (head: Pick<BlockHead, 'offset' | 'bodyBytes'>): number =>
  head.offset + HEAD_BYTES + head.bodyBytes;

/** A block as it is written: head and body. */
export function blockBytes(
  head: Omit<BlockHead, 'offset' | 'bodyBytes' | 'bodyCrc'>,
  body: Uint8Array,
): Buffer {
  const out = Buffer.alloc(HEAD_BYTES + body.length);
  BLOCK_MARK.copy(out);
  out[8] = head.kind;
  out[9] = head.packing;
  out.writeUInt16BE(FORMAT_VERSION, 10);
  out.writeUInt32BE(body.length, 12);
  out.writeUInt32BE(head.tableCrc, 16);
  out.writeUInt32BE(head.events, 20);
  out.writeDoubleBE(head.startMs, 24);
  out.writeDoubleBE(head.endMs, 32);
  out.writeUInt32BE(crc32(body), 40);
  out.writeUInt32BE(crc32(out, 0, 44), 44);
  out.set(body, HEAD_BYTES);
  return out;
}

/**
 * The head at `at`; undefined where there is none. `foreign` is one of another version of the format: its
 * length is right, its body unknown.
 */
export function readHead(
  bytes: Buffer,
  at: number,
  offset: number,
): (BlockHead & { readonly foreign: boolean }) | undefined {
  if (bytes.length - at < HEAD_BYTES) return undefined;
  if (bytes.compare(BLOCK_MARK, 0, BLOCK_MARK.length, at, at + BLOCK_MARK.length) !== 0) return undefined;
  if (bytes.readUInt32BE(at + 44) !== crc32(bytes, at, at + 44)) return undefined;
  const bodyBytes = bytes.readUInt32BE(at + 12);
  if (bodyBytes > BODY_BYTES_MAX) return undefined;
  return {
    offset,
    kind: bytes[at + 8] as number,
    packing: bytes[at + 9] as number,
    bodyBytes,
    tableCrc: bytes.readUInt32BE(at + 16),
    events: bytes.readUInt32BE(at + 20),
    startMs: bytes.readDoubleBE(at + 24),
    endMs: bytes.readDoubleBE(at + 32),
    bodyCrc: bytes.readUInt32BE(at + 40),
    foreign: bytes.readUInt16BE(at + 10) !== FORMAT_VERSION,
  };
}

/** Bytes of a file, fewer where it ends. Throws a `DiskError`. */
export function readBytes(disk: Disk, path: string, offset: number, length: number): Buffer {
  const file = disk.open(path, 'read');
  try {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, file.size() - offset)));
    return bytes.subarray(0, file.readAt(bytes, offset));
  } finally {
    file.close();
  }
}
