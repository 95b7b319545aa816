import type { Timer, Timers } from '../ports/timers.ts';

/** Longest delay a Node timer takes; longer ones would fire at once. */
const DELAY_MS_MAX = 0x7fffffff;

const bounded = (ms: number): number => Math.min(Math.max(ms, 0), DELAY_MS_MAX);

/** Node's timers. `soon` runs after the input of this turn of the loop, before the next is waited for. */
export const systemTimers: Timers = {
  after(ms, fn): Timer {
    const timer = setTimeout(fn, bounded(ms));
    return { cancel: () => clearTimeout(timer) };
  },
  every(ms, fn): Timer {
    const timer = setInterval(fn, bounded(ms));
    return { cancel: () => clearInterval(timer) };
  },
  soon(fn): void {
    setImmediate(fn);
  },
};
