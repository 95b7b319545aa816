/**
 * Writes jute primitives into a growing buffer. The layout is that of `JuteReader`.
 *
 * One writer is meant to be used again and again: `reset()` keeps the memory. `bytes()` is a view that the
 * next write may overwrite; `copy()` is the caller's own.
 */
export class JuteWriter {
  buf: Buffer;
  pos = 0;
  /**
   * The same memory: its setBigInt64 is one instruction where Buffer's writeBigInt64BE takes a bigint apart.
   */
  private view: DataView;

  constructor(initialCapacity = 512) {
    this.buf = Buffer.allocUnsafeSlow(initialCapacity);
    this.view = viewOf(this.buf);
  }

  /** Forgets what was written, keeps the memory. */
  reset(): this {
    this.pos = 0;
    return this;
  }

  /** Makes room for `n` more bytes; call before writing to `buf` by hand. */
  reserve(n: number): void {
    const need = this.pos + n;
    if (need <= this.buf.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.buf.length * 2));
    this.buf.copy(grown, 0, 0, this.pos);
    this.buf = grown;
    this.view = viewOf(grown);
  }

  writeBool(v: boolean): void {
    this.reserve(1);
    this.buf[this.pos++] = v ? 1 : 0;
  }

  writeInt(v: number): void {
    this.reserve(4);
    const b = this.buf;
    const p = this.pos;
    b[p] = v >> 24;
    b[p + 1] = v >> 16;
    b[p + 2] = v >> 8;
    b[p + 3] = v;
    this.pos = p + 4;
  }

  writeLong(v: bigint): void {
    this.reserve(8);
    this.view.setBigInt64(this.pos, v);
    this.pos += 8;
  }

  /** Length and bytes; null is length -1. */
  writeBuffer(v: Uint8Array | null): void {
    if (v === null) {
      this.writeInt(-1);
      return;
    }
    this.writeInt(v.length);
    this.writeRaw(v);
  }

  /** The bytes `v[start, end)` alone, no length. */
  writeRaw(v: Uint8Array, start = 0, end = v.length): void {
    const n = end - start;
    this.reserve(n);
    if (n <= 32) for (let i = 0; i < n; i++) this.buf[this.pos + i] = v[start + i] as number;
    else if (n === v.length) this.buf.set(v, this.pos);
    else this.buf.set(v.subarray(start, end), this.pos);
    this.pos += n;
  }

  /** Byte length and UTF-8; null is length -1. */
  writeString(v: string | null): void {
    if (v === null) {
      this.writeInt(-1);
      return;
    }
    const n = v.length;
    this.reserve(4 + n * 3);
    const start = this.pos + 4;
    const b = this.buf;
    let i = 0;
    if (n <= 48) {
      for (; i < n; i++) {
        const c = v.charCodeAt(i);
        if (c > 0x7f) break;
        b[start + i] = c;
      }
    }
    const length = i === n ? n : b.write(v, start, 'utf8');
    this.writeInt(length);
    this.pos = start + length;
  }

  /** A view on what was written, valid until the next write. */
  bytes(): Buffer {
    return this.buf.subarray(0, this.pos);
  }

  /** What was written, copied. */
  copy(): Buffer {
    return Buffer.from(this.bytes());
  }
}

const viewOf = (buf: Buffer): DataView => new DataView(buf.buffer, buf.byteOffset, buf.length);
