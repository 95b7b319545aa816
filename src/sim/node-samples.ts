/**
 * Samples of a simulated server, once a second of its clock. They are taken from outside, on the way from one
 * thing that happens to the next, and by other chance: a run that is looked at is the same as one that is
 * not.
 */
import { Prng } from '../base/prng.ts';
import type { Bus } from '../events/bus.ts';
import type { Timer } from '../ports/timers.ts';
import type { ServerConfig } from '../server/config/server-config.ts';
import type { RunningServer } from '../server/node/running-server.ts';
import { startSampler } from '../server/node/sampler.ts';
import type { HostLoop } from './host-loop.ts';
import type { SimProcess } from './process.ts';
import type { Schedule } from './schedule.ts';

/** One life of a server. */
export interface SampledLife {
  readonly schedule: Schedule;
  readonly loop: HostLoop;
  readonly process: SimProcess;
  readonly config: ServerConfig;
  readonly events: Bus;
  readonly running: RunningServer;
  readonly sid: bigint;
}

/** A paused process is looked at again so much later, ms. */
const PAUSED_MS = 100;

/** Begins; see the head of the file. */
export function sampleFromOutside(life: SampledLife): { close(): void } {
  const { schedule, loop, process, config, events, running, sid } = life;
  const later = (ms: number, fn: () => void): Timer => {
    let timer = schedule.lookAt(schedule.now + ms, () => {
      if (loop.paused) timer = later(PAUSED_MS, fn);
      else if (process.alive) fn();
    });
    return { cancel: () => timer.cancel() };
  };
  const never = (): never => {
    throw new Error('samples need nothing but timers that fire once');
  };
  return startSampler({
    world: {
      clock: process,
      timers: { after: later, every: never, soon: never },
      random: new Prng(Number(sid)),
      events,
    },
    version: 'simulated',
    sid: config.quorum.membership === undefined ? -1n : sid,
    gauge: undefined,
    running: () => running,
  });
}
