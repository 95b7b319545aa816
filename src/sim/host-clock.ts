/**
 * The clocks of one simulated machine: monotonic time that may run fast or slow, and wall time that may jump.
 * They go on while processes come and go.
 */

/** The wall clock of a simulation starts here, ms since 1970. */
export const WALL_START_MS = 1_700_000_000_000;

/** See the head of the file. */
export class HostClock {
  /** Wall time is off by this, ms. */
  wallOffsetMs = 0;
  private rateNow = 1;
  /** Global and local time at the last change of the rate. */
  private globalMs = 0;
  private localMs: number;

  /** `startMs` is what the monotonic clock says at the beginning. */
  constructor(startMs = 0) {
    this.localMs = startMs;
  }

  /** Local ms per global ms: 1 is a good clock. */
  get rate(): number {
    return this.rateNow;
  }

  /** Runs at that rate from now on. */
  setRate(rate: number, globalNow: number): void {
    this.localMs = this.monotonicMs(globalNow);
    this.globalMs = globalNow;
    this.rateNow = rate;
  }

  monotonicMs(globalNow: number): number {
    return this.localMs + (globalNow - this.globalMs) * this.rateNow;
  }

  wallMs(globalNow: number): number {
    return WALL_START_MS + Math.floor(this.monotonicMs(globalNow) + this.wallOffsetMs);
  }

  /** How long a local duration takes in global time, ms. */
  toGlobal(localMs: number): number {
    return localMs / this.rateNow;
  }
}
