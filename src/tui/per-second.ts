/** Things counted by the second they happened in: what rates are drawn from. */

/** The counts of the last seconds; older ones are forgotten. Events may come a little out of order. */
export class PerSecond {
  private readonly counts: Float64Array;
  /** The newest second, since 1970; -1 before the first. */
  private newest = -1;

  /** Seconds kept. */
  constructor(seconds: number) {
    this.counts = new Float64Array(seconds);
  }

  /** Counts `amount` at that time, ms. What is older than all seconds kept is left out. */
  add(ms: number, amount = 1): void {
    const second = Math.floor(ms / 1000);
    if (!(second >= 0)) return;
    const { counts } = this;
    if (second > this.newest) {
      const passed = this.newest < 0 ? counts.length : Math.min(counts.length, second - this.newest);
      for (let i = 0; i < passed; i++) counts[(second - i) % counts.length] = 0;
      this.newest = second;
    } else if (second <= this.newest - counts.length) return;
    counts[second % counts.length] = (counts[second % counts.length] ?? 0) + amount;
  }

  /**
   * Counts of the `seconds` up to the one `nowMs` is in, oldest first; that one is not over. Seconds that are
   * forgotten, and those to come, count nothing.
   */
  last(seconds: number, nowMs: number): number[] {
    const { counts, newest } = this;
    const now = Math.floor(nowMs / 1000);
    return Array.from({ length: seconds }, (_, i) => {
      const second = now - seconds + 1 + i;
      const there = second >= 0 && second <= newest && second > newest - counts.length;
      return there ? (counts[second % counts.length] ?? 0) : 0;
    });
  }
}
