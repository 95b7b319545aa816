/**
 * Puts samples of several servers beside each other, by second. Servers sample on the second, but their
 * clocks may differ by more than that: what arrives together belongs together.
 */

/** A clock that is off by less than this is left as it is, ms. */
const OFF_MS = 1_500;
/** Servers whose clocks are known at a time. */
const SERVERS_MAX = 256;
/** A server that told nothing for so many seconds is not waited for. */
export const SILENT_SECONDS = 4;

interface ServerClock {
  /** What its times are to be moved by, ms. */
  offMs: number;
  /** The newest second it has told of. */
  second: number;
}

/** See the head of the file. */
export class ServerSeconds {
  private readonly clocks = new Map<string, ServerClock>();
  private newestMs = Number.NEGATIVE_INFINITY;

  /** The second that a sample belongs to, since 1970; -1 for one of more servers than are known. */
  of(node: string, timeMs: number): number {
    let clock = this.clocks.get(node);
    if (clock === undefined) {
      if (this.clocks.size >= SERVERS_MAX) return -1;
      clock = { offMs: 0, second: -1 };
      this.clocks.set(node, clock);
    }
    const behind = this.newestMs - (timeMs + clock.offMs);
    if (behind > OFF_MS || behind < -OFF_MS) clock.offMs = behind > OFF_MS ? this.newestMs - timeMs : 0;
    const here = timeMs + clock.offMs;
    if (here > this.newestMs) this.newestMs = here;
    const second = Math.round(here / 1000);
    if (second > clock.second) clock.second = second;
    return second;
  }

  /** The newest second of which all servers that go on have told; -1 before the first. */
  get settled(): number {
    const newest = this.newest;
    let settled = newest;
    for (const { second } of this.clocks.values()) {
      if (second > newest - SILENT_SECONDS && second < settled) settled = second;
    }
    return settled;
  }

  /** The newest second of which any server has told; -1 before the first. */
  get newest(): number {
    let newest = -1;
    for (const { second } of this.clocks.values()) if (second > newest) newest = second;
    return newest;
  }
}
