/**
 * When a server that has died is started again: soon, and later each time it dies again; after a run that
 * lasted, soon again. Pure.
 */
const FIRST_MS = 250;
const LONGEST_MS = 15_000;
/** A run of this length was no failed start. */
const STABLE_MS = 10_000;

/** See the top of the file; one of them for each server. */
export class RestartPlan {
  private failures = 0;

  /** A run that lasted `ranMs` has ended; answers how long to wait, ms. */
  next(ranMs: number): number {
    if (ranMs >= STABLE_MS) this.failures = 0;
    return Math.min(FIRST_MS * 2 ** this.failures++, LONGEST_MS);
  }
}
