/**
 * The one queue of a simulated cluster: everything that is to happen anywhere, by time. Time passes only by
 * taking the next thing out of it, so that an idle hour costs nothing.
 */
import type { Timer } from '../ports/timers.ts';

interface Happening {
  readonly at: number;
  /** Equal times: first come, first served. */
  readonly order: number;
  fn: (() => void) | undefined;
}

/** How far `run` may go before it gives up, and how promises get their turn. */
export interface ScheduleLimits {
  /** Simulated ms. */
  readonly virtualMs: number;
  readonly stepsMax?: number;
  /** Lets every promise continuation that is ready run; awaited after each step. */
  readonly breathe: () => Promise<void>;
}

/** What `run` says when the condition does not come true in time: a hang, in simulated time. */
export class SimStuck extends Error {
  override readonly name = 'SimStuck';
}

const STEPS_MAX = 50_000_000;

/** See the head of the file. */
export class Schedule {
  /** Simulated ms since the beginning. */
  now = 0;
  /** Set while a process has its turn: what others are told then waits for the next step. */
  turning = false;
  private readonly heap: Happening[] = [];
  private readonly onlookers = new Set<{ readonly at: number; readonly fn: () => void }>();
  private order = 0;
  private stepCount = 0;

  /** Things that have happened. */
  get steps(): number {
    return this.stepCount;
  }

  /** Calls `fn` at that time, or now if it is past; never from inside this call. */
  at(time: number, fn: () => void): Timer {
    const happening: Happening = { at: time > this.now ? time : this.now, order: this.order++, fn };
    this.push(happening);
    return {
      cancel: () => {
        happening.fn = undefined;
      },
    };
  }

  /**
   * Calls `fn` at that time without being a thing that happens: it is done on the way to what comes next, and
   * nobody who waits for a condition can tell. It must only look.
   */
  lookAt(time: number, fn: () => void): Timer {
    const onlooker = { at: Math.max(time, this.now), fn };
    this.onlookers.add(onlooker);
    return { cancel: () => void this.onlookers.delete(onlooker) };
  }

  /** The next thing happens; false when there is none. */
  step(): boolean {
    for (;;) {
      const next = this.pop();
      if (next === undefined) return false;
      const { fn } = next;
      if (fn === undefined) continue;
      next.fn = undefined;
      if (this.onlookers.size > 0) this.lookUntil(next.at);
      this.now = next.at;
      this.stepCount++;
      fn();
      return true;
    }
  }

  /** Steps until `done`. Throws `SimStuck` when that takes longer than the limits. */
  async run(done: () => boolean, limits: ScheduleLimits): Promise<void> {
    const end = this.now + limits.virtualMs;
    const stepsEnd = this.stepCount + (limits.stepsMax ?? STEPS_MAX);
    await limits.breathe();
    while (!done()) {
      if (this.now > end) throw new SimStuck(`not done after ${limits.virtualMs} simulated ms`);
      if (this.stepCount > stepsEnd) throw new SimStuck(`not done after ${this.stepCount} steps`);
      const stepped = this.step();
      await limits.breathe();
      if (!stepped && !done() && this.heap.length === 0) throw new SimStuck('nothing is left to happen');
    }
  }

  private lookUntil(time: number): void {
    for (;;) {
      const due = [...this.onlookers].filter((it) => it.at <= time).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) return;
      this.onlookers.delete(due);
      this.now = due.at;
      due.fn();
    }
  }

  private push(happening: Happening): void {
    const { heap } = this;
    let i = heap.length;
    heap.push(happening);
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up] as Happening;
      if (!earlier(happening, parent)) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = happening;
  }

  private pop(): Happening | undefined {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    const half = heap.length >> 1;
    let i = 0;
    while (i < half) {
      let down = 2 * i + 1;
      let child = heap[down] as Happening;
      const right = heap[down + 1];
      if (right !== undefined && earlier(right, child)) {
        down++;
        child = right;
      }
      if (!earlier(child, last)) break;
      heap[i] = child;
      i = down;
    }
    heap[i] = last;
    return top;
  }
}

const earlier = (a: Happening, b: Happening): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
