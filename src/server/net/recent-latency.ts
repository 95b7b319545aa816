/**
 * Latencies of requests since the last look, for whoever samples a server. With many requests only a part is
 * measured: asking the clock for each of a million would take a tenth of the server's time. The gaps vary, or
 * a client that always asks the same two things in turn would be seen with one of them only.
 */
import { Summary } from '../../base/summary.ts';

/** Measured in a second, about, at most. */
const MEASURED_PER_S = 5_000;
const US_PER_MS = 1000;

/** See the head of the file. */
export class RecentLatency {
  /** Microseconds. */
  readonly us = new Summary();
  /** Requests to let pass before the next that is measured: counted down by whoever answers them. */
  gap = 0;
  /** One of so many is measured, on average. */
  private stride = 1;
  private dice = 1;

  /** A request that is measured took that long. */
  take(ms: number): void {
    this.us.add(ms * US_PER_MS);
    if (this.stride === 1) {
      this.gap = 0;
      // Traffic that has just begun to grow: from here on fewer are measured.
      if (this.us.count >= MEASURED_PER_S) this.stride = 2;
      return;
    }
    this.dice = (Math.imul(this.dice, 1_103_515_245) + 12_345) & 0x7fffffff;
    this.gap = (this.dice >> 8) % (2 * this.stride - 1);
  }

  /** Begins anew after `ms`, and chooses the part to measure for the traffic there was. */
  restart(ms: number): void {
    const perSecond = ms > 0 ? (this.us.count * this.stride * 1000) / ms : 0;
    this.stride = Math.max(1, Math.ceil(perSecond / MEASURED_PER_S));
    this.gap = Math.min(this.gap, 2 * this.stride - 2);
    this.us.reset();
  }
}
