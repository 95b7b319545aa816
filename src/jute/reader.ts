import { get32, get64 } from '../base/halves.ts';
import { JuteError } from './jute-error.ts';

/** ZooKeeper's default `jute.maxbuffer`, bytes. */
const JUTE_MAX_BUFFER = 0xfffff;

/**
 * Reads jute primitives from `bytes[pos, end)`.
 *
 * i32 and i64 are big-endian; a buffer or string is an i32 byte length and the bytes, with -1 for null; a
 * vector is an i32 count and the elements, with -1 for null. A length is believed only when that many bytes
 * are there, so a lying length costs nothing. Throws `JuteError`; the position is then unspecified.
 */
export class JuteReader {
  readonly bytes: Buffer;
  readonly end: number;
  pos: number;
  /** Largest length of one buffer or string; Apache's rule is jute.maxbuffer + extrasize. */
  readonly maxLength: number;

  constructor(bytes: Buffer, pos = 0, end = bytes.length, maxLength = 2 * JUTE_MAX_BUFFER) {
    this.bytes = bytes;
    this.pos = pos;
    this.end = end;
    this.maxLength = maxLength;
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.end - this.pos;
  }

  private take(n: number): number {
    const at = this.pos;
    if (this.end - at < n) {
      throw new JuteError('truncated', at, `need ${n} bytes, ${this.end - at} are left`);
    }
    this.pos = at + n;
    return at;
  }

  /** One byte; any value but zero is true. */
  readBool(): boolean {
    const at = this.take(1);
    return this.bytes[at] !== 0;
  }

  readInt(): number {
    return get32(this.bytes, this.take(4));
  }

  readLong(): bigint {
    return get64(this.bytes, this.take(8));
  }

  /** The length of the buffer or string that follows: -1 for null. */
  private readLength(): number {
    const at = this.pos;
    const length = this.readInt();
    if (length < -1 || length > this.maxLength) {
      throw new JuteError('unreasonable-length', at, `Unreasonable length = ${length}`);
    }
    return length;
  }

  /** A view on the bytes, not a copy; null for length -1. */
  readBuffer(): Buffer | null {
    const length = this.readLength();
    if (length < 0) return null;
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** Decoded as UTF-8, malformed bytes become U+FFFD as in Java; null for length -1. */
  readString(): string | null {
    const length = this.readLength();
    if (length < 0) return null;
    const at = this.take(length);
    return this.bytes.toString('utf8', at, at + length);
  }

  /** A string that must not be null. */
  readText(): string {
    const at = this.pos;
    const text = this.readString();
    if (text === null) throw new JuteError('null', at, 'a text is null');
    return text;
  }

  /** The count of a vector that follows: -1 for null. Every element takes at least `elementBytes`. */
  readCount(elementBytes = 1): number {
    const at = this.pos;
    const count = this.readInt();
    if (count < -1 || count * elementBytes > this.remaining) {
      throw new JuteError('unreasonable-length', at, `Unreasonable length = ${count}`);
    }
    return count;
  }

  /** States that all bytes were read. */
  expectEnd(): void {
    if (this.pos !== this.end) {
      throw new JuteError('trailing-bytes', this.pos, `${this.end - this.pos} bytes are left over`);
    }
  }
}
