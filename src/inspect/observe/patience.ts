/** How long to wait before a server is tried again. */
import type { Prng } from '../../base/prng.ts';

const FIRST_MS = 250;
const LONGEST_MS = 5_000;

/** Waits that double up to five seconds, with jitter so that observers do not come back all at once. */
export class Patience {
  private readonly random: Prng;
  private ms = FIRST_MS;

  constructor(random: Prng) {
    this.random = random;
  }

  /** The next wait, ms. */
  next(): number {
    const { ms } = this;
    this.ms = Math.min(ms * 2, LONGEST_MS);
    return ms * (0.75 + this.random.next() / 2);
  }

  /** It went well: the next wait is short again. */
  reset(): void {
    this.ms = FIRST_MS;
  }
}
