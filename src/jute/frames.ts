import { JuteError } from './jute-error.ts';

/**
 * Takes one frame's payload, `bytes[start, end)`. False stops the splitting. The splitter does not use the
 * memory again.
 */
export type FrameSink = (bytes: Buffer, start: number, end: number) => boolean;

const NOTHING = Buffer.alloc(0);

/**
 * Cuts a byte stream into frames: an i32 length, then that many bytes.
 *
 * Whole frames inside a chunk are handed over in place; only a frame that spans chunks is copied, into a
 * buffer that grows with what has arrived and not with what the length promises. Throws `JuteError` on a
 * negative length or one over `maxFrame`; the stream is then of no more use.
 */
export class FrameSplitter {
  private readonly maxFrame: number;
  /** The start of a frame whose end has not arrived: `started` bytes, length prefix included. */
  private partial: Buffer = NOTHING;
  private started = 0;
  /** What followed a stop, not looked at yet. */
  private rest: Buffer = NOTHING;

  constructor(maxFrame: number) {
    this.maxFrame = maxFrame;
  }

  /** Bytes kept: of an unfinished frame, and of what followed a stop. */
  get pending(): number {
    return this.started + this.rest.length;
  }

  /** True when bytes that followed a stop wait for `feed`. */
  get stopped(): boolean {
    return this.rest.length > 0;
  }

  /** True while a frame has begun and not ended. */
  get midFrame(): boolean {
    return this.started > 0;
  }

  /**
   * Feeds a chunk, which the splitter may keep; calls `sink` for each frame it completes. What follows a stop
   * (`false`) is kept in place and goes first at the next `feed`; an empty chunk only goes on.
   */
  feed(chunk: Buffer, sink: FrameSink): void {
    if (this.rest.length > 0) {
      chunk = chunk.length > 0 ? Buffer.concat([this.rest, chunk]) : this.rest;
      this.rest = NOTHING;
    }
    let at = 0;
    if (this.started > 0) {
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
      if (!more) {
        if (at < end) this.rest = chunk.subarray(at);
        return;
      }
    }
    if (at < end) this.keep(chunk, at, end);
  }

  /**
   * Finishes the started frame from the chunk; answers where the next one starts, or -1 when nothing more is
   * to do.
   */
  private complete(chunk: Buffer, sink: FrameSink): number {
    let at = 0;
    if (this.started < 4) {
      at = Math.min(4 - this.started, chunk.length);
      this.keep(chunk, 0, at);
      if (this.started < 4) return -1;
    }
    const want = 4 + this.check(this.partial, 0);
    const take = Math.min(want - this.started, chunk.length - at);
    this.keep(chunk, at, at + take);
    at += take;
    if (this.started < want) return -1;
    const frame = this.partial;
    this.started = 0;
    this.partial = NOTHING;
    if (sink(frame, 4, want)) return at;
    if (at < chunk.length) this.rest = chunk.subarray(at);
    return -1;
  }

  private check(bytes: Buffer, at: number): number {
    const length = bytes.readInt32BE(at);
    if (length < 0) throw new JuteError('frame-negative', at, `Unreasonable length = ${length}`);
    if (length > this.maxFrame) throw new JuteError('frame-too-long', at, `Unreasonable length = ${length}`);
    return length;
  }

  private keep(bytes: Buffer, start: number, end: number): void {
    const need = this.started + end - start;
    if (need > this.partial.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(need, 2 * this.partial.length, 256));
      this.partial.copy(grown, 0, 0, this.started);
      this.partial = grown;
    }
    bytes.copy(this.partial, this.started, start, end);
    this.started = need;
  }
}
