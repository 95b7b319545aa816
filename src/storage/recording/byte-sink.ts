/** Bytes as recordings write and read them: whole numbers in as few bytes as they need. */

/** Bytes that are no recording, or not one any more. */
export class RecordingDamage extends Error {
  override readonly name = 'RecordingDamage';
}

/** More than a varint and what goes with it ever takes. */
const ROOM_BYTES = 32;
const SEVEN_BITS = 0x80;
/** Beyond this, shifts of numbers lose bits. */
const SMALL_MAX = 0x7fff_ffff;

/** A buffer that grows, written from the front. */
export class ByteSink {
  private buffer: Buffer;
  private at = 0;

  constructor(bytes = 4096) {
    this.buffer = Buffer.allocUnsafeSlow(bytes);
  }

  /** Bytes written. */
  get length(): number {
    return this.at;
  }

  /** What was written: a view that the next write may change. */
  bytes(): Buffer {
    return this.buffer.subarray(0, this.at);
  }

  /** Forgets what was written after the first `length` bytes. */
  cut(length: number): void {
    this.at = length;
  }

  byte(v: number): void {
    this.room(1);
    this.buffer[this.at++] = v;
  }

  /** A whole number, 0 to 2^53 - 1: seven bits a byte, the low ones first. */
  varint(v: number): void {
    this.room(ROOM_BYTES);
    const { buffer } = this;
    let rest = v;
    while (rest > SMALL_MAX) {
      buffer[this.at++] = (rest % SEVEN_BITS) | SEVEN_BITS;
      rest = Math.floor(rest / SEVEN_BITS);
    }
    while (rest >= SEVEN_BITS) {
      buffer[this.at++] = (rest & 0x7f) | SEVEN_BITS;
      rest >>>= 7;
    }
    buffer[this.at++] = rest;
  }

  float64(v: number): void {
    this.room(8);
    this.at = this.buffer.writeDoubleBE(v, this.at);
  }

  uint32(v: number): void {
    this.room(4);
    this.at = this.buffer.writeUInt32BE(v >>> 0, this.at);
  }

  int64(v: bigint): void {
    this.room(8);
    this.at = this.buffer.writeBigInt64BE(v, this.at);
  }

  /** Its length in bytes, then UTF-8. */
  text(v: string): void {
    const length = Buffer.byteLength(v);
    this.varint(length);
    this.room(length);
    this.at += this.buffer.write(v, this.at);
  }

  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  private room(more: number): void {
    if (this.at + more <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + more));
    this.buffer.copy(grown, 0, 0, this.at);
    this.buffer = grown;
  }
}

/** Bytes, read from the front. Every method throws `RecordingDamage` at the end of them. */
export class ByteSource {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Bytes left. */
  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    return this.bytes[this.take(1)] as number;
  }

  varint(): number {
    const { bytes } = this;
    let value = 0;
    let unit = 1;
    for (let at = this.at; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      value += (byte & 0x7f) * unit;
      if (byte < SEVEN_BITS) {
        this.at = at + 1;
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      unit *= SEVEN_BITS;
      if (unit > Number.MAX_SAFE_INTEGER) break;
    }
    throw new RecordingDamage('a number without an end');
  }

  float64(): number {
    return this.bytes.readDoubleBE(this.take(8));
  }

  int64(): bigint {
    return this.bytes.readBigInt64BE(this.take(8));
  }

  text(): string {
    const length = this.varint();
    const at = this.take(length);
    return this.bytes.toString('utf8', at, at + length);
  }

  private take(count: number): number {
    const { at } = this;
    if (count > this.bytes.length - at) throw new RecordingDamage('it ends in the middle of a value');
    this.at = at + count;
    return at;
  }
}

/** Whole numbers with a sign as such without: 0, -1, 1, -2, … become 0, 1, 2, 3, … */
export const zigzag = (v: number): number => (v < 0 ? -v * 2 - 1 : v * 2);
/** What `zigzag` was given. */
export const unzigzag = (v: number): number => (v % 2 === 0 ? v / 2 : -(v + 1) / 2);
