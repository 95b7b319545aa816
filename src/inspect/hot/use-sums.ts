/** How much something was used: in all, and second by second for the last minute. */

/** Seconds that are kept. */
export const SECONDS_KEPT = 64;

/** Requests, those of them that write, and bytes; -1 for what nobody tells. */
export interface Use {
  readonly count: number;
  readonly writes: number;
  readonly bytes: number;
}

/** Nothing. */
export const NO_USE: Use = { count: 0, writes: 0, bytes: 0 };

/** The sum of uses. */
const addUse = (a: Use, b: Use): Use => ({
  count: a.count + b.count,
  writes: a.writes + b.writes,
  bytes: a.bytes + b.bytes,
});

/** A use divided by a time: per second. */
export const perSecond = ({ count, writes, bytes }: Use, seconds: number): Use =>
  seconds > 0 ? { count: count / seconds, writes: writes / seconds, bytes: bytes / seconds } : NO_USE;

/** See the head of the file. */
export class UseSums {
  /** All of it; nothing for what nobody told. */
  total: Use = NO_USE;
  /** Whether writes, and bytes, were ever told. */
  private writesKnown = false;
  private bytesKnown = false;
  /** The newest second anything was added for. */
  newest = -1;
  private readonly counts = new Float64Array(SECONDS_KEPT);
  private readonly writes = new Float64Array(SECONDS_KEPT);
  private readonly bytes = new Float64Array(SECONDS_KEPT);

  /** As it is known: -1 for what was never told. */
  known({ count, writes, bytes }: Use): Use {
    return { count, writes: this.writesKnown ? writes : -1, bytes: this.bytesKnown ? bytes : -1 };
  }

  /** Adds to a second; what is older than all seconds kept counts in `total` only. */
  add(second: number, told: Use): void {
    if (told.writes >= 0) this.writesKnown = true;
    if (told.bytes >= 0) this.bytesKnown = true;
    const use = { count: told.count, writes: Math.max(0, told.writes), bytes: Math.max(0, told.bytes) };
    this.total = addUse(this.total, use);
    if (second <= this.newest - SECONDS_KEPT) return;
    while (this.newest < second) {
      this.newest = second - this.newest > SECONDS_KEPT ? second - SECONDS_KEPT + 1 : this.newest + 1;
      const at = this.newest % SECONDS_KEPT;
      this.counts[at] = 0;
      this.writes[at] = 0;
      this.bytes[at] = 0;
    }
    const at = second % SECONDS_KEPT;
    this.counts[at] = (this.counts[at] as number) + use.count;
    this.writes[at] = (this.writes[at] as number) + use.writes;
    this.bytes[at] = (this.bytes[at] as number) + use.bytes;
  }

  /** The sum of the `seconds` up to and with `last`. */
  sum(last: number, seconds: number): Use {
    let sum = NO_USE;
    for (let second = last - seconds + 1; second <= last; second++) sum = addUse(sum, this.at(second));
    return sum;
  }

  /** Requests in each of the `seconds` up to `last`, oldest first. */
  history(last: number, seconds: number): number[] {
    return Array.from({ length: seconds }, (_, i) => {
      const second = last - seconds + 1 + i;
      return this.keeps(second) ? (this.counts[second % SECONDS_KEPT] as number) : 0;
    });
  }

  private keeps(second: number): boolean {
    return second >= 0 && second <= this.newest && second > this.newest - SECONDS_KEPT;
  }

  private at(second: number): Use {
    if (!this.keeps(second)) return NO_USE;
    const at = second % SECONDS_KEPT;
    return {
      count: this.counts[at] as number,
      writes: this.writes[at] as number,
      bytes: this.bytes[at] as number,
    };
  }
}
