import { JuteError } from './jute-error.ts';

/** Takes one frame's payload, `bytes[start, end)`; valid only during the call. False stops the splitting. */
export type FrameSink = (bytes: Buffer, start: number, end: number) => boolean;

const NOTHING = Buffer.alloc(0);

/**
 * Cuts a byte stream into frames: an i32 length, then that many bytes.
 *
 * Whole frames inside a chunk are handed over in place; only a frame that spans chunks is copied, into a buffer that
 * grows with what has arrived and not with what the length promises. Throws `JuteError` on a negative length or one
 * over `maxFrame`; the stream is then of no more use.
 */
export class FrameSplitter {
  private readonly maxFrame: number;
  /** The start of a frame whose end has not arrived: `held` bytes, length prefix included. */
  private partial: Buffer = NOTHING;
  private held = 0;

  constructor(maxFrame: number) {
    this.maxFrame = maxFrame;
  }

  /** Bytes kept of an unfinished frame. */
  get pending(): number {
    return this.held;
  }

  /** Feeds a chunk; calls `sink` for each frame it completes. What follows a stop (`false`) is kept for `feed` again. */
  feed(chunk: Buffer, sink: FrameSink): void {
    let at = 0;
    if (this.held > 0) {
      at = this.complete(chunk, sink);
      if (at < 0) return;
    }
    const end = chunk.length;
    while (end - at >= 4) {
      const length = this.check(chunk, at);
      const stop = at + 4 + length;
      if (stop > end) break;
      const more = sink(chunk, at + 4, stop);
      at = stop;
      if (!more) break;
    }
    if (at < end) this.keep(chunk, at, end);
  }

  /** Finishes the held frame from the chunk; answers where the next frame starts, or -1 when nothing more is to do. */
  private complete(chunk: Buffer, sink: FrameSink): number {
    let at = 0;
    while (this.held > 0) {
      const want = this.held < 4 ? 4 : 4 + this.check(this.partial, 0);
      const take = Math.min(Math.max(want - this.held, 0), chunk.length - at);
      this.keep(chunk, at, at + take);
      at += take;
      if (this.held < want) return -1;
      if (want === 4 && this.check(this.partial, 0) > 0) continue;
      const frame = this.partial;
      const surplus = this.held - want;
      this.held = 0;
      this.partial = NOTHING;
      const more = sink(frame, 4, want);
      if (surplus > 0) this.keep(frame, want, want + surplus);
      if (!more) {
        if (at < chunk.length) this.keep(chunk, at, chunk.length);
        return -1;
      }
    }
    return at;
  }

  private check(bytes: Buffer, at: number): number {
    const length = bytes.readInt32BE(at);
    if (length < 0) throw new JuteError('frame-negative', at, `Unreasonable length = ${length}`);
    if (length > this.maxFrame) throw new JuteError('frame-too-long', at, `Unreasonable length = ${length}`);
    return length;
  }

  private keep(bytes: Buffer, start: number, end: number): void {
    const need = this.held + end - start;
    if (need > this.partial.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(need, 2 * this.partial.length, 256));
      this.partial.copy(grown, 0, 0, this.held);
      this.partial = grown;
    }
    bytes.copy(this.partial, this.held, start, end);
    this.held = need;
  }
}
