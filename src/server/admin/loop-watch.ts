import type { Emitter } from '../../events/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Timer, Timers } from '../../ports/timers.ts';

/**
 * How often the loop is looked at, and how late it may be before that is told (reliability: no stall over 50
 * ms).
 */
const EVERY_MS = 100;
const LATE_MS = 50;

/** Tells of turns of the event loop in which nothing else could be done for a while. */
export function watchLoop(clock: Clock, timers: Timers, events: Emitter): Timer {
  let last = clock.monotonicMs();
  return timers.every(EVERY_MS, () => {
    const now = clock.monotonicMs();
    const ms = Math.round(now - last - EVERY_MS);
    last = now;
    if (ms > LATE_MS && events.on['loop.stalled']) events.emit('loop.stalled', { ms });
  });
}
