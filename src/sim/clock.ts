/**
 * Time and turns in simulation: one loop for all processes, shaped like Node's (due timers, then what
 * arrived, then what waits for the end of the turn), driven by hand and by one seed.
 *
 * Nothing passes but by `turn`. Time jumps to the next timer when nothing else is to be done, and creeps
 * forward a little with each turn, so that durations are not all zero. How much of what arrived a turn takes
 * in is chance.
 */
import type { Prng } from '../base/prng.ts';
import { Fifo } from '../base/ring.ts';
import type { Timer } from '../ports/timers.ts';

/** The wall clock of a simulation starts here, ms since 1970. */
const WALL_START_MS = 1_700_000_000_000;
/** The longest a turn takes, ms. */
const TURN_MS_MAX = 0.2;

interface Due {
  readonly at: number;
  readonly order: number;
  fn: (() => void) | undefined;
}

/** How far `run` may go before it gives up, and how promises get their turn. */
export interface RunLimits {
  /** Simulated ms. */
  readonly virtualMs: number;
  readonly turns?: number;
  /** Lets every promise continuation that is ready run; awaited between turns. */
  readonly breathe: () => Promise<void>;
}

/** What `run` says when the condition does not come true in time: a hang, in simulated time. */
class SimStuck extends Error {
  override readonly name = 'SimStuck';
}

const TURNS_MAX = 2_000_000;

/** See the head of the file. */
export class SimLoop {
  readonly random: Prng;
  private time = 0;
  private order = 0;
  /** Sorted by time, then by age; the next one last. */
  private timers: Due[] = [];
  private readonly arrived = new Fifo<() => void>();
  private ending: (() => void)[] = [];
  private turnCount = 0;

  constructor(random: Prng) {
    this.random = random;
  }

  /** Turns so far. */
  get turns(): number {
    return this.turnCount;
  }

  monotonicMs(): number {
    return this.time;
  }

  wallMs(): number {
    return WALL_START_MS + Math.floor(this.time);
  }

  /**
   * Something that happens outside and arrives now: a delivery of the network, the completion of a disk's
   * call.
   */
  deliver(fn: () => void): void {
    this.arrived.push(fn);
  }

  /** Calls `fn` at the end of the turn at hand, or of the next. */
  soon(fn: () => void): void {
    this.ending.push(fn);
  }

  after(ms: number, fn: () => void): Timer {
    const due: Due = { at: this.time + Math.max(0, ms), order: this.order++, fn };
    let lo = 0;
    let hi = this.timers.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if ((this.timers[mid] as Due).at > due.at) lo = mid + 1;
      else hi = mid;
    }
    this.timers.splice(lo, 0, due);
    return {
      cancel: () => {
        due.fn = undefined;
      },
    };
  }

  /**
   * One turn; false when there was nothing but time to pass, and no timer to wait for, or none due within
   * `jumpMs`.
   */
  turn(jumpMs = Number.POSITIVE_INFINITY): boolean {
    this.turnCount++;
    const idle = this.arrived.length === 0 && this.ending.length === 0;
    if (idle) {
      while (this.timers.length > 0 && this.timers.at(-1)?.fn === undefined) this.timers.pop();
      const next = this.timers.at(-1);
      if (next === undefined || next.at > this.time + jumpMs) return false;
      this.time = Math.max(this.time, next.at);
    }
    this.time += this.random.next() * TURN_MS_MAX;
    this.runTimers();
    const ready = this.arrived.length;
    const taken = this.random.chance(0.5) ? ready : this.random.below(ready + 1);
    for (let i = 0; i < taken; i++) this.arrived.shift()?.();
    const ending = this.ending;
    this.ending = [];
    for (const fn of ending) fn();
    return true;
  }

  /** Turns until `done`. Throws `SimStuck` when that takes longer than the limits. */
  async run(done: () => boolean, limits: RunLimits): Promise<void> {
    const end = this.time + limits.virtualMs;
    const turnsEnd = this.turnCount + (limits.turns ?? TURNS_MAX);
    for (;;) {
      await limits.breathe();
      if (done()) return;
      if (this.time > end) throw new SimStuck(`not done after ${limits.virtualMs} simulated ms`);
      if (this.turnCount > turnsEnd) throw new SimStuck(`not done after ${this.turnCount} turns`);
      if (this.turn()) continue;
      await limits.breathe();
      if (done()) return;
      if (this.arrived.length + this.ending.length + this.timers.length === 0) {
        throw new SimStuck('nothing is left to happen');
      }
    }
  }

  private runTimers(): void {
    // Only what is due now: a timer set by another waits for the next turn at least.
    const due: Due[] = [];
    for (
      let last = this.timers.at(-1);
      last !== undefined && last.at <= this.time;
      last = this.timers.at(-1)
    ) {
      due.push(last);
      this.timers.pop();
    }
    for (const timer of due) {
      const { fn } = timer;
      timer.fn = undefined;
      fn?.();
    }
  }
}
