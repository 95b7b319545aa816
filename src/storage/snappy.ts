/**
 * Snappy, as ZooKeeper's snapshots use it: snappy-java's stream framing around raw snappy blocks.
 *
 *     stream   82 'SNAPPY' 00 · version i32 1 · compatible i32 1 · chunks
 *     chunk    compressed length i32 · raw block (at most 32 KiB when uncompressed)
 *     block    uncompressed length varint · elements
 *     element  tag byte, low two bits: 0 literal · 1 copy, 4-11 bytes, 11-bit offset · 2 copy, 1-64 bytes,
 *              16-bit offset · 3 copy, 32-bit offset; literal lengths above 60 follow in 1-4 bytes
 *
 * A block is small and the format simple, so that a codec of our own is cheaper than a native dependency for
 * an option that few turn on. Everything is bounded: a block is never believed longer than its limit.
 */
import type { ByteTransform } from '../ports/compression.ts';

/** The first bytes of a snappy-java stream. */
export const SNAPPY_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const STREAM_HEADER_BYTES = 16;
/** snappy-java's block, bytes uncompressed. */
const BLOCK_BYTES = 32 * 1024;
/** The longest block taken when reading; snappy-java lets writers choose up to this. */
const BLOCK_BYTES_MAX = 8 * 1024 * 1024;
const HASH_BITS = 13;

/** Bytes that are no snappy stream. */
export class SnappyError extends Error {
  override readonly name = 'SnappyError';
}

/** The most bytes a block of `length` can compress to. */
const maxCompressed = (length: number): number => 32 + length + Math.floor(length / 6);

/** Writes a literal element for `input[from, to)`; answers the new end of `out`. */
function emitLiteral(input: Buffer, from: number, to: number, out: Buffer, at: number): number {
  const n = to - from - 1;
  if (n < 60) out[at++] = n << 2;
  else if (n < 0x100) {
    out[at++] = 60 << 2;
    out[at++] = n;
  } else {
    out[at++] = 61 << 2;
    out[at++] = n & 0xff;
    out[at++] = n >>> 8;
  }
  input.copy(out, at, from, to);
  return at + to - from;
}

/** Writes copy elements for `length` bytes from `offset` back (both below 64 KiB). */
function emitCopy(out: Buffer, at: number, offset: number, length: number): number {
  while (length > 0) {
    // A rest of 1 to 3 bytes could not be matched again, so leave at least 4 for the last element.
    const n = length > 64 ? (length < 68 ? 60 : 64) : length;
    out[at++] = ((n - 1) << 2) | 2;
    out[at++] = offset & 0xff;
    out[at++] = offset >>> 8;
    length -= n;
  }
  return at;
}

/** One raw block of at most 64 KiB: greedy matching by a hash of the next four bytes. */
export function compressBlock(input: Buffer): Buffer {
  const out = Buffer.allocUnsafe(maxCompressed(input.length));
  const table = new Uint16Array(1 << HASH_BITS);
  let at = 0;
  for (let n = input.length; ; n >>>= 7) {
    out[at++] = n > 0x7f ? (n & 0x7f) | 0x80 : n;
    if (n <= 0x7f) break;
  }
  let literal = 0;
  let i = 1;
  const last = input.length - 4;
  while (i <= last) {
    const word = input.readInt32LE(i);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const candidate = table[slot] as number;
    table[slot] = i;
    if (candidate >= i || input.readInt32LE(candidate) !== word) {
      i++;
      continue;
    }
    let end = i + 4;
    for (let c = candidate + 4; end < input.length && input[end] === input[c]; end++) c++;
    if (literal < i) at = emitLiteral(input, literal, i, out, at);
    at = emitCopy(out, at, i - candidate, end - i);
    literal = end;
    i = end;
  }
  if (literal < input.length) at = emitLiteral(input, literal, input.length, out, at);
  return out.subarray(0, at);
}

/** The uncompressed length a block begins with, and the bytes that takes. */
function blockLength(block: Buffer): { length: number; at: number } {
  let length = 0;
  for (let at = 0; at < 5 && at < block.length; at++) {
    const byte = block[at] as number;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) {
      if (length > BLOCK_BYTES_MAX) throw new SnappyError(`a block of ${length} bytes`);
      return { length, at: at + 1 };
    }
  }
  throw new SnappyError('a block without a length');
}

/** The bytes of one raw block. Throws `SnappyError`. */
export function uncompressBlock(block: Buffer): Buffer {
  const { length, at: start } = blockLength(block);
  const out = Buffer.allocUnsafe(length);
  let to = 0;
  let at = start;
  const need = (n: number): void => {
    if (block.length - at < n) throw new SnappyError('a block ends in the middle of an element');
  };
  while (at < block.length) {
    const tag = block[at++] as number;
    const kind = tag & 3;
    let n = (tag >>> 2) + 1;
    if (kind === 0) {
      if (n > 60) {
        const extra = n - 60;
        need(extra);
        n = block.readUIntLE(at, extra) + 1;
        at += extra;
      }
      need(n);
      if (n > length - to) throw new SnappyError('a block is longer than it says');
      block.copy(out, to, at, at + n);
      at += n;
    } else {
      const width = kind === 3 ? 4 : kind;
      need(width);
      let offset = block.readUIntLE(at, width);
      at += width;
      if (kind === 1) {
        offset += (tag >>> 5) << 8;
        n = ((tag >>> 2) & 7) + 4;
      }
      if (offset === 0 || offset > to) throw new SnappyError('a copy from before the block');
      if (n > length - to) throw new SnappyError('a block is longer than it says');
      // Byte by byte: source and destination may overlap, and then the copy repeats itself on purpose.
      for (let end = to + n; to < end; to++) out[to] = out[to - offset] as number;
      continue;
    }
    to += n;
  }
  if (to !== length) throw new SnappyError('a block is shorter than it says');
  return out;
}

/** To snappy-java's stream. */
export class SnappyWriter implements ByteTransform {
  private readonly block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  private filled = 0;
  private begun = false;

  push(bytes: Buffer): Buffer[] {
    const out: Buffer[] = [];
    this.begin(out);
    for (let at = 0; at < bytes.length; ) {
      const n = Math.min(BLOCK_BYTES - this.filled, bytes.length - at);
      bytes.copy(this.block, this.filled, at, at + n);
      this.filled += n;
      at += n;
      if (this.filled === BLOCK_BYTES) this.emit(out);
    }
    return out;
  }

  finish(): Buffer[] {
    const out: Buffer[] = [];
    this.begin(out);
    if (this.filled > 0) this.emit(out);
    return out;
  }

  private begin(out: Buffer[]): void {
    if (this.begun) return;
    this.begun = true;
    const header = Buffer.alloc(STREAM_HEADER_BYTES);
    SNAPPY_MAGIC.copy(header);
    header.writeInt32BE(1, 8);
    header.writeInt32BE(1, 12);
    out.push(header);
  }

  private emit(out: Buffer[]): void {
    const block = compressBlock(this.block.subarray(0, this.filled));
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(block.length, 0);
    out.push(length, block);
    this.filled = 0;
  }
}

/** From snappy-java's stream. */
export class SnappyReader implements ByteTransform {
  private held: Buffer = Buffer.alloc(0);
  private begun = false;

  push(bytes: Buffer): Buffer[] {
    this.held = this.held.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.held, bytes]);
    const out: Buffer[] = [];
    let at = 0;
    if (!this.begun) {
      if (this.held.length < STREAM_HEADER_BYTES) return out;
      if (!this.held.subarray(0, SNAPPY_MAGIC.length).equals(SNAPPY_MAGIC)) {
        throw new SnappyError('it does not begin as a snappy stream');
      }
      this.begun = true;
      at = STREAM_HEADER_BYTES;
    }
    while (this.held.length - at >= 4) {
      const length = this.held.readInt32BE(at);
      if (length < 0 || length > maxCompressed(BLOCK_BYTES_MAX))
        throw new SnappyError(`a chunk of ${length} bytes`);
      if (this.held.length - at - 4 < length) break;
      out.push(uncompressBlock(this.held.subarray(at + 4, at + 4 + length)));
      at += 4 + length;
    }
    this.held = this.held.subarray(at);
    return out;
  }

  finish(): Buffer[] {
    if (!this.begun || this.held.length > 0)
      throw new SnappyError('the stream ends in the middle of a chunk');
    return [];
  }
}
