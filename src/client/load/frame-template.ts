/**
 * Requests encoded once: a load asks the same thing over and over, with another xid and another node each
 * time. Names end in a number of fixed width, so that a request is a copy of its template with two fields
 * written over.
 */
import { put32 } from '../../base/halves.ts';
import { type Codec, Empty } from '../../jute/schema.ts';
import { JuteWriter } from '../../jute/writer.ts';
import { RequestHeader } from '../../protocol/messages.ts';

/** Frames that will be sent together. */
export class FrameBatch {
  bytes: Buffer;
  end = 0;

  constructor(capacity = 64 * 1024) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** Makes room for `n` more bytes. */
  reserve(n: number): void {
    if (this.end + n <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.end + n, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.end);
    this.bytes = grown;
  }

  /** Begins again; in other memory when somebody still holds this one. */
  clear(held: boolean): void {
    if (held) this.bytes = Buffer.allocUnsafeSlow(this.bytes.length);
    this.end = 0;
  }
}

/** Digits of the number a name ends in: eight are enough for any load. */
const NUMBER_DIGITS = 8;
/** The name that is filled in. */
export const NUMBER_PLACE = '#'.repeat(NUMBER_DIGITS);

/** The name of node `n` under a template's path. */
export const numbered = (path: string, n: number): string =>
  path.replace(NUMBER_PLACE, String(n).padStart(NUMBER_DIGITS, '0'));

/** Copies up to this long are quicker in a loop than by a call. */
const SHORT_COPY = 64;

/** One request, length prefix included. */
export class FrameTemplate {
  private readonly bytes: Buffer;
  /** Where the number is; 0 for a request without one. */
  private readonly numberAt: number;

  /** `request` is the body; a text in it may hold `NUMBER_PLACE` once. */
  constructor(type: number, codec: Codec<unknown>, request: unknown) {
    const w = new JuteWriter();
    w.writeInt(0);
    RequestHeader.write(w, { xid: 0, type });
    codec.write(w, request);
    this.bytes = w.copy();
    put32(this.bytes, 0, this.bytes.length - 4);
    this.numberAt = Math.max(0, this.bytes.indexOf(NUMBER_PLACE));
  }

  /** A request without a body. */
  static bare(type: number): FrameTemplate {
    return new FrameTemplate(type, Empty, {});
  }

  /** Appends the request with that xid, about node `n`. */
  append(batch: FrameBatch, xid: number, n: number): void {
    const from = this.bytes;
    const length = from.length;
    batch.reserve(length);
    const { bytes, end } = batch;
    if (length <= SHORT_COPY) for (let i = 0; i < length; i++) bytes[end + i] = from[i] as number;
    else bytes.set(from, end);
    put32(bytes, end + 4, xid);
    if (this.numberAt > 0) {
      const first = end + this.numberAt;
      for (let at = first + NUMBER_DIGITS - 1; at >= first; at--) {
        const tens = (n / 10) | 0;
        bytes[at] = 0x30 + n - tens * 10;
        n = tens;
      }
    }
    batch.end = end + length;
  }
}
