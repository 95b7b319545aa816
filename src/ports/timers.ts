/** A timer that may still fire. */
export interface Timer {
  /** Harmless when it has fired. */
  cancel(): void;
}

/** Things to do later. */
export interface Timers {
  /** Calls `fn` once, `ms` from now or later. */
  after(ms: number, fn: () => void): Timer;
  /** Calls `fn` every `ms`, until cancelled. */
  every(ms: number, fn: () => void): Timer;
  /**
   * Calls `fn` once, after the input that is at hand now has been taken in (the end of this turn of the
   * loop).
   */
  soon(fn: () => void): void;
}
