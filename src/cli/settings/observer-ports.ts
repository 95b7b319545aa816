import { stampClock, systemClock } from '../../platform/clock.ts';
import { systemHttpAsking } from '../../platform/http.ts';
import { systemNet } from '../../platform/net.ts';
import { systemTimers } from '../../platform/timers.ts';

/** The world for whoever listens to an ensemble; stamps have microseconds, as those of servers have. */
export const OBSERVER_PORTS = {
  net: systemNet,
  http: systemHttpAsking,
  timers: systemTimers,
  clock: { monotonicMs: systemClock.monotonicMs, wallMs: stampClock.wallMs },
};
