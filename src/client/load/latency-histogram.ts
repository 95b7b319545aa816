/**
 * A histogram of latencies with buckets of constant relative width (the idea of HdrHistogram): 0.1 µs to 214
 * s, never more than 0.4 % from the true value, in 13 KiB; recording is a shift and an increment.
 */

/** Units in a millisecond. */
const UNITS_PER_MS = 10_000;
/** Values below this have a bucket each; above, each power of two has half as many buckets. */
const EXACT = 256;
const HALF = EXACT / 2;
const HALF_BITS = 7;
const VALUE_MAX = 0x7fffffff;
const BUCKETS = bucketOf(VALUE_MAX) + 1;

function bucketOf(value: number): number {
  if (value < EXACT) return value;
  const shift = 31 - Math.clz32(value) - HALF_BITS;
  return shift * HALF + (value >> shift);
}

/** The middle of a bucket. */
function middleOf(bucket: number): number {
  if (bucket < EXACT) return bucket;
  const shift = (bucket >> HALF_BITS) - 1;
  return (bucket - shift * HALF + 0.5) * 2 ** shift - 0.5;
}

/** What a histogram says, ms. */
export interface LatencySummary {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Latencies of many operations. */
export class LatencyHistogram {
  private readonly counts = new Uint32Array(BUCKETS);
  private total = 0;
  private sumMs = 0;
  private minMs = Number.POSITIVE_INFINITY;
  private maxMs = 0;

  /** Values recorded. */
  get count(): number {
    return this.total;
  }

  /** Notes one latency, ms. */
  record(ms: number): void {
    const units = ms * UNITS_PER_MS;
    const value = units < VALUE_MAX ? (units > 0 ? Math.round(units) : 0) : VALUE_MAX;
    const bucket = bucketOf(value);
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.total++;
    this.sumMs += ms;
    if (ms > this.maxMs) this.maxMs = ms;
    if (ms < this.minMs) this.minMs = ms;
  }

  /** Adds what another holds. */
  add(other: LatencyHistogram): void {
    for (let i = 0; i < BUCKETS; i++)
      this.counts[i] = (this.counts[i] as number) + (other.counts[i] as number);
    this.total += other.total;
    this.sumMs += other.sumMs;
    this.minMs = Math.min(this.minMs, other.minMs);
    this.maxMs = Math.max(this.maxMs, other.maxMs);
  }

  /**
   * The latency, ms, that the fraction `of` (0 to 1) of the operations did not exceed; 0 when there are none.
   */
  quantile(of: number): number {
    const wanted = Math.max(1, Math.ceil(of * this.total));
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.counts[i] as number;
      if (seen >= wanted) return Math.min(Math.max(middleOf(i) / UNITS_PER_MS, this.minMs), this.maxMs);
    }
    return 0;
  }

  /** The figures people ask for. */
  summary(): LatencySummary {
    const none = this.total === 0;
    return {
      count: this.total,
      mean: none ? 0 : this.sumMs / this.total,
      min: none ? 0 : this.minMs,
      p50: this.quantile(0.5),
      p90: this.quantile(0.9),
      p99: this.quantile(0.99),
      p999: this.quantile(0.999),
      max: this.maxMs,
    };
  }
}
