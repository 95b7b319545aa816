import type { Clock } from '../ports/clock.ts';

/** The machine's clocks. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/** Beyond this the machine's clock was set, and not just read at another moment, ms. */
const CLOCK_SET_MS = 20;
let anchorMs = performance.timeOrigin;

/**
 * Wall time with microseconds, for the stamps of events: the order and the pace of what several processes do
 * on one machine can be told from them. Runs with the monotonic clock, and follows when the wall clock is
 * set.
 */
export const stampClock: Pick<Clock, 'wallMs'> = {
  wallMs() {
    const stamp = anchorMs + performance.now();
    const off = Date.now() - stamp;
    if (off < CLOCK_SET_MS && off > -CLOCK_SET_MS) return stamp;
    anchorMs += off;
    return stamp + off;
  },
};
