/**
 * Lines out of the bytes of a stream of events. A line may be 1 MB long and no longer, and so many come
 * through in a second and no more; what is left out is counted. Pure: time is an input.
 */

/** The longest line, bytes. */
export const LINE_BYTES_MAX = 1024 * 1024;
/** Lines looked at in a second; a stream without a budget may carry more than anybody can look at. */
export const LINES_PER_S_MAX = 40_000;
const NEWLINE = 0x0a;

/** See the head of the file. */
export class FeedLines {
  /** Lines that were too long, or cut off. */
  tooLong = 0;
  /** Lines beyond what is looked at in a second. */
  tooMany = 0;
  private parts: Buffer[] = [];
  private bytes = 0;
  private second = Number.NEGATIVE_INFINITY;
  private inSecond = 0;

  /** Calls `line` with each line that ends in this chunk, without the line break; empty ones are left out. */
  take(chunk: Buffer, nowMs: number, line: (text: string) => void): void {
    if (nowMs - this.second >= 1000) {
      this.second = nowMs;
      this.inSecond = 0;
    }
    let at = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, at)) {
      this.keep(chunk.subarray(at, end));
      at = end + 1;
      this.finish(line);
    }
    if (at < chunk.length) this.keep(chunk.subarray(at));
  }

  /** The stream has ended; a line that was begun is lost. */
  end(): void {
    if (this.bytes > 0) this.tooLong++;
    this.parts = [];
    this.bytes = 0;
  }

  private keep(part: Buffer): void {
    this.bytes += part.length;
    if (this.bytes <= LINE_BYTES_MAX) this.parts.push(part);
    else this.parts = [];
  }

  private finish(line: (text: string) => void): void {
    const { parts, bytes } = this;
    this.parts = [];
    this.bytes = 0;
    if (bytes === 0) return;
    if (bytes > LINE_BYTES_MAX) {
      this.tooLong++;
      return;
    }
    if (++this.inSecond > LINES_PER_S_MAX) {
      this.tooMany++;
      return;
    }
    line((parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)).toString('utf8'));
  }
}
